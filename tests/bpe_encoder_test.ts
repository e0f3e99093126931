import { assert, assertEquals } from "@std/assert";
import { BpeEncoder } from "../tokenizers/bpe/bpe_encoder.ts";
import { seededNumbers } from "./_tokenizer_data.ts";

type MergeRow = readonly [left: number, right: number, result: number];

/** Encoding by the definition: the first-learned merge that applies anywhere, leftmost first. */
function encodeSlowly(merges: readonly MergeRow[], symbols: readonly number[]): number[] {
  const parts = [...symbols];
  for (;;) {
    let best: [rank: number, at: number] = [Infinity, -1];
    for (let at = 1; at < parts.length; at++) {
      const rank = merges.findIndex(([left, right]) => left === parts[at - 1] && right === parts[at]);
      if (rank >= 0 && rank < best[0]) best = [rank, at];
    }
    if (best[1] < 0) return parts;
    parts.splice(best[1] - 1, 2, merges[best[0]][2]);
  }
}

function encode(encoder: BpeEncoder, symbols: readonly number[]): number[] {
  const row = Int32Array.from([...symbols, 99]), tokens = encoder.encode(row, symbols.length);
  assertEquals(row[symbols.length], 99, "nothing behind the word is touched");
  return [...row.subarray(0, tokens)];
}

Deno.test("words of any length, under any merges, are encoded by the definition", () => {
  const below = seededNumbers(12);
  let merged = 0;
  for (let round = 0; round < 300; round++) {
    const merges: MergeRow[] = [], pairs = new Set<string>();
    for (let result = 3; merges.length < 12;) {
      const [left, right] = [below(result), below(result)];
      if (pairs.size < pairs.add(`${left} ${right}`).size) merges.push([left, right, result++]);
    }
    const encoder = new BpeEncoder(merges);
    for (const length of [0, 1, 2, 5, 46, 47, 48, 49, 200]) {
      const symbols = Array.from({ length }, () => below(3)), expected = encodeSlowly(merges, symbols);
      assertEquals(encode(encoder, symbols), expected, `${merges.join("; ")}: ${symbols}`);
      merged += length - expected.length;
    }
  }
  assert(merged > 10_000, `only ${merged} merges were applied`);
});

Deno.test("without merges, and of pairs that overlap, the leftmost counts", () => {
  assertEquals(encode(new BpeEncoder([]), [1, 2, 3]), [1, 2, 3]);
  const encoder = new BpeEncoder([[0, 0, 1]]);
  for (const length of [3, 49]) {
    const pairs = new Array(length >> 1).fill(1);
    assertEquals(encode(encoder, new Array(length).fill(0)), [...pairs, 0]);
  }
});

Deno.test("a merge that is there twice counts where it stands last, as for Hugging Face", () => {
  const [ab, bc] = [[0, 1, 3], [1, 2, 4]] as const;
  assertEquals(encode(new BpeEncoder([ab, bc]), [0, 1, 2]), [3, 2]);
  assertEquals(encode(new BpeEncoder([ab, bc, ab]), [0, 1, 2]), [0, 4]);
});
