import { assert, assertAlmostEquals, assertEquals } from "@std/assert";
import type { CurvePoint, LabDescription, LabResult, SkillLoss } from "../commands/lab_report/lab_types.ts";
import { excessOf, labFigures, optimumOf } from "../commands/lab_report/lab_figures.ts";
import { madeUpLab, withoutOptimum } from "./_lab.ts";

const result = (
  variant: string,
  seed: number,
  losses: readonly number[],
  rest: Partial<LabResult> = {},
): LabResult => ({
  ...{
    variant,
    seed,
    flags: [],
    run: `${variant}-${seed}`,
    parameters: 1000,
    seconds: 10,
    steps: 100 * losses.length,
  },
  ...{ diverged: false, loss: losses.at(-1) ?? null, optimal: 0.1 },
  curve: losses.map((loss, index) => ({ step: 100 * (index + 1), loss })),
  ...rest,
});

const lab = (names: readonly string[], seeds: readonly number[], baseline?: string): LabDescription => ({
  ...{ name: "lab", kind: "ablations", title: "a lab", flags: [], seeds, baseline },
  variants: names.map((name) => ({ name, title: name, question: "", flags: [] })),
});

Deno.test("loss, excess, difference by seed and ratio", () => {
  const { variants, baseline, optimal } = labFigures(lab(["plain", "other"], [1, 2, 3], "plain"), [
    ...[result("other", 3, [0.71]), result("other", 1, [0.4]), result("other", 2, [0.6])],
    ...[result("plain", 1, [0.2]), result("plain", 2, [0.3]), result("plain", 3, [0.4])],
  ]);
  assertEquals(optimal, true);
  assertEquals(baseline, variants[0]);
  assertEquals(baseline!.comparison, undefined, "the baseline is not compared with itself");
  const [{ loss }, { comparison, excess }] = variants;
  assertAlmostEquals(loss!.mean, 0.3, 1e-12);
  assertAlmostEquals(excess!.mean, 0.47, 1e-12);
  // of 0.2, 0.3, 0.31
  assertAlmostEquals(comparison!.difference, 0.27, 1e-12);
  assertEquals([comparison!.of, comparison!.estimate.count], ["ratio", 3]);
  assertAlmostEquals(comparison!.estimate.mean, Math.cbrt((0.3 / 0.1) * (0.5 / 0.2) * (0.61 / 0.3)), 1e-12);
});

Deno.test("runs that diverged, failed or are missing are counted, and only seeds that both have are compared", () => {
  const { variants: [, other, none], optimal, comparisons } = labFigures(
    lab(["plain", "other", "none"], [1, 2, 3, 4], "plain"),
    [
      ...[1, 2, 3].map((seed) => result("plain", seed, [0.2])),
      result("other", 1, [0.5]),
      result("other", 2, [3, 9], { diverged: true, loss: null }),
      result("other", 3, [], { reason: "it was killed" }),
      result("other", 4, [0.9]),
      result("gone", 1, [0.1]),
    ],
  );
  assertEquals(optimal, true);
  assertEquals(other.finished.map(({ seed }) => seed), [1, 4]);
  assertEquals(other.diverged.map(({ seed }) => seed), [2]);
  assertEquals(other.missing, 1);
  assertEquals(other.comparison!.estimate.count, 1);
  assertAlmostEquals(other.comparison!.estimate.mean, 4, 1e-12);
  assertEquals(comparisons, 1);
  assertEquals([none.missing, none.loss, none.comparison, none.reached, none.seconds], [4, ...Array(4)]);
});

Deno.test("of two results of one run the last counts", () => {
  const failed = result("plain", 1, [], { reason: "out of memory" });
  assertEquals(
    labFigures(lab(["plain"], [1]), [failed, result("plain", 1, [0.5])]).variants[0].loss!.mean,
    0.5,
  );
});

const skills = (
  ...parts: readonly [positions: number, loss: number, optimal: number][]
): Record<string, SkillLoss> =>
  Object.fromEntries(
    parts.map(([positions, loss, optimal], i) => [`skill${i}`, { positions, loss, optimal }]),
  );

Deno.test("the optimum is that of the characters that were validated, where the skills are of the same text", () => {
  const point: CurvePoint = { step: 1, loss: 0.7, skills: skills([30, 0.5, 0.1], [10, 1.3, 0.3]) };
  assertAlmostEquals(optimumOf(point, 0.08)!, 0.15, 1e-12);
  assertEquals(optimumOf({ ...point, loss: 1.4 }, 0.08), 0.08, "nats a token are not those a character");
  assertEquals(optimumOf({ loss: 0.7 }, 0.08), 0.08);
  assertEquals(optimumOf({ loss: 0.7 }, null), undefined);
  assertAlmostEquals(excessOf(result("a", 1, [0.7], { curve: [point] }))!, 0.55, 1e-12);
});

Deno.test("skills: excess, share of the characters, and their comparisons, which allow for all skills together", () => {
  const run = (variant: string, seed: number, parts: Record<string, SkillLoss>): LabResult => {
    const total = Object.values(parts).reduce((sum, { positions }) => sum + positions, 0);
    const loss = Object.values(parts).reduce((sum, { positions, loss }) => sum + positions * loss, 0) / total;
    return result(variant, seed, [], { loss, curve: [{ step: 1, loss, skills: parts }] });
  };
  const { variants: [, other], skills: names } = labFigures(lab(["plain", "other"], [1, 2], "plain"), [
    run("plain", 1, skills([30, 0.5, 0.1], [10, 1.3, 0.3])),
    run("plain", 2, skills([30, 0.6, 0.1], [10, 1.3, 0.3])),
    run("other", 1, skills([30, 0.7, 0.1], [10, 2.3, 0.3])),
    run("other", 2, skills([30, 0.6, 0.1], [10, 2.5, 0.3])),
  ]);
  assertEquals(names, ["skill0", "skill1"]);
  const [first, second] = other.skills;
  assertAlmostEquals(first.excess.mean, 0.55, 1e-12);
  assertAlmostEquals(first.weight, 0.75, 1e-12);
  const [{ difference }, { difference: another, of, estimate: { mean, low } }] = [first, second].map((
    { comparison },
  ) => comparison!);
  assertAlmostEquals(difference, 0.1, 1e-12);
  assertAlmostEquals(another, 1.1, 1e-12);
  assertAlmostEquals(
    first.weight * difference + second.weight * another,
    other.comparison!.difference,
    1e-12,
  );
  assertAlmostEquals(mean, Math.sqrt(2 * 2.2), 1e-12);
  // ln 2 and ln 2.2 leave (ln 1.1)² / 4; with one degree of freedom and two comparisons t is 25.45
  const half = 25.4517 * Math.log(1.1) / 2;
  assertEquals(of, "ratio");
  assertAlmostEquals(Math.log(mean / low), half, 1e-4);
});

Deno.test("steps to the loss that the baseline has halfway: on the line between two validations", () => {
  const { target, variants } = labFigures(lab(["plain", "fast", "slow", "part"], [1, 2], "plain"), [
    ...[1, 2].map((seed) => result("plain", seed, [3, seed === 1 ? 1.9 : 2.1, 1.5, 1])),
    ...[1, 2].map((seed) => result("fast", seed, [2, 1, 0.5, 0.2])),
    ...[1, 2].map((seed) => result("slow", seed, [4, 3, 2.5, 2.1])),
    ...[result("part", 1, [4, 3, 2.5, 2.1]), result("part", 2, [4, 3, 1, 1])],
  ]);
  assertAlmostEquals(target!.loss, 2, 1e-12);
  const steps = variants.map(({ reached }) => reached);
  // 3 → 1.9 passes 2 after 10/11 of the way; 2.1 → 1.5 after a sixth
  assertAlmostEquals(steps[0]!.steps!, (100 + 1000 / 11 + 200 + 100 / 6) / 2, 1e-9);
  assertEquals(steps[1], { runs: 2, steps: 100 });
  assertEquals(steps[2], { runs: 0 });
  assertEquals(steps[3], { runs: 1, steps: 250 });
});

Deno.test("without a baseline, steps to the loss that the median variant ends with", () => {
  const { target, baseline } = labFigures(lab(["a", "b", "c"], [1]), [
    ...[result("a", 1, [5, 1]), result("b", 1, [5, 2]), result("c", 1, [5, 4])],
  ]);
  assertEquals([target!.loss, baseline], [2, undefined]);
});

Deno.test("a variant is identical where every validation of every run is the baseline's", () => {
  const runs = (name: string, last: number) =>
    [1, 2].map((seed) => result(name, seed, [3, 2 + seed, seed === 2 ? last : 1]));
  const { variants } = labFigures(lab(["plain", "same", "close", "part"], [1, 2], "plain"), [
    ...[...runs("plain", 1), ...runs("same", 1), ...runs("close", 1 + 1e-15), ...runs("part", 1).slice(0, 1)],
  ]);
  assertEquals(variants.map(({ identical }) => identical), [false, true, false, false]);
  assertEquals(variants.map(({ comparison }) => comparison !== undefined), [false, false, true, true]);
});

Deno.test("without an optimum there is no excess and no ratio, and without skills no figures of them", () => {
  const made = madeUpLab([{ name: "plain" }, { name: "other", factor: 2 }]);
  const { variants, optimal, skills } = labFigures(made.lab, withoutOptimum(made.results));
  assertEquals([optimal, skills], [false, []]);
  assertEquals(variants.map(({ excess, skills }) => [excess, skills]), [[undefined, []], [undefined, []]]);
  const { of, estimate: { low }, shown } = variants[1].comparison!;
  assert(of === "difference" && shown && low > 0);
});

Deno.test("where nothing has finished there are no figures, and nothing to time by", () => {
  const failed = result("plain", 1, [], { reason: "no memory", parameters: null });
  for (const results of [[], [failed]]) {
    const { optimal, target, skills, variants } = labFigures(lab(["plain", "other"], [1], "plain"), results);
    assertEquals([optimal, target, skills], [false, undefined, []]);
    for (const { loss, excess, seconds, parameters, reached, identical } of variants) {
      assertEquals([loss, excess, seconds, parameters, reached, identical], [...Array(5), false]);
    }
  }
  assertEquals(labFigures(lab(["a"], [1]), [result("a", 1, [2, 1])]).target, undefined, "one variant alone");
  const early = { ...result("plain", 1, [1]), curve: [{ step: 100, loss: 1 }] };
  assertEquals(
    labFigures(lab(["plain"], [1], "plain"), [early]).target,
    undefined,
    "no validation before the half",
  );
});

Deno.test("parameters are those of any run that has a model, and the time is the median", () => {
  const { variants: [{ parameters, seconds }] } = labFigures(lab(["a"], [1, 2, 3, 4]), [
    result("a", 1, [], { parameters: null, reason: "no memory" }),
    ...[[2, 7], [3, 9], [4, 50]].map(([seed, seconds]) => result("a", seed, [1], { seconds })),
  ]);
  assertEquals([parameters, seconds], [1000, 9]);
});

Deno.test("a skill without positions has no figures", () => {
  const parts = { ...skills([30, 0.5, 0.1]), none: { positions: 0, loss: 0, optimal: 0 } };
  const run = result("a", 1, [0.5], { curve: [{ step: 1, loss: 0.5, skills: parts }] });
  const { variants: [{ skills: own }], skills: names } = labFigures(lab(["a"], [1]), [run]);
  assertEquals([own.map(({ skill }) => skill), names], [["skill0"], ["skill0", "none"]]);
});

Deno.test("where the trained model was evaluated once more, loss and skills are of that", () => {
  const curve: CurvePoint[] = [{ step: 1, loss: 0.7, skills: skills([30, 0.5, 0.1], [10, 1.3, 0.3]) }];
  const run = result("a", 1, [], {
    loss: 0.25,
    optimal: 0.05,
    skills: skills([30, 0.1, 0.02], [10, 0.7, 0.2]),
    curve,
  });
  assertAlmostEquals(excessOf(run)!, 0.25 - (0.75 * 0.02 + 0.25 * 0.2), 1e-12);
  const { variants: [{ skills: [first, second] }] } = labFigures(lab(["a"], [1]), [run]);
  assertAlmostEquals(first.excess.mean, 0.08, 1e-12);
  assertAlmostEquals(second.excess.mean, 0.5, 1e-12);
});
