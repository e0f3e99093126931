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
import { kindOfFile } from "../files/open_file.ts";
import { saveFile } from "../files/save_file.ts";

/** The ids of documents, from a file if it holds those of this tokenizer; else they are encoded, and kept in the file. */
export async function cachedIds(
  path: string,
  tokenizer: Tokenizer,
  documents: readonly string[],
): Promise<Uint32Array> {
  const text = fingerprintOfDocuments(documents), { fingerprint } = tokenizer;
  const info = await Deno.stat(path).catch(() => undefined), kind = info && kindOfFile(info);
  if (kind) throw new Error(`Cannot read ${path}: it is ${kind}, not a file; remove it`);
  try {
    const file = readTokenFile(await Deno.readFile(path));
    if (file.tokenizer === fingerprint && file.text === text) return file.ids;
  } catch {
    // a file that is missing, unreadable or damaged is written again
  }
  const ids = encodeDocuments(tokenizer, documents);
  await saveFile(path, writeTokenFile({ ids, tokenizer: fingerprint, text }));
  return ids;
}
