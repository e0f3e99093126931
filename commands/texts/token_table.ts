/**
 * The tokens of a text as a table on the screen.
 *
 * @module
 */
import { BpeTokenizer } from "../../tokenizers/bpe/bpe_tokenizer.ts";
import type { Tokenizer } from "../../tokenizers/tokenizer.ts";
import { counted, outputColumns, writeOut } from "../cli/terminal.ts";
import { visible } from "../../core/visible.ts";
import { cutText, padText, textWidth } from "../cli/wrap.ts";

/** Encodes a text and passes its ids on piece by piece. */
export type Encode = (take: (ids: Uint32Array) => void) => void;

/** Where ids are shown, and its width. */
export interface Screen {
  readonly columns: number;
  write(text: string): void;
}

/** Writes ids on one line, wrapped to a terminal, on whose first line some columns may be taken. */
export function writeIds(encode: Encode, { columns, write }: Screen, taken: number = 0): void {
  let column = taken, separator = "";
  encode((ids) => {
    const parts = Array.from(ids, (id) => {
      const text = String(id), isFull = column + separator.length + text.length > columns;
      if (isFull && separator !== "") [column, separator] = [0, "\n"];
      const part = separator + text;
      column += part.length - (separator === "\n" ? 1 : 0);
      separator = " ";
      return part;
    });
    write(parts.join(""));
  });
  write("\n");
}

/**
 * Writes a line for each id, in columns: id, token as in the vocabulary, piece of text. On a terminal long tokens are cut.
 *
 * A text of hundreds of megabytes has about as many ids, so they are not kept: the text is encoded once for the widths of
 * the columns, once for the lines and once for the list at the end.
 */
export function writeTokens(
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
  const lineOf = ([digits, token, piece]: string[]) =>
    cutText(`${digits.padStart(first)}  ${padText(cutText(token, second), second)}  ${piece}`, columns) +
    "\n";
  const lines = new Map(Array.from(rows, ([id, row]) => [id, lineOf(row)]));
  encode((ids) => write(Array.from(ids, (id) => lines.get(id)!).join("")));
  const heading = `${counted(count, "id")}: `;
  write(heading);
  writeIds(encode, screen, heading.length);
}

/** The piece of text of an id, such as `" world"`, or `bytes f0 9f` where the bytes are not whole characters. */
export function pieceOf(tokenizer: Tokenizer, id: number): string {
  const text = tokenizer.decode([id]);
  if (!text.includes("\ufffd") || !(tokenizer instanceof BpeTokenizer)) return JSON.stringify(text);
  return `bytes ${tokenizer.bytesOf(id).toHex().replace(/..(?!$)/g, "$& ")}`;
}
