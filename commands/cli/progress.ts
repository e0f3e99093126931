/**
 * The live line of a training run: one line redrawn in place on a terminal, and elsewhere a plain line every few seconds,
 * for log files. Validations and samples are printed above the live line.
 *
 * @module
 */
import { formatBar, formatCount, formatDuration, terminalColumns, writeOut } from "./terminal.ts";
import { visibleLines } from "./visible.ts";
import { cutText, wrapText } from "./wrap.ts";

/** The progress of a run. Values that are not known yet are absent. */
export interface RunProgress {
  /** Steps done. */
  readonly step: number;
  /** Steps in the whole run. */
  readonly steps: number;
  /** Training tokens since the beginning of the run, or any count that grows with them. */
  readonly tokens: number;
  /** Training loss, nats a token. */
  readonly loss?: number;
  /** Latest validation loss, nats a token. */
  readonly validationLoss?: number;
  /** Of a classifier: the latest accuracy on the validation texts. */
  readonly accuracy?: number;
  /** Learning rate of the step. */
  readonly learningRate?: number;
  /** Whether the model was validated after this step. */
  readonly validated?: boolean;
}

/** The speed of a run in its recent past. */
export interface Speed {
  /** Training tokens a second. */
  readonly tokensPerSecond: number;
  /** Seconds until the last step, at this speed. */
  readonly secondsLeft: number;
}

/**
 * One line about a run, no longer than the width: where it is short, details are omitted first, then the bar.
 * `val` is the validation loss in nats a token, `ppl` the perplexity, e to the power of it, `lr` the learning rate and
 * `tok/s` the training tokens a second.
 *
 * @param progress the progress of the run
 * @param speed its speed, once known
 * @param columns the width; without it there is no bar, as in a log
 * @returns the line, without a newline or colours
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { formatProgress } from "./progress.ts";
 *
 * const progress = { step: 150, steps: 200, tokens: 6400, loss: 2.25, validationLoss: 2, learningRate: 1e-3 };
 * assertEquals(
 *   formatProgress(progress, { tokensPerSecond: 3200, secondsLeft: 6 }),
 *   "step 150/200  loss 2.250  val 2.000 (ppl 7.39)  lr 1.0e-3  3.20K tok/s  6s left",
 * );
 * assertEquals(formatProgress(progress, undefined, 40), "━━━━━━━━━━━──── step 150/200  loss 2.250");
 * ```
 */
export function formatProgress(progress: RunProgress, speed?: Speed, columns?: number): string {
  const { step, steps, loss, validationLoss, accuracy, learningRate } = progress;
  const width = String(steps).length;
  const done = step >= steps;
  const fields = [
    { rank: 0, text: `step ${String(step).padStart(width)}/${steps}` },
    { rank: 1, text: loss === undefined ? "" : `loss ${loss.toFixed(3)}` },
    { rank: 3, text: validationLoss === undefined ? "" : validation(validationLoss, accuracy) },
    { rank: 5, text: learningRate === undefined ? "" : `lr ${learningRate.toExponential(1)}` },
    { rank: 4, text: speed === undefined ? "" : `${formatCount(speed.tokensPerSecond)} tok/s` },
    { rank: 2, text: speed === undefined || done ? "" : `${formatDuration(speed.secondsLeft)} left` },
  ].filter(({ text }) => text !== "");
  const line = () => fields.map(({ text }) => text).join("  ");
  if (columns === undefined) return line();
  while (fields.length > 1 && line().length + SMALLEST_BAR + 1 > columns) {
    fields.splice(fields.findIndex(({ rank }) => rank === Math.max(...fields.map(({ rank }) => rank))), 1);
  }
  return withBar(step / steps, line(), columns);
}

function withBar(fraction: number, text: string, columns: number): string {
  const space = Math.min(columns - text.length - 1, LARGEST_BAR);
  return space < SMALLEST_BAR ? text.slice(0, columns) : `${formatBar(fraction, space)} ${text}`;
}

const SMALLEST_BAR = 8;
const LARGEST_BAR = 30;

function validation(loss: number, accuracy?: number): string {
  if (accuracy !== undefined) return `val ${loss.toFixed(3)} (${(100 * accuracy).toFixed(1)} % accuracy)`;
  const perplexity = Math.exp(loss);
  return `val ${loss.toFixed(3)} (ppl ${
    perplexity < 1000 ? perplexity.toFixed(2) : formatCount(perplexity)
  })`;
}

/** Where a {@linkcode ProgressLine} is drawn. The defaults are standard output and the clock. */
export interface ProgressOptions {
  /** Whether the line may be redrawn in place. */
  readonly terminal?: boolean;
  /** Whether the bar may have a colour. */
  readonly colored?: boolean;
  /** Seconds between the plain lines of a log. */
  readonly logSeconds?: number;
  /** The width of the terminal, read at each redraw, since windows are resized. */
  columns?(): number;
  /** The clock, in milliseconds. */
  now?(): number;
  /** Writes text as it is. */
  write?(text: string): void;
}

/**
 * Shows the progress of a run.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { ProgressLine } from "./progress.ts";
 *
 * let log = "";
 * const line = new ProgressLine({ terminal: false, write: (text) => void (log += text) });
 * line.update({ step: 1, steps: 2, tokens: 64, loss: 4.2 });
 * line.print("a note");
 * line.finish();
 * assertEquals(log, "step 1/2  loss 4.200\na note\n");
 * ```
 */
export class ProgressLine {
  readonly #options: Required<ProgressOptions>;
  /** Times and counts of the last half minute, including evaluations and samples, as the time left does. */
  readonly #recent: { time: number; step: number; tokens: number }[] = [];
  /** The text of the live line: the steps, which stay on the screen at the end, or something temporary, which is erased. */
  #shown = "";
  #isTemporary = false;
  #drawnAt = -Infinity;
  #task: { name: string; start: number } | undefined;

  /**
   * Makes a line that is shown from the first update on.
   *
   * @param options where it is drawn
   */
  constructor(options: ProgressOptions = {}) {
    const terminal = options.terminal ?? Deno.stdout.isTerminal();
    this.#options = {
      terminal,
      colored: terminal && !Deno.noColor,
      logSeconds: 10,
      columns: terminalColumns,
      now: () => performance.now(),
      write: writeOut,
      ...options,
    };
  }

  /**
   * Shows the progress of the run. Cheap: most calls draw nothing.
   *
   * @param progress the progress of the run
   */
  update(progress: RunProgress): void {
    const { terminal, logSeconds, columns, write, now } = this.#options, time = now();
    const speed = this.#measure(progress, time);
    const isDue = progress.step >= progress.steps || progress.validated;
    if (!isDue && !this.#isTemporary && time - this.#drawnAt < (terminal ? 100 : logSeconds * 1000)) return;
    if (!terminal) {
      this.#drawnAt = time;
      return write(formatProgress(progress, speed) + "\n");
    }
    // Validations stay on the screen, as the history of the run.
    if (progress.validated) this.print(formatProgress(progress));
    this.#draw(formatProgress(progress, speed, columns() - 1));
  }

  /**
   * Shows the current activity until the next update. In a log it is a line of its own.
   *
   * @param text such as `compiling shaders …`
   */
  announce(text: string): void {
    const { terminal, columns, write } = this.#options;
    if (terminal) this.#draw(cutText(text, columns() - 1), true);
    else write(`${text}\n`);
  }

  /**
   * Shows the progress of something other than the steps, such as a long validation. Cheap: most calls draw nothing.
   *
   * @param name its name
   * @param done how much of it is done
   * @param total how much there is in all
   */
  advance(name: string, done: number, total: number): void {
    const { terminal, logSeconds, columns, write, now } = this.#options, time = now();
    if (this.#task?.name !== name) {
      this.#task = { name, start: time };
      if (!terminal) this.#drawnAt = time; // a short task needs no line in a log
    }
    if (time - this.#drawnAt < (terminal ? 100 : logSeconds * 1000)) return;
    this.#drawnAt = time;
    const left = (time - this.#task.start) / 1000 * (total / done - 1);
    const text = `${name}: ${Math.floor(100 * done / total)} %` +
      (done > 0 && time > this.#task.start ? `  ${formatDuration(left)} left` : "");
    if (terminal) this.#draw(withBar(done / total, text, columns() - 1), true);
    else write(`${text}\n`);
  }

  /**
   * Prints lines above the live one, such as a sample or a note. On a terminal they are wrapped at words, and characters
   * that would control it are shown as escapes.
   *
   * @param text the text, without a newline at its end
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

  #draw(line: string, isTemporary: boolean = false): void {
    this.#shown = line; // the last column stays empty: some terminals wrap when it is written
    this.#isTemporary = isTemporary;
    this.#drawnAt = this.#options.now();
    this.#options.write(`\r${this.#colored()}\x1b[K`);
  }

  #colored(): string {
    return this.#options.colored ? this.#shown.replace(/^[━╸]+/, "\x1b[36m$&\x1b[39m") : this.#shown;
  }

  #measure({ step, steps, tokens }: RunProgress, time: number): Speed | undefined {
    this.#recent.push({ time, step, tokens });
    while (time - this.#recent[0].time > 30_000 && this.#recent.length > 2) this.#recent.shift();
    const first = this.#recent[0];
    const seconds = (time - first.time) / 1000;
    if (seconds <= 0 || step <= first.step) return undefined;
    return {
      tokensPerSecond: (tokens - first.tokens) / seconds,
      secondsLeft: (steps - step) * seconds / (step - first.step),
    };
  }
}
