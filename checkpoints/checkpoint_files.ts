/**
 * Reading the files of a checkpoint: every error names the file.
 *
 * @module
 */

import { escaped } from "../core/quoted.ts";

/**
 * Longest JSON file that is parsed, in bytes (of a string, in UTF-16 units): room for the names of 100,000 classes. Usual
 * files have a few thousand bytes. JSON that consists of brackets takes 60 times its length in memory once parsed.
 */
const MAX_JSON_BYTES = 2 ** 23;

/**
 * What a file holds.
 *
 * @category Checkpoints
 */
export type FileContent = CheckpointFiles[string];

/**
 * The files of a folder by name. A content that takes time to compute may be a promise.
 *
 * @category Checkpoints
 */
export type FolderFiles = Readonly<Record<string, FileContent | Promise<FileContent>>>;

/**
 * File names to contents.
 *
 * @category Checkpoints
 */
export type CheckpointFiles = Record<string, Uint8Array<ArrayBuffer> | string>;

/** The file that holds the step and the settings of a run. */
export const TRAINING_STATE = "training_state.json";

/**
 * Its name in earlier checkpoints. `transformers` has a file of that name, too, and its `TrainerState` fails to read
 * ours. Such checkpoints are read; new ones are written under {@linkcode TRAINING_STATE} only.
 */
export const FORMER_TRAINING_STATE = "trainer_state.json";

/** Files that a tokenizer is saved as. */
export const TOKENIZER_FILES: readonly string[] = [
  "tokenizer.json",
  "vocab.json",
  "merges.txt",
  "vocab.txt",
  "special_tokens_map.json",
  "tokenizer_config.json",
];

/** Files that a tokenizer is read from: `added_tokens.json` is written by other programs only, so it is not ours. */
export const TOKENIZER_INPUT_FILES: readonly string[] = [...TOKENIZER_FILES, "added_tokens.json"];

/**
 * The name that the state of a run has in a checkpoint.
 *
 * @example
 * ```ts
 * import { trainingStateName } from "./checkpoint_files.ts";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(trainingStateName({ "trainer_state.json": "{}" }), "trainer_state.json");
 * assertEquals(trainingStateName({}), "training_state.json");
 * ```
 *
 * @param files The files; only their names are used.
 * @returns The former name if only a file of that name is there, otherwise the present one.
 */
export function trainingStateName(files: Readonly<Record<string, unknown>>): string {
  const isFormer = !Object.hasOwn(files, TRAINING_STATE) && Object.hasOwn(files, FORMER_TRAINING_STATE);
  return isFormer ? FORMER_TRAINING_STATE : TRAINING_STATE;
}

/**
 * Names the file in which something is wrong.
 *
 * @param name The file.
 * @param read Reads it, or checks what was read.
 * @returns What it read.
 * @throws {TypeError} If reading throws: its message, with the name in front.
 */
export function inFile<Result>(name: string, read: () => Result): Result {
  try {
    return read();
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    throw new TypeError(`${name}: ${escaped(message)}`, { cause: error });
  }
}

function contentOf(files: CheckpointFiles, name: string): Uint8Array | string {
  const content = Object.hasOwn(files, name) ? files[name] : undefined;
  if (content === undefined) throw new TypeError(`${name} is missing`);
  return content;
}

/**
 * The bytes of a file.
 *
 * @example
 * ```ts
 * import { readBytes } from "./checkpoint_files.ts";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(readBytes({ "a": "text", "b": Uint8Array.of(1) }, "b"), Uint8Array.of(1));
 * ```
 *
 * @param files The files.
 * @param name Its name.
 * @returns The bytes; of text, its UTF-8 form.
 * @throws {TypeError} If it is missing.
 */
export function readBytes(files: CheckpointFiles, name: string): Uint8Array {
  const content = contentOf(files, name);
  return typeof content === "string" ? new TextEncoder().encode(content) : content;
}

/**
 * The object in a JSON file.
 *
 * @example
 * ```ts
 * import { readJson } from "./checkpoint_files.ts";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(readJson({ "config.json": `{ "n_layer": 2 }` }, "config.json"), { n_layer: 2 });
 * ```
 *
 * @param files The files.
 * @param name Its name.
 * @returns The object.
 * @throws {TypeError} If the file is missing, no JSON, or holds something else than an object.
 */
export function readJson(files: CheckpointFiles, name: string): Record<string, unknown> {
  const content = contentOf(files, name);
  return inFile(name, () => {
    if (content.length > MAX_JSON_BYTES) {
      throw new TypeError(`it has ${content.length} bytes, expected at most ${MAX_JSON_BYTES}`);
    }
    const json = JSON.parse(typeof content === "string" ? content : new TextDecoder().decode(content));
    if (typeof json !== "object" || json === null || Array.isArray(json)) {
      throw new TypeError("expected an object");
    }
    return json;
  });
}

/**
 * The object in a JSON text.
 *
 * @param content The text.
 * @returns The object; an empty one where the text is missing, is not JSON, or holds an array or a single value.
 */
export function lenientJson(content: Uint8Array | string | undefined): Record<string, unknown> {
  try {
    const text = typeof content === "string" ? content : new TextDecoder().decode(content);
    const json: unknown = JSON.parse(text);
    const isObject = typeof json === "object" && json !== null && !Array.isArray(json);
    return isObject ? json as Record<string, unknown> : {};
  } catch {
    return {};
  }
}
