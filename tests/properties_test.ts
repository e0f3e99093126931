/** What holds for all inputs, tried on hundreds that fast-check draws and makes small when one fails. */

import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import { UsageError } from "../commands/cli/errors.ts";
import type { Flags } from "../commands/cli/flags.ts";
import { parseRecord } from "../commands/runs/run_records.ts";
import { parseFlags } from "../commands/cli/parse_flags.ts";
import { splitCsv, splitTsv } from "../data/tables.ts";
import { escaped, quoted } from "../core/quoted.ts";
import {
  BpeTokenizer,
  CharTokenizer,
  loadTokenizer,
  MASKED_SPECIAL_TOKENS,
  readSafetensors,
  trainBpe,
  writeSafetensors,
} from "../mod.ts";
import { readTokenFile, writeTokenFile } from "../tokenizers/token_file.ts";

/** Checks a property; the seed makes every run of the tests try the same inputs. */
function holds<Inputs extends [unknown, ...unknown[]]>(property: fc.IProperty<Inputs>): void {
  fc.assert(property, { seed: 8, numRuns: 300 });
}

/** Text of any characters, lone surrogates and names of properties included. */
const anyText = fc.oneof(
  fc.string({ unit: "binary" }),
  fc.array(fc.integer({ min: 0, max: 0xffff })).map((units) => String.fromCharCode(...units)),
  fc.constantFrom("__proto__", "constructor", "", "\u2028", "\ud800"),
);

const arrays = fc.uniqueArray(
  fc.record({
    name: anyText.filter((name) => name !== "__metadata__"),
    shape: fc.array(fc.nat(4), { maxLength: 3 }),
  }),
  { selector: ({ name }) => name, maxLength: 5 },
).map((entries) =>
  entries.map(({ name, shape }) => {
    const size = shape.reduce((size, length) => size * length, 1);
    return { name, shape, data: Float32Array.from({ length: size }, (_, index) => index - 1.5) };
  })
);

Deno.test("safetensors: whatever is written is read", () => {
  holds(fc.property(arrays, (arrays) => {
    const read = [...readSafetensors(writeSafetensors(arrays)).values()];
    const byName = (a: { name: string }, b: { name: string }) => a.name < b.name ? -1 : 1;
    assertEquals(read.toSorted(byName), arrays.toSorted(byName));
  }));
});

Deno.test("safetensors: any bytes are read, or refused as no such file", () => {
  const headers = fc.json().map((json) => {
    const text = new TextEncoder().encode(json), bytes = new Uint8Array(8 + text.length);
    bytes[0] = text.length & 255;
    bytes[1] = text.length >> 8 & 255;
    bytes.set(text, 8);
    return bytes;
  });
  holds(fc.property(fc.oneof(fc.uint8Array(), headers), (bytes) => {
    try {
      readSafetensors(bytes);
    } catch (error) {
      assert(error instanceof TypeError && /^(the (file|header)|tensor) /.test(error.message), String(error));
    }
  }));
});

Deno.test("tables: cells that are quoted are read as they were, and any text is read or refused by its line", () => {
  const cell = anyText, rows = fc.array(fc.array(cell, { minLength: 1, maxLength: 4 }), { minLength: 1 });
  holds(fc.property(rows, (rows) => {
    const csv = rows.map((cells) => cells.map((cell) => `"${cell.replaceAll('"', '""')}"`).join(",") + "\n")
      .join("");
    const full = rows.filter((cells) => cells.some((cell) => cell.trim() !== ""));
    assertEquals(splitCsv(csv).rows.map(({ cells }) => cells), full);
  }));
  holds(fc.property(fc.string({ unit: fc.constantFrom("a", ",", '"', "\r", "\n", "\t") }), (text) => {
    const lines = text.replace(/\r?\n$/, "").split(/\r?\n/);
    const { rows, emptyLines } = splitTsv(text);
    assertEquals(rows.length + emptyLines, lines.length);
    for (const { cells, line } of rows) assertEquals(cells.join("\t"), lines[line - 1]);
    try {
      splitCsv(text);
    } catch (error) {
      assert(/^line \d+: a quote is out of place/.test((error as Error).message), String(error));
    }
  }));
});

const bpe = await trainBpe(["the cat sat on the mat, naïve 😀 ".repeat(9)], {
  vocabSize: 290,
  specialTokens: MASKED_SPECIAL_TOKENS,
});

Deno.test("tokenizers: decoding gives back what was encoded, whole or in pieces, also after saving", () => {
  const again = loadTokenizer(bpe.toHuggingFace());
  assert(again instanceof BpeTokenizer);
  holds(fc.property(anyText, (text) => {
    const ids = bpe.encode(text), pieces: number[] = [];
    assertEquals(bpe.decode(ids), text.toWellFormed());
    assertEquals(again.encode(text), ids);
    bpe.encodePieces(text, (part) => pieces.push(...part));
    assertEquals(pieces, [...ids]);
  }));
  holds(fc.property(anyText.filter((text) => text !== ""), (text) => {
    const tokenizer = CharTokenizer.fromText(text), loaded = loadTokenizer(tokenizer.toHuggingFace());
    for (const one of [tokenizer, loaded]) assertEquals(one.decode(one.encode(text)), text.toWellFormed());
    assertEquals(loaded.fingerprint, tokenizer.fingerprint);
  }));
});

Deno.test("tokenizers: pieces of a long text are those of the whole", () => {
  const text = "the cat sat  on\n\n the <mask> mat 😀 ".repeat(20_000), parts: number[] = [];
  bpe.encodePieces(text, (ids) => {
    assert(ids.length <= 65_536);
    for (const id of ids) parts.push(id);
  }, { addSpecialTokens: true });
  assertEquals(Uint32Array.from(parts), bpe.encode(text, { addSpecialTokens: true }));
});

Deno.test("tokenizers: any JSON is a tokenizer, or refused by the file's name", () => {
  holds(fc.property(fc.json(), fc.json(), (vocabulary, added) => {
    const files: Record<string, string>[] = [
      { "tokenizer.json": vocabulary },
      {
        "tokenizer.json":
          `{"model":{"type":"BPE","vocab":${vocabulary},"merges":[]},"added_tokens":${added}}`,
      },
      { "vocab.json": vocabulary, "merges.txt": "", "tokenizer_config.json": added },
      { "vocab.json": "{}", "merges.txt": added, "special_tokens_map.json": vocabulary },
    ];
    for (const one of files) {
      try {
        loadTokenizer(one);
      } catch (error) {
        const { message } = error as Error;
        assert(Object.keys(one).some((name) => message.includes(name)), String(error));
        assert(message.length < 500 && message === escaped(message), message);
      }
    }
  }));
});

Deno.test("token files: whatever is written is read, and other bytes are refused", () => {
  const ids = fc.array(fc.integer({ min: 0, max: 2 ** 32 - 1 })).map((ids) => Uint32Array.from(ids));
  const parts = { tokenizer: "0123456789abcdef", text: "fedcba9876543210" };
  holds(fc.property(ids, fc.nat(), fc.integer({ min: 1, max: 255 }), (ids, at, flipped) => {
    const bytes = writeTokenFile({ ...parts, ids });
    assertEquals(readTokenFile(bytes), { ...parts, ids });
    const place = at % bytes.length;
    bytes[place] ^= flipped;
    if (place >= 8 && place < 24) return; // the fingerprints of tokenizer and text, which the caller compares
    try {
      readTokenFile(bytes);
      assert(false, `byte ${place} was changed unnoticed`);
    } catch (error) {
      assert((error as Error).message.startsWith("Cannot read ids: "), String(error));
    }
  }));
});

Deno.test("flags: values are read as they are typed, and any words give values or one line on the usage", () => {
  const flags = {
    size: { kind: "integer", description: "a size", atLeast: 0, atMost: 1000, default: 1 },
    rate: { kind: "number", description: "a rate", above: 0, default: 0.5 },
    name: { kind: "text", description: "a name" },
    loud: { kind: "boolean", description: "louder", default: false },
    mode: { kind: "choice", description: "how", choices: ["a", "b"], default: "a" },
    data: { kind: "list", description: "files" },
  } as const satisfies Flags;
  const typed = fc.record({
    size: fc.integer({ min: 0, max: 1000 }),
    rate: fc.double({ min: 1e-300, noNaN: true, noDefaultInfinity: true }),
    name: fc.string({ minLength: 1 }).filter((name) => !name.startsWith("-") && name.trim() !== ""),
  });
  holds(fc.property(typed, ({ size, rate, name }) => {
    const values = parseFlags(flags, ["--size", String(size), `--rate=${rate}`, "--name", name]);
    assertEquals([values.size, values.rate, values.name], [size, rate, name]);
  }));
  const word = fc.oneof(
    anyText,
    fc.constantFrom(
      "--size",
      "--rate",
      "--name",
      "--loud",
      "--no-loud",
      "--mode",
      "--data",
      "--",
      "-1",
      "a",
      "=",
    ),
    anyText.map((text) => `--${text}`),
  );
  holds(fc.property(fc.array(word, { maxLength: 6 }), (words) => {
    try {
      parseFlags(flags, words);
    } catch (error) {
      assert(error instanceof UsageError, String(error));
    }
  }));
});

Deno.test("messages: any value is quoted in a short text on one line, and any line is a record or none", () => {
  holds(fc.property(fc.jsonValue(), fc.string({ unit: "binary" }), (value, text) => {
    for (const one of [quoted(value), quoted(text), quoted({ [text]: value })]) {
      assert(one.length <= 82 && one === escaped(one), one);
    }
    for (const line of [text, JSON.stringify(value)]) {
      const record = parseRecord(line);
      assert(record === undefined || Number.isFinite(record.loss));
    }
  }));
});
