/**
 * Tokenizers on disk: in a folder of their own, or in that of a checkpoint or run.
 *
 * @module
 */
import type { BaseTokenizer } from "../../tokenizers/base_tokenizer.ts";
import { cannotRead } from "../cli/errors.ts";
import { findFolder, tokenizerOf } from "./checkpoint_folder.ts";
import { readBytes } from "./disk.ts";
import { TOKENIZER_INPUT_FILES } from "./own_names.ts";

/** Reads the tokenizer in a folder, a tokenizer.json, or the folder of a run, all of whose checkpoints have the same one. */
export async function readTokenizer(path: string): Promise<BaseTokenizer> {
  if ((await Deno.stat(path).catch(() => undefined))?.isFile) {
    const bytes = await readBytes(path).catch(async (error) => {
      throw await cannotRead(path, error);
    });
    return tokenizerOf({ path, files: { "tokenizer.json": bytes } });
  }
  const names = TOKENIZER_INPUT_FILES, among = ["best", "last"];
  return tokenizerOf(await findFolder(path, "tokenizer", { names, among }) ?? { path, files: {} });
}

/** A tokenizer in a few words, such as `byte-level BPE, 8192 tokens`. */
export function describeTokenizer(tokenizer: BaseTokenizer): string {
  return `${tokenizer.algorithm}, ${tokenizer.vocabSize} tokens`;
}
