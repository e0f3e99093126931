/**
 * Reads zip archives: those of this page, and those that Windows, macOS and Linux write.
 *
 * The directory at the end lists the files; each file also has a header in front of it, of which only the length matters here. A
 * file is stored as it is, or compressed by Deflate, which every browser can decompress. A file is read when it is needed, so
 * an archive may hold large files besides.
 *
 * @module
 */
import { crc32 } from "../zip.ts";
import type { FoundFile } from "./found_model.ts";

/** Bytes of the record that ends the directory, the most of the comment after it, and bytes of an entry and of a header without names. */
const END_LENGTH = 22, MAX_COMMENT = 65_535, ENTRY_LENGTH = 46, HEADER_LENGTH = 30;

/** The first four bytes of each part, little-endian. */
const SIGNATURES = { header: 0x04034b50, entry: 0x02014b50, end: 0x06054b50 };

/** A directory is not longer than this: that of 100,000 files has about 8 MB. */
const MAX_DIRECTORY = 16e6;

/** In place of an offset of more than 32 bits, which a Zip64 record holds. */
const ELSEWHERE = 0xffffffff;

/** The first bit of the flags: the file is encrypted. */
const ENCRYPTED = 1;

const STORED = 0, DEFLATED = 8;

/** The error of an archive that cannot be read; its message completes a sentence. */
const damaged = () => new Error("it is damaged or not complete; download or pack it again");

const viewOf = async (blob: Blob, from: number, to: number): Promise<DataView> => {
  const part = blob.slice(from, to);
  if (from < 0 || part.size !== to - from) throw damaged();
  return new DataView(await part.arrayBuffer());
};

/** Whether a file begins as a zip does. */
export async function isZip(blob: Blob): Promise<boolean> {
  if (blob.size < END_LENGTH) return false;
  const signature = (await viewOf(blob, 0, 4)).getUint32(0, true);
  return signature === SIGNATURES.header || signature === SIGNATURES.end;
}

/** Lists the files of a zip, without folders. */
export async function listZip(zip: Blob): Promise<FoundFile[]> {
  const { length, offset } = await findDirectory(zip), files: FoundFile[] = [];
  const view = await viewOf(zip, offset, offset + length), decoder = new TextDecoder();
  for (let at = 0; at < length;) {
    if (at + ENTRY_LENGTH > length || view.getUint32(at, true) !== SIGNATURES.entry) throw damaged();
    const names = [28, 30, 32].map((field) => view.getUint16(at + field, true));
    const name = new Uint8Array(
      view.buffer,
      at + ENTRY_LENGTH,
      Math.min(names[0], length - at - ENTRY_LENGTH),
    );
    const [sum, packed, size] = [16, 20, 24].map((field) => view.getUint32(at + field, true));
    const entry: Entry = {
      path: decoder.decode(name).replaceAll("\\", "/"),
      ...{ sum, packed, size, offset: view.getUint32(at + 42, true) },
      flags: view.getUint16(at + 8, true),
      method: view.getUint16(at + 10, true),
    };
    const { path } = entry;
    if (!path.endsWith("/")) files.push({ path, size, read: () => readEntry(zip, entry) });
    at += ENTRY_LENGTH + names[0] + names[1] + names[2];
  }
  return files;
}

/** What the directory says of a file. */
interface Entry {
  readonly path: string;
  /** Its CRC-32. */
  readonly sum: number;
  /** Its bytes in the archive. */
  readonly packed: number;
  readonly size: number;
  /** Where its header is. */
  readonly offset: number;
  readonly flags: number;
  readonly method: number;
}

/** Finds the directory by its end record, after which there may only be a comment. */
async function findDirectory(zip: Blob): Promise<{ readonly offset: number; readonly length: number }> {
  const start = Math.max(0, zip.size - END_LENGTH - MAX_COMMENT), view = await viewOf(zip, start, zip.size);
  for (let at = view.byteLength - END_LENGTH; at >= 0; at--) {
    const isEnd = view.getUint32(at, true) === SIGNATURES.end &&
      at + END_LENGTH + view.getUint16(at + 20, true) === view.byteLength;
    if (!isEnd) continue;
    const length = view.getUint32(at + 12, true), offset = view.getUint32(at + 16, true);
    if (offset === ELSEWHERE || length > MAX_DIRECTORY) {
      throw new Error("it is a zip of more than 4 GB; pack the folder of one model only");
    }
    return { length, offset };
  }
  throw damaged();
}

async function readEntry(
  zip: Blob,
  { path, sum, packed, size, offset, flags, method }: Entry,
): Promise<Uint8Array<ArrayBuffer>> {
  if (flags & ENCRYPTED) {
    throw new Error(`${path} is encrypted; unpack the zip with its password, and open the folder`);
  }
  if (method !== STORED && method !== DEFLATED) {
    throw new Error(
      `${path} is compressed by method ${method}, expected Deflate; unpack the zip, and open the folder`,
    );
  }
  const header = await viewOf(zip, offset, offset + HEADER_LENGTH);
  if (header.getUint32(0, true) !== SIGNATURES.header) throw damaged();
  const begin = offset + HEADER_LENGTH + header.getUint16(26, true) + header.getUint16(28, true);
  const content = zip.slice(begin, begin + packed);
  if (content.size !== packed) throw damaged();
  const bytes = method === STORED
    ? new Uint8Array(await content.arrayBuffer())
    : await inflate(content, size);
  if (bytes.length !== size || crc32(bytes) !== sum) throw damaged();
  return bytes;
}

/** Decompresses Deflate, and stops at more bytes than the directory says. */
async function inflate(content: Blob, size: number): Promise<Uint8Array<ArrayBuffer>> {
  const bytes = new Uint8Array(size);
  let length = 0;
  const reader = content.stream().pipeThrough(new DecompressionStream("deflate-raw")).getReader();
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return bytes.subarray(0, length);
      bytes.set(value, length); // throws where there is no room
      length += value.length;
    }
  } catch {
    await reader.cancel().catch(() => {});
    throw damaged();
  }
}
