/**
 * The printable characters that stand for bytes.
 *
 * A byte-level vocabulary is built from the 256 bytes, so that every text can be encoded. Vocabulary files hold text,
 * though, and many bytes are control characters, blanks or no text at all. GPT-2 therefore writes each byte as one
 * printable character: 188 bytes stand for the Latin-1 character of the same number, the other 68 in their order for
 * U+0100, U+0101 and so on. Space (32) is the 33rd of those, Ġ (U+0120); line feed is Ċ.
 *
 * Reference: `bytes_to_unicode` in https://github.com/openai/gpt-2/blob/master/src/encoder.py
 *
 * @module
 */

/** The printable character of each byte. */
export const BYTE_SYMBOLS: readonly string[] = makeSymbols();

function makeSymbols(): string[] {
  const symbols: string[] = [];
  let invisible = 0;
  for (let byte = 0; byte < 256; byte++) {
    const visible = (byte >= 33 && byte <= 126) || (byte >= 161 && byte <= 172) || byte >= 174;
    symbols.push(String.fromCodePoint(visible ? byte : 256 + invisible++));
  }
  return symbols;
}

/** The byte + 1 of each printable character, by its code; 0 where a character stands for no byte. */
const BYTE_OF_CODE = new Uint16Array(0x144);
BYTE_SYMBOLS.forEach((symbol, byte) => BYTE_OF_CODE[symbol.charCodeAt(0)] = byte + 1);

/**
 * Turns a token of a byte-level vocabulary into the bytes it stands for.
 *
 * @param token The token, such as `Ġthe`.
 * @returns Its bytes, or undefined if some character stands for no byte.
 *
 * @example
 * ```ts
 * import { bytesOfToken } from "./byte_symbols.ts";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(bytesOfToken("Ġhi"), Uint8Array.of(0x20, 0x68, 0x69));
 * ```
 */
export function bytesOfToken(token: string): Uint8Array | undefined {
  const bytes = new Uint8Array(token.length);
  for (let i = 0; i < token.length; i++) {
    const byte = BYTE_OF_CODE[token.charCodeAt(i)];
    if (!byte) return undefined;
    bytes[i] = byte - 1;
  }
  return bytes;
}

/**
 * Writes a stretch of text as UTF-8. Lone surrogates, which are no characters, are written as U+FFFD.
 *
 * @param text The text.
 * @param start Index of the first UTF-16 unit.
 * @param end Index after the last one.
 * @param bytes Where to write; room for three bytes a unit is enough.
 * @returns The number of bytes written.
 *
 * @example
 * ```ts
 * import { writeUtf8 } from "./byte_symbols.ts";
 * import { assertEquals } from "@std/assert";
 *
 * const bytes = new Uint8Array(6);
 * assertEquals(writeUtf8("né!", 1, 3, bytes), 3);
 * assertEquals(bytes.subarray(0, 3), Uint8Array.of(0xc3, 0xa9, 0x21));
 * ```
 */
export function writeUtf8(text: string, start: number, end: number, bytes: Uint8Array): number {
  let length = 0;
  for (let i = start; i < end; i++) {
    const unit = text.charCodeAt(i);
    if (unit < 0x80) {
      bytes[length++] = unit;
    } else if (unit < 0x800) {
      bytes[length++] = 0xc0 | unit >> 6;
      bytes[length++] = 0x80 | unit & 0x3f;
    } else {
      let codePoint = unit;
      if (unit >= 0xd800 && unit <= 0xdfff) {
        const next = unit <= 0xdbff && i + 1 < end ? text.charCodeAt(i + 1) : 0;
        codePoint = next >= 0xdc00 && next <= 0xdfff
          ? 0x10000 + (unit - 0xd800 << 10) + (next - 0xdc00)
          : 0xfffd;
      }
      if (codePoint > 0xffff) {
        bytes[length++] = 0xf0 | codePoint >> 18;
        bytes[length++] = 0x80 | codePoint >> 12 & 0x3f;
        i++;
      } else {
        bytes[length++] = 0xe0 | codePoint >> 12;
      }
      bytes[length++] = 0x80 | codePoint >> 6 & 0x3f;
      bytes[length++] = 0x80 | codePoint & 0x3f;
    }
  }
  return length;
}
