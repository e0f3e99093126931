/**
 * The steps of a run, and what is posted to the page between them.
 *
 * @module
 */
import { train } from "../../mod.ts";
import type { FromWorker } from "../protocol.ts";
import type { Looks } from "./look/looks.ts";
import type { Session } from "./session.ts";
import { hasSample } from "./settings.ts";

/** Milliseconds of training between two answers to the page. */
const ANSWER_INTERVAL = 40;

/** The most steps between two answers: the losses of no more are kept. */
const MAX_STEPS = 256;

/** Milliseconds after which the state is kept even if no validation is due: of a slow run that is closed, no more is lost. */
const KEEP_INTERVAL = 20_000;

/** What the loop is given. */
export interface LoopOptions {
  /** Where the answers go. */
  readonly post: (message: FromWorker) => void;
  readonly looks: Looks | undefined;
  /** The step after which it ends, if nothing interrupts it before. */
  readonly last: number;
  /** Keeps the newest state of the run. */
  keep(): Promise<void>;
  /** Whether it should end after the current step. */
  isInterrupted(): boolean;
}

/** Trains until the last step, or an interruption, which comes between two steps. */
export async function trainSteps(
  session: Session,
  { post, looks, last, keep, isInterrupted }: LoopOptions,
): Promise<void> {
  const { run, tokensPerStep } = session, { steps } = run.settings;
  let readAt = run.step + 1, begun = performance.now(), keptAt = begun;
  const pauseAfter = (step: number) =>
    step >= readAt || step === last || session.isValidated(step) || hasSample(step, steps);
  for await (const reports of train(run, { interval: MAX_STEPS, pauseAfter })) {
    const { step } = run, perStep = (performance.now() - begun) / reports.length;
    post({
      kind: "progress",
      losses: reports.map(({ step, loss }) => ({ step, loss })),
      learningRate: reports.at(-1)!.learningRate,
      tokensPerSecond: 1000 * tokensPerStep / perStep,
      secondsLeft: (steps - step) * perStep / 1000,
    });
    const loss = session.isValidated(step) ? await session.validate() : undefined;
    session.log.add(reports, performance.now() - begun, loss);
    if (loss !== undefined) post({ kind: "validated", step, loss });
    if (hasSample(step, steps)) {
      const sample = { step, text: await session.sample() };
      session.log.samples.push(sample);
      post({ kind: "sample", ...sample });
    }
    const isLate = performance.now() - keptAt > KEEP_INTERVAL;
    if (loss !== undefined || isLate) {
      await keep();
      keptAt = performance.now();
    }
    await (hasSample(step, steps) ? looks?.renew() : looks?.answer());
    if (isInterrupted() || step === last) break;
    readAt = step + Math.max(1, Math.min(Math.floor(ANSWER_INTERVAL / perStep), MAX_STEPS));
    begun = performance.now();
  }
  if (!session.isValidated(run.step)) await keep();
}

/** The most steps of a resumed run in one message: the page would take too long to read all of them at once. */
const SHOWN_AT_ONCE = 5000;

/** Posts again what has been shown of a run that is resumed. */
export function showAgain({ log, run, tokensPerStep, rates }: Session, post: LoopOptions["post"]): void {
  const { records, samples, milliseconds } = log.content, perStep = milliseconds / run.step;
  for (let first = 0; first < records.length; first += SHOWN_AT_ONCE) {
    const part = records.slice(first, first + SHOWN_AT_ONCE);
    post({
      kind: "progress",
      losses: part.map(({ step, loss }) => ({ step, loss })),
      learningRate: part.at(-1)!.learningRate,
      tokensPerSecond: 1000 * tokensPerStep / perStep,
      secondsLeft: (run.settings.steps - run.step) * perStep / 1000,
    });
  }
  for (const { step, validationLoss: loss } of records) {
    if (loss !== undefined) post({ kind: "validated", step, loss });
  }
  post({ kind: "rate", rates });
  for (const sample of samples) post({ kind: "sample", ...sample });
}
