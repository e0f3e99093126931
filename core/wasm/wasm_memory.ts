/**
 * Gives out ranges of one WebAssembly memory, which begins small and grows.
 *
 * @module
 */

import { MAX_PAGES } from "./wasm_binary.ts";

/** Bytes of a page. */
const PAGE_BYTES = 65536;

/** Ranges begin at multiples of this, the size of a cache line: two threads that write to two ranges never share a line. */
const ALIGNMENT = 64;

/** Kept free at the end: vectors may be read, though not written, beyond the last element. */
const SLACK = 128;

/** A range of bytes. */
interface Range {
  readonly address: number;
  readonly length: number;
}

/** A WebAssembly memory and what of it is in use. */
export class WasmMemory {
  /** The memory. */
  readonly memory: WebAssembly.Memory;
  /** Whether threads share it. */
  readonly shared: boolean;
  #end: number;
  #free: Range[] = [];
  /** Lengths of the ranges in use, by address. */
  readonly #taken: Map<number, number> = new Map();

  /**
   * Makes a memory.
   *
   * @param shared Whether threads are to share it.
   * @param reserved Bytes at its beginning that are never given out.
   */
  constructor(shared: boolean, reserved: number) {
    this.memory = new WebAssembly.Memory({ initial: 1, maximum: MAX_PAGES, shared });
    this.shared = shared;
    this.#end = reserved;
  }

  /**
   * Takes a range, full of zeros.
   *
   * @param bytes How many bytes.
   * @returns Its address, a multiple of 64.
   * @throws {RangeError} If 4 GiB are not enough, or the machine has no more memory.
   */
  take(bytes: number): number {
    const length = Math.max(ALIGNMENT, Math.ceil(bytes / ALIGNMENT) * ALIGNMENT);
    const found = this.#free.findIndex((range) => range.length >= length);
    if (found >= 0) {
      const { address, length: free } = this.#free[found];
      if (free === length) this.#free.splice(found, 1);
      else this.#free[found] = { address: address + length, length: free - length };
      new Uint8Array(this.memory.buffer, address, length).fill(0);
      this.#taken.set(address, length);
      return address;
    }
    const address = Math.ceil(this.#end / ALIGNMENT) * ALIGNMENT;
    this.#growTo(address + length);
    this.#end = address + length;
    this.#taken.set(address, length);
    return address;
  }

  #growTo(end: number): void {
    const needed = Math.ceil((end + SLACK) / PAGE_BYTES), pages = this.memory.buffer.byteLength / PAGE_BYTES;
    if (needed <= pages) return;
    const mebibytes = (pages: number) => Math.ceil(pages * PAGE_BYTES / 2 ** 20);
    if (needed > MAX_PAGES) {
      throw new RangeError(
        `Cannot allocate: WebAssembly addresses 4,096 MiB of memory, and ${mebibytes(needed)} are needed; ` +
          `use a smaller batch, context or model`,
      );
    }
    // an eighth more than needed: every growth costs new views of all tensors
    const wanted = Math.min(MAX_PAGES, needed + (needed >> 3));
    for (const target of [wanted, needed]) {
      try {
        this.memory.grow(target - pages);
        return;
      } catch {
        // the second try asks for less
      }
    }
    throw new RangeError(
      `Cannot allocate: the machine does not give ${mebibytes(needed)} MiB of memory to WebAssembly; ` +
        `use a smaller batch, context or model`,
    );
  }

  /**
   * Gives a range back.
   *
   * @param address Its address.
   * @param bytes Its length, as it was taken.
   * @throws {RangeError} If no range of this length is in use there: given back twice, it would be given out twice.
   */
  give(address: number, bytes: number): void {
    const length = Math.max(ALIGNMENT, Math.ceil(bytes / ALIGNMENT) * ALIGNMENT);
    if (this.#taken.get(address) !== length) {
      throw new RangeError(
        `Cannot free ${bytes} bytes at ${address}: they were freed before, or are part of a larger tensor`,
      );
    }
    this.#taken.delete(address);
    const sorted = [...this.#free, { address, length }].sort((a, b) => a.address - b.address);
    this.#free = [];
    for (const range of sorted) {
      const last = this.#free.at(-1);
      if (last === undefined || last.address + last.length < range.address) this.#free.push(range);
      else this.#free[this.#free.length - 1] = { address: last.address, length: last.length + range.length };
    }
  }
}
