import { assertEquals, assertThrows } from "@std/assert";
import { loadTokenizer } from "../tokenizers/hugging_face/hugging_face.ts";
import { WordPieceTokenizer } from "../tokenizers/wordpiece/wordpiece_tokenizer.ts";

/** A text: where its ids are, and its decoded texts with and without special tokens. */
type Sample = [ids: number, decoded: number, skipped: number];

interface Golden {
  readonly texts: readonly string[];
  readonly files: Readonly<Record<string, Readonly<Record<string, string>>>>;
  readonly ids: readonly (readonly number[])[];
  readonly decoded: readonly string[];
  readonly outcomes: readonly [samples: Sample[], framed: number[], maskId: number, padId: number][];
  readonly cases: readonly [chosen: Readonly<Record<string, string>>, outcome: number][];
}

const golden: Golden = JSON.parse(
  await Deno.readTextFile(new URL("../fixtures/wordpiece.json", import.meta.url)),
);
const { files, texts, cases } = golden;

const filesOf = (chosen: Readonly<Record<string, string>>): Record<string, string> =>
  Object.fromEntries(Object.entries(chosen).map(([name, variant]) => [name, files[name][variant]]));

for (const [chosen, number] of cases) {
  const name = Object.entries(chosen).map((entry) => entry.join(" ")).join(", ");

  Deno.test(`WordPiece as transformers reads it: ${name}`, () => {
    const given = filesOf(chosen), tokenizer = loadTokenizer({ ...given, "config.json": "{}" });
    const [samples, framed] = golden.outcomes[number];
    for (const [index, text] of texts.entries()) {
      const [ids, decoded, skipped] = samples[index], expected = golden.ids[ids];
      assertEquals([...tokenizer.encode(text)], expected, JSON.stringify(text));
      assertEquals(tokenizer.decode(expected), golden.decoded[decoded], JSON.stringify(text));
      assertEquals(tokenizer.decode(expected, { skipSpecialTokens: true }), golden.decoded[skipped]);
    }
    assertEquals([...tokenizer.encode("the", { addSpecialTokens: true })], framed);
    assertEquals(tokenizer.toHuggingFace(), given);
    assertEquals(tokenizer.fingerprint, loadTokenizer(tokenizer.toHuggingFace()).fingerprint);
  });
}
