/**
 * `tokenizer`: train byte-level BPE tokenizers, and use or inspect any tokenizer.
 *
 * @module
 */
import { chooseCommand, type Command } from "./cli/command.ts";

/** The group of commands. */
export const tokenizer: Command = chooseCommand("tokenizer", "Train, use and inspect tokenizers", {
  train: async () => (await import("./tokenizer/tokenizer_train.ts")).trainTokenizer,
  encode: async () => (await import("./tokenizer/tokenizer_encode.ts")).encodeText,
  decode: async () => (await import("./tokenizer/tokenizer_encode.ts")).decodeIds,
  inspect: async () => (await import("./tokenizer/tokenizer_inspect.ts")).inspectTokenizer,
});
