/**
 * Text files of any size, read piece by piece, and what is said of one that is not UTF-8: which byte, where it is and what
 * to do.
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
  const decoder = new TextDecoder("utf-8", { fatal: !replaceInvalid, ignoreBOM: true });
  const buffer = new Uint8Array(2 ** 20);
  let begin = 0; // offset in the file of the first byte of the buffer
  let line = 1; // its line
  let carried = 0; // bytes at the front of the buffer that the piece before left over
  for (let atEnd = false; !atEnd;) {
    const count = await file.read(buffer.subarray(carried)).catch(async (error) => {
      throw await cannotRead(path, error);
    });
    atEnd = count === null;
    const bytes = buffer.subarray(0, carried + (count ?? 0));
    const piece = bytes.subarray(0, bytes.length - (atEnd ? 0 : incompleteEnd(bytes)));
    let text: string;
    try {
      text = decoder.decode(piece);
    } catch {
      const index = firstInvalid(piece);
      const where = `byte 0x${piece[index].toString(16)} at offset ${begin + index}, line ${
        line + newlines(piece, index)
      }`;
      const isUtf16 = begin === 0 && index === 0 &&
        [0xfeff, 0xfffe].includes(piece[0] * 256 + (piece[1] ?? 0));
      throw new Error(
        `Cannot read ${path}: ${isUtf16 ? "it is UTF-16" : `${where}, is not UTF-8`}; convert it to UTF-8` +
          (isUtf16 ? "" : ", or give --replace-invalid to read such bytes as U+FFFD"),
      );
    }
    if (begin === 0 && text.startsWith("\ufeff")) text = text.slice(1);
    if (text !== "") yield text;
    begin += piece.length;
    line += newlines(piece, piece.length);
    buffer.copyWithin(0, piece.length, bytes.length);
    carried = bytes.length - piece.length;
  }
}

/** How many bytes at the end begin a character without finishing it. */
function incompleteEnd(bytes: Uint8Array): number {
  for (let back = 1; back <= Math.min(3, bytes.length); back++) {
    const byte = bytes[bytes.length - back];
    if (byte >= 0xc0) return back < (byte >= 0xf0 ? 4 : byte >= 0xe0 ? 3 : 2) ? back : 0;
    if (byte < 0x80) return 0;
  }
  return 0;
}

/** Where bytes stop being UTF-8. Every beginning of valid text is valid too, so the border is found by halving. */
function firstInvalid(bytes: Uint8Array): number {
  const begins = (length: number) =>
    new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes.subarray(0, length), {
      stream: true,
    });
  let valid = 0;
  let invalid = bytes.length;
  while (invalid - valid > 1) {
    const middle = (valid + invalid) >> 1;
    try {
      begins(middle);
      valid = middle;
    } catch {
      invalid = middle;
    }
  }
  // The decoder holds back a character it has seen only the beginning of: that beginning is what is wrong.
  return new TextEncoder().encode(begins(valid)).length;
}

function newlines(bytes: Uint8Array, end: number): number {
  let count = 0;
  for (let i = 0; i < end; i++) if (bytes[i] === 10) count++;
  return count;
}
