/**
 * The epochs of a run: when one ends, its mean loss, and what is said about it.
 *
 * @module
 */
import { countParameters } from "../../core/module.ts";
import { type OptimizerName, updateRule } from "../../training/optimizers.ts";
import type { MetricsRecord } from "../../training/tensorboard_events.ts";
import type { StepReport } from "../../training/step_reports.ts";
import { megabytes } from "../cli/terminal.ts";
import { epochLine, isEpochRecord } from "../runs/epoch_table.ts";
import { addToEpoch } from "../../checkpoints/runs/run_state.ts";
import {
  endsEpoch,
  epochsAfter,
  firstStepOfEpoch,
  type Interval,
  isDue,
  usualInterval,
} from "../../checkpoints/runs/intervals.ts";
import type { RunSettings } from "../settings/settings.ts";
import type { Fact, Recipe, Session } from "./recipe.ts";

/** What decides the epochs of a run. */
interface EpochSizes {
  readonly batches: Pick<Recipe["batches"], "batchesPerEpoch">;
  readonly settings: RunSettings;
}

/** Which steps of a run end an epoch. */
export interface Epochs {
  /** Not always a whole number. */
  readonly stepsPerEpoch: number;
  /** Epochs of the whole run. */
  readonly total: number;
  /** Whether what is done at this interval is done after the step. */
  isDue(step: number, interval: Interval): boolean;
  /** Whether `last/` is saved after the step: at its interval, or at the end of each epoch and at the usual interval. */
  isSaved(step: number): boolean;
  /** The name of the checkpoint that is kept of the epoch that ends with this step, if it is. */
  keptAfter(step: number): `epoch-${number}` | undefined;
}

/** The epochs of a run. */
export function epochsOf({ batches, settings }: EpochSizes): Epochs {
  const stepsPerEpoch = batches.batchesPerEpoch / settings.accumulation, { saveInterval, steps } = settings;
  return {
    stepsPerEpoch,
    total: epochsAfter(steps, stepsPerEpoch),
    isDue: (step, interval) => isDue(step, interval, stepsPerEpoch),
    isSaved: (step) =>
      isDue(step, saveInterval, stepsPerEpoch) ||
      saveInterval === "epoch" && step % usualInterval(steps) === 0,
    keptAfter: (step) =>
      saveInterval === "epoch" && endsEpoch(step, stepsPerEpoch)
        ? `epoch-${epochsAfter(step, stepsPerEpoch)}`
        : undefined,
  };
}

/**
 * Adds the losses of steps to that of their epoch, which a checkpoint keeps, and gives each report with what a record holds
 * besides. The losses are added in the order of the steps, so that a resumed run computes the same bits.
 */
export function withEpochLosses(session: Session, reports: readonly StepReport[]) {
  const { batches, state: { settings } } = session.recipe, { evaluationInterval } = settings;
  const { stepsPerEpoch } = epochsOf({ batches, settings });
  return reports.map((report): StepReport & Pick<MetricsRecord, "completedEpochs" | "epochLoss"> => {
    const { step } = report, first = firstStepOfEpoch(step, stepsPerEpoch);
    const now = session.epochLoss = addToEpoch(session.epochLoss, report, stepsPerEpoch);
    // an earlier checkpoint has no sum: the epoch in which it is resumed has no mean
    const isWhole = now.steps === step - first + 1 && endsEpoch(step, stepsPerEpoch);
    if (evaluationInterval !== "epoch" || !isWhole) return report;
    return { ...report, completedEpochs: epochsAfter(step, stepsPerEpoch), epochLoss: now.sum / now.steps };
  });
}

/** The line that is shown when a step has ended an epoch; undefined after any other. */
export function describeEpoch({ total }: Epochs, record: MetricsRecord | undefined): string | undefined {
  return record && isEpochRecord(record) ? epochLine(record, total) : undefined;
}

/** What a run that works in epochs does at the end of each, and how much it keeps. */
export function describeEpochs(
  { model, batches, settings }: EpochSizes & {
    readonly model: Recipe["model"];
    readonly settings: RunSettings & { readonly optimizer?: OptimizerName };
  },
): Fact[] {
  const { evaluationInterval, saveInterval, steps, optimizer } = settings;
  const { stepsPerEpoch, total } = epochsOf({ batches, settings }), facts: string[] = [];
  if (evaluationInterval === "epoch") facts.push("validated at the end of each");
  if (saveInterval === "epoch") {
    const kept = Math.min(total, steps); // several epochs may end with one step
    const bytes = 4 * countParameters(model) * (1 + updateRule(optimizer).state.length);
    facts.push(
      `a checkpoint of each is kept, ${megabytes(bytes)} in epoch-N/, ${megabytes(bytes * kept)} in all`,
    );
  }
  if (facts.length === 0) return [];
  const length = Number(stepsPerEpoch.toPrecision(4));
  return [["epochs", `${length} ${length === 1 ? "step" : "steps"} each: ${facts.join("; ")}`]];
}
