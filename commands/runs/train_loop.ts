/**
 * The loop of `train`: steps, and between them records, validation, samples, checkpoints and signals.
 *
 * When to pause for the screen is decided by the clock, everything else by the number of the step: the clock decides
 * nothing that is computed or kept.
 *
 * When something other than the training fails (standard output, a file of records), the run ends only after the current
 * step: its validation, sample and checkpoint are completed first, so that the resumed run equals an uninterrupted one.
 *
 * @module
 */
import { DeviceLostError } from "../../core/webgpu_backend.ts";
import type { Model } from "../../models/families.ts";
import type { Learner } from "../../models/learner.ts";
import type { Tokenizer } from "../../tokenizers/tokenizer.ts";
import type { Batch } from "../../data/batches.ts";
import { modelFiles, trainingFiles } from "../../checkpoints/checkpoint.ts";
import { NonFiniteLossError, train, type TrainingRun } from "../../training/train.ts";
import { type FolderFiles, SaveError } from "../files/folders.ts";
import type { Interrupt } from "../cli/interrupt.ts";
import { giveWay, measure } from "./measure.ts";
import type { Output } from "../cli/output.ts";
import type { ProgressLine } from "../cli/progress.ts";
import type { RunFolder } from "./run_folder.ts";
import { withSums } from "../files/sums.ts";

/** How good a model is on what validates. */
export interface Scores {
  /** Nats a target. */
  readonly validationLoss: number;
  /** Of a classifier: the share that it gets right. */
  readonly accuracy?: number;
  /** Of a classifier: the mean over the classes of F1. */
  readonly macroF1?: number;
}

/** The best scores of a run: the highest accuracy, or where there is none the lowest validation loss. */
export interface Best extends Scores {
  /** After which step. */
  readonly step: number;
}

/** The settings that the loop reads. */
export interface LoopSettings {
  /** Updates in the whole run. */
  readonly steps: number;
  /** Decides everything random. */
  readonly seed: number;
  /** Sequences in a batch. */
  readonly batchSize: number;
  /** Batches to an update. */
  readonly accumulation: number;
  /** Tokens in a sequence. */
  readonly contextLength: number;
  /** Steps between records. */
  readonly logInterval: number;
  /** Steps between validations. */
  readonly evaluationInterval: number;
  /** Steps between samples. */
  readonly sampleInterval: number;
  /** Steps between checkpoints. */
  readonly saveInterval: number;
}

/** What the loop works with. */
export interface TrainLoop {
  /** The run, which may have done some steps. */
  readonly run: TrainingRun;
  /** Its model. */
  readonly model: Learner & Pick<Model, "config" | "experiment">;
  /** Its tokenizer. */
  readonly tokenizer: Tokenizer;
  /** Its settings. */
  readonly settings: LoopSettings;
  /** Its folder. */
  readonly folder: RunFolder;
  /** What `trainer_state.json` holds besides what changes in the loop. */
  readonly state: object;
  /** The windows that validate. */
  readonly validation: readonly Batch[];
  /** Shows what the model has learned. */
  sample(): Promise<string>;
  /** Further scores of the model as it is now. */
  judge?(): Promise<Omit<Scores, "validationLoss">>;
  /** The best scores so far. */
  best?: Best;
  /** The step to end after, before the last one. */
  readonly stopAfter?: number;
  /** Whether to end now. */
  readonly interrupt: Interrupt;
  /** Where to print. */
  readonly output: Output;
  /** Where to show how it goes. */
  readonly progress: ProgressLine;
}

/** Milliseconds between two looks at the losses: a look costs 11 of them on a GPU. */
const turn = 400;

/** The most steps between two looks that `train` allows. */
const mostSteps = 256;

/**
 * Trains until the last step, or the one to stop after, or a signal. The end is saved in `last/` in any case.
 *
 * @param loop what to work with; `best` is kept up to date in it
 * @throws {Error} when the loss is no number, the device is lost, or something cannot be written; the error says what is
 * kept
 */
export async function trainAndSave(loop: TrainLoop): Promise<void> {
  if (loop.output.failure) throw loop.output.failure;
  loop.interrupt.expectNone();
  try {
    await runLoop(loop);
  } catch (error) {
    throw await withSavedStep(error as Error, loop);
  } finally {
    loop.progress.finish();
  }
  await throwFailure(loop);
}

/**
 * Throws what failed apart from the training, once everything is saved.
 *
 * @param loop the loop
 * @throws {Error} when a file of the run or standard output could not be written, unless a signal has ended the run, when a
 * closed terminal is to be expected
 */
export async function throwFailure(loop: TrainLoop): Promise<void> {
  const failure = loop.folder.failure ?? loop.output.failure;
  if (failure && loop.interrupt.status === undefined) throw await withSavedStep(failure, loop);
}

/** Adds to an error which step can be resumed; saves the current one first where that is possible. */
async function withSavedStep(error: Error, loop: TrainLoop): Promise<Error> {
  const { run, folder } = loop,
    isUsable = !(error instanceof NonFiniteLossError || error instanceof DeviceLostError);
  if (isUsable && run.step > 0 && folder.savedStep !== run.step && !(error instanceof SaveError)) {
    try {
      await saveLast(loop, await checkpointFiles(loop));
    } catch {
      // the first error says what went wrong
    }
  }
  const kept = folder.savedStep === undefined
    ? "no checkpoint had been saved"
    : `${folder.path}/last holds step ${folder.savedStep}`;
  return new Error(`${error.message}; ${kept}`, { cause: error });
}

async function runLoop(loop: TrainLoop): Promise<void> {
  const { run, settings, folder, stopAfter, interrupt, output, progress } = loop;
  const { evaluationInterval, sampleInterval, saveInterval, logInterval, steps } = settings;
  const tokensPerStep = settings.batchSize * settings.contextLength * settings.accumulation;
  const start = performance.now() - 1000 * (folder.records.at(-1)?.seconds ?? 0);
  const isEnd = (step: number) => step === steps || step === stopAfter;
  const isDue = (step: number, interval: number) => step % interval === 0;
  const intervals = [evaluationInterval, sampleInterval, saveInterval];
  let lookAt = run.step + 1, begun = performance.now(), scores: Scores | undefined = loop.best;
  const pauseAfter = (step: number) =>
    step >= lookAt || isEnd(step) || intervals.some((interval) => isDue(step, interval));

  if (run.backend.name === "webgpu") progress.announce("compiling shaders …");
  for await (const reports of train(run, { interval: mostSteps, pauseAfter })) {
    const { step } = run, perStep = (performance.now() - begun) / reports.length;
    const measured = isDue(step, evaluationInterval) || step === steps ? await validate(loop) : undefined;
    scores = measured ?? scores;
    const seconds = Math.round(performance.now() - start) / 1000;
    const records = reports.map((report) => ({
      ...report,
      ...report.step === step ? measured : {},
      seconds,
    }));
    await folder.log(
      records.filter((record) => isDue(record.step, logInterval) || "validationLoss" in record),
    );
    const tokens = step * tokensPerStep, { validationLoss, accuracy } = scores ?? {};
    progress.update({
      ...records.at(-1)!,
      steps,
      tokens,
      validationLoss,
      accuracy,
      validated: measured !== undefined,
    });

    if (isDue(step, sampleInterval) || step === steps) {
      const text = await loop.sample();
      await folder.addSample(step, text);
      progress.print(`\n--- step ${step} ---\n${text}\n`);
    }
    const isBest = measured !== undefined && isBetter(measured, loop.best);
    if (isBest) loop.best = { step, ...measured };
    const isBroken = () => folder.failure !== undefined || output.failure !== undefined;
    const isEnding = isEnd(step) || interrupt.status !== undefined;
    if (isEnding || isBroken() || isDue(step, saveInterval)) await folder.forceLines();
    const isOver = isEnding || isBroken(), isLast = isOver || isDue(step, saveInterval);
    const files = isBest || isLast ? await checkpointFiles(loop) : {};
    if (isBest) await folder.save("best", step, files);
    if (isLast) await saveLast(loop, files);
    if (isOver) break;
    await giveWay();
    lookAt = step + Math.max(1, Math.min(Math.round(turn / perStep), mostSteps));
    begun = performance.now();
  }
}

function isBetter(scores: Scores, best: Scores | undefined): boolean {
  if (best === undefined) return true;
  const { accuracy = 0 } = scores, { accuracy: before = 0 } = best;
  return accuracy > before || accuracy === before && scores.validationLoss < best.validationLoss;
}

/** The scores on what validates. */
async function validate({ run, model, validation, judge }: TrainLoop): Promise<Scores> {
  const validationLoss = await measure(run.backend, model, validation) ?? NaN;
  if (Number.isFinite(validationLoss)) return { validationLoss, ...await judge?.() };
  throw new NonFiniteLossError(
    `The validation loss at step ${run.step} is ${validationLoss} (seed ${run.settings.seed}): lower the learning rate`,
  );
}

/** Saves the newest checkpoint, with the lines that could not be written to other files. */
async function saveLast(loop: TrainLoop, files: FolderFiles): Promise<void> {
  const { folder, run } = loop, { unwritten } = folder;
  await folder.save("last", run.step, unwritten ? await checkpointFiles(loop, { unwritten }) : files);
}

async function checkpointFiles(
  { run, model, tokenizer, state, best }: TrainLoop,
  more: object = {},
): Promise<FolderFiles> {
  return withSums({
    ...await modelFiles(run.backend, model, run.store),
    ...tokenizer.toHuggingFace(),
    ...await trainingFiles(run, { ...state, best, ...more }),
  });
}
