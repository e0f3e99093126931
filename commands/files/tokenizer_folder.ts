/**
 * Tokenizers on disk: in a folder of their own, or in that of a checkpoint or run.
 *
 * @module
 */
import { basename, join } from "@std/path";
import type { BaseTokenizer } from "../../tokenizers/base_tokenizer.ts";
import { cannotRead } from "../cli/errors.ts";
import { findTokenizer, tokenizerOf } from "./checkpoint_folder.ts";
import { isAnyThere, readBytes } from "./disk.ts";
import { TOKENIZERS } from "./own_names.ts";

/** Reads the tokenizer in a folder, a tokenizer.json, or the folder of a run, all of whose checkpoints have the same one. */
export async function readTokenizer(path: string): Promise<BaseTokenizer> {
  const info = await Deno.stat(path).catch(() => undefined);
  if (info === undefined && HUB_NAME.test(path)) throw await notDownloaded(path);
  if (info?.isFile) {
    const bytes = await readBytes(path).catch(async (error) => {
      throw await cannotRead(path, error);
    });
    return tokenizerOf({ path, files: { "tokenizer.json": bytes } });
  }
  return tokenizerOf(await findTokenizer(path) ?? { path, files: {} });
}

/** Names of models on the Hugging Face Hub whose tokenizers are often used. */
const HUB_NAME = /^([\w.-]+\/)?(gpt-?2|distilgpt2|(distil)?roberta|openai-gpt)(-[\w-]+)?$/i;

/** What to do about a name that other programs would download. */
async function notDownloaded(name: string): Promise<Error> {
  const folder = join(TOKENIZERS, basename(name)),
    refusal = `Cannot read ${name}: nothing is downloaded here; `;
  if (/openai-gpt$/i.test(name)) {
    return new Error(
      `${refusal}the tokenizer of GPT-1 is not byte-level BPE, so take that of gpt2, or --tokenizer bpe`,
    );
  }
  if (await isAnyThere([`${folder}/vocab.json`, `${folder}/tokenizer.json`])) {
    return new Error(`${refusal}did you mean ${folder}?`);
  }
  return new Error(
    `${refusal}put vocab.json and merges.txt of ${name} from the Hugging Face Hub into ${folder}, and type ` +
      `--tokenizer ${folder}`,
  );
}

/** A tokenizer in a few words, such as `byte-level BPE, 8192 tokens`. */
export function describeTokenizer(tokenizer: BaseTokenizer): string {
  return `${tokenizer.algorithm}, ${tokenizer.vocabSize} tokens`;
}
