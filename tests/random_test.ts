import { assert, assertAlmostEquals, assertEquals, assertNotEquals, assertThrows } from "@std/assert";
import { philox4x32 } from "../core/philox.ts";
import { permutation, Random, seedWords } from "../core/random.ts";

Deno.test("seedWords splits any safe integer and refuses the rest", () => {
  assertEquals(seedWords(-1), [0xffffffff, 0xffffffff]);
  assertEquals(seedWords(Number.MAX_SAFE_INTEGER), [0xffffffff, 0x1fffff]);
  for (const seed of [0.5, NaN, 2 ** 53]) assertThrows(() => seedWords(seed), RangeError, `${seed}`);
});

Deno.test("Random reads the words of its seed and of its stream's FNV-1a hash", () => {
  const random = new Random(2 ** 32 * 3 + 5, "foobar");
  const drawn = Array.from({ length: 8 }, () => random.uint32());
  // 0x85944171f73967e8 is the published FNV-1a value of "foobar".
  const blocks = [new Uint32Array(4), new Uint32Array(4)];
  blocks.forEach((words, block) => philox4x32(words, 5, 3, block, 0, 0xf73967e8, 0x85944171));
  assertEquals(drawn, blocks.flatMap((words) => [...words]));
  assertEquals(new Random(1, 12).uint32(), new Random(1, "12").uint32());
});

Deno.test("Random.uniform and Random.normal have the right moments", () => {
  const random = new Random(3, "moments");
  const count = 100_000;
  let uniformSum = 0, normalSum = 0, normalSquares = 0, normalFourths = 0, neighbours = 0, previous = 0;
  for (let i = 0; i < count; i++) {
    const u = random.uniform();
    assert(u >= 0 && u < 1);
    uniformSum += u;
    const x = random.normal();
    normalSum += x;
    normalSquares += x * x;
    normalFourths += x ** 4;
    neighbours += x * previous;
    previous = x;
  }
  // Each tolerance is about four standard deviations of the mean it guards.
  assertAlmostEquals(uniformSum / count, 0.5, 0.004);
  assertAlmostEquals(normalSum / count, 0, 0.013);
  assertAlmostEquals(normalSquares / count, 1, 0.018);
  assertAlmostEquals(normalFourths / count, 3, 0.13);
  assertAlmostEquals(neighbours / count, 0, 0.013);
});

Deno.test("Random.below is even, also where 2^32 is no multiple of the bound", () => {
  const random = new Random(4, "below");
  const bound = 3 * 2 ** 30; // A plain remainder would draw the lowest third twice as often.
  let lowest = 0;
  for (let i = 0; i < 30_000; i++) if (random.below(bound) < 2 ** 30) lowest++;
  assertAlmostEquals(lowest / 30_000, 1 / 3, 0.011);
  assertEquals(random.below(1), 0);
  assert(random.below(2 ** 32) < 2 ** 32);
  for (const n of [0, -1, 1.5, 2 ** 32 + 1, NaN]) {
    assertThrows(() => random.below(n), RangeError, `below ${n}`);
  }
});

Deno.test("permutation holds each index once, in an order of its seed and epoch", () => {
  const order = permutation(1000, 1, 0);
  assertEquals([...order].sort((a, b) => a - b), Array.from({ length: 1000 }, (_, i) => i));
  assertEquals(permutation(1000, 1, 0), order);
  assertNotEquals(permutation(1000, 1, 1), order);
  assertNotEquals(permutation(1000, 2, 0), order);
  assertEquals(permutation(0, 1, 0).length, 0);
});

Deno.test("permutation gives all orders equally often", () => {
  const counts = new Map<string, number>();
  for (let epoch = 0; epoch < 6000; epoch++) {
    const order = permutation(3, 5, epoch).join("");
    counts.set(order, (counts.get(order) ?? 0) + 1);
  }
  assertEquals(counts.size, 6);
  for (const count of counts.values()) assertAlmostEquals(count, 1000, 116);
});
