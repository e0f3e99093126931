import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import {
  ARGUMENTS,
  CONTROL_BYTES,
  LOOKS,
  PLACES,
  type RunPiece,
  serve,
  takePieces,
  type Thread,
} from "../core/wasm/wasm_pieces.ts";

/** Where the control region of these tests begins: not at 0, so that nothing relies on it. */
const CONTROL = 64;

/** A thread of a test, whose functions are TypeScript, and the words it reads. */
function threadOf(
  functions: RunPiece[],
  { number = 0, memory = new WebAssembly.Memory({ initial: 1, maximum: 1, shared: true }) } = {},
): { thread: Thread; words: Int32Array; memory: WebAssembly.Memory } {
  const words = new Int32Array(memory.buffer, CONTROL, PLACES.end);
  const thread = {
    number,
    memory,
    control: CONTROL,
    places: PLACES,
    looks: LOOKS,
    code: undefined,
    functions,
  };
  return { thread, words, memory };
}

/** Writes a run as the caller does, all but the signal. */
function announce(words: Int32Array, pieces: number, args: readonly number[] = []): void {
  words[PLACES.pieces] = pieces;
  words[PLACES.scratch] = 4096;
  words[PLACES.scratchBytes] = 128;
  words.set(args, PLACES.arguments);
  Atomics.store(words, PLACES.finished, 0);
  Atomics.store(words, PLACES.unclaimed, pieces);
}

Deno.test("takePieces runs every piece once, with its arguments and its own private memory", () => {
  const calls: number[][] = [],
    { thread, words } = threadOf([(...args) => void calls.push(args)], { number: 2 });
  announce(words, 3, [7, -5]);
  takePieces(thread);
  assertEquals(calls, [[0, 4352, 7, -5], [1, 4352, 7, -5], [2, 4352, 7, -5]]);
  assertEquals(words[PLACES.finished], 3);
});

Deno.test("two threads share the pieces of a run, none twice", () => {
  const taken: string[] = [], memory = new WebAssembly.Memory({ initial: 1, maximum: 1, shared: true });
  const late = threadOf([(piece) => void taken.push(`late ${piece}`)], { number: 1, memory });
  const early = threadOf([(piece) => {
    taken.push(`early ${piece}`);
    if (piece === 1) takePieces(late.thread); // in the middle of the run
  }], { memory });
  announce(early.words, 4);
  takePieces(early.thread);
  assertEquals(taken, ["early 0", "early 1", "late 2", "late 3"]);
  assertEquals(early.words[PLACES.finished], 4);
});

Deno.test("a thread that comes after a run claims nothing, and takes part in the next with its arguments", () => {
  const calls: number[][] = [],
    { thread, words } = threadOf([(piece, _, value) => void calls.push([piece, value])]);
  announce(words, 1, [5]);
  for (let time = 0; time < 3; time++) takePieces(thread); // twice too late
  announce(words, 2, [6]);
  takePieces(thread);
  assertEquals(calls, [[0, 5], [0, 6], [1, 6]]);
});

Deno.test("a piece that fails leaves the first reason, and the others are done", () => {
  const { thread, words } = threadOf([(piece) => {
    if (piece > 0) throw new Error(`no piece ${piece}, ${"x".repeat(CONTROL_BYTES)}`);
  }]);
  announce(words, 3);
  takePieces(thread);
  const reason = words.subarray(PLACES.reason, PLACES.reason + words[PLACES.reasonLength]);
  assertEquals([words[PLACES.failed], words[PLACES.finished]], [1, 3]);
  assertStringIncludes(String.fromCharCode(...reason), "piece 1 of 3, thread 0: Error: no piece 1");
  assertEquals(words[PLACES.reasonLength], PLACES.end - PLACES.reason); // cut where the region ends
});

Deno.test("serve ends when the threads are closed, and takes pieces before", () => {
  const { thread, words } = threadOf([]);
  let taken = 0;
  serve({ ...thread, looks: 1 }, () => {
    taken++;
    words[PLACES.closed] = 1; // closed while it takes pieces: the signal moves on, so it does not sleep
    words[PLACES.signal]++;
  });
  assertEquals(taken, 1);
});

Deno.test("what is sent as text uses nothing but its arguments", () => {
  const calls: number[] = [], { thread, words } = threadOf([(piece) => void calls.push(piece)]);
  announce(words, 2);
  const sent = new Function(`return ${takePieces}`)() as typeof takePieces;
  sent(thread);
  words[PLACES.closed] = 1;
  (new Function(`return ${serve}`)() as typeof serve)(thread, sent);
  assertEquals(calls, [0, 1]);
});

Deno.test("the places of the control region do not overlap", () => {
  const { signal, unclaimed, finished, closed } = PLACES, line = 16; // words of a cache line
  assertEquals(
    new Set([signal, unclaimed, finished, closed].map((place) => Math.floor(place / line))).size,
    4,
  );
  assertEquals(new Set(Object.values(PLACES)).size, Object.keys(PLACES).length);
  assert(PLACES.failed >= PLACES.arguments + ARGUMENTS);
  assert(PLACES.reason < PLACES.end);
});
