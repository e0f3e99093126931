/**
 * One thread, until the pool is here.
 *
 * @module
 */

/** Runs the pieces of WebAssembly functions, on one thread or several. */
export interface WasmThreads {
  /** Threads, the caller's included. */
  readonly count: number;
  /** Makes a module known to all threads. */
  define(bytes: Uint8Array<ArrayBuffer>): number;
  /** Runs a function for every piece. */
  run(id: number, pieces: number, scratch: number, scratchBytes: number, args: readonly number[]): void;
  /** Ends all threads. */
  close(): void;
}

/** Bytes that the pool keeps at the beginning of the memory. */
export const CONTROL_BYTES = 4096;

/** Opens the pool. */
export function openWasmThreads(
  memory: WebAssembly.Memory,
  _control: number,
  _count: number,
): Promise<WasmThreads> {
  const functions: ((...args: number[]) => void)[] = [];
  return Promise.resolve({
    count: 1,
    define(bytes) {
      const { exports } = new WebAssembly.Instance(new WebAssembly.Module(bytes), { core: { memory } });
      return functions.push(exports.run as () => void) - 1;
    },
    run(id, pieces, scratch, _bytes, args) {
      for (let piece = 0; piece < pieces; piece++) functions[id](piece, scratch, ...args);
    },
    close() {},
  });
}
