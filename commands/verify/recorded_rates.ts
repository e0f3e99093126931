/**
 * The learning rates of a run as its `metrics.jsonl` records them, step by step. The settings in a checkpoint are the newest
 * ones: of a run whose rate or length was changed while it trained, they say nothing about the steps before.
 *
 * @module
 */
import { join } from "@std/path";
import type { OptimizerFactory } from "../../training/optimizer.ts";
import { newOptimizer } from "../../training/optimizers.ts";
import { learningRateAt, type Schedule } from "../../training/schedule.ts";
import { runOf } from "../runs/claim.ts";
import { keptRecords, readIfThere } from "../runs/run_records.ts";
import type { TrainedCheckpoint } from "../runs/run_state.ts";

/** What a run records of its learning rates. */
export interface RecordedRates {
  /** The rate of each step, by its number from 1; not all steps need be there. */
  readonly rates: ReadonlyMap<number, number>;
  /** Steps without a record. */
  readonly missing: number;
  /** The last step whose rate is not that of the newest settings: after it, rate or length was changed for the last time. */
  readonly changedAfter?: number;
}

/** Reads the rates of a run up to a checkpoint of it. */
export async function readRates({ path, step, state }: TrainedCheckpoint): Promise<RecordedRates> {
  const records = keptRecords(await readIfThere(join(await runOf(path), "metrics.jsonl")), step);
  const recorded = new Map(records.map(({ step, learningRate }) => [step, learningRate]));
  const rates = new Map<number, number>(), newest = state.settings as Schedule;
  let changedAfter: number | undefined;
  for (let done = 1; done <= step; done++) { // a file that was edited may have its lines in any order, and other steps
    const rate = recorded.get(done);
    if (rate === undefined) continue;
    rates.set(done, rate);
    if (rate !== learningRateAt(newest, done - 1)) changedAfter = done;
  }
  return { rates, missing: step - rates.size, ...changedAfter !== undefined && { changedAfter } };
}

/** Makes the optimizer that the settings name, which takes the recorded rate of each step instead of the scheduled one. */
export const withRates = ({ rates }: RecordedRates): OptimizerFactory => (backend, store, settings) => {
  const optimizer = newOptimizer(backend, store, settings), { prepare } = optimizer;
  return Object.assign(optimizer, {
    prepare: (step: number, scheduled: number) =>
      prepare.call(optimizer, step, rates.get(step + 1) ?? scheduled),
  });
};
