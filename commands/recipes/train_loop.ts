/**
 * The training loop: steps, and between them records, validation, samples, checkpoints and signals.
 *
 * When to pause for the screen is decided by the clock, everything else by the number of the step: the clock decides
 * nothing that is computed or kept.
 *
 * When something other than the training fails (standard output, a file of records), the run ends only after the current
 * step: its validation, sample and checkpoint are completed first, so that the resumed run equals an uninterrupted one.
 *
 * @module
 */
import { DeviceLostError } from "../../core/webgpu/webgpu_backend.ts";
import { modelFiles, trainingFiles } from "../../checkpoints/checkpoint.ts";
import { evaluate } from "../../training/evaluate.ts";
import type { MetricsRecord } from "../../training/tensorboard_events.ts";
import { NonFiniteLossError } from "../../training/step_reports.ts";
import { train } from "../../training/train.ts";
import type { FolderFiles } from "../files/disk.ts";
import { SaveError } from "../../files/folders.ts";
import type { SavedType } from "../../checkpoints/safetensors.ts";
import { withSums } from "../../checkpoints/sums.ts";
import { describeEarlyStop, warnOfMemorizing } from "../runs/patience.ts";
import { isBetter, type Scores } from "../../checkpoints/runs/run_state.ts";
import { cardOf } from "./cards.ts";
import { describeEpoch, epochsOf, withEpochLosses } from "./run_epochs.ts";
import type { Session } from "./recipe.ts";

/** Milliseconds between two reads of the losses: a read takes 11 of them on a GPU. */
const READ_INTERVAL = 400;

/** The most steps between two reads that `train` allows. */
const MAX_STEPS_PER_READ = 256;

/**
 * Trains until the last step, or the one to stop after, or a signal. The end is saved in `last/` in any case; when
 * something fails, the error says which step is kept.
 */
export async function trainAndSave(session: Session): Promise<void> {
  if (session.output.failure) throw session.output.failure;
  session.interrupt.throwIfInterrupted();
  try {
    await runLoop(session);
  } catch (error) {
    throw await withSavedStep(error as Error, session);
  } finally {
    session.progress.finish();
  }
  await throwFailure(session);
}

/**
 * Throws what failed apart from the training, once everything is saved: a file of the run or standard output could not be
 * written. After a signal a closed terminal is to be expected.
 */
export async function throwFailure(session: Session): Promise<void> {
  const { folder, output, interrupt } = session;
  const failure = folder.failure ?? (interrupt.status === undefined ? output.failure : undefined);
  if (failure) throw await withSavedStep(failure, session);
}

/** Adds to an error which step can be resumed; saves the current one first where that is possible. */
async function withSavedStep(error: Error, session: Session): Promise<Error> {
  const { run, folder } = session;
  const isUsable = !(error instanceof NonFiniteLossError || error instanceof DeviceLostError);
  if (isUsable && run.step > 0 && folder.savedStep !== run.step && !(error instanceof SaveError)) {
    try {
      await saveLast(session, await checkpointFiles(session));
    } catch {
      // the first error says what went wrong
    }
  }
  const kept = folder.savedStep === undefined
    ? "no checkpoint had been saved"
    : `${folder.path}/last holds step ${folder.savedStep}`;
  return new Error(`${error.message}; ${kept}`, { cause: error });
}

async function runLoop(session: Session): Promise<void> {
  const { recipe, run, folder, interrupt, output, progress, meter } = session, { settings } = recipe.state;
  const { steps, evaluationInterval, sampleInterval, logInterval } = settings;
  const start = performance.now() - 1000 * (folder.records.at(-1)?.seconds ?? 0);
  const isEnd = (step: number) => step === steps || step === session.flags.stopAfter;
  // with --stop-after 0 a run is prepared here, and begun by another program
  if (isEnd(run.step)) return await saveLast(session, await checkpointFiles(session));
  const epochs = epochsOf({ batches: recipe.batches, settings }), { isDue, isSaved, keptAfter } = epochs;
  let readAt = run.step + 1, begun = performance.now(), hasSkipped = false;
  const pauseAfter = (step: number) =>
    step >= readAt || isEnd(step) || isSaved(step) ||
    [evaluationInterval, sampleInterval].some((interval) => isDue(step, interval));

  for await (const reports of train(run, { interval: MAX_STEPS_PER_READ, pauseAfter })) {
    const { step } = run, elapsed = performance.now() - begun, perStep = elapsed / reports.length;
    const skipped = reports.find(({ skipped }) => skipped);
    if (skipped && !hasSkipped) progress.print(describeSkip(skipped.step));
    hasSkipped ||= skipped !== undefined;
    meter.add(reports.length, elapsed / 1000, run.backend.bytes);
    const validated = isDue(step, evaluationInterval) || step === steps ? await validate(session) : undefined;
    const measured = validated?.scores, skills = validated?.skills;
    const seconds = Math.round(performance.now() - start) / 1000;
    const records = withEpochLosses(session, reports).map((report) => ({
      ...report,
      ...report.step === step ? { ...measured, ...skills && { skills } } : {},
      seconds,
    }));
    await folder.log(
      records.filter((record) => isDue(record.step, logInterval) || "validationLoss" in record),
    );
    if (measured) await session.attention?.keep(step);
    const ended = describeEpoch(epochs, records.at(-1));
    if (ended !== undefined) progress.print(ended);
    // the line of an epoch has its losses already
    const current = { ...records.at(-1)!, ...ended === undefined ? {} : { validationLoss: undefined } };
    progress.update({ ...current, steps, speed: meter.recent, bytes: run.backend.bytes });

    if (isDue(step, sampleInterval) || step === steps) {
      const text = await recipe.sample(step);
      await folder.addSample(step, text);
      progress.print(`\n--- step ${step} ---\n${text}\n`);
    }
    const isBest = measured !== undefined && isBetter(measured, session.best);
    if (isBest) session.best = { step, ...measured };
    const warning = measured && recipe.unit === "token" ? warnOfMemorizing(folder.records) : undefined;
    if (warning) progress.print(warning);
    const isStoppedEarly = measured && describeEarlyStop(settings.patience, folder.records) !== undefined;
    const isBroken = () => folder.failure !== undefined || output.failure !== undefined;
    const isEnding = isEnd(step) || isStoppedEarly || interrupt.status !== undefined;
    if (isEnding || isBroken() || isSaved(step)) await folder.forceLines();
    const isOver = isEnding || isBroken(); // forcing the lines to the disk may fail, too
    const savesLast = isOver || isSaved(step), kept = keptAfter(step);
    const files = isBest || savesLast ? await checkpointFiles(session) : {};
    if (isBest) await folder.save("best", step, await inType(settings.saveDtype, session, files));
    if (kept !== undefined) await folder.save(kept, step, files); // before last/, which would not come back here
    if (savesLast) await saveLast(session, files);
    if (isOver) break;
    readAt = step + Math.max(1, Math.min(Math.round(READ_INTERVAL / perStep), MAX_STEPS_PER_READ));
    begun = performance.now();
  }
}

/** Why nothing was learned in a step. Skips are usual while the loss scale is found, so this is said once. */
const describeSkip = (step: number) =>
  `step ${step}: gradients exceed f16; the update is skipped and the loss scale halved, as in later steps where that happens`;

/** The scores on the validation data, and what else is recorded of it. */
async function validate(
  { run, recipe }: Session,
): Promise<{ scores: Scores; skills?: MetricsRecord["skills"] }> {
  const { loss: validationLoss, skills } = recipe.skills
    ? await recipe.skills.evaluate(run.backend)
    : { loss: await evaluate(run.backend, recipe.model, recipe.validation) };
  if (Number.isFinite(validationLoss)) {
    return { scores: { validationLoss, ...await recipe.scores?.() }, skills };
  }
  throw new NonFiniteLossError(
    `The validation loss at step ${run.step} is ${validationLoss} (seed ${run.settings.seed}): lower the learning rate`,
  );
}

/** Saves the newest checkpoint, with the lines that could not be written to other files. */
async function saveLast(session: Session, files: FolderFiles): Promise<void> {
  const { folder, run } = session, { unwritten } = folder;
  await folder.save("last", run.step, unwritten ? await checkpointFiles(session, { unwritten }) : files);
}

/** The same checkpoint with weights of another type. */
function inType(
  type: SavedType = "f32",
  session: Session,
  files: FolderFiles,
): Promise<FolderFiles> | FolderFiles {
  return type === "f32" ? files : checkpointFiles(session, {}, type);
}

async function checkpointFiles(
  session: Session,
  more: object = {},
  type?: SavedType,
): Promise<FolderFiles> {
  const { recipe, run, state, best, epochLoss } = session;
  const files = withSums({
    ...await modelFiles(run.backend, recipe.model, run.store, { type }),
    ...recipe.tokenizer.toHuggingFace(),
    ...await trainingFiles(run, { ...state, best, epochLoss, ...more }),
  });
  return { ...files, ...await cardOf(session) };
}
