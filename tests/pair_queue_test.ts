import { assert, assertEquals } from "@std/assert";
import { PairQueue } from "../tokenizers/bpe/pair_queue.ts";
import { seededNumbers } from "./_tokenizer_data.ts";

/** Everything in the queue, in the order it comes. */
function takeAll(queue: PairQueue): [left: number, right: number, count: number, words: number[]][] {
  const taken: ReturnType<typeof takeAll> = [], words: number[] = [];
  for (let best; (best = queue.take(words));) {
    taken.push([best.left, best.right, best.count, words.toSorted((a, b) => a - b)]);
  }
  assertEquals(queue.take(words), undefined);
  return taken;
}

Deno.test("PairQueue: the most frequent pair first, of equal ones the smaller left, then the smaller right", () => {
  const queue = new PairQueue();
  for (const [left, right, count] of [[2, 1, 5], [1, 9, 5], [1, 2, 5], [0, 0, 4], [7, 7, 6]]) {
    queue.add(left, right, count, 0);
  }
  assertEquals(takeAll(queue), [], "nothing is there before it is offered");
  queue.offer();
  assertEquals(takeAll(queue).map(([left, right]) => [left, right]), [[7, 7], [1, 2], [1, 9], [2, 1], [
    0,
    0,
  ]]);
});

Deno.test("PairQueue: an offer that has become too high is put back where it belongs", () => {
  const queue = new PairQueue();
  queue.add(0, 1, 9, 3);
  queue.add(1, 2, 2, 4);
  queue.add(1, 2, 3, 4); // the same word: it is named once
  queue.offer();
  queue.subtract(0, 1, 6);
  assertEquals(takeAll(queue), [[1, 2, 5, [4]], [0, 1, 3, [3]]]);
});

Deno.test("PairQueue: counts, order and words are those of a plain map, with thousands of pairs", () => {
  const below = seededNumbers(13), queue = new PairQueue();
  const plain = new Map<string, { left: number; right: number; count: number; words: Set<number> }>();
  for (let word = 0; word < 4000; word++) {
    const count = 1 + below(50);
    for (let pair = 0; pair < 3; pair++) {
      const left = below(100), right = below(100), key = `${left} ${right}`;
      queue.add(left, right, count, word);
      const entry = plain.get(key) ?? { left, right, count: 0, words: new Set() };
      entry.count += count;
      entry.words.add(word);
      plain.set(key, entry);
    }
  }
  queue.offer();
  for (const entry of plain.values()) {
    if (below(3) > 0) continue;
    const less = below(entry.count);
    queue.subtract(entry.left, entry.right, less);
    entry.count -= less;
  }
  const expected = [...plain.values()]
    .sort((a, b) => b.count - a.count || a.left - b.left || a.right - b.right)
    .map(({ left, right, count, words }) => [left, right, count, [...words]]);
  assert(expected.length > 5000);
  assertEquals(takeAll(queue), expected);
});

Deno.test("PairQueue: a pair that has gone again before it is offered is not offered", () => {
  const queue = new PairQueue();
  queue.add(0, 1, 2, 0);
  queue.subtract(0, 1, 2);
  queue.offer();
  assertEquals(takeAll(queue), []);
  queue.add(0, 1, 3, 7);
  queue.offer();
  assertEquals(takeAll(queue), [[0, 1, 3, [7]]]);
});
