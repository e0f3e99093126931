/**
 * The live line of a training run: one line redrawn in place on a terminal, and elsewhere a plain line every few seconds,
 * for log files. Validations and samples are printed above the live line.
 *
 * @module
 */
import { visibleLines } from "../../core/visible.ts";
import {
  formatBar,
  formatCount,
  formatDuration,
  formatPercent,
  formatShare,
  formatSpeed,
  megabytes,
  terminalColumns,
  writeOut,
} from "./terminal.ts";
import { cutText, wrapText } from "./wrap.ts";

/** The progress of a run. Values that are not known yet are absent. */
export interface RunProgress {
  /** Steps done. */
  readonly step: number;
  readonly steps: number;
  /** Training loss, nats per token. */
  readonly loss?: number;
  /** After a step that was followed by a validation. */
  readonly validationLoss?: number;
  /** Of a classifier: the accuracy in that validation. */
  readonly accuracy?: number;
  readonly learningRate?: number;
  readonly speed?: Speed;
  /** Memory of the device, in bytes. */
  readonly bytes?: number;
}

/** The speed of steps, without what comes between them. */
export interface Speed {
  readonly tokensPerSecond: number;
  /** Floating-point operations of the model, see training/flops.ts. */
  readonly flopsPerSecond: number;
  /** Which part this is of what large products reach on the device, where that was measured. */
  readonly share?: number;
}

/** How a line is written. */
export interface LineOptions {
  /** Seconds until the last step, at the speed of the recent past. */
  readonly secondsLeft?: number;
  /** The longest line; as in a log, none unless given. */
  readonly columns?: number;
  /** Whether there is a bar, where it fits. */
  readonly bar?: boolean;
}

/**
 * One line about a run, no longer than the width: where that is short, details are omitted first, then the bar.
 *
 *     ━━━━━━━────── step 150/200  loss 2.250  lr 1.0e-3  3.20K tok/s  6s left
 *     step 160/200  loss 2.210  val 2.000 (ppl 7.39)  lr 9.0e-4  3.20K tok/s  3.4 GFLOP/s (41 %)  memory 27 MB
 *
 * `val` is the validation loss in nats per token, `ppl` the perplexity, e to the power of it; the share is that of what
 * products of large matrices reach on the device, and the bytes are its memory.
 */
export function formatProgress(
  progress: RunProgress,
  { secondsLeft, columns, bar }: LineOptions = {},
): string {
  const { step, steps, loss, validationLoss, accuracy, learningRate, speed, bytes } = progress;
  const fields: { rank: number; text: string }[] = [];
  const add = (rank: number, text: string) => fields.push({ rank, text });
  add(0, `step ${String(step).padStart(String(steps).length)}/${steps}`);
  if (loss !== undefined) add(2, `loss ${loss.toFixed(3)}`);
  if (validationLoss !== undefined) {
    add(1, `val ${validationLoss.toFixed(3)} (${formatScore(validationLoss, accuracy)})`);
  }
  if (learningRate !== undefined) add(5, `lr ${learningRate.toExponential(1)}`);
  if (speed) {
    const { tokensPerSecond, flopsPerSecond, share } = speed;
    add(4, `${formatCount(tokensPerSecond)} tok/s`);
    add(6, formatSpeed(flopsPerSecond) + (share === undefined ? "" : ` (${formatShare(share)})`));
  }
  if (bytes !== undefined) add(7, `memory ${megabytes(bytes)}`);
  if (secondsLeft !== undefined && step < steps) add(3, `${formatDuration(secondsLeft)} left`);
  const line = () => fields.map(({ text }) => text).join("  ");
  if (columns === undefined) return line();
  const least = bar ? MIN_BAR + 1 : 0;
  while (fields.length > 1 && line().length + least > columns) {
    const last = Math.max(...fields.map(({ rank }) => rank));
    fields.splice(fields.findIndex(({ rank }) => rank === last), 1);
  }
  return bar ? withBar(step / steps, line(), columns) : line().slice(0, columns);
}

function formatScore(loss: number, accuracy?: number): string {
  if (accuracy !== undefined) return `accuracy ${formatPercent(accuracy)}`;
  const perplexity = Math.exp(loss);
  return `ppl ${perplexity < 1000 ? perplexity.toFixed(2) : formatCount(perplexity)}`;
}

const MIN_BAR = 8, MAX_BAR = 30;

function withBar(fraction: number, text: string, columns: number): string {
  const space = Math.min(columns - text.length - 1, MAX_BAR);
  return space < MIN_BAR ? text.slice(0, columns) : `${formatBar(fraction, space)} ${text}`;
}

/** Where a {@linkcode ProgressLine} is drawn. The defaults are standard output and the clock. */
export interface ProgressOptions {
  /** Whether the line may be redrawn in place. */
  readonly terminal?: boolean;
  /** Whether the bar may have a colour. */
  readonly colored?: boolean;
  /** The width of the terminal, read at each redraw, since windows are resized. */
  columns?(): number;
  /** The clock, in milliseconds. */
  now?(): number;
  /** Writes text as it is. */
  write?(text: string): void;
}

/** Milliseconds between two drawings of the live line, and between two lines of a log. */
const REDRAW_TIME = 100, LOG_TIME = 10_000;

/** Shows the progress of a run, from the first update on. */
export class ProgressLine {
  readonly #options: Required<ProgressOptions>;
  /** Times and steps of the last half minute, including evaluations and samples, as the time left does. */
  readonly #recent: { time: number; step: number }[] = [];
  /** The text of the live line: the steps, which stay on the screen at the end, or something temporary, which is erased. */
  #shown = "";
  #isTemporary = false;
  #drawnAt = -Infinity;
  #task: { name: string; start: number } | undefined;

  constructor(options: ProgressOptions = {}) {
    const terminal = options.terminal ?? Deno.stdout.isTerminal(), colored = terminal && !Deno.noColor;
    const now = () => performance.now();
    this.#options = { terminal, colored, columns: terminalColumns, now, write: writeOut, ...options };
  }

  /** Shows the progress of the run. Cheap: most calls draw nothing. */
  update(progress: RunProgress): void {
    const { terminal, columns } = this.#options, secondsLeft = this.#secondsLeft(progress);
    const isValidated = progress.validationLoss !== undefined;
    const isDue = progress.step >= progress.steps || isValidated || this.#isTemporary;
    if (!isDue && this.#isRecent()) return;
    if (!terminal) return this.#draw(formatProgress(progress, { secondsLeft }));
    // Validations stay on the screen, as the history of the run.
    if (isValidated) this.print(formatProgress(progress, { columns: columns() - 1 }));
    const current = { ...progress, validationLoss: undefined };
    this.#draw(formatProgress(current, { secondsLeft, columns: columns() - 1, bar: true }));
  }

  /** Shows the current activity, such as `compiling shaders …`, until the next update. */
  announce(text: string): void {
    const { terminal, columns, write } = this.#options;
    if (terminal) this.#draw(cutText(text, columns() - 1), true);
    else write(`${text}\n`);
  }

  /** Shows the progress of something other than the steps, such as a long validation. Cheap: most calls draw nothing. */
  advance(name: string, done: number, total: number): void {
    const { terminal, columns, now } = this.#options, time = now();
    if (this.#task?.name !== name) {
      this.#task = { name, start: time };
      if (!terminal) this.#drawnAt = time; // a short task needs no line in a log
    }
    if (this.#isRecent()) return;
    const seconds = (time - this.#task.start) / 1000, isMeasured = done > 0 && seconds > 0;
    const left = isMeasured ? `  ${formatDuration(seconds * (total / done - 1))} left` : "";
    const text = `${name}: ${Math.floor(100 * done / total)} %${left}`;
    this.#draw(terminal ? withBar(done / total, text, columns() - 1) : text, true);
  }

  /**
   * Prints lines above the live one, such as a sample or a note. On a terminal they are wrapped at words, and characters
   * that would control it are shown as escapes.
   */
  print(text: string): void {
    const { terminal, columns, write } = this.#options;
    const shown = terminal ? wrapText(visibleLines(text), columns()) : text;
    write(this.#shown === "" ? `${shown}\n` : `\r\x1b[K${shown}\n${this.#colored()}`);
  }

  /** Ends the live line: steps stay on the screen, something temporary is erased. */
  finish(): void {
    if (this.#shown !== "") this.#options.write(this.#isTemporary ? "\r\x1b[K" : "\n");
    [this.#shown, this.#isTemporary, this.#task] = ["", false, undefined];
  }

  #isRecent(): boolean {
    const { terminal, now } = this.#options;
    return now() - this.#drawnAt < (terminal ? REDRAW_TIME : LOG_TIME);
  }

  /** Redraws the live line, or writes a line of a log. The last column stays empty: some terminals wrap when it is written. */
  #draw(line: string, isTemporary: boolean = false): void {
    const { terminal, now, write } = this.#options;
    this.#drawnAt = now();
    if (!terminal) return write(`${line}\n`);
    [this.#shown, this.#isTemporary] = [line, isTemporary];
    write(`\r${this.#colored()}\x1b[K`);
  }

  #colored(): string {
    return this.#options.colored ? this.#shown.replace(/^[━╸]+/, "\x1b[36m$&\x1b[39m") : this.#shown;
  }

  #secondsLeft({ step, steps }: RunProgress): number | undefined {
    const time = this.#options.now();
    this.#recent.push({ time, step });
    while (time - this.#recent[0].time > 30_000 && this.#recent.length > 2) this.#recent.shift();
    const [first] = this.#recent, seconds = (time - first.time) / 1000;
    return seconds <= 0 || step <= first.step ? undefined : (steps - step) * seconds / (step - first.step);
  }
}
