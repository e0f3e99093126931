/**
 * `tokenizer inspect`: the vocabulary of a tokenizer, and how well it fits a text.
 *
 * @module
 */
import { type Command, defineCommand } from "../cli/command.ts";
import { MAX, replaceInvalidFlag } from "../cli/common_flags.ts";
import { readTexts } from "../texts/files.ts";
import { print } from "../cli/terminal.ts";
import { readTokenizer } from "../files/tokenizer_folder.ts";
import { tokenizerFlag } from "./tokenizer_encode.ts";
import { describeFit, describeVocabulary } from "../texts/tokenizer_fit.ts";

/** The command. */
export const inspectTokenizer: Command = defineCommand({
  name: "tokenizer inspect",
  summary: "Show the vocabulary of a tokenizer, and how well it fits a text",
  usage: "--tokenizer FOLDER [--data FILE...]",
  examples: ["tokenizer inspect --tokenizer tokenizers/mine --data held-out.txt"],
  flags: {
    ...tokenizerFlag,
    data: { kind: "list", description: "texts to encode: files, folders, globs", placeholder: "FILE..." },
    show: { kind: "integer", description: "tokens to list", default: 20, atLeast: 0, atMost: MAX.vocabSize },
    ...replaceInvalidFlag,
  },
  async run({ tokenizer: path, data, show, replaceInvalid }) {
    const tokenizer = await readTokenizer(path);
    const texts = data && await readTexts(data, { replaceInvalid });
    print(describeVocabulary(tokenizer, show));
    if (texts) print("\n" + describeFit(tokenizer, texts.map((source) => source.text), show));
  },
});
