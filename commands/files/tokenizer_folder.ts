/**
 * Tokenizers on disk: in a folder of their own, or in that of a checkpoint or run.
 *
 * @module
 */
import { BpeTokenizer } from "../../tokenizers/bpe_tokenizer.ts";
import type { CharTokenizer } from "../../tokenizers/char_tokenizer.ts";
import { loadTokenizer } from "../../tokenizers/hugging_face.ts";
import { cannotRead } from "../cli/errors.ts";
import { readFolder } from "./folders.ts";
import { TOKENIZER_INPUT_NAMES } from "./own_names.ts";

/**
 * Reads the tokenizer of a folder.
 *
 * @param path the folder, the tokenizer.json in it, or the folder of a run
 * @returns the tokenizer
 * @throws {Error} when there is none, it is broken, or asks for something that is not done here
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { CharTokenizer } from "../../tokenizers/char_tokenizer.ts";
 * import { saveFolder } from "./folders.ts";
 * import { readTokenizer } from "./tokenizer_folder.ts";
 *
 * const parent = await Deno.makeTempDir();
 * await saveFolder(`${parent}/tokenizer`, CharTokenizer.fromText("abc").toHuggingFace());
 * assertEquals((await readTokenizer(`${parent}/tokenizer`)).vocabSize, 3);
 * await Deno.remove(parent, { recursive: true });
 * ```
 */
export async function readTokenizer(path: string): Promise<BpeTokenizer | CharTokenizer> {
  const isFile = await Deno.stat(path).then((info) => info.isFile, () => false);
  const files = isFile ? { "tokenizer.json": await readJson(path) } : await readTokenizerFiles(path);
  try {
    return loadTokenizer(files);
  } catch (error) {
    throw new Error(`${path}: ${(error as Error).message}`, { cause: error });
  }
}

async function readJson(path: string): Promise<string> {
  return await Deno.readTextFile(path).catch(async (error) => {
    throw await cannotRead(path, error);
  });
}

/** The files of a folder or, where that is the folder of a run, of a checkpoint in it: all have the same tokenizer. */
async function readTokenizerFiles(path: string): Promise<Record<string, string>> {
  const decoder = new TextDecoder(), options = { names: TOKENIZER_INPUT_NAMES };
  for (const place of [path, `${path}/best`, `${path}/last`]) {
    const files = await readFolder(place, options).catch(async (error) => {
      if (place !== path) return {};
      throw error.cause instanceof Deno.errors.NotFound
        ? await cannotRead(path, error.cause, "tokenizer")
        : error;
    });
    const texts = Object.entries(files).map(([name, bytes]) => [name, decoder.decode(bytes)] as const);
    if (texts.length > 0) return Object.fromEntries(texts);
  }
  return {};
}

/**
 * What a tokenizer is, in a few words.
 *
 * @param tokenizer the tokenizer
 * @returns such as `byte-level BPE, 8192 tokens`
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { CharTokenizer } from "../../tokenizers/char_tokenizer.ts";
 * import { describeTokenizer } from "./tokenizer_folder.ts";
 *
 * assertEquals(describeTokenizer(CharTokenizer.fromText("abc")), "characters, 3 tokens");
 * ```
 */
export function describeTokenizer(tokenizer: BpeTokenizer | CharTokenizer): string {
  return `${
    tokenizer instanceof BpeTokenizer ? "byte-level BPE" : "characters"
  }, ${tokenizer.vocabSize} tokens`;
}
