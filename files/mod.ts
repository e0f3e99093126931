/**
 * Models in folders, in Deno, Node and Bun: save a model with its tokenizer, load it again, and generate text with it.
 *
 * A folder is a Hugging Face folder. It is saved whole or not at all, with the guarantees of the command line.
 *
 * @example Load a model and continue a text
 * ```ts
 * import { generateText, loadFolder } from "@miniformer/miniformer/files";
 * import { assert } from "@std/assert";
 *
 * const loaded = await loadFolder("pretrained/tales");
 * let text = "One sunny day";
 * for await (const piece of generateText(loaded, { prompt: text, maxNewTokens: 20, seed: 1 })) text += piece;
 * assert(text.length > 20);
 * loaded.backend.close();
 * ```
 *
 * @module
 */

export {
  type LoadedFolder,
  loadFolder,
  type LoadFolderOptions,
  type SavableModel,
  saveModel,
} from "./model_folder.ts";
export { SaveError } from "./folders.ts";
export { generateText, type GenerateTextOptions, type TextModel } from "../inference/generate_text.ts";
