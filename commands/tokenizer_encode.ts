/**
 * `tokenizer encode` and `tokenizer decode`: text to ids and back, to look at.
 *
 * @module
 */
import { BpeTokenizer } from "../tokenizers/bpe_tokenizer.ts";
import type { Tokenizer } from "../tokenizers/tokenizer.ts";
import { naming } from "./checkpoint_folder.ts";
import { type Command, defineCommand } from "./command.ts";
import { replaceInvalidFlag } from "./common_flags.ts";
import { UsageError } from "./errors.ts";
import { readTexts } from "./files.ts";
import type { Flags } from "./flags.ts";
import { writeOut } from "./terminal.ts";
import { readTokenizer } from "./tokenizer_folder.ts";

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
      ? await readTexts(data!, { replaceInvalid })
      : [{ path: "--text", text }];
    for (const { path, text } of texts) {
      const encode: Encode = (take) => naming(path, () => tokenizer.encodePieces(text, take, options));
      if (idsOnly) writeIds(encode);
      else describeIds(tokenizer, encode);
    }
  },
});

/** Encodes a text, and hands its ids over piece by piece. */
type Encode = (take: (ids: Uint32Array) => void) => void;

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
    console.log(tokenizer.decode(words.map(Number), options));
  },
});

/** Writes ids on one line. */
function writeIds(encode: Encode): void {
  let separator = "";
  encode((ids) => {
    writeOut(separator + ids.join(" "));
    separator = " ";
  });
  writeOut("\n");
}

/**
 * Writes one line an id, in columns: id, token as the vocabulary writes it, piece of text. A text of hundreds of
 * megabytes has as many ids, so it is encoded once for the widths of the columns, once for the lines and once for the
 * list at the end: nothing is kept but the row of each id that occurs.
 */
function describeIds(tokenizer: Tokenizer, encode: Encode): void {
  const rows = new Map<number, string[]>(), widths = [0, 0];
  let count = 0;
  encode((ids) => {
    count += ids.length;
    for (const id of ids) {
      if (rows.has(id)) continue;
      const row = [String(id), tokenizer.tokenOf(id), pieceOf(tokenizer, id)];
      rows.set(id, row);
      for (const column of [0, 1]) widths[column] = Math.max(widths[column], row[column].length);
    }
  });
  const lines = new Map(
    Array.from(rows, ([id, [digits, token, piece]]) => [
      id,
      `${digits.padStart(widths[0])}  ${token.padEnd(widths[1])}  ${piece}\n`,
    ]),
  );
  encode((ids) => writeOut(Array.from(ids, (id) => lines.get(id)!).join("")));
  writeOut(`${count} ids: `);
  writeIds(encode);
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
