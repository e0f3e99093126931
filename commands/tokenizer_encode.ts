/**
 * `tokenizer encode` and `tokenizer decode`: text to ids and back, to look at.
 *
 * @module
 */
import { BpeTokenizer } from "../tokenizers/bpe_tokenizer.ts";
import type { Tokenizer } from "../tokenizers/tokenizer.ts";
import { type Command, defineCommand } from "./command.ts";
import { replaceInvalidFlag } from "./common_flags.ts";
import { UsageError } from "./errors.ts";
import { readTexts } from "./files.ts";
import type { Flags } from "./flags.ts";
import { outputColumns, print } from "./terminal.ts";
import { readTokenizer } from "./tokenizer_folder.ts";
import { visible } from "./visible.ts";
import { cutText, padText, textWidth, wrapText } from "./wrap.ts";

/** The flag that names the tokenizer. */
export const tokenizerFlag = {
  tokenizer: {
    kind: "text",
    description: "the tokenizer, or a run or checkpoint with one",
    placeholder: "FOLDER",
    required: true,
  },
} as const satisfies Flags;

/** The command that encodes. */
export const encodeText: Command = defineCommand({
  name: "tokenizer encode",
  summary: "Show the ids of a text, their tokens, and the piece of text each stands for",
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
      description: "texts to read instead: files, folders, globs",
      placeholder: "FILE...",
    },
    addSpecialTokens: {
      kind: "boolean",
      description: "add what the model expects around a text",
      default: false,
    },
    specialTokens: {
      kind: "choice",
      description: "find special tokens such as <mask> in the text, or read them as text",
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
      ? (await readTexts(data!, { replaceInvalid })).map((source) => source.text)
      : [text];
    for (const text of texts) {
      const ids = [...tokenizer.encode(text, options)];
      print(idsOnly ? ids.join(" ") : describeIds(tokenizer, ids));
    }
  },
});

/** The command that decodes. */
export const decodeIds: Command = defineCommand({
  name: "tokenizer decode",
  summary: "Show the text that ids stand for",
  usage: '--tokenizer FOLDER --ids "IDS" [flags]',
  examples: ['tokenizer decode --tokenizer tokenizers/mine --ids "12 7 44"'],
  flags: {
    ...tokenizerFlag,
    ids: {
      kind: "text",
      description: "the ids, with spaces or commas between",
      placeholder: '"IDS"',
      required: true,
    },
    skipSpecialTokens: { kind: "boolean", description: "leave special tokens out", default: false },
  },
  async run({ tokenizer: path, ids, ...options }) {
    const words = ids.split(/[\s,]+/).filter((word) => word !== "");
    const wrong = words.find((word) => !/^\d+$/.test(word));
    if (wrong !== undefined) throw new UsageError(`--ids holds "${wrong}", expected whole numbers`);
    const tokenizer = await readTokenizer(path);
    print(tokenizer.decode(words.map(Number), options));
  },
});

/**
 * One line an id, in columns: id, token as the vocabulary writes it, piece of text. On a terminal long tokens are cut, so
 * that the columns stay.
 *
 * @param tokenizer the tokenizer
 * @param ids the ids
 * @param columns the width; that of the terminal unless given
 * @returns lines of text, the last of them with all ids
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { CharTokenizer } from "../tokenizers/char_tokenizer.ts";
 * import { describeIds } from "./tokenizer_encode.ts";
 *
 * assertEquals(describeIds(CharTokenizer.fromText("ab"), [1, 0]), '1  b  "b"\n0  a  "a"\n2 ids: 1 0');
 * ```
 */
export function describeIds(
  tokenizer: Tokenizer,
  ids: readonly number[],
  columns: number = outputColumns(),
): string {
  const rows = ids.map((id) =>
    [id, tokenizer.tokenOf(id), pieceOf(tokenizer, id)].map((text) => visible(`${text}`))
  );
  const widest = (column: number) => rows.reduce((most, row) => Math.max(most, textWidth(row[column])), 0);
  const first = widest(0), second = Math.min(widest(1), Math.floor((columns - first - 4) / 2));
  const lines = rows.map(([id, token, piece]) =>
    cutText(`${id.padStart(first)}  ${padText(cutText(token, second), second)}  ${piece}`, columns)
  );
  return [...lines, wrapText(`${ids.length} ids: ${ids.join(" ")}`, columns)].join("\n");
}

/**
 * The piece of text an id stands for, in quotes and with escapes.
 *
 * @param tokenizer the tokenizer
 * @param id the id
 * @returns such as `" world"`; where the bytes are no whole characters, such as `bytes f0 9f`
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { CharTokenizer } from "../tokenizers/char_tokenizer.ts";
 * import { pieceOf } from "./tokenizer_encode.ts";
 *
 * assertEquals(pieceOf(CharTokenizer.fromText("a\n"), 0), '"\\n"');
 * ```
 */
export function pieceOf(tokenizer: Tokenizer, id: number): string {
  const text = tokenizer.decode([id]);
  if (!text.includes("\ufffd") || !(tokenizer instanceof BpeTokenizer)) return JSON.stringify(text);
  return `bytes ${Array.from(tokenizer.bytesOf(id), (byte) => byte.toString(16).padStart(2, "0")).join(" ")}`;
}
