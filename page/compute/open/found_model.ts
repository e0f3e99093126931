/**
 * Finds a model among the files that were opened: in the folder of a run, of a checkpoint, or any Hugging Face folder, also in a
 * zip. It looks at names and sizes only; a file is read when it is needed, and refused where it is too large.
 *
 * @module
 */
import type { CheckpointFiles } from "../../../mod.ts";
import {
  FORMER_TRAINING_STATE,
  lenientJson,
  TOKENIZER_INPUT_FILES,
  TRAINING_STATE,
} from "../../../checkpoints/checkpoint_files.ts";
import { checkSums } from "../../../checkpoints/sums.ts";
import { PYTORCH_FILES, SHARD_INDEX, shardNames } from "../../../checkpoints/weight_files.ts";
import type { GivenFile } from "../../protocol.ts";
import { isZip, listZip } from "./unzip.ts";

/** A file, by its path with slashes. */
export interface FoundFile {
  readonly path: string;
  /** Its bytes. */
  readonly size: number;
  /** Reads it. The message of its errors completes the sentence "Cannot read NAME: …". */
  read(): Promise<Uint8Array<ArrayBuffer>>;
}

/** The most bytes of weights that are read (those of the smallest published GPT-2 have 548 MB), and of any other file. */
const MAX_WEIGHTS = 600e6, MAX_OTHER = 100e6;

/** A folder that has one of these holds a model. */
const MARKS = ["config.json", "model.safetensors", SHARD_INDEX];

/** The files that using a model needs. */
const MODEL_FILES = [...MARKS, ...TOKENIZER_INPUT_FILES, TRAINING_STATE, FORMER_TRAINING_STATE];

/** The folders of a run that hold its checkpoints. */
const CHECKPOINT_NAME = /^(last|best|epoch-\d+)$/;

/** The files of one model, or of a run with several checkpoints of it. */
export class FoundModel {
  /** What to call it. */
  readonly name: string;
  readonly #files: ReadonlyMap<string, FoundFile>;
  /** The folder of the run, or of the model. */
  readonly #root: string;
  /** The folders of the checkpoints of the run; only the root where there are none. */
  readonly #checkpoints: readonly string[];

  private constructor(
    name: string,
    files: ReadonlyMap<string, FoundFile>,
    root: string,
    checkpoints: string[],
  ) {
    this.name = name;
    this.#files = files;
    this.#root = root;
    this.#checkpoints = checkpoints;
  }

  /** Finds the model. It throws where there is none, or more than one. */
  static async find(given: readonly GivenFile[]): Promise<FoundModel> {
    const [{ path, blob }] = given, isOne = given.length === 1;
    const zipped = isOne && (/\.zip$/i.test(path) || await isZip(blob));
    const first = path.replace(/\/.*/, ""), isIn = (file: GivenFile) => file.path.startsWith(`${first}/`);
    const name = isOne || given.every(isIn) ? first.replace(/\.zip$/i, "") : "These files";
    const files = zipped
      ? await withName(path, () => listZip(blob))
      : given.map(({ path, blob }): FoundFile => {
        return { path, size: blob.size, read: async () => new Uint8Array(await blob.arrayBuffer()) };
      });
    const byPath = new Map(files.map((file) => [file.path, file]));
    const folders = new Set(
      files.filter(({ path }) => MARKS.includes(path.replace(/.*\//, ""))).map(({ path }) => folderOf(path)),
    );
    const depth = (folder: string) => folder.split("/").length,
      least = Math.min(...Array.from(folders, depth));
    const found = [...folders].filter((folder) => depth(folder) === least);
    if (found.length === 0) {
      throw new Error(
        `${name} holds no model: open a folder that has config.json, model.safetensors and the files of a tokenizer`,
      );
    }
    const areOfRun = found.every((folder) => CHECKPOINT_NAME.test(nameOf(folder)));
    if (areOfRun && new Set(found.map(folderOf)).size === 1) {
      return new FoundModel(name, byPath, folderOf(found[0]), found.sort(byAge));
    }
    if (found.length === 1) return new FoundModel(name, byPath, found[0], found);
    const some = found.slice(0, 3).map((folder) => folder.replace(/\/$/, "")).join(", ");
    throw new Error(`${name} holds ${found.length} models (${some} …): open the folder of one of them`);
  }

  /** The checkpoint that is used, as every command chooses it: the best, unless there was too little text to choose by. */
  async chosen(): Promise<string> {
    const named = (name: string) => this.#checkpoints.find((folder) => nameOf(folder) === name);
    const last = named("last"), best = named("best");
    if (!last || !best) return best ?? last ?? this.#checkpoints[0];
    const { prefer } = lenientJson(await this.readIfThere(last + TRAINING_STATE));
    return prefer === "last" ? last : best;
  }

  /** The newest checkpoint, from which the run is resumed. */
  get newest(): string {
    return this.#checkpoints[0];
  }

  /** Reads what using a checkpoint needs and, if asked, what training needs; and compares its checksums. */
  async read(folder: string, { training = false } = {}): Promise<CheckpointFiles> {
    const files: CheckpointFiles = {};
    const read = async (names: readonly string[]) => {
      for (const name of names) {
        const bytes = await this.readIfThere(folder + name);
        if (bytes) files[name] = bytes;
      }
    };
    await read(training ? [...MODEL_FILES, "optimizer.safetensors"] : MODEL_FILES);
    const shards = shardNames(files), sizes = shards.map((name) => this.#files.get(folder + name)?.size ?? 0);
    expectSize(folder + SHARD_INDEX, sizes.reduce((sum, size) => sum + size, 0), MAX_WEIGHTS);
    await read(shards);
    for (const name of PYTORCH_FILES) if (this.#files.has(folder + name)) files[name] = "";
    expectComplete(files);
    await checkSums(folder.replace(/\/$/, "") || this.name, files);
    return files;
  }

  /** Reads a file of the run that is not in a checkpoint. */
  async readOfRun(name: string): Promise<Uint8Array<ArrayBuffer> | undefined> {
    return await this.readIfThere(this.#root + name);
  }

  /** Whether a checkpoint has a file. */
  has(path: string): boolean {
    return this.#files.has(path);
  }

  /** Reads a file; undefined where it is missing. */
  async readIfThere(path: string): Promise<Uint8Array<ArrayBuffer> | undefined> {
    const file = this.#files.get(path);
    if (!file) return undefined;
    expectSize(path, file.size, path.endsWith(".safetensors") ? MAX_WEIGHTS : MAX_OTHER);
    return await withName(this.name, () => file.read());
  }
}

/** The files of tokenizers, of which one kind is needed. */
const TOKENIZERS = [["tokenizer.json"], ["vocab.json", "merges.txt"], ["vocab.txt"]];

/** Refuses a folder that lacks a file which every model needs. */
function expectComplete(files: CheckpointFiles): void {
  const weights = ["model.safetensors", SHARD_INDEX, ...PYTORCH_FILES];
  const missing = !files["config.json"]
    ? "config.json is"
    : !weights.some((name) => name in files)
    ? "model.safetensors is"
    : !TOKENIZERS.some((names) => names.every((name) => name in files))
    ? `the tokenizer (${TOKENIZERS.map((names) => names.join(" and ")).join(", or ")}) is`
    : undefined;
  if (missing) throw new Error(`${missing} missing: open the folder with all its files`);
}

/** Refuses what is too large, before it is read. */
function expectSize(path: string, size: number, most: number): void {
  if (size <= most) return;
  throw new Error(
    `${path} has ${Math.ceil(size / 1e6)} MB, this page reads at most ${most / 1e6}: open a smaller model`,
  );
}

/** The folder of a path, with a slash at its end; "" for the outermost. */
const folderOf = (path: string): string => path.replace(/[^/]*\/?$/, "");

/** The last name of a path. */
const nameOf = (path: string): string => path.replace(/\/$/, "").replace(/.*\//, "");

/** Orders the checkpoints of a run, the newest first: `last`, `best`, then the epochs. */
function byAge(one: string, other: string): number {
  const rank = (folder: string) => {
    const name = nameOf(folder);
    return name === "last"
      ? Infinity
      : name === "best"
      ? Number.MAX_VALUE
      : Number(name.replace("epoch-", ""));
  };
  return rank(other) > rank(one) ? 1 : -1;
}

/** Puts the name of what cannot be read in front of an error. */
async function withName<Result>(name: string, read: () => Promise<Result>): Promise<Result> {
  try {
    return await read();
  } catch (error) {
    throw new Error(`Cannot read ${name}: ${(error as Error).message}`, { cause: error });
  }
}
