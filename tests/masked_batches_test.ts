import { assert, assertEquals, assertNotEquals, assertThrows } from "@std/assert";
import { IGNORE_INDEX } from "../kernels/cross_entropy.ts";
import {
  maskedBatches,
  type MaskedBatchOptions,
  maskedValidationBatches,
  oneByOneBatches,
} from "../data/masked_batches.ts";
import { integers } from "./_testing.ts";

const specialIds = [0, 1, 2, 3, 999], tokens = { vocabSize: 1000, maskId: 999, specialIds };

/** Framed sequences of several lengths. */
const sequences = Array.from({ length: 11 }, (_, index) => {
  const { data } = integers(`sequence ${index}`, [3 + index], 995);
  return Uint32Array.of(0, ...data.map((id) => id + 4), 2);
});
const options: MaskedBatchOptions = { ...tokens, contextLength: 16, batchSize: 4, seed: 7 };

Deno.test("maskedBatches: targets are what stood at their indices, and nothing else is changed", () => {
  const source = maskedBatches(sequences, options), found = new Set<string>();
  for (let number = 0; number < 11; number++) { // four epochs
    const { inputs, targetIndices, targets, lengths } = source.at(number);
    assertEquals(targetIndices!.length, targets.length);
    const original = inputs.slice();
    targets.forEach((target, at) => target === IGNORE_INDEX || (original[targetIndices![at]] = target));
    for (let row = 0; row < 4; row++) {
      const ids = original.slice(row * 16, row * 16 + lengths![row]);
      assert(sequences.some((sequence) => String(sequence) === String(ids)), `${ids} is no sequence`);
      assert(original.slice(row * 16 + ids.length, row * 16 + 16).every((id) => id === 1));
      found.add(String(ids));
    }
  }
  assertEquals(found.size, sequences.length);
});

/** What the model sees and is asked in each of some samples. */
function samplesOf(changes: Partial<MaskedBatchOptions>, count: number) {
  const source = maskedBatches(sequences, { ...options, ...changes }),
    { batchSize } = { ...options, ...changes };
  return Array.from({ length: count / batchSize }, (_, number) => source.at(number)).flatMap((batch) => {
    const { inputs, targetIndices, targets } = batch;
    return Array.from({ length: batchSize }, (_, row) => {
      const asked = [...targetIndices!.keys()].filter((at) =>
        targets[at] !== IGNORE_INDEX && Math.floor(targetIndices![at] / 16) === row
      );
      return [
        ...inputs.slice(row * 16, row * 16 + 16),
        ...asked.flatMap((at) => [targetIndices![at] % 16, targets[at]]),
      ];
    });
  });
}

Deno.test("maskedBatches: masks are the same for any batch size, and wherever one begins", () => {
  const expected = samplesOf({ batchSize: 8 }, 48);
  for (const batchSize of [1, 2, 4, 16]) assertEquals(samplesOf({ batchSize }, 48), expected);
  const whole = maskedBatches(sequences, options), resumed = maskedBatches(sequences, options);
  for (let number = 0; number < 6; number++) whole.at(number);
  assertEquals(resumed.at(6), whole.at(6));
});

Deno.test("maskedBatches: masks differ from epoch to epoch and from seed to seed", () => {
  const twice = samplesOf({ batchSize: 1, maskRate: 0.5 }, 22),
    other = samplesOf({ batchSize: 1, seed: 8 }, 11);
  const byStart = (samples: number[][]) => samples.map(String).sort();
  const [first, second] = [byStart(twice.slice(0, 11)), byStart(twice.slice(11))];
  assert(first.filter((sample) => second.includes(sample)).length < 3);
  assertNotEquals(byStart(other), byStart(samplesOf({ batchSize: 1 }, 11)));
});

Deno.test("maskedBatches: batches have one shape, also where they ask for more than usual", () => {
  const source = maskedBatches(sequences, { ...options, batchSize: 2 });
  const sizes = Array.from({ length: 200 }, (_, number) => source.at(number).targets.length);
  assertEquals(new Set(sizes).size, 1);
  // one long sequence among many short ones does not fit into the room for the mean
  const uneven = [...new Array(99).fill(Uint32Array.of(0, 2)), new Uint32Array(32).fill(7)];
  const all = maskedBatches(uneven, { ...options, contextLength: 32, batchSize: 1, maskRate: 1 });
  for (let number = 0; number < 100; number++) {
    const { targets, lengths } = all.at(number);
    assertEquals(targets.filter((target) => target !== IGNORE_INDEX).length, lengths![0] === 2 ? 0 : 32);
  }
});

Deno.test("maskedValidationBatches: always the same masks, every sequence once or spread over all", () => {
  const batches = maskedValidationBatches(sequences, options);
  assertEquals(maskedValidationBatches(sequences, options), batches);
  assertEquals(batches.map(({ lengths }) => [...lengths!]), [[5, 6, 7, 8], [9, 10, 11, 12], [13, 14, 15, 1]]);
  const [some] = maskedValidationBatches(sequences, { ...options, limit: 3 });
  assertEquals([...some.lengths!], [5, 8, 12, 1]);
  const others = maskedValidationBatches(sequences, { ...options, seed: 8 });
  assertNotEquals(
    others.map(({ targetIndices }) => targetIndices),
    batches.map(({ targetIndices }) => targetIndices),
  );
});

Deno.test("oneByOneBatches: every token but the special ones is hidden once, alone", () => {
  const rows = oneByOneBatches(sequences, { ...options, batchSize: 1 });
  assertEquals(rows.length, sequences.reduce((sum, { length }) => sum + length - 2, 0));
  for (const { inputs, targetIndices, targets, lengths } of rows) {
    assertEquals([inputs[targetIndices![0]], targets.length], [999, 1]);
    const original = inputs.slice(0, lengths![0]);
    original[targetIndices![0]] = targets[0];
    assert(sequences.some((sequence) => String(sequence) === String(original)));
  }
  assertEquals(new Set(rows.map(({ inputs }) => String(inputs))).size, rows.length);
  const some = oneByOneBatches(sequences, { ...options, limit: 6 });
  assertEquals(some.map(({ targets }) => targets.filter((target) => target !== IGNORE_INDEX).length), [4, 2]);
});

Deno.test("masked batches refuse what makes no sense", () => {
  const refuse = (changes: Partial<MaskedBatchOptions>, message: string, of = sequences) => {
    for (const make of [maskedBatches, maskedValidationBatches, oneByOneBatches]) {
      assertThrows(() => make(of, { ...options, ...changes }), RangeError, message);
    }
  };
  refuse({ maskRate: 0 }, "Cannot mask at rate 0: expected 0 < maskRate <= 1");
  refuse({ maskRate: NaN }, "Cannot mask at rate NaN");
  refuse({ maskId: 1000 }, "Cannot mask with token 1000: the vocabulary has 1000 tokens");
  refuse({ vocabSize: 4, maskId: 3 }, "Cannot mask with a vocabulary of 4 tokens");
  refuse({ contextLength: 14 }, "Cannot put a sequence of 15 tokens into a context of 14");
  refuse({}, "Cannot make batches of no sequences", []);
  refuse({}, "Sequence 2 is empty: expected at least one token", [sequences[0], new Uint32Array()]);
  refuse({ batchSize: 0 }, "Cannot make batches with batchSize 0: expected a positive integer");
  refuse({ contextLength: 15.5 }, "Cannot make batches with contextLength 15.5: expected a positive integer");
  assertThrows(() => oneByOneBatches([Uint32Array.of(0, 2)], options), RangeError, "Cannot mask a token");
});
