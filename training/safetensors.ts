/**
 * The safetensors file format: named arrays, without code.
 *
 *     8 bytes     length n of the header, little-endian
 *     n bytes     JSON: name → { dtype, shape, data_offsets: [begin, end) }, padded with spaces to a multiple of 8
 *     the rest    the data, little-endian, in order, without gaps
 *
 * A file from somewhere else is checked before anything is taken from it: a header longer than the file, offsets out
 * of order, holes, overlaps and sizes that do not match their shapes are refused by name.
 *
 * Reference: https://github.com/huggingface/safetensors#format
 *
 * @module
 */

import { formatShape, sizeOf } from "../core/tensor.ts";

/** An array in a safetensors file. */
export interface NamedArray {
  /** Its name. */
  readonly name: string;
  /** Sizes of its dimensions. */
  readonly shape: readonly number[];
  /** Its elements, row-major. */
  readonly data: Float32Array;
}

/** Longest header that is accepted, in bytes. */
const LONGEST_HEADER = 100_000_000;

/** Bytes of an element, by type name. */
const ELEMENT_BYTES: Readonly<Record<string, number>> = {
  F64: 8,
  I64: 8,
  U64: 8,
  F32: 4,
  I32: 4,
  U32: 4,
  F16: 2,
  BF16: 2,
  I16: 2,
  U16: 2,
  I8: 1,
  U8: 1,
  BOOL: 1,
};

/**
 * Writes a file of 32-bit floats.
 *
 * @example
 * ```ts
 * import { readSafetensors, writeSafetensors } from "@miniformer/miniformer";
 * import { assertEquals } from "@std/assert";
 *
 * const bytes = writeSafetensors([{ name: "x", shape: [2], data: Float32Array.of(1, 2) }]);
 * assertEquals(readSafetensors(bytes).get("x")?.data, Float32Array.of(1, 2));
 * ```
 *
 * @param arrays What to write, in this order.
 * @returns The bytes of the file.
 * @throws {TypeError} If an array has not as many elements as its shape says.
 */
export function writeSafetensors(arrays: readonly NamedArray[]): Uint8Array<ArrayBuffer> {
  const header: Record<string, unknown> = { __metadata__: { format: "pt" } };
  let end = 0;
  for (const { name, shape, data } of arrays) {
    if (data.length !== sizeOf(shape)) {
      throw new TypeError(`Cannot write ${name}: ${data.length} elements, expected ${sizeOf(shape)}`);
    }
    header[name] = { dtype: "F32", shape, data_offsets: [end, end += data.byteLength] };
  }
  const text = JSON.stringify(header), encoded = new TextEncoder().encode(text);
  const length = Math.ceil(encoded.length / 8) * 8;
  const bytes = new Uint8Array(8 + length + end);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(length), true);
  bytes.fill(0x20, 8, 8 + length).set(encoded, 8);
  let offset = 8 + length;
  for (const { data } of arrays) {
    bytes.set(new Uint8Array(data.buffer, data.byteOffset, data.byteLength), offset);
    offset += data.byteLength;
  }
  return bytes;
}

/**
 * Reads a file; half-precision numbers are widened to 32 bits.
 *
 * @param bytes The file.
 * @returns The arrays by name, in the order of the file. Arrays that are not floats are left out.
 * @throws {TypeError} If the file is damaged; the message says how.
 */
export function readSafetensors(bytes: Uint8Array): Map<string, NamedArray> {
  const { header, start } = readHeader(bytes), arrays = new Map<string, NamedArray>();
  let expected = 0;
  const entries = Object.entries(header).filter(([name]) => name !== "__metadata__")
    .map(([name, entry]) => ({ name, ...checkEntry(name, entry) }))
    .sort((a, b) => a.begin - b.begin || a.end - b.end);
  for (const { name, dtype, shape, begin, end } of entries) {
    const size = sizeOf(shape) * ELEMENT_BYTES[dtype];
    if (begin !== expected) {
      throw new TypeError(`tensor ${name} begins at byte ${begin} of the data, expected ${expected}`);
    }
    if (end - begin !== size) {
      throw new TypeError(
        `tensor ${name} has ${end - begin} bytes, expected ${size} for ${dtype} ${formatShape(shape)}`,
      );
    }
    if (start + end > bytes.length) {
      throw new TypeError(
        `tensor ${name} ends at byte ${start + end} but the file has ${bytes.length}: it is truncated`,
      );
    }
    const data = readFloats(bytes.subarray(start + begin, start + end), dtype);
    if (data !== undefined) arrays.set(name, { name, shape, data });
    expected = end;
  }
  if (start + expected !== bytes.length) {
    throw new TypeError(`the file has ${bytes.length} bytes, expected ${start + expected}`);
  }
  return arrays;
}

function readHeader(bytes: Uint8Array): { header: Record<string, unknown>; start: number } {
  if (bytes.length < 8) throw new TypeError(`the file has ${bytes.length} bytes: it is no safetensors file`);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const length = Number(view.getBigUint64(0, true));
  if (length > LONGEST_HEADER || 8 + length > bytes.length) {
    throw new TypeError(
      `the header claims ${length} bytes of a file of ${bytes.length}: it is truncated or no safetensors file`,
    );
  }
  let header: unknown;
  try {
    header = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes.subarray(8, 8 + length)));
  } catch {
    throw new TypeError("the header is not JSON: the file is damaged or no safetensors file");
  }
  if (typeof header !== "object" || header === null || Array.isArray(header)) {
    throw new TypeError("the header is not a JSON object");
  }
  return { header: header as Record<string, unknown>, start: 8 + length };
}

function checkEntry(
  name: string,
  entry: unknown,
): { dtype: string; shape: number[]; begin: number; end: number } {
  const { dtype, shape, data_offsets: offsets } = (entry ?? {}) as Record<string, unknown>;
  const isCount = (value: unknown) => Number.isSafeInteger(value) && (value as number) >= 0;
  const valid = Array.isArray(shape) && shape.every(isCount) && Array.isArray(offsets) &&
    offsets.length === 2 &&
    offsets.every(isCount) && offsets[0] <= offsets[1];
  if (!valid) throw new TypeError(`tensor ${name} has no valid shape and offsets`);
  if (typeof dtype !== "string" || !Object.hasOwn(ELEMENT_BYTES, dtype)) {
    throw new TypeError(`tensor ${name} has unknown type ${JSON.stringify(dtype)}`);
  }
  return { dtype, shape, begin: offsets[0], end: offsets[1] };
}

/** Elements as 32-bit floats, or undefined if they are not floats. */
function readFloats(bytes: Uint8Array, dtype: string): Float32Array | undefined {
  const aligned = bytes.slice(), view = new DataView(aligned.buffer);
  if (dtype === "F32") return new Float32Array(aligned.buffer);
  if (dtype === "F64") return Float32Array.from(new Float64Array(aligned.buffer));
  if (dtype !== "F16" && dtype !== "BF16") return undefined;
  const data = new Float32Array(bytes.length / 2), words = new Uint32Array(data.buffer);
  for (let index = 0; index < data.length; index++) {
    const half = view.getUint16(index * 2, true);
    if (dtype === "BF16") words[index] = half << 16;
    else data[index] = widenHalf(half);
  }
  return data;
}

/** An IEEE half-precision number: sign, 5 bits of exponent, 10 of fraction. */
function widenHalf(half: number): number {
  const sign = half & 0x8000 ? -1 : 1, exponent = half >> 10 & 31, fraction = half & 1023;
  if (exponent === 31) return fraction ? NaN : sign * Infinity;
  return sign * (exponent ? (1 + fraction / 1024) * 2 ** (exponent - 15) : fraction / 1024 * 2 ** -14);
}
