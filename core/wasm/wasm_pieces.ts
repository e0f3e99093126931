/**
 * Threads for WebAssembly functions.
 *
 * A function is cut into pieces that may run in any order. A pool of workers shares one WebAssembly.Memory with its
 * caller; each thread has its own instance of every module, and takes pieces until there are none left. JavaScript has
 * no messages that reach a worker while it waits, so threads talk by a few 32-bit words in that memory, with Atomics:
 *
 *     caller                                        worker
 *     writes function, arguments, pieces            seen = signal
 *     finished = 0                                  takes pieces
 *     unclaimed = pieces      ← publishes all       waits while signal = seen
 *     signal += 1, wakes      →                     (again from the top)
 *     takes pieces
 *     waits while finished < pieces
 *
 *     to take a piece: left = unclaimed, unclaimed −= 1 (in one operation); if left > 0, piece = pieces − left is ours;
 *     read function and arguments; run; finished += 1, and wake the caller if that was the last one
 *
 * Why this is right, however late a thread is:
 *
 * - *Every piece runs once, with its own arguments.* Only the subtraction claims a piece, and it compares with zero, not
 *   with another word that might belong to another run. Whatever else is read, is read after the claim, and a run cannot
 *   end, nor the next one overwrite its words, before the claimed piece is counted as finished. So a worker that wakes in
 *   the middle of a later run takes a piece of that run with that run's arguments; one that comes between two runs takes
 *   `unclaimed` below zero, and the next run sets it again.
 * - *Nobody sleeps through a signal.* `unclaimed` is set before `signal`. A worker that read the new signal sees the
 *   pieces; one that read the old one does not begin to wait. The caller waits for a value of `finished` it has read, and
 *   the last piece changes the value before it wakes. If `signal` ever passed 2³² runs between two lines of a worker,
 *   that worker would miss one run, and the caller would do its pieces.
 * - *A worker that does not come costs time only*: the caller itself takes what nobody else has claimed.
 * - *A worker that dies with a piece* is what the caller could wait for without end. It counts the seconds in which
 *   nothing is finished, and gives up after a minute. They are counted one wait at a time, so a suspended machine does
 *   not seem to be a dead thread.
 *
 * @module
 */

/** Bytes of the region of memory by which threads agree. */
export const CONTROL_BYTES = 2048;

/**
 * Arguments of every function, besides its piece and its private memory; one that takes fewer ignores the rest. Any number of
 * them, as an array, would have to be copied for each piece, which is 4 % of the time of a small model.
 */
export const ARGUMENTS = 2;

/**
 * Places in the control region, in 32-bit words. Those that all threads change are 64 bytes apart, in cache lines of
 * their own.
 */
export const PLACES = {
  signal: 0,
  unclaimed: 16,
  finished: 32,
  closed: 48,
  pieces: 49,
  id: 50,
  codeStart: 51,
  codeLength: 52,
  scratch: 53,
  scratchBytes: 54,
  arguments: 55,
  /** 1 as soon as a piece has failed. The reason follows, one character a word. */
  failed: 55 + ARGUMENTS,
  reasonLength: 56 + ARGUMENTS,
  reason: 57 + ARGUMENTS,
  end: CONTROL_BYTES / 4,
} as const;

/**
 * How often a thread looks for what it waits for before it sleeps: a few microseconds. To wake takes ten, and a kernel of a
 * small model is followed by the next one sooner.
 */
export const LOOKS = 2000;

/** What `run` of a module is. */
export type RunPiece = (piece: number, scratch: number, ...args: number[]) => void;

/** What one thread works with. Workers receive it as a message, when they begin. */
export interface Thread {
  /** 0 is the caller. */
  readonly number: number;
  readonly memory: WebAssembly.Memory;
  readonly control: number;
  readonly places: typeof PLACES;
  /** {@linkcode LOOKS}. */
  readonly looks: number;
  /** The bytes of all modules. Nothing in it is ever overwritten. */
  readonly code: SharedArrayBuffer | undefined;
  /** This thread's instances, by number. */
  readonly functions: RunPiece[];
}

/**
 * Takes pieces until there are none left. Workers receive the text of this function: it uses nothing but its argument,
 * and contains no function, because some bundlers add calls of their own to those.
 */
export function takePieces({ number, memory, control, places, code, functions }: Thread): void {
  const words = new Int32Array(memory.buffer, control, places.end);
  for (;;) {
    const left = Atomics.sub(words, places.unclaimed, 1);
    if (left <= 0) return;
    const pieces = words[places.pieces], piece = pieces - left;
    try {
      const id = words[places.id];
      if (functions[id] === undefined) {
        const bytes = new Uint8Array(code!, words[places.codeStart], words[places.codeLength]).slice();
        const instance = new WebAssembly.Instance(new WebAssembly.Module(bytes), { core: { memory } });
        functions[id] = instance.exports.run as RunPiece;
      }
      const scratch = words[places.scratch] + number * words[places.scratchBytes];
      functions[id](piece, scratch, words[places.arguments], words[places.arguments + 1]);
    } catch (error) {
      if (Atomics.compareExchange(words, places.failed, 0, 1) === 0) {
        const reason = `piece ${piece} of ${pieces}, thread ${number}: ${error}`;
        const length = Math.min(reason.length, places.end - places.reason);
        for (let index = 0; index < length; index++) {
          words[places.reason + index] = reason.charCodeAt(index);
        }
        words[places.reasonLength] = length;
      }
    }
    if (Atomics.add(words, places.finished, 1) + 1 === pieces) Atomics.notify(words, places.finished);
  }
}

/** What a worker does until it ends. Also sent as text. */
export function serve(thread: Thread, take: typeof takePieces): void {
  const { memory, control, places, looks } = thread;
  const words = new Int32Array(memory.buffer, control, places.end);
  for (;;) {
    const seen = Atomics.load(words, places.signal);
    if (Atomics.load(words, places.closed) === 1) return;
    take(thread);
    for (let look = 0; look < looks && Atomics.load(words, places.signal) === seen; look++);
    Atomics.wait(words, places.signal, seen);
  }
}
