import { assert, assertAlmostEquals, assertEquals, assertThrows } from "@std/assert";
import { checkSchedule, learningRateAt, type Schedule, withLearningRate } from "../training/schedule.ts";

const schedule: Schedule = {
  schedule: "cosine",
  learningRate: 1,
  minLearningRate: 0.1,
  warmupSteps: 10,
  steps: 110,
};

/** The rates of all updates and some beyond the last one. */
const ratesOf = (changes: Partial<Schedule>): number[] =>
  Array.from({ length: 120 }, (_, step) => learningRateAt({ ...schedule, ...changes }, step));

for (const shape of ["cosine", "linear", "constant"] as const) {
  Deno.test(`learningRateAt, ${shape}: the warm-up is a line that begins above 0 and ends at the peak`, () => {
    const rates = ratesOf({ schedule: shape });
    for (let step = 0; step < 10; step++) assertAlmostEquals(rates[step], (step + 1) / 10);
    assertEquals(rates[10], 1);
  });

  Deno.test(`learningRateAt, ${shape}: without warm-up the first update has the peak`, () => {
    assertEquals(ratesOf({ schedule: shape, warmupSteps: 0 })[0], 1);
  });

  Deno.test(`learningRateAt, ${shape}: a warm-up longer than the run is cut, not squeezed`, () => {
    assertAlmostEquals(ratesOf({ schedule: shape, warmupSteps: 1000 })[109], 0.11);
  });
}

Deno.test("learningRateAt: the cosine starts flat, is halfway down in the middle, and ends flat at the minimum", () => {
  const rates = ratesOf({});
  assertAlmostEquals(rates[60], 0.55);
  assertAlmostEquals(rates[35], 0.55 + 0.45 * Math.SQRT1_2);
  for (let step = 11; step < 110; step++) assert(rates[step] < rates[step - 1], `update ${step} falls`);
  assert(rates[10] - rates[11] < 0.001 && rates[109] - rates[110] < 0.001);
  assertAlmostEquals(rates[110], 0.1);
});

Deno.test("learningRateAt: the line falls by equal steps to the minimum", () => {
  const rates = ratesOf({ schedule: "linear" });
  for (let step = 11; step <= 110; step++) assertAlmostEquals(rates[step - 1] - rates[step], 0.009);
  assertAlmostEquals(rates[110], 0.1);
});

Deno.test("learningRateAt: a constant rate stays at the peak, whatever the minimum", () => {
  assertEquals(ratesOf({ schedule: "constant" }).slice(10), new Array(110).fill(1));
});

Deno.test("learningRateAt: beyond the last update the rate stays at the minimum", () => {
  for (const shape of ["cosine", "linear"] as const) {
    for (const rate of ratesOf({ schedule: shape }).slice(110)) assertAlmostEquals(rate, 0.1);
  }
});

Deno.test("checkSchedule lets what makes sense pass, and names what does not", () => {
  checkSchedule(schedule);
  checkSchedule({ ...schedule, steps: 0, warmupSteps: 0, learningRate: 0, minLearningRate: 0 });
  for (const name of ["steps", "warmupSteps"]) {
    for (const count of [-1, 2.5, NaN, Infinity]) {
      const message = `Cannot train with ${name} ${count}: expected an integer of 0 or more`;
      assertThrows(() => checkSchedule({ ...schedule, [name]: count }), RangeError, message);
    }
  }
  for (const name of ["learningRate", "minLearningRate"]) {
    for (const rate of [-0.1, NaN, Infinity]) {
      const message = `Cannot train with ${name} ${rate}: expected a number of 0 or more`;
      assertThrows(() => checkSchedule({ ...schedule, [name]: rate }), RangeError, message);
    }
  }
});

Deno.test("withLearningRate multiplies every rate by the same number", () => {
  for (const shape of ["cosine", "linear", "constant"] as const) {
    const before = ratesOf({ schedule: shape });
    const after = ratesOf(withLearningRate({ ...schedule, schedule: shape }, 3));
    for (const [step, rate] of after.entries()) assertAlmostEquals(rate, 3 * before[step]);
  }
});

Deno.test("withLearningRate: the peak it has changes no bit, a minimum at the peak stays there", () => {
  const uneven = { ...schedule, learningRate: 0.7, minLearningRate: 0.1 };
  assertEquals(withLearningRate(uneven, 0.7), uneven);
  const flat = withLearningRate({ ...schedule, learningRate: 0.7, minLearningRate: 0.7 }, 0.1);
  assertEquals([flat.learningRate, flat.minLearningRate], [0.1, 0.1]);
});

Deno.test("withLearningRate: from a peak of 0, the minimum is 0; what is no rate is refused", () => {
  const resting = { ...schedule, learningRate: 0, minLearningRate: 0 };
  assertEquals(withLearningRate(resting, 2), { ...schedule, learningRate: 2, minLearningRate: 0 });
  for (const rate of [-1, NaN, Infinity]) {
    assertThrows(
      () => withLearningRate(schedule, rate),
      RangeError,
      `Cannot train with learningRate ${rate}`,
    );
  }
});
