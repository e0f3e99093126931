/**
 * The folder of a training run:
 *
 *     metrics.jsonl     one line a logged step
 *     samples.txt       what the model wrote on the way
 *     loss_curve.svg    drawn when the run ends
 *     last/             the newest checkpoint
 *     best/             the checkpoint with the lowest validation loss
 *
 * @module
 */
import { basename, dirname, join } from "@std/path";
import { reason } from "./errors.ts";
import { type FolderFiles, saveFile, saveFolder } from "./folders.ts";
import { type MetricsRecord, parseRecord } from "./metrics_record.ts";
import { lossCurve, type LossCurveOptions } from "./plot.ts";

export type { MetricsRecord };

/** The heading of a sample in `samples.txt`. */
const sampleHeading = /^=== step (\d+)(?: .*)?$/m;

/**
 * The folder of a run.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { RunFolder } from "./run_folder.ts";
 *
 * const parent = await Deno.makeTempDir();
 * const folder = await RunFolder.create(`${parent}/mine`, "mine");
 * await folder.save("last", 10, { "config.json": "{}" });
 * assertEquals(await Deno.readTextFile(`${parent}/mine/last/config.json`), "{}");
 * await Deno.remove(parent, { recursive: true });
 * ```
 */
export class RunFolder {
  /** Where it is. */
  readonly path: string;
  /** The records so far. */
  readonly records: MetricsRecord[] = [];
  /** The step of the newest checkpoint in `last/`. */
  savedStep: number | undefined;
  readonly #origin: "made" | "given" | "opened";

  private constructor(path: string, origin: "made" | "given" | "opened") {
    this.path = path;
    this.#origin = origin;
  }

  /**
   * Makes the folder of a new run.
   *
   * @param path the folder that was asked for, if one was: it must be new or empty
   * @param name the name to choose one by otherwise: `runs/NAME`, or the first of `runs/NAME-2` … that is free
   * @returns the folder
   * @throws {Error} when it is taken, or cannot be made
   */
  static async create(path: string | undefined, name: string): Promise<RunFolder> {
    for (let number = 1;; number++) {
      const folder = path ?? `runs/${name}${number > 1 ? `-${number}` : ""}`;
      await Deno.mkdir(dirname(folder), { recursive: true }).catch((error) => {
        throw new Error(`Cannot make ${folder}: ${reason(error)}`, { cause: error });
      });
      try {
        await Deno.mkdir(folder);
        return new RunFolder(folder, "made");
      } catch (error) {
        const isTaken = error instanceof Deno.errors.AlreadyExists;
        if (isTaken && await isEmptyFolder(folder)) return new RunFolder(folder, "given");
        if (!isTaken) throw new Error(`Cannot make ${folder}: ${reason(error)}`, { cause: error });
        if (path !== undefined) {
          throw new Error(
            `Cannot start a run in ${path}: there is something already; --resume ${path} goes on with a run, ` +
              "--out or --name starts one elsewhere",
          );
        }
      }
    }
  }

  /**
   * Opens the folder of a run that goes on, in which nothing is changed yet.
   *
   * @param path the folder
   * @returns the folder
   */
  static open(path: string): RunFolder {
    return new RunFolder(path, "opened");
  }

  /**
   * Goes back to a checkpoint: what was written after it is dropped. It becomes `last/` before that, so that the run
   * never goes on from a step whose records are gone.
   *
   * @param checkpoint where it is, its step and its files
   * @throws {Error} when the folder cannot be written
   */
  async rewind(
    { path, step, files }: { readonly path: string; readonly step: number; readonly files: FolderFiles },
  ): Promise<void> {
    if (basename(path) !== "last") await this.save("last", step, files);
    const metrics = join(this.path, "metrics.jsonl"), samples = join(this.path, "samples.txt");
    const kept = (await readIfThere(metrics)).split("\n").map(parseRecord)
      .filter((record) => record !== undefined && record.step <= step) as MetricsRecord[];
    await saveFile(metrics, kept.map((record) => JSON.stringify(record) + "\n").join(""));
    const early = (await readIfThere(samples)).split(/^(?==== step \d+)/m)
      .filter((sample) => Number(sample.match(sampleHeading)?.[1]) <= step);
    await saveFile(samples, early.join(""));
    this.records.length = 0;
    for (const record of kept) this.records.push(record); // too many to be arguments of one call
    this.savedStep = step;
  }

  /**
   * Appends lines to `metrics.jsonl`.
   *
   * @param records the lines
   * @throws {Error} when they cannot be written
   */
  async log(records: readonly MetricsRecord[]): Promise<void> {
    this.records.push(...records);
    await this.#append("metrics.jsonl", records.map((record) => JSON.stringify(record) + "\n").join(""));
  }

  /**
   * Appends to `samples.txt`.
   *
   * @param step the step
   * @param text what was written
   * @throws {Error} when it cannot be written
   */
  async addSample(step: number, text: string): Promise<void> {
    await this.#append("samples.txt", `=== step ${step}\n${text}\n\n`);
  }

  /**
   * Saves a checkpoint.
   *
   * @param name which
   * @param step its step
   * @param files its files
   * @throws {Error} when it cannot be saved; the one before is unharmed
   */
  async save(name: "last" | "best", step: number, files: FolderFiles): Promise<void> {
    await saveFolder(join(this.path, name), files);
    if (name === "last") this.savedStep = step;
  }

  /**
   * Draws `loss_curve.svg`, if there is anything to draw.
   *
   * @param options what stands around the curve
   * @throws {Error} when it cannot be written
   */
  async draw(options: LossCurveOptions): Promise<void> {
    if (this.records.length === 0) return;
    await saveFile(join(this.path, "loss_curve.svg"), await lossCurve(this.records, options));
  }

  /**
   * Saves a picture.
   *
   * @param name the file
   * @param svg the picture
   * @throws {Error} when it cannot be written
   */
  async addPicture(name: string, svg: string): Promise<void> {
    await saveFile(join(this.path, name), svg);
  }

  /**
   * What a run has left here, in words.
   *
   * @returns such as `runs/mine: last/ (a Hugging Face folder), metrics.jsonl`
   */
  async describe(): Promise<string> {
    const present = new Set((await Array.fromAsync(Deno.readDir(this.path))).map(({ name }) => name));
    const checkpoints = ["last", "best"].filter((name) => present.has(name)).map((name) => `${name}/`);
    const kind = checkpoints.length > 1 ? "Hugging Face folders" : "a Hugging Face folder";
    const files = ["metrics.jsonl", "samples.txt", "loss_curve.svg", "confusion_matrix.svg"];
    const parts = checkpoints.length > 0 ? [`${checkpoints.join(" and ")} (${kind})`] : [];
    return `${this.path}: ${[...parts, ...files.filter((name) => present.has(name))].join(", ")}`;
  }

  /** Removes what a new run has left if nothing of it is worth keeping, and the folder if it was made for the run. */
  async abandon(): Promise<void> {
    if (this.#origin === "opened" || this.records.length > 0 || this.savedStep !== undefined) return;
    const left = this.#origin === "made"
      ? [this.path]
      : (await Array.fromAsync(Deno.readDir(this.path)).catch(() => [])).map(({ name }) =>
        join(this.path, name)
      );
    for (const path of left) await Deno.remove(path, { recursive: true }).catch(() => {});
  }

  async #append(name: string, text: string): Promise<void> {
    const path = join(this.path, name);
    await Deno.writeTextFile(path, text, { append: true }).catch((error) => {
      throw new Error(`Cannot write ${path}: ${reason(error)}`, { cause: error });
    });
  }
}

async function isEmptyFolder(path: string): Promise<boolean> {
  return (await Array.fromAsync(Deno.readDir(path)).catch(() => [undefined])).length === 0;
}

async function readIfThere(path: string): Promise<string> {
  return await Deno.readTextFile(path).catch((error) => {
    if (error instanceof Deno.errors.NotFound) return "";
    throw new Error(`Cannot read ${path}: ${reason(error)}`, { cause: error });
  });
}
