/**
 * The safetensors file format: named arrays, without code.
 *
 *     8 bytes     length n of the header, little-endian
 *     n bytes     JSON: name → { dtype, shape, data_offsets: [begin, end) }, padded with spaces to a multiple of 8
 *     the rest    the data, little-endian, in order, without gaps
 *
 * An untrusted file is checked before anything is taken from it: a header longer than the file, offsets out
 * of order, holes, overlaps and sizes that do not match their shapes are refused by name.
 *
 * Reference: https://github.com/huggingface/safetensors#format
 *
 * @module
 */

import { halfBits, halfValue } from "../core/half.ts";
import { quoted, shortened } from "../core/quoted.ts";
import { formatShape, sizeOf } from "../core/tensor.ts";

/**
 * An array in a safetensors file.
 *
 * @category Checkpoints
 */
export interface NamedArray {
  /** Its name. */
  readonly name: string;
  /** Sizes of its dimensions. */
  readonly shape: readonly number[];
  /** Its elements, row-major. */
  readonly data: Float32Array;
}

/**
 * The entry of an array in the header of a safetensors file.
 *
 * @category Checkpoints
 */
export interface TensorEntry {
  /** Its name. */
  readonly name: string;
  /** The type of its elements, such as `F32` or `BF16`. */
  readonly dtype: string;
  /** Sizes of its dimensions. */
  readonly shape: readonly number[];
  /** Offset of its first byte in the file. */
  readonly begin: number;
  /** Offset just after its last byte. */
  readonly end: number;
}

/**
 * Longest header that is accepted, in bytes: room for 150,000 tensors. The reference implementation accepts 100 MB, but
 * JSON that consists of brackets takes 60 times its length in memory once parsed.
 */
const MAX_HEADER_BYTES = 2 ** 24;

/** Most dimensions of a tensor: as many as PyTorch allows. A transformer's have 2. */
const MAX_DIMENSIONS = 64;

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
 * Whether an array holds floating-point numbers. Only those are read.
 *
 * @param entry Its entry in the header.
 * @returns True for F64, F32, F16 and BF16.
 */
export function isFloat({ dtype }: TensorEntry): boolean {
  return ["F64", "F32", "F16", "BF16"].includes(dtype);
}

/**
 * The type of the numbers in a file that is written: 32 bits; half precision; or bfloat16, the upper 16 of the 32 bits, with
 * two to three digits and the range of all 32.
 *
 * @category Checkpoints
 */
export type SavedType = "f32" | "f16" | "bf16";

/**
 * Writes a file.
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
 * @param type What to round the numbers to; f32 unless given.
 * @returns The bytes of the file.
 * @throws {TypeError} If an array does not have as many elements as its shape, or two have the same name.
 * @throws {RangeError} If a number is too large for the type.
 * @category Checkpoints
 */
export function writeSafetensors(
  arrays: readonly NamedArray[],
  type: SavedType = "f32",
): Uint8Array<ArrayBuffer> {
  // without a prototype: a tensor may be called __proto__
  const header: Record<string, unknown> = Object.create(null);
  header.__metadata__ = { format: "pt" };
  let end = 0;
  for (const { name, shape, data } of arrays) {
    if (data.length !== sizeOf(shape)) {
      throw new TypeError(
        `Cannot write ${shortened(name)}: ${data.length} elements, expected ${sizeOf(shape)}`,
      );
    }
    if (name in header) throw new TypeError(`Cannot write ${shortened(name)}: two arrays have this name`);
    const dtype = type.toUpperCase(), length = data.length * ELEMENT_BYTES[dtype];
    header[name] = { dtype, shape, data_offsets: [end, end += length] };
  }
  const text = JSON.stringify(header), encoded = new TextEncoder().encode(text);
  const length = Math.ceil(encoded.length / 8) * 8;
  const bytes = new Uint8Array(8 + length + end);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(length), true);
  bytes.fill(0x20, 8, 8 + length).set(encoded, 8);
  let offset = 8 + length;
  for (const array of arrays) {
    const data = type === "f32" ? array.data : roundedTo(type, array);
    bytes.set(new Uint8Array(data.buffer, data.byteOffset, data.byteLength), offset);
    offset += data.byteLength;
  }
  return bytes;
}

/** The bits of 16-bit numbers, each the nearest to a 32-bit one. */
function roundedTo(type: "f16" | "bf16", { name, data }: NamedArray): Uint16Array {
  const words = new Uint32Array(data.buffer, data.byteOffset, data.length);
  const round = type === "f16"
    ? (index: number) => halfBits(data[index])
    : (index: number) => words[index] + 0x7fff + (words[index] >>> 16 & 1) >>> 16; // halfway to the even one
  const infinity = type === "f16" ? 0x7c00 : 0x7f80;
  return Uint16Array.from({ length: data.length }, (_, index) => {
    const bits = round(index);
    if ((bits & infinity) !== infinity) return bits;
    throw new RangeError(
      `Cannot write ${shortened(name)} as ${type}: the number at index ${index} is ${data[index]}; write f32`,
    );
  });
}

/**
 * Reads the header of a file and checks it against the size of the file. No data is read.
 *
 * @example
 * ```ts
 * import { readTensorEntries } from "./safetensors.ts";
 * import { writeSafetensors } from "@miniformer/miniformer";
 * import { assertEquals } from "@std/assert";
 *
 * const bytes = writeSafetensors([{ name: "x", shape: [2, 1], data: Float32Array.of(1, 2) }]);
 * assertEquals(readTensorEntries(bytes).get("x")?.shape, [2, 1]);
 * ```
 *
 * @param bytes The file.
 * @returns The entry of each array, by name, in the order of the data.
 * @throws {TypeError} If the file is damaged; the message names the damage.
 */
export function readTensorEntries(bytes: Uint8Array): Map<string, TensorEntry> {
  const { header, start } = readHeader(bytes), entries: TensorEntry[] = [];
  for (const name in header) {
    if (name !== "__metadata__") entries.push(checkEntry(name, header[name], start));
  }
  entries.sort((a, b) => a.begin - b.begin || a.end - b.end);
  let expected = start;
  for (const { name, dtype, shape, begin, end } of entries) {
    const size = sizeOf(shape) * ELEMENT_BYTES[dtype];
    if (begin !== expected) {
      throw new TypeError(
        `tensor ${shortened(name)} begins at byte ${begin - start} of the data, expected ${expected - start}`,
      );
    }
    if (end - begin !== size) {
      throw new TypeError(
        `tensor ${shortened(name)} has ${end - begin} bytes, expected ${size} for ${dtype} ${
          shortened(formatShape(shape))
        }`,
      );
    }
    if (end > bytes.length) {
      throw new TypeError(
        `tensor ${shortened(name)} ends at byte ${end} but the file has ${bytes.length}: it is truncated`,
      );
    }
    expected = end;
  }
  if (expected !== bytes.length) {
    throw new TypeError(`the file has ${bytes.length} bytes, expected ${expected}`);
  }
  return new Map(entries.map((entry) => [entry.name, entry]));
}

/**
 * Reads a file; half-precision numbers are widened to 32 bits.
 *
 * @param bytes The file.
 * @param entries The arrays to read; all that the header names unless given.
 * @returns The arrays by name, in the order of the file. Arrays that are not floats are left out.
 * @throws {TypeError} If the file is damaged; the message names the damage.
 * @category Checkpoints
 */
export function readSafetensors(
  bytes: Uint8Array,
  entries: ReadonlyMap<string, TensorEntry> = readTensorEntries(bytes),
): Map<string, NamedArray> {
  const arrays = new Map<string, NamedArray>();
  for (const entry of entries.values()) {
    const { name, dtype, shape, begin, end } = entry;
    if (isFloat(entry)) arrays.set(name, { name, shape, data: readFloats(bytes.slice(begin, end), dtype) });
  }
  return arrays;
}

function readHeader(bytes: Uint8Array): { header: Record<string, unknown>; start: number } {
  if (bytes.length < 8) throw new TypeError(`the file has ${bytes.length} bytes: it is no safetensors file`);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const length = Number(view.getBigUint64(0, true));
  if (length > MAX_HEADER_BYTES || 8 + length > bytes.length) {
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

function checkEntry(name: string, entry: unknown, start: number): TensorEntry {
  const { dtype, shape, data_offsets: offsets } = (entry ?? {}) as Record<string, unknown>;
  const isCount = (value: unknown) => Number.isSafeInteger(value) && (value as number) >= 0;
  const valid = Array.isArray(shape) && shape.length <= MAX_DIMENSIONS && shape.every(isCount) &&
    Array.isArray(offsets) && offsets.length === 2 && offsets.every(isCount) && offsets[0] <= offsets[1];
  if (!valid) throw new TypeError(`tensor ${shortened(name)} has no valid shape and offsets`);
  if (typeof dtype !== "string" || !Object.hasOwn(ELEMENT_BYTES, dtype)) {
    throw new TypeError(
      `tensor ${shortened(name)}: dtype is ${quoted(dtype)}, expected one of ${
        Object.keys(ELEMENT_BYTES).join(", ")
      }`,
    );
  }
  return { name, dtype, shape, begin: start + offsets[0], end: start + offsets[1] };
}

/** Elements as 32-bit floats. The bytes must be a copy of their own: F32 data is not copied again. */
function readFloats({ buffer, length }: Uint8Array<ArrayBuffer>, dtype: string): Float32Array {
  if (dtype === "F32") return new Float32Array(buffer);
  if (dtype === "F64") return Float32Array.from(new Float64Array(buffer));
  const view = new DataView(buffer),
    data = new Float32Array(length / 2),
    words = new Uint32Array(data.buffer);
  for (let index = 0; index < data.length; index++) {
    const half = view.getUint16(index * 2, true);
    if (dtype === "BF16") words[index] = half << 16;
    else data[index] = halfValue(half);
  }
  return data;
}
