import { assert, assertEquals, assertNotEquals, assertThrows } from "@std/assert";
import { Random } from "../core/random.ts";
import type { BpeDropout } from "../tokenizers/bpe/bpe_dropout.ts";
import { BpeEncoder } from "../tokenizers/bpe/bpe_encoder.ts";
import { trainBpe } from "../tokenizers/bpe/bpe_trainer.ts";
import { CharTokenizer } from "../tokenizers/char_tokenizer.ts";
import { randomText, seededNumbers } from "./_tokenizer_data.ts";

const text = "low lower lowest low low, newer newest new new; unrelated: relate, related, relation";
const tokenizer = await trainBpe([text], { vocabSize: 300 });

/** Dropout that draws from a stream of its own. */
function dropout(rate: number, name = "test"): BpeDropout {
  const stream = new Random(7, name);
  return { rate, random: () => stream.uniform() };
}

Deno.test("BPE-dropout: probability 0 is plain encoding, probability 1 leaves bytes, and both decode", () => {
  const numbers = seededNumbers(3);
  for (const one of [text, "", "é 💡 naïve", "low".repeat(40), randomText(numbers, 300)]) {
    const plain = tokenizer.encode(one);
    assertEquals(tokenizer.encode(one, { bpeDropout: dropout(0) }), plain);
    const bytes = tokenizer.encode(one, { bpeDropout: dropout(1) });
    assertEquals(bytes.length, new TextEncoder().encode(one.toWellFormed()).length, one);
    for (const rate of [0.1, 0.5, 1]) {
      const ids = tokenizer.encode(one, { bpeDropout: dropout(rate) });
      assertEquals(tokenizer.decode(ids), one.toWellFormed());
      assert(ids.length >= plain.length);
    }
  }
});

Deno.test("BPE-dropout: ids follow from the numbers drawn, and leave nothing behind", async () => {
  const fresh = await trainBpe([text], { vocabSize: 300 }), plain = tokenizer.encode(text);
  const drawn = fresh.encode(text, { bpeDropout: dropout(0.3) });
  assertNotEquals(drawn, plain);
  assertEquals(fresh.encode(text), plain, "nothing drawn is in the cache");
  assertEquals(fresh.encode(text, { bpeDropout: dropout(0.3) }), drawn, "nothing comes out of the cache");
  assertNotEquals(fresh.encode(text, { bpeDropout: dropout(0.3, "another stream") }), drawn);
  const framed = fresh.encode(text, { bpeDropout: dropout(0.3), specialTokens: "text" });
  assertEquals(framed, drawn);
  const pieces: number[] = [];
  fresh.encodePieces(text, (ids) => pieces.push(...ids), { bpeDropout: dropout(0.3) });
  assertEquals(Uint32Array.from(pieces), drawn);
});

type MergeRow = readonly [left: number, right: number, result: number];

/** Algorithm 1 of the paper, with every outcome of its draws: the probability of each segmentation. */
function segmentations(merges: readonly MergeRow[], rate: number, symbols: readonly number[]) {
  const found = new Map<string, number>();
  const visit = (parts: readonly number[], probability: number): void => {
    const possible = parts.slice(1).flatMap((right, at) => {
      const rank = merges.findIndex((row) => row[0] === parts[at] && row[1] === right);
      return rank < 0 ? [] : [{ rank, at }];
    });
    for (let kept = 0; kept < 2 ** possible.length; kept++) {
      const left = possible.filter((_, index) => kept >> index & 1);
      const chance = probability * (1 - rate) ** left.length * rate ** (possible.length - left.length);
      if (chance === 0) continue;
      const [best] = left.sort((a, b) => a.rank - b.rank || a.at - b.at);
      if (best) visit(parts.toSpliced(best.at, 2, merges[best.rank][2]), chance);
      else found.set(parts.join(" "), (found.get(parts.join(" ")) ?? 0) + chance);
    }
  };
  visit(symbols, 1);
  return found;
}

// 0 1 2 are bytes; the best merge of 0 1 0 1 2 2 is not the first, merges compete for a symbol, and one follows another
const merges: readonly MergeRow[] = [[1, 2, 3], [0, 1, 4], [4, 4, 5], [0, 3, 6], [2, 2, 7], [6, 2, 8]];
const word = [0, 1, 0, 1, 2, 2];

for (const length of [word.length, 60]) {
  Deno.test(`BPE-dropout: segmentations of ${length} symbols are as probable as in the paper`, () => {
    const rest = new Array(length - word.length).fill(9), encoder = new BpeEncoder(merges), DRAWS = 20_000;
    for (const rate of [0.1, 0.4, 0.8]) {
      const expected = segmentations(merges, rate, word), counts = new Map<string, number>();
      const stream = new Random(11, `draws at ${rate}`);
      for (let draw = 0; draw < DRAWS; draw++) {
        const symbols = Int32Array.from([...word, ...rest]);
        const count = encoder.encode(symbols, length, () => stream.uniform() < rate);
        const key = symbols.subarray(0, count - rest.length).join(" ");
        counts.set(key, (counts.get(key) ?? 0) + 1);
      }
      assert(expected.size >= 10);
      assert([...counts.keys()].every((key) => expected.has(key)), [...counts.keys()].join(" | "));
      for (const [key, probability] of expected) {
        const share = (counts.get(key) ?? 0) / DRAWS;
        const error = Math.sqrt(probability * (1 - probability) / DRAWS);
        assert(
          Math.abs(share - probability) < 5 * error + 1e-4,
          `${key} at ${rate}: ${share} instead of ${probability}`,
        );
      }
    }
  });
}

Deno.test("BPE-dropout: a rate that is none, and a tokenizer without merges, are refused in one line", () => {
  for (const rate of [-0.1, 1.1, NaN]) {
    const error = assertThrows(() => tokenizer.encode("", { bpeDropout: dropout(rate) }), RangeError);
    assertEquals(error.message, `Cannot skip merges with probability ${rate}: expected a number from 0 to 1`);
  }
  const characters = CharTokenizer.fromText("abc");
  const error = assertThrows(() => characters.encode("", { bpeDropout: dropout(0.1) }), TypeError);
  assertEquals(
    error.message,
    "Cannot skip merges: the tokenizer (characters) has no merges, leave bpeDropout out",
  );
});
