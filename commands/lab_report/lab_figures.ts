/**
 * The figures of a lab: what the runs of each variant have in common, and how they differ from the baseline's.
 *
 * @module
 */
import type { CurvePoint, LabDescription, LabResult, SkillLoss, Variant } from "./lab_types.ts";
import { type BySeed, compareWith, type Comparison } from "./comparisons.ts";
import { type Estimate, estimate, mean, median } from "./statistics.ts";

/** What a variant has of one skill, in nats a character. */
export interface SkillFigure {
  readonly skill: string;
  /** The loss above the optimum, at the characters that ask for this skill. */
  readonly excess: Estimate;
  /** The share of the characters that ask for it. */
  readonly weight: number;
  /** The excess beside the baseline's. */
  readonly comparison?: Comparison;
}

/** When a variant first had the loss that all are timed by. */
export interface Reached {
  /** The mean over the runs that did; none if no run did. */
  readonly steps?: number;
  readonly runs: number;
}

/** The figures of one variant. */
export interface VariantFigures {
  readonly variant: Variant;
  /** Runs that ended with a loss, in the order of the seeds. */
  readonly finished: readonly LabResult[];
  readonly diverged: readonly LabResult[];
  /** Runs that failed or have not been made. */
  readonly missing: number;
  readonly loss?: Estimate;
  /** The loss above the optimum, where that is known. */
  readonly excess?: Estimate;
  /** The loss above the optimum beside the baseline's, or the loss where no optimum is known. */
  readonly comparison?: Comparison;
  readonly reached?: Reached;
  readonly parameters?: number;
  /** The median time of the runs. */
  readonly seconds?: number;
  readonly skills: readonly SkillFigure[];
  /** Whether every validation of every run has the bits of the baseline's. */
  readonly identical: boolean;
}

/** The figures of a lab. */
export interface LabFigures {
  readonly lab: LabDescription;
  /** In the order of the lab. */
  readonly variants: readonly VariantFigures[];
  readonly baseline?: VariantFigures;
  /** The loss that variants are timed by, and what it is in words. */
  readonly target?: { readonly loss: number; readonly meaning: string };
  /** Skills that any run has, in the order of the runs. */
  readonly skills: readonly string[];
  /** Whether the optimum of every finished run is known. */
  readonly optimal: boolean;
  /** How many variants are compared with the baseline. */
  readonly comparisons: number;
}

/** Computes all figures of a lab from its results; of several results of one run the last counts. */
export function labFigures(lab: LabDescription, results: readonly LabResult[]): LabFigures {
  const runs = new Map(results.map((result) => [JSON.stringify([result.variant, result.seed]), result]));
  const runsOf = ({ name }: Variant): LabResult[] =>
    lab.seeds.flatMap((seed) => runs.get(JSON.stringify([name, seed])) ?? []);
  const all = lab.variants.flatMap(runsOf).filter(isFinished);
  const optimal = all.length > 0 && all.every((run) => excessOf(run) !== undefined);
  const skills = [...new Set(all.flatMap((run) => Object.keys(skillsOf(run))))];
  const chosen = lab.variants.find(({ name }) => name === lab.baseline);
  const target = timedLoss(lab, chosen, runsOf);
  const baselineRuns = chosen ? runsOf(chosen).filter(isFinished) : [];
  const alone = lab.variants.map((variant) =>
    variantFigures(variant, runsOf(variant), {
      ...{ lab, baselineRuns, skills, optimal, target: target?.loss },
    })
  );
  const variants = withComparisons(alone, baselineRuns, { skills, optimal });
  const baseline = variants.find(({ variant }) => variant === chosen);
  const comparisons = variants.filter(({ comparison }) => comparison).length;
  return { lab, variants, baseline, target, skills, optimal, comparisons };
}

/** Compares all variants with the baseline, but those that have its bits. */
function withComparisons(
  variants: readonly VariantFigures[],
  baselineRuns: readonly LabResult[],
  { skills, optimal }: Pick<LabFigures, "skills" | "optimal">,
): VariantFigures[] {
  const [{ variant: baseline } = { variant: "" }] = baselineRuns;
  const others = variants.filter(({ variant, identical }) => !identical && variant.name !== baseline);
  const compared = (value: (run: LabResult) => number | undefined, ratios: boolean, count?: number) => {
    const groups = others.map(({ finished }) => bySeed(finished, value));
    const comparisons = compareWith(bySeed(baselineRuns, value), groups, { ratios, count });
    return new Map(others.map((figures, index) => [figures, comparisons[index]]));
  };
  const whole = compared(comparedValue(optimal), optimal);
  const count = skills.length * [...whole.values()].filter((comparison) => comparison).length;
  const parts = new Map(
    skills.map((skill) => [skill, compared((run) => excessOfSkill(run, skill), true, count)]),
  );
  return variants.map((figures) => ({
    ...figures,
    comparison: whole.get(figures),
    skills: figures.skills.map((skill) => ({ ...skill, comparison: parts.get(skill.skill)!.get(figures) })),
  }));
}

/** What runs are compared by: the loss above the optimum where that of all runs is known, else the loss. */
export function comparedValue(optimal: boolean): (run: LabResult) => number | undefined {
  return optimal ? excessOf : ({ loss }) => loss ?? undefined;
}

/** Whether a run ended with a loss. */
function isFinished(run: LabResult): boolean {
  return run.loss !== null && !run.diverged;
}

/**
 * The optimum of a validation in nats a token: that of the very characters that were validated where the skills have it,
 * else that of the whole validation text.
 */
export function optimumOf(
  { loss, skills }: Pick<CurvePoint, "loss" | "skills">,
  optimal: number | null,
): number | undefined {
  const parts = Object.values(skills ?? {}), total = sum(parts, ({ positions }) => positions);
  const weighted = (of: (part: SkillLoss) => number) =>
    sum(parts, (part) => part.positions * of(part)) / total;
  // skills are in nats a character, and may be of other text than the loss
  const isSame = total > 0 && Math.abs(weighted(({ loss }) => loss) - loss) <= 1e-3 * loss;
  return isSame ? weighted(({ optimal }) => optimal) : optimal ?? undefined;
}

/** The last loss of a finished run above the optimum, where that is known. */
export function excessOf({ loss, optimal, skills, curve }: LabResult): number | undefined {
  if (loss === null) return undefined;
  const optimum = optimumOf({ loss, skills: skills ?? curve.at(-1)?.skills }, optimal);
  return optimum === undefined ? undefined : loss - optimum;
}

/** The loss by skill of the evaluation at the end, or else of the last validation that has any. */
function skillsOf({ skills, curve }: LabResult): Readonly<Record<string, SkillLoss>> {
  return skills ?? curve.findLast(({ skills }) => skills)?.skills ?? {};
}

/**
 * The loss that the baseline has halfway through its steps, or without a baseline the loss that the median variant has
 * at the end.
 */
function timedLoss(
  lab: LabDescription,
  baseline: Variant | undefined,
  runsOf: (variant: Variant) => readonly LabResult[],
): LabFigures["target"] {
  if (baseline) {
    const losses = runsOf(baseline).filter(isFinished).flatMap(({ curve, steps }) =>
      curve.findLast(({ step }) => step <= steps / 2)?.loss ?? []
    );
    const meaning = "what the baseline has halfway through its steps";
    return losses.length > 0 ? { loss: mean(losses), meaning } : undefined;
  }
  const last = lab.variants.flatMap((variant) => {
    const losses = runsOf(variant).filter(isFinished).map(({ loss }) => loss!);
    return losses.length > 0 ? [mean(losses)] : [];
  });
  const meaning = "what the median variant has at the end";
  return last.length > 1 ? { loss: median(last), meaning } : undefined;
}

function variantFigures(
  variant: Variant,
  runs: readonly LabResult[],
  { lab, baselineRuns, skills, optimal, target }: {
    readonly lab: LabDescription;
    readonly baselineRuns: readonly LabResult[];
    readonly skills: readonly string[];
    readonly optimal: boolean;
    readonly target: number | undefined;
  },
): VariantFigures {
  const finished = runs.filter(isFinished), diverged = runs.filter(({ diverged }) => diverged);
  const others = variant.name === lab.baseline ? [] : baselineRuns;
  return {
    ...{ variant, finished, diverged },
    missing: lab.seeds.length - finished.length - diverged.length,
    loss: estimateOf([...bySeed(finished, ({ loss }) => loss!).values()]),
    excess: optimal ? estimateOf([...bySeed(finished, excessOf).values()]) : undefined,
    reached: target === undefined || finished.length === 0 ? undefined : reached(finished, target),
    parameters: runs.find(({ parameters }) => parameters !== null)?.parameters ?? undefined,
    seconds: finished.length > 0 ? median(finished.map(({ seconds }) => seconds)) : undefined,
    skills: skills.flatMap((skill) => skillFigure(skill, finished) ?? []),
    identical: finished.length === lab.seeds.length && finished.every((run) => {
      const other = others.find(({ seed }) => seed === run.seed);
      return other !== undefined && run.loss === other.loss &&
        JSON.stringify(run.curve) === JSON.stringify(other.curve);
    }),
  };
}

function skillFigure(skill: string, runs: readonly LabResult[]): SkillFigure | undefined {
  const own = bySeed(runs, (run) => excessOfSkill(run, skill));
  if (own.size === 0) return undefined;
  const weight = (run: LabResult): number => {
    const parts = skillsOf(run);
    return parts[skill].positions / sum(Object.values(parts), ({ positions }) => positions);
  };
  return {
    skill,
    excess: estimate([...own.values()]),
    weight: mean(runs.filter(({ seed }) => own.has(seed)).map(weight)),
  };
}

/** The last loss of a run above the optimum at the characters that ask for a skill. */
function excessOfSkill(run: LabResult, skill: string): number | undefined {
  const part = skillsOf(run)[skill];
  return part && part.positions > 0 ? part.loss - part.optimal : undefined;
}

/** When the runs first had a loss; between two validations the loss is taken to fall in a straight line. */
function reached(runs: readonly LabResult[], target: number): Reached {
  const steps = runs.flatMap(({ curve }) => {
    const at = curve.findIndex(({ loss }) => loss <= target);
    if (at < 0) return [];
    const { step, loss } = curve[at], before = curve[at - 1];
    if (!before) return [step];
    return [step - (step - before.step) * (target - loss) / (before.loss - loss)];
  });
  return { runs: steps.length, ...steps.length > 0 && { steps: mean(steps) } };
}

/** What runs have, by their seeds. */
export function bySeed(
  runs: readonly LabResult[],
  value: (run: LabResult) => number | undefined,
): BySeed {
  return new Map(runs.flatMap((run) => {
    const own = value(run);
    return own === undefined ? [] : [[run.seed, own] as const];
  }));
}

const estimateOf = (values: readonly number[]): Estimate | undefined =>
  values.length > 0 ? estimate(values) : undefined;

const sum = <Item>(items: readonly Item[], of: (item: Item) => number): number =>
  items.reduce((total, item) => total + of(item), 0);
