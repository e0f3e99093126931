/**
 * Zip archives, with files stored as they are: weights hardly become smaller, and nothing is needed to compress them.
 *
 * The format: before each file a local header, and after all of them a directory that repeats the headers with the places
 * of the files. All numbers are little-endian. PKWARE's APPNOTE.TXT specifies it.
 *
 * @module
 */

/** The archive cannot have more bytes, since places in it have 32 bits. */
const MAX_BYTES = 2 ** 32 - 1;

/** Names are in UTF-8. */
const UTF8 = 1 << 11;

/** 1 January 1980, the first day that a zip can hold: the same files always give the same bytes. */
const DATE = 0x0021;

/** The remainders of each byte for the checksum. */
const CRC_TABLE = Uint32Array.from({ length: 256 }, (_, byte) => {
  let remainder = byte;
  for (let bit = 0; bit < 8; bit++) remainder = remainder >>> 1 ^ (remainder & 1 ? 0xedb88320 : 0);
  return remainder;
});

/** The checksum CRC-32. */
export function crc32(bytes: Uint8Array): number {
  let remainder = 0xffffffff;
  for (const byte of bytes) remainder = remainder >>> 8 ^ CRC_TABLE[(remainder ^ byte) & 0xff];
  return ~remainder >>> 0;
}

/** Numbers of two bytes, and where a number is in a list of its own, of four. */
function fields(...numbers: readonly (number | readonly [number])[]): Uint8Array {
  const bytes: number[] = [];
  for (const entry of numbers) {
    const [value, width] = typeof entry === "number" ? [entry, 2] : [entry[0], 4];
    for (let at = 0; at < width; at++) bytes.push(value >>> 8 * at & 0xff);
  }
  return Uint8Array.from(bytes);
}

/** Writes files, by their paths with slashes, into a zip. */
export function writeZip(files: ReadonlyMap<string, Uint8Array | string>): Uint8Array<ArrayBuffer> {
  const encoder = new TextEncoder(), parts: Uint8Array[] = [], directory: Uint8Array[] = [];
  let place = 0;
  for (const [path, content] of files) {
    const name = encoder.encode(path),
      bytes = typeof content === "string" ? encoder.encode(content) : content;
    const { length } = bytes;
    // version 2.0, flags, stored, time and date, checksum, length in the zip, length, length of the name, no extra field
    const header = fields(20, UTF8, 0, 0, DATE, [crc32(bytes)], [length], [length], name.length, 0);
    parts.push(fields([0x04034b50]), header, name, bytes);
    // no comment, first disk, no attributes, and the place of the local header
    directory.push(fields([0x02014b50], 20), header, fields(0, 0, 0, [0], [place]), name);
    place += 4 + header.length + name.length + length;
  }
  const length = directory.reduce((sum, part) => sum + part.length, 0);
  const end = fields([0x06054b50], 0, 0, files.size, files.size, [length], [place], 0);
  const total = place + length + end.length;
  if (total > MAX_BYTES) {
    throw new RangeError(`Cannot pack ${Math.ceil(total / 1e6)} MB: a zip has at most ${MAX_BYTES} bytes`);
  }
  const zip = new Uint8Array(total);
  let filled = 0;
  for (const part of [...parts, ...directory, end]) {
    zip.set(part, filled);
    filled += part.length;
  }
  return zip;
}
