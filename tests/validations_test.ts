import { assertEquals } from "@std/assert";
import { spread, validationsOf } from "../commands/runs/validations.ts";

Deno.test("a validation has the mean training loss since the one before", () => {
  const losses = [[4, undefined], [2, 3], [1, undefined], [3, undefined], [2, 2.5], [9, undefined]] as const;
  const records = losses.map(([loss, validationLoss], i) => ({
    ...{ step: i + 1, epoch: (i + 1) / 2, loss, gradientNorm: 1, learningRate: 1, seconds: 0 },
    ...validationLoss === undefined ? {} : { validationLoss, accuracy: 0.5 },
  }));
  assertEquals(validationsOf(records), [
    { step: 2, epoch: 1, trainingLoss: 3, validationLoss: 3, accuracy: 0.5 },
    { step: 5, epoch: 2.5, trainingLoss: 2, validationLoss: 2.5, accuracy: 0.5 },
  ]);
  assertEquals(validationsOf([]), []);
});

Deno.test("of a long list the first, the last and some in between are taken, of a short one all", () => {
  const numbers = Array.from({ length: 100 }, (_, i) => i);
  assertEquals(spread(numbers, 4), [0, 33, 66, 99]);
  assertEquals(spread(numbers.slice(0, 4), 4), [0, 1, 2, 3]);
  assertEquals(spread([], 4), []);
});
