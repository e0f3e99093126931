/**
 * `tokenizer encode` and `tokenizer decode`: text to ids and back.
 *
 * @module
 */
import { withPathInErrors } from "../files/checkpoint_folder.ts";
import { type Command, defineCommand } from "../cli/command.ts";
import { replaceInvalidFlag } from "../cli/common_flags.ts";
import { UsageError } from "../cli/errors.ts";
import { readTexts } from "../texts/files.ts";
import type { Flags } from "../cli/flags.ts";
import { print, writeOut } from "../cli/terminal.ts";
import { readTokenizer } from "../files/tokenizer_folder.ts";
import { type Encode, writeIds, writeTokens } from "../texts/token_table.ts";

/** The flag that names the tokenizer. */
export const tokenizerFlag = {
  tokenizer: {
    kind: "text",
    description: "a tokenizer, or a run or checkpoint with one",
    placeholder: "FOLDER",
    required: true,
  },
} as const satisfies Flags;

/** The command that encodes. */
export const encodeText: Command = defineCommand({
  name: "tokenizer encode",
  summary: "Show the ids of a text, and the token and piece of text of each",
  usage: '--tokenizer FOLDER --text "TEXT" [flags]',
  examples: [
    'tokenizer encode --tokenizer tokenizers/mine --text "Hello world!"',
    "tokenizer encode --tokenizer runs/mine/last --data story.txt --ids-only",
  ],
  flags: {
    ...tokenizerFlag,
    text: { kind: "text", description: "the text" },
    data: {
      kind: "list",
      description: "texts to encode instead: files, folders, globs",
      placeholder: "FILE...",
    },
    addSpecialTokens: {
      kind: "boolean",
      description: "add the special tokens that the model expects around a text",
      default: false,
    },
    specialTokens: {
      kind: "choice",
      description: "find: encode special tokens such as <mask> as one id each; text: as ordinary text",
      choices: ["find", "text"],
      default: "find",
    },
    idsOnly: { kind: "boolean", description: "print the ids and nothing else", default: false },
    ...replaceInvalidFlag,
  },
  async run({ tokenizer: path, text, data, idsOnly, replaceInvalid, ...options }) {
    if ((text === undefined) === (data === undefined)) throw new UsageError("Give either --text or --data");
    const tokenizer = await readTokenizer(path);
    const texts = text === undefined
      ? await readTexts(data!, { replaceInvalid })
      : [{ path: "--text", text }];
    for (const { path, text } of texts) {
      const encode: Encode = (take) =>
        withPathInErrors(path, () => tokenizer.encodePieces(text, take, options));
      if (idsOnly) writeIds(encode, { columns: Infinity, write: writeOut });
      else writeTokens(tokenizer, encode);
    }
  },
});

/** The command that decodes. */
export const decodeIds: Command = defineCommand({
  name: "tokenizer decode",
  summary: "Show the text of ids",
  usage: '--tokenizer FOLDER --ids "IDS" [flags]',
  examples: ['tokenizer decode --tokenizer tokenizers/mine --ids "12 7 44"'],
  flags: {
    ...tokenizerFlag,
    ids: {
      kind: "text",
      description: "the ids, separated by spaces or commas",
      placeholder: '"IDS"',
      required: true,
    },
    skipSpecialTokens: { kind: "boolean", description: "omit special tokens", default: false },
  },
  async run({ tokenizer: path, ids, ...options }) {
    const words = ids.split(/[\s,]+/).filter((word) => word !== "");
    const wrong = words.find((word) => !/^\d+$/.test(word));
    if (wrong !== undefined) throw new UsageError(`--ids holds "${wrong}", expected whole numbers`);
    const tokenizer = await readTokenizer(path);
    print(tokenizer.decode(words.map(Number), options));
  },
});
