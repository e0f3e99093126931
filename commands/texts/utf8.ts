/**
 * Text files of any size, read piece by piece. One that is not UTF-8 is refused with the byte, its offset and its line.
 *
 * @module
 */
import { cannotRead } from "../cli/errors.ts";
import { openFile } from "../files/open_file.ts";

/** How text is read. */
export interface ReadOptions {
  /** Whether bytes that are not UTF-8 become U+FFFD instead of an error. */
  readonly replaceInvalid?: boolean;
}

/** Bytes that are read at once. */
const PIECE_SIZE = 2 ** 20;

/** The text of a file in pieces of about a million characters that never split one, without a byte order mark. */
export async function* textChunks(
  path: string,
  { replaceInvalid = false }: ReadOptions = {},
): AsyncGenerator<string> {
  using file = await openFile(path);
  const decoder = new TextDecoder("utf-8", { fatal: !replaceInvalid, ignoreBOM: true });
  const buffer = new Uint8Array(PIECE_SIZE + 3);
  let kept = 0, offset = 0, line = 1; // bytes of a character whose end was not read; where the buffer begins
  for (let count: number | null = 0; count !== null;) {
    count = await file.read(buffer.subarray(kept)).catch(async (error) => {
      throw await cannotRead(path, error);
    });
    const filled = buffer.subarray(0, kept + (count ?? 0));
    const piece = filled.subarray(0, count === null ? filled.length : boundary(filled));
    let text: string;
    try {
      text = decoder.decode(piece);
    } catch {
      throw notUtf8(path, piece, offset, line);
    }
    if (offset === 0) text = text.replace(/^\ufeff/, "");
    if (text !== "") yield text;
    offset += piece.length;
    line += newlines(piece);
    kept = filled.length - piece.length;
    buffer.copyWithin(0, piece.length, filled.length);
  }
}

/** Where the last character of some bytes begins, if it is not ASCII: it may go on after them. */
function boundary(bytes: Uint8Array): number {
  for (let index = bytes.length - 1; index >= Math.max(0, bytes.length - 3); index--) {
    if (bytes[index] >= 0xc0 && bytes[index] < 0xf8) return index;
  }
  return bytes.length;
}

/** The error for a piece that is not UTF-8, which begins at an offset and a line of the file. */
function notUtf8(path: string, piece: Uint8Array, offset: number, line: number): Error {
  const advice = "convert it to UTF-8";
  if (offset === 0 && ["feff", "fffe"].includes(piece.subarray(0, 2).toHex())) {
    return new Error(`Cannot read ${path}: it is UTF-16; ${advice}`);
  }
  const index = firstInvalid(piece), invalid = piece[index].toString(16);
  return new Error(
    `Cannot read ${path}: byte 0x${invalid} at offset ${offset + index}, line ${
      line + newlines(piece.subarray(0, index))
    }, is not UTF-8; ${advice}, or give --replace-invalid to read such bytes as U+FFFD`,
  );
}

/** The index of the first byte that is not UTF-8: the first that changes when it is decoded and encoded. */
function firstInvalid(bytes: Uint8Array): number {
  const again = new TextEncoder().encode(new TextDecoder("utf-8", { ignoreBOM: true }).decode(bytes));
  let index = bytes.findIndex((byte, index) => byte !== again[index]);
  if (index < 0) index = bytes.length;
  // U+FFFD is EF BF BD. Where a character is incomplete after EF or EF BF, these bytes are equal by accident.
  while (bytes[index - 1] === 0xef || bytes[index - 2] === 0xef && bytes[index - 1] === 0xbf) index--;
  return index;
}

function newlines(bytes: Uint8Array): number {
  let count = 0;
  for (let i = bytes.indexOf(10); i >= 0; i = bytes.indexOf(10, i + 1)) count++;
  return count;
}
