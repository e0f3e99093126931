import { assert, assertEquals, assertRejects, assertThrows } from "@std/assert";
import { PLACES } from "../core/wasm/wasm_pieces.ts";
import { CONTROL_BYTES, openWasmThreads, type WasmThreads } from "../core/wasm/wasm_threads.ts";

const I32 = 0x7f;
/** Where the tests' functions write, after the control region. */
const ARRAY = CONTROL_BYTES, COUNTER = 32768, SCRATCH = 40000, SCRATCH_BYTES = 64;

const sized = (...bytes: number[]) => [bytes.length, ...bytes];
const name = (text: string) => sized(...new TextEncoder().encode(text));
const local = (index: number) => [0x20, index];
/** `i32.const`, for numbers of up to 21 bits. */
const constant = (value: number) => [0x41, value & 127 | 128, value >> 7 & 127 | 128, value >> 14 & 63];
/** The address of element `piece` of the array in parameter 2. */
const ELEMENT = [...local(2), ...local(0), 0x41, 2, 0x74, 0x6a];

/** A module whose function gets `parameters` besides piece and scratch, and does what `code` says. */
function moduleOf(code: number[], { parameters = [I32, I32], shared = true } = {}): Uint8Array {
  const types = [I32, I32, ...parameters], body = sized(1, 1, I32, ...code, 0x0b);
  return new Uint8Array([
    ...[0, 0x61, 0x73, 0x6d, 1, 0, 0, 0],
    ...[1, ...sized(1, 0x60, ...sized(...types), 0)],
    ...[2, ...sized(1, ...name("core"), ...name("memory"), 2, shared ? 3 : 0, 1, ...shared ? [100] : [])],
    ...[3, 2, 1, 0],
    ...[7, ...sized(1, ...name("run"), 0, 0)],
    ...[10, ...sized(1, ...body)],
  ]);
}

/** element = operator(element, parameter 3) */
const update = (operator: number) => [...ELEMENT, ...ELEMENT, 0x28, 2, 0, ...local(3), operator, 0x36, 2, 0];
const ADD = update(0x6a), SUBTRACT = update(0x6b);
/**
 * Waits until two pieces have come here, so that two threads must take one each; fails when it has looked 2³² times, some
 * seconds long. The counter must be 0 before.
 */
const MEET = [
  ...[...constant(COUNTER), 0x41, 1, 0xfe, 0x1e, 2, 0, 0x1a],
  ...[0x03, 0x40, ...local(4), 0x41, 1, 0x6a, 0x22, 4, 0x45, 0x04, 0x40, 0x00, 0x0b],
  ...[...constant(COUNTER), 0xfe, 0x10, 2, 0, 0x41, 2, 0x48, 0x0d, 0, 0x0b],
];
/** Runs `code` on thread number `thread` only. */
const onThread = (thread: number, code: number[]) => [
  ...[...local(1), ...constant(SCRATCH + thread * SCRATCH_BYTES), 0x46, 0x04, 0x40, ...code, 0x0b],
];
const TRAP = [0x00], FOREVER = [0x03, 0x40, 0x0c, 0, 0x0b];

/** Opens threads on a memory of their own, and closes them after use. */
async function withThreads(
  count: number,
  body: (threads: WasmThreads, memory: WebAssembly.Memory) => void | Promise<void>,
  options = {},
): Promise<void> {
  const memory = new WebAssembly.Memory({ initial: 1, maximum: 100, shared: true });
  const threads = await openWasmThreads(memory, 0, count, options);
  try {
    await body(threads, memory);
  } finally {
    threads.close();
  }
}

const run = (threads: WasmThreads, id: number, pieces: number, ...args: number[]) =>
  threads.run(id, pieces, SCRATCH, SCRATCH_BYTES, args);

/** Two pieces on two threads of a function that begins with {@linkcode MEET}. */
function runTwo(threads: WasmThreads, memory: WebAssembly.Memory, id: number): void {
  new Int32Array(memory.buffer)[COUNTER / 4] = 0;
  run(threads, id, 2, ARRAY, 1);
}

const elements = (memory: WebAssembly.Memory, length: number) => [
  ...new Int32Array(memory.buffer, ARRAY, length),
];

for (const count of [1, 2, 3, 5]) {
  Deno.test(`every piece runs once with its own arguments, ${count} threads, thousands of runs`, () =>
    withThreads(count, (threads, memory) => {
      assertEquals(threads.count, count);
      const ids = [threads.define(moduleOf(ADD)), threads.define(moduleOf(SUBTRACT))];
      const expected = new Array(40).fill(0);
      for (let step = 0; step < 6000; step++) {
        const pieces = step * 7 % 41, value = step % 1001, odd = step % 3 & 1;
        run(threads, ids[odd], pieces, ARRAY, value);
        for (let piece = 0; piece < pieces; piece++) expected[piece] += odd ? -value : value;
        if (step % 50 === 0 || step > 5900) assertEquals(elements(memory, 40), expected, `after run ${step}`);
        if (step % 1000 === 0) ids[0] = threads.define(moduleOf(ADD));
      }
    }));
}

Deno.test("one thread works in memory that is not shared, also after it has grown", async () => {
  const memory = new WebAssembly.Memory({ initial: 1 });
  const threads = await openWasmThreads(memory, 0, 1);
  const add = threads.define(moduleOf(ADD, { shared: false }));
  run(threads, add, 3, ARRAY, 5);
  memory.grow(1);
  run(threads, add, 2, ARRAY, 5);
  run(threads, add, 3, 65536, 7);
  assertEquals(elements(memory, 4), [10, 10, 5, 0]);
  assertEquals([...new Int32Array(memory.buffer, 65536, 4)], [7, 7, 7, 0]);
  threads.close();
});

Deno.test("each thread has private memory, and a single piece runs on the caller's", () =>
  withThreads(2, (threads, memory) => {
    const scratch = [...ELEMENT, ...local(1), 0x36, 2, 0];
    runTwo(threads, memory, threads.define(moduleOf([...MEET, ...scratch])));
    assertEquals(elements(memory, 2).sort(), [SCRATCH, SCRATCH + SCRATCH_BYTES]);
    const alone = threads.define(moduleOf(scratch));
    run(threads, alone, 7, ARRAY, 0);
    const signals = new Int32Array(memory.buffer)[PLACES.signal];
    run(threads, alone, 1, ARRAY, 0);
    assertEquals(elements(memory, 1), [SCRATCH]);
    assertEquals(new Int32Array(memory.buffer)[PLACES.signal], signals, "a worker was woken");
  }));

Deno.test("arguments arrive as they were, on every thread", () =>
  withThreads(2, (threads, memory) => {
    const id = threads.define(moduleOf([...MEET, ...ELEMENT, ...local(3), 0x36, 2, 0]));
    for (const value of [-1, 2 ** 31 - 1, -(2 ** 31)]) {
      new Int32Array(memory.buffer)[COUNTER / 4] = 0;
      run(threads, id, 2, ARRAY, value);
      assertEquals(elements(memory, 2), [value, value]);
    }
  }));

Deno.test("a piece that fails on any thread is an error; the others are done, and the threads go on", () =>
  withThreads(2, (threads, memory) => {
    for (const thread of [0, 1]) {
      const id = threads.define(moduleOf([...MEET, ...ADD, ...onThread(thread, TRAP)]));
      const before = elements(memory, 2);
      const pattern =
        `A WebAssembly function failed: piece [01] of 2, thread ${thread}: RuntimeError: unreachable`;
      const { message } = assertThrows(() => runTwo(threads, memory, id), Error);
      assert(new RegExp(pattern).test(message), message);
      assertEquals(elements(memory, 2), before.map((value) => value + 1));
      runTwo(threads, memory, threads.define(moduleOf([...MEET, ...ADD])));
      assertEquals(elements(memory, 2), before.map((value) => value + 2));
    }
    const alone = threads.define(moduleOf(TRAP));
    const message = "A WebAssembly function failed: piece 0 of 1, thread 0: RuntimeError: unreachable";
    assertThrows(() => run(threads, alone, 1, ARRAY, 0), Error, message);
  }));

Deno.test("no thread sleeps through a run that begins while it falls asleep", () =>
  withThreads(2, (threads, memory) => {
    const add = threads.define(moduleOf(ADD)), meet = threads.define(moduleOf([...MEET, ...ADD]));
    for (let time = 0; time < 2000; time++) {
      for (let pause = 0; pause < time % 20; pause++) run(threads, add, 1, ARRAY, 0);
      runTwo(threads, memory, meet);
    }
    assertEquals(elements(memory, 2), [2000, 2000]);
  }));

Deno.test("workers see memory that has grown while they slept", () =>
  withThreads(2, (threads, memory) => {
    const id = threads.define(moduleOf([...MEET, ...ADD])), start = performance.now();
    runTwo(threads, memory, id);
    for (let page = 1; page < 60; page++) {
      memory.grow(1);
      const address = page * 65536 + 65528;
      new Int32Array(memory.buffer)[COUNTER / 4] = 0;
      run(threads, id, 2, address, page);
      assertEquals([...new Int32Array(memory.buffer, address, 2)], [page, page]);
    }
    assert(performance.now() - start < 15_000, "the caller was not woken by the last piece");
  }));

/** A worker, as a test ends it. */
interface NodeWorker {
  on(event: string, listener: (value: unknown) => void): unknown;
  terminate(): Promise<number>;
}

/** Node's module, whose workers the threads are. */
const node = (globalThis as unknown as {
  process: { getBuiltinModule(name: string): { Worker: new (url: URL) => NodeWorker } };
}).process.getBuiltinModule("node:worker_threads");

/** Runs `body` and collects the workers that it starts. Silent ones end without saying so, as in browsers. */
async function withWorkers(workers: NodeWorker[], silent: boolean, body: () => Promise<void>): Promise<void> {
  const { Worker } = node;
  node.Worker = class extends Worker {
    constructor(url: URL) {
      super(url);
      workers.push(this);
    }
    override on(event: string, listener: (value: unknown) => void) {
      return silent && event === "exit" ? this : super.on(event, listener);
    }
  };
  try {
    await body();
  } finally {
    node.Worker = Worker;
  }
}

for (const silent of [false, true]) {
  const result = silent ? "costs nothing but speed where nobody notices" : "is an error";
  Deno.test(`a worker that was ended from outside while it slept ${result}`, async () => {
    const workers: NodeWorker[] = [];
    await withWorkers(workers, silent, () =>
      withThreads(3, async (threads, memory) => {
        const add = threads.define(moduleOf(ADD));
        run(threads, add, 4, ARRAY, 1);
        await workers[1].terminate();
        const again = () => run(threads, add, 4, ARRAY, 1);
        if (silent) again();
        else assertThrows(again, Error, "Cannot run on several threads: thread 2 has ended");
        assertEquals(elements(memory, 4), new Array(4).fill(silent ? 2 : 1));
      }));
  });
}

Deno.test("a thread that does not finish its piece is an error after a time, and can be ended", async () => {
  const workers: NodeWorker[] = [];
  let ended = false;
  await withWorkers(workers, false, () =>
    withThreads(2, (threads, memory) => {
      workers[0].on("exit", () => ended = true);
      const id = threads.define(moduleOf([...MEET, ...onThread(1, FOREVER)]));
      const start = performance.now();
      const message = "Cannot run on several threads: no thread has finished anything for 2 seconds, " +
        "and 1 of 2 pieces are missing";
      assertThrows(() => runTwo(threads, memory, id), Error, message);
      assert(performance.now() - start > 1900);
      assertThrows(() => run(threads, id, 1, ARRAY, 0), Error, message);
    }, { patience: 2 }));
  for (let wait = 0; wait < 500 && !ended; wait++) await new Promise((resolve) => setTimeout(resolve, 10));
  assert(ended, "the worker still runs");
});

Deno.test("threads that are closed twice are closed, and run nothing", () =>
  withThreads(3, (threads) => {
    const add = threads.define(moduleOf(ADD));
    threads.close();
    threads.close();
    for (const pieces of [1, 4]) {
      assertThrows(() => run(threads, add, pieces, ARRAY, 1), Error, "the threads were closed");
    }
  }));

Deno.test("what cannot be is refused", async () => {
  const memory = new WebAssembly.Memory({ initial: 1, maximum: 100, shared: true });
  const alone = new WebAssembly.Memory({ initial: 1 });
  await assertRejects(() => openWasmThreads(memory, 0, 0), RangeError, "Cannot start 0 threads");
  await assertRejects(() => openWasmThreads(memory, 0, 1.5), RangeError, "Cannot start 1.5 threads");
  await assertRejects(() => openWasmThreads(memory, 8, 1), RangeError, "Control address 8 is not");
  await assertRejects(() => openWasmThreads(alone, 0, 2), RangeError, "Cannot start 2 threads: the memory");
  await withThreads(2, (threads) => {
    const add = threads.define(moduleOf(ADD));
    const args = new Array(3).fill(0);
    assertThrows(() => run(threads, add, 2, ...args), RangeError, "Cannot pass 3 arguments");
    assertThrows(() => threads.define(new Uint8Array(8)), WebAssembly.CompileError);
    assertThrows(() => threads.define(moduleOf(ADD, { shared: false })), WebAssembly.LinkError);
    run(threads, add, 4, ARRAY, 1);
  });
});

/** Runs a program that opens three threads and ends without closing them, without any permission. */
async function program(text: string): Promise<{ code: number; stdout: string; stderr: string }> {
  const library = new URL("../core/wasm/wasm_threads.ts", import.meta.url);
  const command = new Deno.Command(Deno.execPath(), {
    args: ["run", "--quiet", "--no-prompt", "--no-config", "--no-lock", "-"],
    stdin: "piped",
    stdout: "piped",
    stderr: "piped",
    signal: AbortSignal.timeout(60_000),
  });
  const child = command.spawn(), writer = child.stdin.getWriter();
  await writer.write(new TextEncoder().encode(`
    import { openWasmThreads } from "${library}";
    const memory = new WebAssembly.Memory({ initial: 1, maximum: 100, shared: true });
    const threads = await openWasmThreads(memory, 0, 3);
    const id = threads.define(new Uint8Array([${moduleOf(ADD)}]));
    ${text}`));
  await writer.close();
  const { code, stdout, stderr } = await child.output(), decoder = new TextDecoder();
  return { code, stdout: decoder.decode(stdout), stderr: decoder.decode(stderr) };
}

Deno.test("a program that does not close its threads ends by itself, and needs no permission", async () => {
  const text = `
    for (let time = 0; time < 100; time++) threads.run(id, 9, 0, 0, [${ARRAY}, 2]);
    console.log(new Int32Array(memory.buffer, ${ARRAY}, 10).join());`;
  assertEquals(await program(text), {
    code: 0,
    stdout: "200,200,200,200,200,200,200,200,200,0\n",
    stderr: "",
  });
  assertEquals(await program(`throw new Error("stop");`).then(({ code }) => code), 1);
});
