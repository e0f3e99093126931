/**
 * Tokenizers on disk: a folder of their own, or the folder of a checkpoint.
 *
 * @module
 */
import { BpeTokenizer } from "../tokenizers/bpe_tokenizer.ts";
import type { CharTokenizer } from "../tokenizers/char_tokenizer.ts";
import { loadTokenizer } from "../tokenizers/hugging_face.ts";
import { cannotRead } from "./errors.ts";
import { readFolder } from "./folders.ts";

/** The files that say how text becomes ids. */
export const tokenizerFileNames: readonly string[] = [
  "tokenizer.json",
  "vocab.json",
  "merges.txt",
  "added_tokens.json",
  "special_tokens_map.json",
  "tokenizer_config.json",
];

/**
 * Reads the tokenizer of a folder.
 *
 * @param path the folder, or the tokenizer.json in it
 * @returns the tokenizer
 * @throws {Error} when there is none, it is broken, or asks for something that is not done here
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { CharTokenizer } from "../tokenizers/char_tokenizer.ts";
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
  const files: Record<string, string> = {};
  if (isFile) {
    files["tokenizer.json"] = await Deno.readTextFile(path).catch(async (error) => {
      throw await cannotRead(path, error);
    });
  } else {
    const decoder = new TextDecoder();
    for (const [name, bytes] of Object.entries(await readFolder(path, { names: tokenizerFileNames }))) {
      files[name] = decoder.decode(bytes);
    }
  }
  try {
    return loadTokenizer(files);
  } catch (error) {
    throw new Error(`${path}: ${(error as Error).message}`, { cause: error });
  }
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
 * import { CharTokenizer } from "../tokenizers/char_tokenizer.ts";
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
