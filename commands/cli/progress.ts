/**
 * The live line of a training run: one line redrawn in place on a terminal, and elsewhere a plain line every few seconds,
 * for log files. Validations and samples are printed above the live line.
 *
 * @module
 */
import { formatBar, formatCount, formatDuration, terminalColumns, writeOut } from "./terminal.ts";
import { visibleLines } from "../../core/visible.ts";
import { cutText, wrapText } from "./wrap.ts";

/** The progress of a run. Values that are not known yet are absent. */
export interface RunProgress {
  /** Steps done. */
  readonly step: number;
  readonly steps: number;
  /** Training tokens since the beginning of the run, or any count that grows with them. */
  readonly tokens: number;
  /** Training loss, nats per token. */
  readonly loss?: number;
  readonly validationLoss?: number;
  /** Of a classifier: the latest accuracy on the validation texts. */
  readonly accuracy?: number;
  readonly learningRate?: number;
  /** Whether the model was validated after this step. */
  readonly validated?: boolean;
}

/** The speed of a run in its recent past. */
export interface Speed {
  readonly tokensPerSecond: number;
  /** Seconds until the last step, at this speed. */
  readonly secondsLeft: number;
}

/**
 * One line about a run, no longer than the width: where that is short, details are omitted first, then the bar. Without a
 * width there is no bar, as in a log.
 *
 *     ━━━━━━━────── step 150/200  loss 2.250  val 2.000 (ppl 7.39)  lr 1.0e-3  3.20K tok/s  6s left
 *
 * `val` is the validation loss in nats per token, `ppl` the perplexity, e to the power of it.
 */
export function formatProgress(progress: RunProgress, speed?: Speed, columns?: number): string {
  const { step, steps, loss, validationLoss, accuracy, learningRate } = progress;
  const fields: { rank: number; text: string }[] = [];
  const add = (rank: number, text: string) => fields.push({ rank, text });
  add(0, `step ${String(step).padStart(String(steps).length)}/${steps}`);
  if (loss !== undefined) add(1, `loss ${loss.toFixed(3)}`);
  if (validationLoss !== undefined) {
    add(3, `val ${validationLoss.toFixed(3)} (${formatScore(validationLoss, accuracy)})`);
  }
  if (learningRate !== undefined) add(5, `lr ${learningRate.toExponential(1)}`);
  if (speed) add(4, `${formatCount(speed.tokensPerSecond)} tok/s`);
  if (speed && step < steps) add(2, `${formatDuration(speed.secondsLeft)} left`);
  const line = () => fields.map(({ text }) => text).join("  ");
  if (columns === undefined) return line();
  while (fields.length > 1 && line().length + MIN_BAR + 1 > columns) {
    const last = Math.max(...fields.map(({ rank }) => rank));
    fields.splice(fields.findIndex(({ rank }) => rank === last), 1);
  }
  return withBar(step / steps, line(), columns);
}

function formatScore(loss: number, accuracy?: number): string {
  if (accuracy !== undefined) return `accuracy ${(100 * accuracy).toFixed(1)} %`;
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
  /** Times and counts of the last half minute, including evaluations and samples, as the time left does. */
  readonly #recent: { time: number; step: number; tokens: number }[] = [];
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
    const { terminal, columns } = this.#options, speed = this.#measure(progress);
    const isDue = progress.step >= progress.steps || progress.validated || this.#isTemporary;
    if (!isDue && this.#isRecent()) return;
    // Validations stay on the screen, as the history of the run.
    if (terminal && progress.validated) this.print(formatProgress(progress));
    this.#draw(formatProgress(progress, speed, terminal ? columns() - 1 : undefined));
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

  #measure({ step, steps, tokens }: RunProgress): Speed | undefined {
    const time = this.#options.now();
    this.#recent.push({ time, step, tokens });
    while (time - this.#recent[0].time > 30_000 && this.#recent.length > 2) this.#recent.shift();
    const [first] = this.#recent, seconds = (time - first.time) / 1000;
    if (seconds <= 0 || step <= first.step) return undefined;
    return {
      tokensPerSecond: (tokens - first.tokens) / seconds,
      secondsLeft: (steps - step) * seconds / (step - first.step),
    };
  }
}
