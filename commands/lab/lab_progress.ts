/**
 * What is shown while a lab is running: a line for each run that has ended, and one that says how far the others are.
 *
 * @module
 */
import { formatBar, formatDuration, terminalColumns } from "../cli/terminal.ts";
import { ProgressLine } from "../cli/progress.ts";
import { roughDuration } from "../cost/forecast.ts";
import type { LabResult } from "../lab_report/lab_types.ts";

/** A run, and the time that it has taken so far. */
export interface TimedRun {
  readonly variant: string;
  readonly seed: number;
  readonly steps: number;
  /** Floating-point operations of all steps. */
  readonly work: number;
  /** The step at which this process has started or resumed it, and the last one known. */
  readonly firstStep?: number;
  readonly step?: number;
  /** Seconds since then, or all of a run that has ended. */
  readonly seconds?: number;
}

/** The runs of a lab by what has become of them. */
export interface LabState {
  readonly ended: readonly TimedRun[];
  readonly running: readonly TimedRun[];
  readonly waiting: readonly TimedRun[];
  /** All runs, also those that were stopped. */
  readonly total: number;
  /** The most runs at a time. */
  readonly jobs: number;
}

/**
 * Seconds until the last run ends, about; undefined before any has done a step. A run takes as long as those of its variant,
 * or if there is none yet, as its work takes at the speed of all others.
 */
export function secondsLeft({ ended, running, waiting, jobs }: Omit<LabState, "total">): number | undefined {
  const measured = [...ended, ...running].flatMap((run) => {
    const { steps, step = steps, firstStep = 0, seconds = 0 } = run;
    return step > firstStep && seconds > 0
      ? [{ ...run, seconds, work: run.work * (step - firstStep) / steps }]
      : [];
  });
  if (measured.length === 0) return undefined;
  const perWork = (runs: typeof measured) =>
    runs.reduce((sum, { seconds }) => sum + seconds, 0) / runs.reduce((sum, { work }) => sum + work, 0);
  const byVariant = Map.groupBy(measured, ({ variant }) => variant), usual = perWork(measured);
  const left = [...running, ...waiting].map(({ variant, work, steps, firstStep = 0, step = firstStep }) => {
    const same = byVariant.get(variant);
    return (same ? perWork(same) : usual) * work * Math.max(0, 1 - step / steps);
  });
  return Math.max(0, ...left, left.reduce((sum, seconds) => sum + seconds, 0) / jobs);
}

/** One line about a lab, such as `5 of 36 runs  about 12 min left  no_norm 2: 80/400`. */
export function describeState(state: LabState): string {
  const { ended, running, total } = state, left = secondsLeft(state);
  const current = running.map(({ variant, seed, step, steps }) =>
    `${variant} ${seed}${step === undefined ? "" : `: ${step}/${steps}`}`
  );
  return [
    `${ended.length} of ${total} runs`,
    ...left === undefined ? [] : [`about ${roughDuration(left)} left`],
    current.join(", "),
  ].join("  ");
}

/** One line about a run that has ended, such as `no_norm, seed 2: loss 1.204, 0.512 above the optimum, 41s`. */
export function describeResult(
  { variant, seed, diverged, reason, loss, optimal, seconds }: LabResult,
): string {
  const gap = loss === null || optimal === null ? "" : `, ${(loss - optimal).toFixed(3)} above the optimum`;
  const outcome = loss === null
    ? `${diverged ? "diverged" : "failed"}: ${reason ?? "no validation"}`
    : `loss ${loss.toFixed(3)}${gap}, ${formatDuration(seconds)}`;
  return `${variant}, seed ${seed}: ${outcome}`;
}

/** Milliseconds between two lines of a log. */
const LOG_TIME = 30_000;

/** Shows the state of a lab: on a terminal one line that is redrawn, elsewhere a line now and then. */
export class LabProgress {
  readonly #line: ProgressLine;
  readonly #terminal: boolean;
  #shownAt = performance.now();

  constructor(write: (text: string) => void, { terminal = Deno.stdout.isTerminal() } = {}) {
    this.#terminal = terminal;
    this.#line = new ProgressLine({ write, terminal });
  }

  /** Shows how far the runs are. Cheap: elsewhere than on a terminal most calls write nothing. */
  update(state: LabState): void {
    if (!this.#terminal && performance.now() - this.#shownAt < LOG_TIME) return;
    this.#shownAt = performance.now();
    const { ended, total } = state, text = describeState(state);
    const space = Math.min(terminalColumns() - text.length - 2, 20);
    const bar = this.#terminal && space >= 8 ? `${formatBar(ended.length / total, space)} ` : "";
    this.#line.announce(bar + text);
  }

  /** Shows a line that stays, above the live one. */
  print(text: string): void {
    this.#line.print(text);
  }

  /** Ends the live line. */
  finish(): void {
    this.#line.finish();
  }
}
