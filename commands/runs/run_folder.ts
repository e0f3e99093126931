/**
 * The folder of a training run:
 *
 *     run.json                          the settings, and command line, versions, device and speed of each start
 *     events.out.tfevents.miniformer    the records for TensorBoard, with --tensorboard
 *     block.ts                          a copy of the file that --block named
 *     metrics.jsonl                     the records, one line per logged step
 *     samples.txt                       text generated during training
 *     sample_generation.txt             of a GPT: text at several temperatures, generated when the run ends
 *     epochs.md                         a table of the epochs, of a run that is validated at the end of each
 *     loss_curve.svg, .png              drawn when the run ends
 *     confusion_matrix.svg, .png        of a classifier, drawn when the run ends
 *     skills.svg, .png                  of a causal model of tales: the loss by skill, drawn when the run ends
 *     attention.svg, .png               of a language model: the attention maps of a text, drawn when the run ends
 *     attention.html                    the attention maps at each validation, with --attention-every
 *     training.ids, validation.ids      the encoded texts, so that the tokenizer is not run again to resume
 *     last/                             the newest checkpoint
 *     best/                             that with the lowest validation loss, or for a classifier the highest accuracy
 *     epoch-1/, epoch-2/ …              that of each epoch, with --save-every epoch
 *     .miniformer.lock                  held by the process that trains
 *
 * A folder belongs to the process that holds its lock; claim.ts says how it is claimed.
 *
 * @module
 */
import { basename, join } from "@std/path";
import { encodeEvents, type MetricsRecord } from "../../training/tensorboard_events.ts";
import { reason } from "../cli/errors.ts";
import { ownCard } from "../../files/card.ts";
import { addPicture } from "../files/card_picture.ts";
import { appendText, entryAt, type FolderFiles, syncFile } from "../files/disk.ts";
import { SaveError, saveFolder } from "../../files/folders.ts";
import { ATTENTION_PAGE, CHECKPOINT_FOLDERS, EVENTS_NAME } from "../files/own_names.ts";
import { saveFile } from "../files/save_file.ts";
import { savePicture } from "../files/save_picture.ts";
import { keptFrames } from "../../plots/attention_page.ts";
import { lossCurve, type LossCurveOptions } from "../../plots/loss_curve.ts";
import { toPng } from "../../plots/png.ts";
import { type Claim, claim, claimForResume, clear, runOf } from "./claim.ts";
import { epochMarkdown, isEpochRecord } from "./epoch_table.ts";
import { leaveLater, type Rewound, type Target } from "./later_checkpoints.ts";
import { keptRecords, keptSamples, linesOfRecords, readIfThere } from "./run_records.ts";
import type { UnwrittenLines } from "./unwritten_lines.ts";

/** No lines since the last checkpoint. */
const none = () => ({ metrics: [], samples: "", frames: "" });

/** The folder of a run, held by this process. */
export class RunFolder implements Disposable {
  readonly path: string;
  /** The records so far. */
  readonly records: MetricsRecord[] = [];
  /** The step of the newest checkpoint in `last/`. */
  savedStep: number | undefined;
  /** Why lines could not be written. The run continues until it is saved. */
  failure: Error | undefined;
  readonly #claim: Claim;
  /** When the training began, in seconds since 1970, if TensorBoard events are written. */
  #eventsStart: number | undefined;
  /** Lines since the files were last forced to the disk, whether they could be appended or not. */
  #recent: { metrics: MetricsRecord[]; samples: string; frames: string } = none();

  private constructor(path: string, claim: Claim) {
    this.path = path;
    this.#claim = claim;
  }

  /**
   * Makes the folder of a new run: the one that was asked for, which must be new, empty, or left behind by a run that saved
   * no checkpoint; otherwise `runs/NAME`, or the first of `runs/NAME-2` … that is free.
   */
  static async create(asked: string | undefined, name: string): Promise<RunFolder> {
    for (let number = 1;; number++) {
      const folder = asked ?? `runs/${name}${number > 1 ? `-${number}` : ""}`;
      const claimed = await claim(folder, { replace: asked !== undefined });
      if (!(claimed instanceof Error)) return new RunFolder(folder, claimed);
      if (asked !== undefined) throw claimed;
    }
  }

  /** Opens the folder of a run that is resumed, given by its path or that of a checkpoint in it. */
  static async open(path: string): Promise<RunFolder> {
    const folder = await runOf(path);
    return new RunFolder(folder, await claimForResume(folder));
  }

  /**
   * Goes back to a checkpoint: what was written after it is dropped. It becomes `last/` before that, so that the run is
   * never resumed at a step whose records are gone. Where another checkpoint than the newest is named, later ones are
   * renamed; see later_checkpoints.ts.
   */
  async rewind(target: Target): Promise<Rewound> {
    const { path, step, files } = target;
    let rewound: Rewound = { best: target.state?.best, notes: [] };
    if (basename(path) !== "last") {
      rewound = await leaveLater(this.path, target, (step, files) => this.save("best", step, files));
      await this.save("last", step, { ...files, ...await ownCard(path) });
    }
    const metrics = join(this.path, "metrics.jsonl"), samples = join(this.path, "samples.txt");
    const records = keptRecords(await readIfThere(metrics), step);
    await saveFile(metrics, linesOfRecords(records));
    await saveFile(samples, keptSamples(await readIfThere(samples), step));
    const epochs = join(this.path, "epochs.md"), table = epochMarkdown(records);
    if (table !== undefined) await saveFile(epochs, table);
    else if (await entryAt(epochs)) await Deno.remove(epochs);
    this.records.length = 0;
    for (const record of records) this.records.push(record); // too many to be arguments of one call
    this.savedStep = step;
    return rewound;
  }

  /**
   * Writes the records as TensorBoard events, too, from now on; a run that has events always continues them. Those so far
   * are written anew, because TensorBoard would show steps twice that were appended again.
   */
  async startEvents({ requested }: { requested: boolean }): Promise<void> {
    const path = join(this.path, EVENTS_NAME);
    if (!requested && await entryAt(path) === undefined) return;
    // Records count the seconds of training. Times in the file follow them, so pauses between resumed parts take none.
    const start = Date.now() / 1000 - (this.records.at(-1)?.seconds ?? 0);
    await saveFile(path, encodeEvents(this.records, { start, header: true }));
    this.#eventsStart = start;
  }

  /**
   * Keeps the attention maps of steps in `attention.html` from now on; a run that has that page always continues it, without
   * the frames after this step. Returns the bytes of the page, or undefined where none is kept.
   */
  async startPage(
    head: string,
    { requested, step }: { requested: boolean; step: number },
  ): Promise<number | undefined> {
    const path = join(this.path, ATTENTION_PAGE);
    if (!requested && await entryAt(path) === undefined) return;
    const page = head + keptFrames(await readIfThere(path), step);
    await saveFile(path, page);
    return new TextEncoder().encode(page).length;
  }

  /** Appends to `attention.html`. If that fails, the frame is kept for the next checkpoint; see `failure`. */
  async addFrame(frame: string): Promise<void> {
    this.#recent.frames += frame;
    await this.#write(ATTENTION_PAGE, (path) => appendText(path, frame));
  }

  /**
   * Appends to `metrics.jsonl`, and writes `epochs.md` when an epoch has ended. If that fails, the lines are kept for the
   * next checkpoint; see `failure`.
   */
  async log(records: readonly MetricsRecord[]): Promise<void> {
    this.records.push(...records);
    this.#recent.metrics.push(...records);
    await this.#write("metrics.jsonl", (path) => appendText(path, linesOfRecords(records)));
    if (records.some(isEpochRecord)) {
      await this.#write("epochs.md", (path) => saveFile(path, epochMarkdown(this.records)!));
    }
    const start = this.#eventsStart;
    if (start === undefined) return;
    await this.#write(EVENTS_NAME, (path) => appendText(path, encodeEvents(records, { start })));
  }

  /** Appends to `samples.txt`. If that fails, the text is kept for the next checkpoint; see `failure`. */
  async addSample(step: number, text: string): Promise<void> {
    const sample = `=== step ${step}\n${text}\n\n`;
    this.#recent.samples += sample;
    await this.#write("samples.txt", (path) => appendText(path, sample));
  }

  /** Forces appended lines to the disk, before the checkpoint that follows them is saved. If that fails, see `failure`. */
  async forceLines(): Promise<void> {
    const { metrics, samples, frames } = this.#recent;
    await Promise.all([
      metrics.length > 0 && this.#write("metrics.jsonl", syncFile),
      samples !== "" && this.#write("samples.txt", syncFile),
      frames !== "" && this.#write(ATTENTION_PAGE, syncFile),
    ]);
    if (this.failure === undefined) this.#recent = none();
  }

  /** After a failure, the lines that may be missing from their files, to be saved in the checkpoint. */
  get unwritten(): UnwrittenLines | undefined {
    return this.failure && this.#recent;
  }

  /** Saves a checkpoint. If that fails, the one before is unharmed. */
  async save(name: "last" | "best" | `epoch-${number}`, step: number, files: FolderFiles): Promise<void> {
    const path = join(this.path, name);
    await this.#claim.lock.keep().catch((error) => {
      throw new SaveError(`Cannot save ${path}: ${reason(error)}`, { cause: error });
    });
    await saveFolder(path, files, { foreign: "keep" });
    if (name === "last") this.savedStep = step;
  }

  /** Draws the loss curve, if there is anything to draw; in the cards of `last/` and `best/` without the name of the run. */
  async draw(options: Omit<LossCurveOptions, "title">): Promise<void> {
    if (this.records.length === 0) return;
    await this.addPicture("loss_curve", await lossCurve(this.records, { ...options, title: this.path }));
    const title = "Training and validation loss";
    const picture = await toPng(await lossCurve(this.records, { ...options, title }));
    await this.#claim.lock.keep();
    for (const name of CHECKPOINT_FOLDERS) await addPicture(join(this.path, name), picture);
  }

  /** Saves a picture as `NAME.svg` and `NAME.png`, which are both in RUN_FILES of own_names.ts. */
  async addPicture(name: string, svg: string): Promise<void> {
    for (const ending of ["svg", "png"]) await savePicture(join(this.path, `${name}.${ending}`), svg);
  }

  /** Saves one of RUN_FILES. */
  async addFile(name: string, content: string | Uint8Array): Promise<void> {
    await saveFile(join(this.path, name), content);
  }

  /** Removes what a new run has written if it saved no checkpoint or record, and the folders that were created for it. */
  async abandon(): Promise<void> {
    const { lock, made } = this.#claim;
    if (this.savedStep !== undefined || made === undefined) return;
    // The lock's file marks the folder as ours: another run may take it, records or not.
    if (this.records.length > 0) return lock.leave();
    try {
      await clear(this.path);
      lock.release();
      for (const folder of made) await Deno.remove(folder);
    } catch {
      lock.release(); // what is in the way is not ours, and stays
    }
  }

  /** Lets other processes use the folder. */
  [Symbol.dispose](): void {
    this.#claim.lock.release();
  }

  /** Writes to a file. After a failure nothing more is written: the lines would be out of order. */
  async #write(name: string, work: (path: string) => Promise<void>): Promise<void> {
    if (this.failure) return;
    const path = join(this.path, name);
    await this.#claim.lock.keep().then(() => work(path)).catch((error) => {
      this.failure = new Error(`Cannot write ${path}: ${reason(error)}`, { cause: error });
    });
  }
}
