import { assertAlmostEquals, assertEquals, assertThrows } from "@std/assert";
import { IGNORE_INDEX } from "../kernels/cross_entropy.ts";
import { balancedWeights, type Example, labelledBatches } from "../data/labelled_batches.ts";
import { type LabelledBatchOptions, labelledValidationBatches } from "../data/labelled_batches.ts";

const examples: Example[] = Array.from({ length: 7 }, (_, index) => ({
  ids: Uint32Array.from({ length: 2 + index % 4 }, (_, place) => 10 * (index + 1) + place),
  label: index % 3,
}));
const options: LabelledBatchOptions = { contextLength: 6, batchSize: 2, padId: 1, seed: 3 };

Deno.test("labelledBatches: each epoch holds every example once, with its label and length, in another order", () => {
  const source = labelledBatches(examples, { ...options, batchSize: 1 }), orders: string[] = [];
  assertEquals(source.batchesPerEpoch, 7);
  for (let epoch = 0; epoch < 3; epoch++) {
    const firsts: number[] = [];
    for (let number = epoch * 7; number < epoch * 7 + 7; number++) {
      const { inputs, targets, lengths } = source.at(number), example = examples[inputs[0] / 10 - 1];
      assertEquals([targets[0], lengths![0]], [example.label, example.ids.length]);
      assertEquals([...inputs], [...example.ids, ...new Array(6 - example.ids.length).fill(1)]);
      firsts.push(inputs[0]);
    }
    assertEquals([...firsts].sort((a, b) => a - b), [10, 20, 30, 40, 50, 60, 70]);
    orders.push(String(firsts));
  }
  assertEquals(new Set(orders).size, 3);
});

Deno.test("labelledBatches: the order does not depend on the batch size", () => {
  const firsts = (batchSize: number) => {
    const source = labelledBatches(examples, { ...options, batchSize });
    return Array.from({ length: 12 / batchSize }, (_, number) => source.at(number))
      .flatMap(({ inputs }) => [...inputs].filter((_, at) => at % 6 === 0));
  };
  for (const batchSize of [2, 3, 4, 6]) assertEquals(firsts(batchSize), firsts(1));
});

Deno.test("labelledBatches: ids may be given anew in each epoch, by index and epoch alone", () => {
  const drawn = (index: number, epoch: number) => Uint32Array.of(index, epoch, 99);
  const source = labelledBatches(examples, { ...options, batchSize: 1, encode: drawn });
  const plain = labelledBatches(examples, { ...options, batchSize: 1 });
  for (const number of [0, 6, 7, 20, 3, 15]) {
    const { inputs, lengths, targets } = source.at(number), expected = plain.at(number);
    const index = expected.inputs[0] / 10 - 1;
    assertEquals([...inputs], [index, Math.floor(number / 7), 99, 1, 1, 1]);
    assertEquals([lengths![0], targets], [3, expected.targets]);
  }
  for (const length of [0, 7]) {
    const wrong = labelledBatches(examples, { ...options, encode: () => new Uint32Array(length) });
    assertThrows(() => wrong.at(0), RangeError, `has ${length} tokens: expected 1 to 6`);
  }
});

Deno.test("labelledBatches: examples weigh what their class weighs", () => {
  const batch = labelledBatches(examples, { ...options, batchSize: 7, classWeights: [0.5, 2, 3] }).at(0);
  batch.targets.forEach((label, row) => assertEquals(batch.weights![row], [0.5, 2, 3][label]));
});

Deno.test("labelledBatches: the tokens that follow weigh as much as their text, times the auxiliary weight", () => {
  const weighed = { ...options, classWeights: [1, 1, 2], auxiliaryWeight: 0.5 };
  const { inputs, lengths, weights, auxiliaryTargets, auxiliaryWeights } = labelledBatches(examples, weighed)
    .at(0);
  for (let row = 0; row < 2; row++) {
    let sum = 0;
    for (let place = 0; place < 6; place++) {
      const at = 6 * row + place, isAsked = place < lengths![row] - 1;
      assertEquals(auxiliaryTargets![at], isAsked ? inputs[at + 1] : IGNORE_INDEX);
      if (isAsked) sum += auxiliaryWeights![at];
    }
    assertAlmostEquals(sum, 0.5 * weights![row], 1e-6);
  }
  assertEquals(labelledBatches(examples, options).at(0).auxiliaryTargets, undefined);
});

Deno.test("labelledValidationBatches: all examples in order, rows that are left over have no class", () => {
  const batches = labelledValidationBatches(examples, { ...options, batchSize: 4 });
  assertEquals(batches.flatMap(({ targets }) => [...targets]), [0, 1, 2, 0, 1, 2, 0, IGNORE_INDEX]);
  assertEquals(batches.flatMap(({ inputs }) => [inputs[0]]), [10, 50]);
});

Deno.test("labelled batches refuse what makes no sense", () => {
  const refuse = (of: readonly Example[], changes: Partial<LabelledBatchOptions>, message: string) =>
    assertThrows(() => labelledBatches(of, { ...options, ...changes }), RangeError, message);
  refuse([], {}, "Cannot make batches of no examples");
  refuse(examples, { contextLength: 4 }, "Example 4 has 5 tokens: expected 1 to 4");
  refuse([{ ids: new Uint32Array(), label: 0 }], {}, "Example 1 has 0 tokens");
  refuse([examples[0], { ids: Uint32Array.of(1), label: -1 }], {}, "Example 2 has class -1");
  refuse([examples[1], examples[4]], {}, "Cannot train a classifier: all 2 examples are of class 1");
  refuse(
    examples,
    { classWeights: [1, 1] },
    "Cannot weigh classes with 1, 1: expected 3 numbers of 0 or more",
  );
  refuse(examples, { classWeights: [1, 1, -1] }, "Cannot weigh classes");
  refuse(
    examples,
    { classWeights: [0, 0, 0, 1] },
    "Cannot weigh classes with 0, 0, 0, 1: every example has weight 0",
  );
});

Deno.test("labelled batches refuse sizes that make no sense", () => {
  for (const make of [labelledBatches, labelledValidationBatches]) {
    for (const size of ["batchSize", "contextLength"]) {
      for (const value of [0, -1, 2.5, NaN]) {
        const message = `Cannot make batches with ${size} ${value}: expected a positive integer`;
        assertThrows(() => make(examples, { ...options, [size]: value }), RangeError, message);
      }
    }
  }
});

Deno.test("balancedWeights: all classes together weigh the same, one without examples nothing", () => {
  const labels = [0, 0, 0, 0, 2, 2], weights = balancedWeights(labels, 3);
  assertEquals(weights, [0.5, 0, 1]);
  assertEquals(labels.filter((label) => label === 0).length * weights[0], 2 * weights[2]);
});
