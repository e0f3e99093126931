/** Results of a lab that no run has computed: losses that fall as those of tales do, by skill, with noise that depends on the seed. */

import { Random } from "../core/random.ts";
import type { CurvePoint, LabDescription, LabResult, SkillLoss } from "../commands/lab_report/lab_types.ts";

/** Positions, first and last loss above the optimum, and optimum of each skill; steps after which the loss falls. */
const SKILLS = {
  spelling: { positions: 9000, first: 2.4, last: 0.004, optimal: 0, delay: 0 },
  wording: { positions: 4600, first: 2.2, last: 0.006, optimal: 0, delay: 100 },
  plot: { positions: 500, first: 1.8, last: 0.12, optimal: 0.9, delay: 200 },
  choice: { positions: 800, first: 1.4, last: 0.06, optimal: 1.6, delay: 200 },
  agreement: { positions: 300, first: 1.5, last: 0.09, optimal: 0, delay: 300 },
  recall: { positions: 1100, first: 2.1, last: 0.31, optimal: 0, delay: 700 },
};

export type SkillName = keyof typeof SKILLS;

/** How a made-up variant differs: factors of the loss above the optimum, by skill. */
export interface Effect {
  readonly name: string;
  readonly title?: string;
  readonly flags?: readonly string[];
  readonly factors?: Partial<Record<SkillName, number>>;
  readonly factor?: number;
  readonly parameters?: number;
  /** Seeds that diverge. */
  readonly diverged?: readonly number[];
  /** Steps in the time of one; 2 learns half as fast. */
  readonly slowness?: number;
  readonly noise?: number;
}

const STEPS = 1500, EVERY = 100;

function point(effect: Effect, step: number, drawn: Random): CurvePoint {
  const skills: Record<string, SkillLoss> = {};
  for (const [skill, { positions, first, last, optimal, delay }] of Object.entries(SKILLS)) {
    const late = Math.max(0, step / (effect.slowness ?? 1) - delay) / (STEPS - delay);
    const factor = (effect.factor ?? 1) * (effect.factors?.[skill as SkillName] ?? 1);
    const excess = first * (Math.min(1, last * factor / first) ** Math.min(late, 1));
    const noisy = excess * (1 + (effect.noise ?? 0.03) * drawn.normal());
    skills[skill] = { positions, loss: optimal + noisy, optimal };
  }
  return { step, loss: average(skills, "loss"), skills };
}

const average = (skills: Readonly<Record<string, SkillLoss>>, of: "loss" | "optimal"): number => {
  const parts = Object.values(skills), total = parts.reduce((sum, { positions }) => sum + positions, 0);
  return parts.reduce((sum, part) => sum + part.positions * part[of], 0) / total;
};

/** Made-up runs of one variant. */
export function madeUpRuns(effect: Effect, seeds: readonly number[]): LabResult[] {
  return seeds.map((seed) => {
    const drawn = new Random(seed, effect.name), diverged = effect.diverged?.includes(seed) ?? false;
    const steps = diverged ? 200 + 100 * seed : STEPS;
    const curve = Array.from(
      { length: steps / EVERY },
      (_, index) => point(effect, (index + 1) * EVERY, drawn),
    );
    return {
      ...{ variant: effect.name, seed, flags: [`--steps=${STEPS}`, ...effect.flags ?? []] },
      run: `${effect.name}-${seed}`,
      parameters: effect.parameters ?? 119_680,
      seconds: 24 + 3 * drawn.uniform(),
      ...{ steps, diverged },
      ...diverged && { reason: `the loss was not finite at step ${steps + 1}` },
      loss: diverged ? null : curve.at(-1)!.loss,
      optimal: average(curve[0].skills!, "optimal"),
      curve,
    };
  });
}

/** A made-up lab: the first variant is the baseline. */
export function madeUpLab(
  effects: readonly Effect[],
  seeds: readonly number[] = [1, 2, 3],
  rest: Partial<LabDescription> = {},
): { lab: LabDescription; results: LabResult[] } {
  const variants = effects.map(({ name, title = name, flags = [] }) => ({
    ...{ name, title, flags, question: `What is ${title} for?` },
  }));
  return {
    lab: {
      ...{ name: "made-up", kind: "ablations", title: "Ablations of a GPT on tales" },
      ...{ flags: [`--steps=${STEPS}`], variants, seeds, baseline: effects[0].name },
      ...rest,
    },
    results: effects.flatMap((effect) => madeUpRuns(effect, seeds)),
  };
}

/** The same results without skills and without a known optimum, as those of a book. */
export function withoutOptimum(results: readonly LabResult[]): LabResult[] {
  return results.map((result) => ({
    ...result,
    optimal: null,
    curve: result.curve.map(({ step, loss }) => ({ step, loss })),
  }));
}

/** Twenty variants as they may come out. */
export const ABLATIONS: readonly Effect[] = [
  { name: "baseline", title: "the baseline" },
  { name: "no-norm", title: "without layer norms", factor: 2.3, slowness: 1.3, parameters: 119_040 },
  {
    name: "no-residual",
    title: "without residual connections",
    factor: 9,
    factors: { spelling: 20, recall: 0.7 },
    slowness: 3,
  },
  { name: "one-head", title: "one head", factors: { recall: 1.9 } },
  { name: "swapped", title: "query and key swapped before training", noise: 0.03 },
  {
    name: "no-positions",
    title: "without position embeddings",
    factors: { recall: 4.5, plot: 2 },
    parameters: 103_296,
  },
  { name: "narrow", title: "half the width", factor: 2, parameters: 35_264 },
  { name: "wide", title: "twice the width", factor: 0.6, parameters: 436_000 },
  { name: "dropout", title: "with dropout of 0.1", factor: 1.2 },
  { name: "post-norm", title: "post-norm blocks", factor: 1.15, diverged: [2] },
  { name: "untied", title: "untied output layer", factor: 0.97, parameters: 122_880 },
  { name: "relu", title: "ReLU for GELU", factor: 1.06 },
  { name: "no-bias", title: "without biases" },
  { name: "no-warmup", title: "without warm-up", factor: 1.3, noise: 0.25 },
  { name: "sgd", title: "SGD for AdamW", factor: 2.8, slowness: 2 },
  { name: "shallow", title: "half the depth", factors: { recall: 6 }, parameters: 70_000 },
  { name: "deep", title: "double the depth", factor: 0.8, parameters: 219_000 },
  { name: "high-rate", title: "ten times the learning rate", diverged: [1, 2, 3] },
];
