import { assert, assertEquals, assertStrictEquals } from "@std/assert";
import { grow, hashOfPair } from "../tokenizers/typed_arrays.ts";

Deno.test("grow: long enough is the same array, longer is a copy of its kind, at least doubled", () => {
  const array = Int32Array.of(1, -2, 3);
  assertStrictEquals(grow(array, 3), array);
  assertEquals(grow(array, 4), Int32Array.of(1, -2, 3, 0, 0, 0));
  assertEquals(grow(array, 10).length, 10);
  assertEquals(grow(new Float64Array(), 1), new Float64Array(1));
});

Deno.test("hashOfPair: pairs of small and of distant symbols spread over the slots of a table, and order counts", () => {
  for (const step of [1, 1 << 10]) {
    const slots = new Uint32Array(1 << 14);
    for (let left = 0; left < 128; left++) {
      for (let right = 0; right < 64; right++) {
        slots[hashOfPair(left * step, right * step) & slots.length - 1]++;
      }
    }
    // 8,192 pairs at random in twice as many slots: hardly ever six in one
    assert(Math.max(...slots) < 8, `${Math.max(...slots)} pairs in one slot`);
  }
  assert(hashOfPair(3, 5) !== hashOfPair(5, 3));
});
