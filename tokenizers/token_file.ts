/**
 * A file of ids: a corpus that is encoded once.
 *
 * Encoding a large corpus takes time, and a run that is resumed needs the same ids again. A token file holds them with the
 * fingerprints of text and tokenizer, so that ids are never used with the weights of another tokenizer. A checksum shows
 * whether the file was truncated or altered.
 *
 * Layout, little-endian: 8 bytes `MFTOKENS`; fingerprints of tokenizer, text and ids, 8 bytes each; the number of ids,
 * 6 bytes; the number of bytes an id takes, 2 bytes (2 if all ids are below 65,536, else 4); the ids.
 *
 * @module
 */

import { fingerprintOf } from "./fingerprint.ts";
import type { Tokenizer } from "./tokenizer.ts";

/** Ids, and what they were made from. */
export interface TokenFile {
  /** The ids. */
  readonly ids: Uint32Array;
  /** The fingerprint of the tokenizer. */
  readonly tokenizer: string;
  /** The fingerprint of the text: see {@linkcode fingerprintOfDocuments}. */
  readonly text: string;
}

const MAGIC = "MFTOKENS";
const HEADER_LENGTH = 40;

/**
 * Writes a token file.
 *
 * @param file The ids, and what they were made from.
 * @returns The bytes of the file.
 *
 * @example
 * ```ts
 * import { fingerprintOfDocuments, readTokenFile, writeTokenFile } from "./token_file.ts";
 * import { CharTokenizer } from "@miniformer/miniformer";
 * import { assertEquals } from "@std/assert";
 *
 * const text = "hello";
 * const tokenizer = CharTokenizer.fromText(text);
 * const bytes = writeTokenFile({
 *   ids: tokenizer.encode(text),
 *   tokenizer: tokenizer.fingerprint,
 *   text: fingerprintOfDocuments([text]),
 * });
 * assertEquals(readTokenFile(bytes).ids, Uint32Array.of(1, 0, 2, 2, 3));
 * ```
 */
export function writeTokenFile({ ids, tokenizer, text }: TokenFile): Uint8Array<ArrayBuffer> {
  const idLength = ids.every((id) => id < 0x10000) ? 2 : 4;
  const bytes = new Uint8Array(HEADER_LENGTH + ids.length * idLength);
  const view = new DataView(bytes.buffer);
  for (let i = 0; i < ids.length; i++) {
    if (idLength === 2) view.setUint16(HEADER_LENGTH + 2 * i, ids[i], true);
    else view.setUint32(HEADER_LENGTH + 4 * i, ids[i], true);
  }
  bytes.set(new TextEncoder().encode(MAGIC));
  const fingerprints = [tokenizer, text, fingerprintOf(bytes.subarray(HEADER_LENGTH))];
  fingerprints.forEach((fingerprint, i) => view.setBigUint64(8 + 8 * i, BigInt("0x" + fingerprint), true));
  view.setUint32(32, ids.length, true);
  view.setUint16(36, Math.floor(ids.length / 2 ** 32), true);
  view.setUint16(38, idLength, true);
  return bytes;
}

/**
 * Reads a token file. The caller compares the fingerprints of text and tokenizer.
 *
 * @param bytes The bytes of the file.
 * @returns The ids, and what they were made from.
 * @throws {RangeError} If the file is damaged, or not a token file.
 *
 * @example
 * ```ts
 * import { readTokenFile, writeTokenFile } from "./token_file.ts";
 * import { assertEquals } from "@std/assert";
 *
 * const file = { ids: Uint32Array.of(7, 70_000), tokenizer: "0123456789abcdef", text: "fedcba9876543210" };
 * assertEquals(readTokenFile(writeTokenFile(file)), file);
 * ```
 */
export function readTokenFile(bytes: Uint8Array): TokenFile {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (bytes.length < HEADER_LENGTH || new TextDecoder().decode(bytes.subarray(0, 8)) !== MAGIC) {
    throw new RangeError("Cannot read ids: this is not a token file");
  }
  const length = view.getUint32(32, true) + view.getUint16(36, true) * 2 ** 32;
  const idLength = view.getUint16(38, true);
  const expected = HEADER_LENGTH + length * idLength;
  if (idLength !== 2 && idLength !== 4 || bytes.length !== expected) {
    throw new RangeError(`Cannot read ids: the token file has ${bytes.length} bytes, expected ${expected}`);
  }
  const [tokenizer, text, checksum] = [8, 16, 24].map((offset) =>
    view.getBigUint64(offset, true).toString(16).padStart(16, "0")
  );
  if (fingerprintOf(bytes.subarray(HEADER_LENGTH)) !== checksum) {
    throw new RangeError(
      "Cannot read ids: the token file was altered, its checksum does not match its content",
    );
  }
  const ids = new Uint32Array(length);
  for (let i = 0; i < length; i++) {
    ids[i] = idLength === 2
      ? view.getUint16(HEADER_LENGTH + 2 * i, true)
      : view.getUint32(HEADER_LENGTH + 4 * i, true);
  }
  return { ids, tokenizer, text };
}

/**
 * The fingerprint of a sequence of documents, which changes with any text and any boundary between two.
 *
 * @param documents The texts.
 * @returns 16 hexadecimal digits.
 *
 * @example
 * ```ts
 * import { fingerprintOfDocuments } from "./token_file.ts";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(fingerprintOfDocuments(["one", "two"]) === fingerprintOfDocuments(["onetwo"]), false);
 * ```
 */
export function fingerprintOfDocuments(documents: Iterable<string>): string {
  return fingerprintOf(Array.from(documents, fingerprintOf).join(" "));
}

/**
 * The special token that ends a text.
 *
 * @example
 * ```ts
 * import { endOfText } from "./token_file.ts";
 * import { CAUSAL_SPECIAL_TOKENS, CharTokenizer } from "@miniformer/miniformer";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(endOfText(CharTokenizer.fromText("ab", { specialTokens: CAUSAL_SPECIAL_TOKENS })), 0);
 * assertEquals(endOfText(CharTokenizer.fromText("ab")), undefined);
 * ```
 *
 * @param tokenizer The tokenizer.
 * @returns The id of `<|endoftext|>`, or else of `</s>` or BERT's `[SEP]`; nothing if it has none of them.
 */
export function endOfText(tokenizer: Tokenizer): number | undefined {
  return tokenizer.idOf("<|endoftext|>") ?? tokenizer.idOf("</s>") ?? tokenizer.idOf("[SEP]");
}

/**
 * Encodes documents into one sequence of ids, each document followed by the special token that ends one: `<|endoftext|>`, or
 * `</s>`, or BERT's `[SEP]`, or nothing where the tokenizer has none of them.
 *
 * @param tokenizer The tokenizer.
 * @param documents The texts.
 * @returns The ids of all.
 *
 * @example
 * ```ts
 * import { encodeDocuments } from "./token_file.ts";
 * import { CAUSAL_SPECIAL_TOKENS, CharTokenizer } from "@miniformer/miniformer";
 * import { assertEquals } from "@std/assert";
 *
 * const tokenizer = CharTokenizer.fromText("ab", { specialTokens: CAUSAL_SPECIAL_TOKENS });
 * assertEquals(encodeDocuments(tokenizer, ["ab", "a"]), Uint32Array.of(1, 2, 0, 1, 0));
 * ```
 */
export function encodeDocuments(tokenizer: Tokenizer, documents: Iterable<string>): Uint32Array {
  const end = endOfText(tokenizer);
  const parts = Array.from(documents, (document) => tokenizer.encode(document));
  const separatorLength = end === undefined ? 0 : 1;
  const ids = new Uint32Array(parts.reduce((length, part) => length + part.length + separatorLength, 0));
  let length = 0;
  for (const part of parts) {
    ids.set(part, length);
    length += part.length;
    if (end !== undefined) ids[length++] = end;
  }
  return ids;
}
