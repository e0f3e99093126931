/**
 * Bytes of any length as text, piece by piece, with the first byte that is not UTF-8.
 *
 * @module
 */

/** How bytes become text. */
export interface Utf8Options {
  /** Whether bytes that are not UTF-8 become U+FFFD instead of an error. */
  readonly replaceInvalid?: boolean;
}

/** Bytes are not UTF-8. */
export class InvalidUtf8Error extends RangeError {
  /** The first byte that is not UTF-8; undefined if the text is UTF-16, by its byte order mark. */
  readonly byte: number | undefined;

  /**
   * Makes the error.
   *
   * @param message What is wrong, as the end of a sentence.
   * @param byte The first byte that is not UTF-8.
   */
  constructor(message: string, byte?: number) {
    super(message);
    this.name = "InvalidUtf8Error";
    this.byte = byte;
  }
}

/**
 * Decodes a stream of UTF-8.
 *
 * @param pieces The bytes, split anywhere. A piece is not used after the next one is asked for.
 * @param options What to do with bytes that are not UTF-8.
 * @returns Pieces of text that never split a character, without a byte order mark.
 * @throws {InvalidUtf8Error} If bytes are not UTF-8; the message gives the first one, its offset and its line.
 *
 * @example
 * ```ts
 * import { decodeUtf8 } from "./utf8_text.ts";
 * import { assertEquals, assertRejects } from "@std/assert";
 *
 * const bytes = new TextEncoder().encode("naïve");
 * const pieces = await Array.fromAsync(decodeUtf8([bytes.subarray(0, 3), bytes.subarray(3)]));
 * assertEquals(pieces, ["na", "ïve"]);
 *
 * const latin1 = decodeUtf8([Uint8Array.of(0x6e, 0x61, 0x0a, 0xef, 0x76, 0x65)]);
 * await assertRejects(() => Array.fromAsync(latin1), RangeError, "byte 0xef at offset 3, line 2, is not UTF-8");
 * ```
 */
export async function* decodeUtf8(
  pieces: Iterable<Uint8Array> | AsyncIterable<Uint8Array>,
  { replaceInvalid = false }: Utf8Options = {},
): AsyncGenerator<string> {
  const decoder = new TextDecoder("utf-8", { fatal: !replaceInvalid, ignoreBOM: true });
  let unfinished: Uint8Array = new Uint8Array(0), offset = 0, line = 1;
  const decode = (bytes: Uint8Array): string => {
    let text: string;
    try {
      text = decoder.decode(bytes);
    } catch {
      throw invalid(bytes, offset, line);
    }
    if (offset === 0) text = text.replace(/^\ufeff/, "");
    offset += bytes.length;
    line += newlines(bytes);
    return text;
  };
  for await (const piece of pieces) {
    const bytes = new Uint8Array(unfinished.length + piece.length);
    bytes.set(unfinished);
    bytes.set(piece, unfinished.length);
    const end = boundary(bytes), text = decode(bytes.subarray(0, end));
    unfinished = bytes.subarray(end);
    if (text !== "") yield text;
  }
  const text = decode(unfinished);
  if (text !== "") yield text;
}

/** Where the last character of some bytes begins, if it is not ASCII: it may go on after them. */
function boundary(bytes: Uint8Array): number {
  for (let index = bytes.length - 1; index >= Math.max(0, bytes.length - 3); index--) {
    if (bytes[index] >= 0xc0 && bytes[index] < 0xf8) return index;
  }
  return bytes.length;
}

/** The error for bytes that are not UTF-8, which begin at an offset and a line. */
function invalid(bytes: Uint8Array, offset: number, line: number): InvalidUtf8Error {
  const isUtf16 = offset === 0 &&
    (bytes[0] === 0xfe && bytes[1] === 0xff || bytes[0] === 0xff && bytes[1] === 0xfe);
  if (isUtf16) return new InvalidUtf8Error("it is UTF-16; convert it to UTF-8");
  const index = firstInvalid(bytes), byte = bytes[index];
  const where = `at offset ${offset + index}, line ${line + newlines(bytes.subarray(0, index))}`;
  return new InvalidUtf8Error(
    `byte 0x${byte.toString(16)} ${where}, is not UTF-8; convert it to UTF-8`,
    byte,
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
