import { assert, assertEquals, assertNotEquals, assertThrows } from "@std/assert";
import { IGNORE_INDEX } from "../kernels/cross_entropy.ts";
import {
  type Batch,
  type BatchSource,
  causalBatches,
  overlappingBatches,
  validationBatches,
} from "../data/batches.ts";

/** A text whose tokens tell their places. */
const placesUpTo = (length: number) => Uint32Array.from({ length }, (_, place) => place);

/** Where the rows of a batch begin in such a text; checks that rows and targets are whole windows. */
function startsOf({ inputs, targets, batchSize, contextLength }: Batch): number[] {
  return Array.from({ length: batchSize }, (_, row) => {
    const at = row * contextLength, start = inputs[at];
    for (let time = 0; time < contextLength; time++) {
      assertEquals(inputs[at + time], start + time);
      assertEquals(targets[at + time], start + time + 1);
    }
    return start;
  });
}

/** Where the first samples of a source begin. */
const firstStarts = (source: BatchSource, batches: number): number[] =>
  Array.from({ length: batches }, (_, number) => startsOf(source.at(number))).flat();

Deno.test("causalBatches: an epoch has each window once, and its windows do not overlap", () => {
  for (const [length, contextLength] of [[100, 8], [101, 8], [9, 8], [17, 8], [10, 1], [2, 1], [40, 13]]) {
    const source = causalBatches(placesUpTo(length), { contextLength, batchSize: 1, seed: 5 });
    const { batchesPerEpoch } = source;
    for (let epoch = 0; epoch < 20; epoch++) {
      const starts = Array.from(
        { length: batchesPerEpoch },
        (_, number) => startsOf(source.at(epoch * batchesPerEpoch + number))[0],
      ).sort((a, b) => a - b);
      for (let window = 1; window < starts.length; window++) {
        assertEquals(starts[window] - starts[window - 1], contextLength);
      }
      assert(starts.at(-1)! + contextLength < length, `the last target of ${length} tokens is in the text`);
    }
  }
});

Deno.test("causalBatches: at most two windows' worth of the text are left out of an epoch", () => {
  for (let length = 9; length < 60; length++) {
    const { batchesPerEpoch } = causalBatches(placesUpTo(length), {
      contextLength: 8,
      batchSize: 1,
      seed: 5,
    });
    assert(length - 1 - 8 * batchesPerEpoch < 16, `${batchesPerEpoch} windows of ${length} tokens`);
  }
});

Deno.test("causalBatches: order and offset differ between epochs and between seeds", () => {
  const startsIn = (seed: number, epoch: number) => {
    const source = causalBatches(placesUpTo(200), { contextLength: 8, batchSize: 1, seed });
    assertEquals(source.batchesPerEpoch, 24);
    return Array.from({ length: 24 }, (_, number) => startsOf(source.at(epoch * 24 + number))[0]);
  };
  const orderOf = (starts: number[]) => starts.map((start) => Math.floor(start / 8));
  const orders = [startsIn(1, 0), startsIn(1, 1), startsIn(1, 2), startsIn(2, 0)].map(orderOf);
  for (const [index, order] of orders.entries()) {
    assertNotEquals(order, order.toSorted((a, b) => a - b), "the order is not the text's");
    for (const other of orders.slice(index + 1)) assertNotEquals(order, other);
  }
  const numbers = Array.from({ length: 60 }, (_, number) => number);
  for (
    const starts of [
      numbers.map((epoch) => startsIn(1, epoch)),
      numbers.map((seed) => startsIn(seed, 0)),
    ]
  ) {
    assertEquals(new Set(starts.map(([start]) => start % 8)).size, 8, "every offset occurs");
  }
});

Deno.test("causalBatches: the samples are the same for any batch size", () => {
  const starts = (batchSize: number) =>
    firstStarts(causalBatches(placesUpTo(90), { contextLength: 8, batchSize, seed: 7 }), 120 / batchSize);
  for (const batchSize of [2, 4, 5, 8, 24]) assertEquals(starts(batchSize), starts(1));
});

Deno.test("causalBatches: a batch depends on its number alone, not on those asked for before", () => {
  const options = { contextLength: 8, batchSize: 4, seed: 7 };
  const source = causalBatches(placesUpTo(90), options), order = [17, 0, 5, 1, 17, 40, 0];
  for (const number of order) {
    assertEquals(source.at(number), causalBatches(placesUpTo(90), options).at(number));
  }
});

Deno.test("causalBatches: an epoch need not be a whole number of batches", () => {
  const source = causalBatches(placesUpTo(90), { contextLength: 8, batchSize: 4, seed: 7 });
  assertEquals(source.batchesPerEpoch, 10 / 4);
});

Deno.test("causalBatches: a text of one window is the same batch for ever", () => {
  const source = causalBatches(placesUpTo(9), { contextLength: 8, batchSize: 2, seed: 7 });
  assertEquals(firstStarts(source, 3), [0, 0, 0, 0, 0, 0]);
});

Deno.test("causalBatches refuses a text shorter than a window", () => {
  assertThrows(
    () => causalBatches(placesUpTo(8), { contextLength: 8, batchSize: 2, seed: 7 }),
    RangeError,
    "The training text has 8 tokens, a window needs 9: give a longer text or a smaller context length",
  );
});

Deno.test("validationBatches: windows stand side by side over the whole text", () => {
  const batches = validationBatches(placesUpTo(8 * 6 + 5), { contextLength: 8, batchSize: 3 });
  assertEquals(batches.map(startsOf), [[0, 8, 16], [24, 32, 40]]);
});

Deno.test("validationBatches: rows that are left over have no targets", () => {
  const [first, last, ...more] = validationBatches(placesUpTo(41), { contextLength: 8, batchSize: 3 });
  assertEquals(more, []);
  assertEquals(startsOf(first), [0, 8, 16]);
  assertEquals([...last.targets.subarray(0, 16)], [...placesUpTo(41).subarray(25, 41)]);
  assertEquals([...last.targets.subarray(16)], new Array(8).fill(IGNORE_INDEX));
});

Deno.test("validationBatches: a limited number of windows is spread over the text, each once, always the same", () => {
  const options = { contextLength: 8, batchSize: 5, windows: 5 };
  const [batch] = validationBatches(placesUpTo(8 * 23 + 1), options), starts = startsOf(batch);
  assertEquals(starts, [0, 4, 9, 13, 18].map((window) => 8 * window));
  assertEquals(validationBatches(placesUpTo(8 * 23 + 1), options), [batch]);
});

Deno.test("validationBatches: more windows than there are is all of them", () => {
  const all = validationBatches(placesUpTo(41), { contextLength: 8, batchSize: 3 });
  assertEquals(validationBatches(placesUpTo(41), { contextLength: 8, batchSize: 3, windows: 99 }), all);
});

Deno.test("validationBatches refuses a text shorter than a window", () => {
  assertThrows(
    () => validationBatches(placesUpTo(3), { contextLength: 8, batchSize: 1 }),
    RangeError,
    "The validation text has 3 tokens, a window needs 9",
  );
});

Deno.test("overlappingBatches: every token but the first is a target once, with more than half a window before it", () => {
  for (const contextLength of [1, 2, 7, 8]) {
    for (let length = contextLength + 1; length < 40; length++) {
      const batches = overlappingBatches(placesUpTo(length), { contextLength, batchSize: 3 }),
        seen: number[] = [];
      for (const { inputs, targets, starts } of batches) {
        for (const [index, target] of targets.entries()) {
          if (target === IGNORE_INDEX) continue;
          const row = Math.floor(index / contextLength), time = index % contextLength;
          assertEquals([inputs[index], target], [starts[row] + time, starts[row] + time + 1]);
          assert(2 * (time + 1) > contextLength || starts[row] === 0, `token ${target} of ${length}`);
          seen.push(target);
        }
      }
      assertEquals(
        seen,
        [...placesUpTo(length).subarray(1)],
        `${length} tokens, windows of ${contextLength}`,
      );
    }
  }
});

Deno.test("overlappingBatches: no more windows than are needed", () => {
  const batches = overlappingBatches(placesUpTo(8 + 4 * 9 + 2), { contextLength: 8, batchSize: 4 });
  assertEquals(batches.map(({ starts }) => starts), [[0, 4, 8, 12], [16, 20, 24, 28], [32, 36, 37]]);
  const [odd] = overlappingBatches(placesUpTo(7 + 4 + 4 + 1), { contextLength: 7, batchSize: 4 });
  assertEquals(odd.starts, [0, 4, 8]);
  assertEquals(overlappingBatches(placesUpTo(14), { contextLength: 8, batchSize: 4 })[0].batchSize, 3);
  assertThrows(
    () => overlappingBatches(placesUpTo(8), { contextLength: 8, batchSize: 4 }),
    RangeError,
    "The evaluated text has 8 tokens, a window needs 9",
  );
});

for (const size of [0, -8, 2.5, NaN]) {
  Deno.test(`batches of ${size} windows, or of windows of ${size} tokens, are refused`, () => {
    for (const [name, batches] of Object.entries({ causalBatches, validationBatches, overlappingBatches })) {
      for (const sizes of [{ contextLength: 8, batchSize: size }, { contextLength: size, batchSize: 8 }]) {
        const message = "Cannot make batches with " +
          (sizes.batchSize === 8 ? "contextLength" : "batchSize") + ` ${size}`;
        assertThrows(() => batches(placesUpTo(100), { ...sizes, seed: 1 }), RangeError, message, name);
      }
    }
  });
}
