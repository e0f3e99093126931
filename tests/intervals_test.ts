import { assert, assertEquals } from "@std/assert";
import * as fc from "fast-check";
import {
  endsEpoch,
  epochsAfter,
  firstStepOfEpoch,
  intervalsOf,
  isDue,
  stepsOfEpochs,
} from "../checkpoints/runs/intervals.ts";

const steps = (count: number) => Array.from({ length: count }, (_, i) => i + 1);

Deno.test("an epoch ends with the step that reaches it, be it longer or shorter than a step", () => {
  const endsAt = (stepsPerEpoch: number, count = 10) =>
    steps(count).filter((step) => endsEpoch(step, stepsPerEpoch)).map((step) => [
      step,
      epochsAfter(step, stepsPerEpoch),
    ]);
  assertEquals(endsAt(4), [[4, 1], [8, 2]]);
  assertEquals(endsAt(2.5), [[3, 1], [5, 2], [8, 3], [10, 4]]);
  assertEquals(endsAt(0.4, 3), [[1, 2], [2, 5], [3, 7]]);
  assertEquals(endsAt(11), []);
  assertEquals([1, 3, 4, 5, 6, 8, 9].map((step) => firstStepOfEpoch(step, 2.5)), [1, 1, 4, 4, 6, 6, 9]);
  assertEquals([1, 2, 3].map((step) => firstStepOfEpoch(step, 0.4)), [1, 2, 3]);
});

Deno.test("rounding makes no epoch a step longer", () => {
  assert(100 * 0.07 > 7);
  assertEquals([stepsOfEpochs(100, 0.07), stepsOfEpochs(100, 0.0701)], [7, 8]);
  assertEquals([stepsOfEpochs(0, 3), stepsOfEpochs(1e-9, 3)], [0, 1]);
});

Deno.test("for any sizes, epochs follow each other without a gap, and the last one ends with the run", () => {
  const sizes = fc.record({
    windows: fc.integer({ min: 1, max: 500 }),
    batch: fc.integer({ min: 1, max: 64 }),
  });
  fc.assert(fc.property(sizes, fc.integer({ min: 1, max: 50 }), ({ windows, batch }, epochs) => {
    const stepsPerEpoch = windows / batch, end = stepsOfEpochs(epochs, stepsPerEpoch);
    assertEquals(end, Math.ceil(epochs * windows / batch), "as whole numbers are divided");
    assert(epochsAfter(end, stepsPerEpoch) >= epochs && endsEpoch(end, stepsPerEpoch));
    assert(epochsAfter(end - 1, stepsPerEpoch) < epochs);
    const step = 1 + end % 7;
    const first = firstStepOfEpoch(step, stepsPerEpoch);
    assert(first <= step && (first === 1 || endsEpoch(first - 1, stepsPerEpoch)));
    for (let at = first; at < step; at++) assert(!endsEpoch(at, stepsPerEpoch));
  }));
});

Deno.test("an interval is a number of steps, or each epoch", () => {
  assertEquals(steps(10).filter((step) => isDue(step, 4, 2.5)), [4, 8]);
  assertEquals(steps(10).filter((step) => isDue(step, "epoch", 2.5)), [3, 5, 8, 10]);
});

Deno.test("a run is validated at each epoch if that is neither too rare nor too often; what is given stays", () => {
  const validations = (epochs?: number) => intervalsOf(1000, { epochs }).evaluationInterval;
  assertEquals([undefined, 2, 3, 100, 101].map(validations), [100, 100, "epoch", "epoch", 100]);
  const usual = {
    logInterval: 1,
    evaluationInterval: "epoch" as const,
    sampleInterval: 200,
    saveInterval: 100,
  };
  assertEquals(intervalsOf(1000, { epochs: 10 }), usual);
  assertEquals(intervalsOf(1000, { evaluationInterval: 30 }).sampleInterval, 60);
  const given = {
    logInterval: 7,
    evaluationInterval: 8,
    sampleInterval: "epoch",
    saveInterval: "epoch",
  } as const;
  assertEquals(intervalsOf(1000, { epochs: 10, ...given }), given);
});
