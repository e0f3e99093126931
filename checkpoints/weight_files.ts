/**
 * The files that hold the weights of a model: one, or several *shards* with an index that says which tensor is where.
 *
 *     model.safetensors                    all tensors
 *     model.safetensors.index.json         { "weight_map": { "wte.weight": "model-00001-of-00002.safetensors", … } }
 *     model-00001-of-00002.safetensors     some of them
 *
 * transformers writes shards where a model is larger than `max_shard_size`. Where both are there, the single file is read,
 * as there. A shard lies beside its index: a name that leads elsewhere is refused before anything is read.
 *
 * @module
 */

import { quoted, shortened } from "../core/quoted.ts";
import type { ModelConfig } from "../models/families.ts";
import { type CheckpointFiles, inFile, readBytes, readJson } from "./checkpoint_files.ts";
import { readFinite } from "./checkpoint_tensors.ts";
import { toHuggingFaceConfig } from "./hugging_face/formats.ts";
import { isFloat, type NamedArray, readTensorEntries, type TensorEntry } from "./safetensors.ts";

/** The file that holds all weights. */
const SINGLE_FILE = "model.safetensors";

/** The index of the shards. */
export const SHARD_INDEX = "model.safetensors.index.json";

/** Files of PyTorch, which are programs and are not read. */
export const PYTORCH_FILES: readonly string[] = ["pytorch_model.bin", "pytorch_model.bin.index.json"];

/** The floating-point tensors of a model, in one file or in several. */
export interface StoredWeights {
  /** The file that errors name: that of the weights, or the index. */
  readonly file: string;
  /** The entry of each tensor in the header of its file. */
  readonly entries: ReadonlyMap<string, TensorEntry>;
  /**
   * Reads tensors.
   *
   * @param names Their names.
   * @returns The tensors, by name.
   * @throws {TypeError} If a number is not finite; the message names tensor and index.
   */
  read(names: Iterable<string>): Map<string, NamedArray>;
}

/** Which file holds which tensor. */
function readIndex(files: CheckpointFiles): Map<string, string> {
  const { weight_map: map } = readJson(files, SHARD_INDEX);
  return inFile(SHARD_INDEX, () => {
    if (typeof map !== "object" || map === null || Array.isArray(map)) {
      throw new TypeError(`weight_map is ${quoted(map)}, expected an object with a file for each tensor`);
    }
    for (const [tensor, file] of Object.entries(map)) {
      const isPlain = typeof file === "string" && /^\w[\w.-]*\.safetensors$/.test(file);
      if (isPlain) continue;
      throw new TypeError(
        `weight_map names the file ${quoted(file)} for tensor ${shortened(tensor)}, ` +
          `expected the name of a .safetensors file in the same folder`,
      );
    }
    return new Map(Object.entries(map as Record<string, string>));
  });
}

/**
 * The shards that a folder has besides the files that every checkpoint has. Whoever reads a folder file by file reads its
 * index first, then these.
 *
 * @example
 * ```ts
 * import { shardNames } from "@miniformer/miniformer";
 * import { assertEquals } from "@std/assert";
 *
 * const weight_map = { "wte.weight": "model-1.safetensors", "wpe.weight": "model-1.safetensors" };
 * const index = JSON.stringify({ weight_map });
 * assertEquals(shardNames({ "model.safetensors.index.json": index }), ["model-1.safetensors"]);
 * assertEquals(shardNames({ "config.json": "{}" }), []);
 * ```
 *
 * @param files The files that are known, with the index if there is one.
 * @returns The names of the shards, each once; none where the weights are in one file.
 * @throws {TypeError} If the index is damaged, or names a file in another folder.
 * @category Checkpoints
 */
export function shardNames(files: CheckpointFiles): string[] {
  if (Object.hasOwn(files, SINGLE_FILE) || !Object.hasOwn(files, SHARD_INDEX)) return [];
  return [...new Set(readIndex(files).values())].sort();
}

/** Refuses a folder whose weights are in a format of PyTorch's only, with the command that converts them. */
function refusePytorch(files: CheckpointFiles, config: ModelConfig): void {
  const name = PYTORCH_FILES.find((name) => Object.hasOwn(files, name));
  if (name === undefined) return;
  const { architectures } = toHuggingFaceConfig(config) as { architectures: readonly string[] };
  throw new TypeError(
    `${name} is not read, only safetensors are: convert it with transformers, in the folder of the model: ` +
      `python3 -c "import transformers as t; t.${
        architectures[0]
      }.from_pretrained('.').save_pretrained('.')"`,
  );
}

/**
 * Reads the headers of the files that hold the weights of a model.
 *
 * @param files The files of a checkpoint.
 * @param config The model.
 * @returns Its weights. No data is read yet.
 * @throws {TypeError} If a file is missing or damaged, or holds something else than its index says.
 */
export function openWeights(files: CheckpointFiles, config: ModelConfig): StoredWeights {
  const isSingle = Object.hasOwn(files, SINGLE_FILE);
  if (!isSingle && !Object.hasOwn(files, SHARD_INDEX)) refusePytorch(files, config);
  if (isSingle || !Object.hasOwn(files, SHARD_INDEX)) {
    const bytes = readBytes(files, SINGLE_FILE), entries = inFile(SINGLE_FILE, () => floatsOf(bytes));
    const read = (names: Iterable<string>) => readFinite(bytes, pick(entries, names));
    return { file: SINGLE_FILE, entries, read };
  }
  const index = readIndex(files), entries = new Map<string, TensorEntry>();
  const headers = new Map(
    shardNames(files).map((name) => {
      if (!Object.hasOwn(files, name)) throw new TypeError(`${SHARD_INDEX} names ${name}, which is missing`);
      const bytes = readBytes(files, name);
      return [name, { bytes, entries: inFile(name, () => readTensorEntries(bytes)) }];
    }),
  );
  for (const [tensor, file] of index) {
    const entry = headers.get(file)!.entries.get(tensor);
    if (entry === undefined) {
      throw new TypeError(`${file}: tensor ${shortened(tensor)} is missing, ${SHARD_INDEX} says it is there`);
    }
    if (isFloat(entry)) entries.set(tensor, entry);
  }
  return {
    file: SHARD_INDEX,
    entries,
    read(names) {
      const wanted = [...names], tensors = new Map<string, NamedArray>();
      for (const [name, { bytes, entries }] of headers) {
        const here = pick(entries, wanted.filter((tensor) => index.get(tensor) === name));
        for (const [tensor, array] of inFile(name, () => readFinite(bytes, here))) tensors.set(tensor, array);
      }
      return tensors;
    },
  };
}

const floatsOf = (bytes: Uint8Array): Map<string, TensorEntry> =>
  new Map([...readTensorEntries(bytes)].filter(([, entry]) => isFloat(entry)));

const pick = (entries: ReadonlyMap<string, TensorEntry>, names: Iterable<string>): Map<string, TensorEntry> =>
  new Map(Array.from(names, (name) => [name, entries.get(name)!]));
