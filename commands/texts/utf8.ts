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

/**
 * Reads a text file of any size piece by piece.
 *
 * @param path the file
 * @param options how text is read
 * @returns pieces of about a million characters that never split one, without a byte order mark
 * @throws {Error} when the file is missing, unreadable, a folder, device or pipe, or not UTF-8
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { textChunks } from "./utf8.ts";
 *
 * const chunks = await Array.fromAsync(textChunks("LICENSE"));
 * assertEquals(chunks.join(""), await Deno.readTextFile("LICENSE"));
 * ```
 */
export async function* textChunks(
  path: string,
  { replaceInvalid = false }: ReadOptions = {},
): AsyncGenerator<string> {
  using file = await openFile(path);
  const decoder = new TextDecoder("utf-8", { fatal: !replaceInvalid });
  // The decoder keeps the beginning of a character until the next piece, so the last bytes of the piece before stand in
  // front of each piece: if it is refused, the character that is wrong is in the buffer from its first byte.
  const buffer = new Uint8Array(3 + PIECE_SIZE);
  let offset = -3; // of the buffer in the file
  let line = 1; // at the beginning of the piece
  for (let count: number | null = 0; count !== null; offset += count ?? 0) {
    count = await file.read(buffer.subarray(3)).catch(async (error) => {
      throw await cannotRead(path, error);
    });
    const piece = buffer.subarray(3, 3 + (count ?? 0));
    let text: string;
    try {
      text = decoder.decode(piece, { stream: count !== null });
    } catch {
      throw notUtf8(path, buffer.subarray(0, 3 + piece.length), offset, line);
    }
    if (text !== "") yield text;
    line += newlines(piece);
    buffer.copyWithin(0, piece.length, piece.length + 3);
  }
}

/** The error for a piece that is not UTF-8. The first three bytes are those before it; `line` is that of the fourth. */
function notUtf8(path: string, bytes: Uint8Array, offset: number, line: number): Error {
  const advice = "convert it to UTF-8";
  if (offset === -3 && ["feff", "fffe"].includes(bytes.subarray(3, 5).toHex())) {
    return new Error(`Cannot read ${path}: it is UTF-16; ${advice}`);
  }
  // The first of these may be in the middle of a character; before the file there are zeros, which are characters.
  const begin = bytes.subarray(0, 3).findIndex((byte) => byte < 0x80 || byte >= 0xc0);
  const start = begin < 0 ? 3 : begin;
  const index = start + firstInvalid(bytes.subarray(start));
  const breaks = newlines(bytes.subarray(0, index)) - newlines(bytes.subarray(0, 3));
  return new Error(
    `Cannot read ${path}: byte 0x${bytes[index].toString(16)} at offset ${offset + index}, line ${
      line + breaks
    }, ` +
      `is not UTF-8; ${advice}, or give --replace-invalid to read such bytes as U+FFFD`,
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
