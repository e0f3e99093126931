import { assertEquals, assertNotEquals } from "@std/assert";
import { sampleOrder } from "../data/epochs.ts";

/** The indices of an epoch of ten samples. */
function indicesOf(epoch: number, seed: number): number[] {
  const sampleAt = sampleOrder(10, seed);
  return Array.from({ length: 10 }, (_, index) => {
    const sample = sampleAt(10 * epoch + index);
    assertEquals(sample.epoch, epoch);
    return sample.index;
  });
}

Deno.test("sampleOrder: every epoch has each sample once", () => {
  for (let epoch = 0; epoch < 50; epoch++) {
    assertEquals(indicesOf(epoch, 3).sort(), Array.from({ length: 10 }, (_, index) => index));
  }
});

Deno.test("sampleOrder: no two epochs and no two seeds have one order", () => {
  const orders = [0, 1, 2].flatMap((epoch) => [7, 8].map((seed) => String(indicesOf(epoch, seed))));
  assertEquals(new Set(orders).size, 6);
});

Deno.test("sampleOrder: a sample depends on its number alone, not on those asked for before", () => {
  const sampleAt = sampleOrder(10, 5);
  for (const number of [25, 3, 99, 4, 25]) assertEquals(sampleAt(number), sampleOrder(10, 5)(number));
  assertNotEquals(sampleAt(3).epoch, sampleAt(99).epoch);
  const single = sampleOrder(1, 5);
  assertEquals([0, 1, 2].map(single), [0, 1, 2].map((epoch) => ({ epoch, index: 0 })));
});
