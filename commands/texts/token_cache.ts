/**
 * A corpus is encoded once: its ids are kept in the folder of the run, with the fingerprints of tokenizer and text.
 *
 * @module
 */
import type { Tokenizer } from "../../tokenizers/tokenizer.ts";
import {
  encodeDocuments,
  fingerprintOfDocuments,
  readTokenFile,
  writeTokenFile,
} from "../../tokenizers/token_file.ts";
import { kindOfEntry } from "../files/disk.ts";
import { saveFile } from "../files/save_file.ts";

/** Ids and their origin. */
export interface CachedIds {
  /** The ids of all documents. */
  readonly ids: Uint32Array;
  /** `kept`: read from the file; otherwise encoded, because the file was missing, of another text or tokenizer, or damaged. */
  readonly origin: "kept" | "missing" | "stale" | "damaged";
}

/**
 * Returns the ids of documents from a file, or encodes the documents and writes the file.
 *
 * @param path the file
 * @param tokenizer the tokenizer
 * @param documents the texts
 * @returns the ids and their origin
 * @throws {Error} when the file cannot be written, or the path is not a file
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { CharTokenizer } from "../../tokenizers/char_tokenizer.ts";
 * import { cachedIds } from "./token_cache.ts";
 *
 * const folder = await Deno.makeTempDir();
 * const tokenizer = CharTokenizer.fromText("abc");
 * assertEquals((await cachedIds(`${folder}/train.ids`, tokenizer, ["cab"])).origin, "missing");
 * assertEquals((await cachedIds(`${folder}/train.ids`, tokenizer, ["cab"])).origin, "kept");
 * assertEquals((await cachedIds(`${folder}/train.ids`, tokenizer, ["bac"])).origin, "stale");
 * await Deno.remove(folder, { recursive: true });
 * ```
 */
export async function cachedIds(
  path: string,
  tokenizer: Tokenizer,
  documents: readonly string[],
): Promise<CachedIds> {
  const text = fingerprintOfDocuments(documents);
  const info = await Deno.stat(path).catch(() => undefined);
  if (info?.isFile === false) {
    throw new Error(`Cannot read ${path}: it is ${kindOfEntry(info)}, not a file; remove it`);
  }
  const bytes = info && await Deno.readFile(path).catch(() => undefined);
  let origin: CachedIds["origin"] = bytes ? "stale" : "missing";
  try {
    const file = bytes && readTokenFile(bytes);
    if (file && file.tokenizer === tokenizer.fingerprint && file.text === text) {
      return { ids: file.ids, origin: "kept" };
    }
  } catch {
    origin = "damaged";
  }
  const ids = encodeDocuments(tokenizer, documents);
  await saveFile(path, writeTokenFile({ ids, tokenizer: tokenizer.fingerprint, text }));
  return { ids, origin };
}
