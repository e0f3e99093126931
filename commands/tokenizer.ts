/**
 * `tokenizer`: train byte-level BPE tokenizers, and look at any.
 *
 * @module
 */
import { chooseCommand, type Command } from "./cli/command.ts";

/** The command, which is four by the next word: train, encode, decode, inspect. */
export const tokenizer: Command = chooseCommand("tokenizer", "Train and look at tokenizers", {
  train: async () => (await import("./tokenizer_train.ts")).trainTokenizer,
  encode: async () => (await import("./tokenizer_encode.ts")).encodeText,
  decode: async () => (await import("./tokenizer_encode.ts")).decodeIds,
  inspect: async () => (await import("./tokenizer_inspect.ts")).inspectTokenizer,
});
