/**
 * `tokenizer encode` and `tokenizer decode`: text to ids and back, to look at.
 *
 * @module
 */
import { BpeTokenizer } from "../tokenizers/bpe_tokenizer.ts";
import type { Tokenizer } from "../tokenizers/tokenizer.ts";
import { naming } from "./files/checkpoint_folder.ts";
import { type Command, defineCommand } from "./cli/command.ts";
import { replaceInvalidFlag } from "./cli/common_flags.ts";
import { UsageError } from "./cli/errors.ts";
import { readTexts } from "./texts/files.ts";
import type { Flags } from "./cli/flags.ts";
import { outputColumns, print, writeOut } from "./cli/terminal.ts";
import { readTokenizer } from "./files/tokenizer_folder.ts";
import { visible } from "./cli/visible.ts";
import { cutText, padText, textWidth } from "./cli/wrap.ts";

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
      if (idsOnly) writeIds(encode, { columns: Infinity, write: writeOut });
      else describeIds(tokenizer, encode);
    }
  },
});

/** Encodes a text and passes its ids on piece by piece. */
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
    print(tokenizer.decode(words.map(Number), options));
  },
});

/** Writes ids on one line, or wrapped to a terminal. `taken` columns of the first line are in use. */
function writeIds(encode: Encode, { columns, write }: Screen, taken: number = 0): void {
  let column = taken, separator = "";
  encode((ids) => {
    const parts = Array.from(ids, (id) => {
      const text = String(id),
        isBroken = column + separator.length + text.length > columns && separator !== "";
      column = isBroken ? text.length : column + separator.length + text.length;
      const part = (isBroken ? "\n" : separator) + text;
      separator = " ";
      return part;
    });
    write(parts.join(""));
  });
  write("\n");
}

/** Where ids are shown. */
interface Screen {
  /** Its width. */
  readonly columns: number;
  /** Writes text on it. */
  write(text: string): void;
}

/**
 * Writes one line per id, in columns: id, token as in the vocabulary, piece of text. On a terminal long tokens are cut to
 * keep the columns aligned. A text of hundreds of megabytes has about as many ids, so they are not kept: the text is
 * encoded once for the widths of the columns, once for the lines and once for the list at the end.
 *
 * @param tokenizer the tokenizer
 * @param encode passes on the ids, piece by piece; called three times
 * @param screen where to write; standard output unless given
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { CharTokenizer } from "../tokenizers/char_tokenizer.ts";
 * import { describeIds } from "./tokenizer_encode.ts";
 *
 * let text = "";
 * const screen = { columns: 80, write: (part: string) => void (text += part) };
 * describeIds(CharTokenizer.fromText("ab"), (take) => take(Uint32Array.of(1, 0)), screen);
 * assertEquals(text, '1  b  "b"\n0  a  "a"\n2 ids: 1 0\n');
 * ```
 */
export function describeIds(
  tokenizer: Tokenizer,
  encode: Encode,
  screen: Screen = { columns: outputColumns(), write: writeOut },
): void {
  const { columns, write } = screen, rows = new Map<number, string[]>(), widths = [0, 0];
  let count = 0;
  encode((ids) => {
    count += ids.length;
    for (const id of ids) {
      if (rows.has(id)) continue;
      const row = [id, tokenizer.tokenOf(id), pieceOf(tokenizer, id)].map((text) => visible(`${text}`));
      rows.set(id, row);
      for (const column of [0, 1]) widths[column] = Math.max(widths[column], textWidth(row[column]));
    }
  });
  const [first, second] = [widths[0], Math.min(widths[1], Math.floor((columns - widths[0] - 4) / 2))];
  const lines = new Map(
    Array.from(rows, ([id, [digits, token, piece]]) => [
      id,
      cutText(`${digits.padStart(first)}  ${padText(cutText(token, second), second)}  ${piece}`, columns) +
      "\n",
    ]),
  );
  encode((ids) => write(Array.from(ids, (id) => lines.get(id)!).join("")));
  const heading = `${count} ids: `;
  write(heading);
  writeIds(encode, screen, heading.length);
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
