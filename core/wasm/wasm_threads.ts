/**
 * A pool of threads that run WebAssembly functions; `wasm_pieces.ts` has the words by which they agree.
 *
 * @module
 */

import {
  ARGUMENTS,
  CONTROL_BYTES,
  LOOKS,
  PLACES,
  type RunPiece,
  serve,
  takePieces,
  type Thread,
} from "./wasm_pieces.ts";
import { type StartedWorker, startWorker } from "./workers.ts";

export { CONTROL_BYTES };

/** Most bytes of all modules together. Only what is used takes memory. */
const MAX_CODE_BYTES = 2 ** 26;

/** Runs the pieces of WebAssembly functions, on one thread or several. */
export interface WasmThreads {
  /** Threads, the caller's included. */
  readonly count: number;
  /**
   * Makes a module known to all threads. It imports the memory as `"core"."memory"` and exports
   * `run(piece: i32, scratch: i32, ...)`.
   *
   * @param bytes The module. It is copied.
   * @returns Its number.
   * @throws {WebAssembly.CompileError} If it is not a module.
   * @throws {WebAssembly.LinkError} If it does not fit the memory.
   */
  define(bytes: Uint8Array): number;
  /**
   * Runs a function for every piece from 0 to `pieces` − 1, and returns when all are done. A single piece runs on the
   * caller's thread, without waking another one.
   *
   * @param id The number of its module.
   * @param pieces How many pieces there are.
   * @param scratch Address of the first thread's private memory.
   * @param scratchBytes Its size: thread n has `scratch + n * scratchBytes`.
   * @param args Values of type i32, at most 2.
   * @throws {Error} If a piece failed: the others are done, and the threads can be used again. If a thread ended: then
   * nothing but {@linkcode WasmThreads.close} is possible.
   */
  run(id: number, pieces: number, scratch: number, scratchBytes: number, args: readonly number[]): void;
  /** Ends all threads. A second time does nothing. */
  close(): void;
}

/** How {@linkcode openWasmThreads} behaves. */
export interface WasmThreadsOptions {
  /** Seconds without a finished piece, after which a thread counts as ended: 60 unless given. */
  readonly patience?: number;
}

/**
 * Waits until a word has another value or somebody wakes, for a second at most: asleep, or, on a page's main thread,
 * which may not sleep, by looking again and again.
 *
 * @returns Whether the second is over.
 */
function waitASecond(words: Int32Array, place: number, value: number, sleeping: boolean): boolean {
  if (sleeping) return Atomics.wait(words, place, value, 1000) === "timed-out";
  const end = performance.now() + 1000;
  while (Atomics.load(words, place) === value) if (performance.now() > end) return true;
  return false;
}

/** Whether this thread may sleep. */
function maySleep(words: Int32Array): boolean {
  try {
    Atomics.wait(words, PLACES.signal, Atomics.load(words, PLACES.signal) + 1, 0);
    return true;
  } catch {
    return false;
  }
}

class ThreadPool implements WasmThreads {
  readonly count: number;
  readonly #caller: Thread;
  readonly #patience: number;
  readonly #modules: { start: number; length: number }[] = [];
  readonly #sleeping: boolean;
  #workers: readonly StartedWorker[] = [];
  /** Why nothing can be run any more. */
  #broken: string | undefined;

  constructor(memory: WebAssembly.Memory, control: number, count: number, patience: number) {
    this.count = count;
    this.#patience = patience;
    const code = count > 1 ? new SharedArrayBuffer(0, { maxByteLength: MAX_CODE_BYTES }) : undefined;
    this.#caller = { number: 0, memory, control, places: PLACES, looks: LOOKS, code, functions: [] };
    const words = this.#words();
    words.fill(0);
    this.#sleeping = maySleep(words);
  }

  /** The control region. Memory that is not shared has a new buffer when it has grown. */
  #words(): Int32Array {
    const { memory, control } = this.#caller;
    return new Int32Array(memory.buffer, control, PLACES.end);
  }

  async start(): Promise<void> {
    const program = `(${serve})(data, ${takePieces});`;
    const started = await Promise.allSettled(
      Array.from(
        { length: this.count - 1 },
        (_, index) =>
          startWorker(program, { ...this.#caller, number: index + 1 }, (why) => {
            this.#broken ??= `thread ${index + 1} has ended: ${why}`;
          }),
      ),
    );
    this.#workers = started.flatMap((result) => result.status === "fulfilled" ? [result.value] : []);
    const failed = started.find((result) => result.status === "rejected");
    if (failed) {
      this.close();
      throw failed.reason;
    }
  }

  define(bytes: Uint8Array): number {
    const { memory, code, functions } = this.#caller;
    const copy = new Uint8Array(bytes);
    const instance = new WebAssembly.Instance(new WebAssembly.Module(copy), { core: { memory } });
    const start = code?.byteLength ?? 0;
    if (code) {
      code.grow(start + copy.length);
      new Uint8Array(code).set(copy, start);
    }
    this.#modules.push({ start, length: copy.length });
    return functions.push(instance.exports.run as RunPiece) - 1;
  }

  run(id: number, pieces: number, scratch: number, scratchBytes: number, args: readonly number[]): void {
    if (this.#broken) throw new Error(`Cannot run on several threads: ${this.#broken}`);
    if (args.length > ARGUMENTS) {
      throw new RangeError(`Cannot pass ${args.length} arguments: at most ${ARGUMENTS} are possible`);
    }
    if (pieces === 1) {
      try {
        return this.#caller.functions[id](0, scratch, ...args);
      } catch (error) {
        throw new Error(`A WebAssembly function failed: piece 0 of 1, thread 0: ${error}`);
      }
    }
    const words = this.#words();
    words[PLACES.pieces] = pieces;
    words[PLACES.id] = id;
    words[PLACES.codeStart] = this.#modules[id].start;
    words[PLACES.codeLength] = this.#modules[id].length;
    words[PLACES.scratch] = scratch;
    words[PLACES.scratchBytes] = scratchBytes;
    words.set(args, PLACES.arguments);
    words[PLACES.failed] = 0;
    Atomics.store(words, PLACES.finished, 0);
    Atomics.store(words, PLACES.unclaimed, pieces);
    if (this.#workers.length > 0) {
      Atomics.add(words, PLACES.signal, 1);
      Atomics.notify(words, PLACES.signal, pieces - 1);
    }
    takePieces(this.#caller);
    this.#waitForOthers(words, pieces);
    if (words[PLACES.failed] === 1) {
      const reason = words.subarray(PLACES.reason, PLACES.reason + words[PLACES.reasonLength]);
      throw new Error(`A WebAssembly function failed: ${String.fromCharCode(...reason)}`);
    }
  }

  #waitForOthers(words: Int32Array, pieces: number): void {
    for (let look = 0; look < LOOKS && Atomics.load(words, PLACES.finished) < pieces; look++);
    let finished = Atomics.load(words, PLACES.finished), seconds = 0;
    while (finished < pieces) {
      const late = waitASecond(words, PLACES.finished, finished, this.#sleeping);
      const now = Atomics.load(words, PLACES.finished);
      seconds = now === finished ? seconds + Number(late) : 0;
      if (seconds >= this.#patience) {
        this.#broken = `no thread has finished anything for ${seconds} seconds, ` +
          `and ${pieces - now} of ${pieces} pieces are missing; a thread may have been ended from outside`;
        throw new Error(`Cannot run on several threads: ${this.#broken}`);
      }
      finished = now;
    }
  }

  close(): void {
    this.#broken = "the threads were closed";
    const words = this.#words();
    Atomics.store(words, PLACES.closed, 1);
    Atomics.add(words, PLACES.signal, 1);
    Atomics.notify(words, PLACES.signal);
    for (const worker of this.#workers) worker.terminate();
    this.#workers = [];
  }
}

/**
 * Starts threads that run WebAssembly functions on one memory. They sleep while there is nothing to do, and a program
 * that ends without closing them is not held up.
 *
 * @example A function that does nothing, for 4 pieces on 2 threads
 * ```ts
 * import { CONTROL_BYTES, openWasmThreads } from "./wasm_threads.ts";
 *
 * // (module (import "core" "memory" (memory 1 9 shared)) (func (export "run") (param i32 i32)))
 * const bytes = new Uint8Array([
 *   ...[0, 97, 115, 109, 1, 0, 0, 0, 1, 6, 1, 96, 2, 127, 127, 0], // a type: two numbers, no result
 *   ...[2, 17, 1, 4, 99, 111, 114, 101, 6, 109, 101, 109, 111, 114, 121, 2, 3, 1, 9], // the memory
 *   ...[3, 2, 1, 0, 7, 7, 1, 3, 114, 117, 110, 0, 0, 10, 4, 1, 2, 0, 11], // the function, its name, its body
 * ]);
 * const memory = new WebAssembly.Memory({ initial: 1, maximum: 9, shared: true });
 * const threads = await openWasmThreads(memory, 0, 2);
 * threads.run(threads.define(bytes), 4, CONTROL_BYTES, 64, []);
 * threads.close();
 * ```
 *
 * @param memory Holds the tensors: a shared one if there are to be several threads.
 * @param control Address of {@linkcode CONTROL_BYTES} bytes of it, a multiple of 64, that nothing else uses, not even
 * after {@linkcode WasmThreads.close}.
 * @param count Threads, the caller's included.
 * @param options How long to wait for a thread.
 * @returns The threads. All are ready.
 * @throws {RangeError} If `count` or `control` cannot be, or if there are to be several threads and the memory is not shared.
 * @throws {Error} If a worker cannot be started; {@linkcode whyNoThreads} says beforehand what is missing.
 */
export async function openWasmThreads(
  memory: WebAssembly.Memory,
  control: number,
  count: number,
  { patience = 60 }: WasmThreadsOptions = {},
): Promise<WasmThreads> {
  if (!Number.isInteger(count) || count < 1) {
    throw new RangeError(`Cannot start ${count} threads: expected a whole number from 1`);
  }
  if (control % 64 !== 0) throw new RangeError(`Control address ${control} is not a multiple of 64`);
  const shared = typeof SharedArrayBuffer !== "undefined" && memory.buffer instanceof SharedArrayBuffer;
  if (count > 1 && !shared) {
    throw new RangeError(`Cannot start ${count} threads: the memory is not shared`);
  }
  const pool = new ThreadPool(memory, control, count, patience);
  await pool.start();
  return pool;
}
