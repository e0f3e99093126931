import { assertEquals, assertMatch, assertRejects } from "@std/assert";
import { countProcessors, startWorker, whyNoThreads } from "../core/wasm/workers.ts";

/** Runs `body` with other values of global names. */
async function withGlobals(values: Record<string, unknown>, body: () => void | Promise<void>): Promise<void> {
  const names = Object.keys(values);
  const before = names.map((name) => Object.getOwnPropertyDescriptor(globalThis, name));
  for (const name of names) {
    Object.defineProperty(globalThis, name, { value: values[name], configurable: true, writable: true });
  }
  try {
    await body();
  } finally {
    for (const [index, name] of names.entries()) {
      if (before[index]) Object.defineProperty(globalThis, name, before[index]);
      else delete (globalThis as Record<string, unknown>)[name];
    }
  }
}

/** What `startWorker` uses of a browser: no Node modules. */
const browser = { process: undefined };

for (const [platform, globals] of [["Node", {}], ["the web", browser]] as const) {
  Deno.test(`a worker receives its data and can be ended, with the workers of ${platform}`, () =>
    withGlobals(globals, async () => {
      const words = new Int32Array(new SharedArrayBuffer(8));
      const program = "data[0] = 7; Atomics.notify(data, 0); for (;;) Atomics.wait(data, 1, 0);";
      const worker = await startWorker(program, words, () => {});
      Atomics.wait(words, 0, 0, 10000);
      assertEquals(words[0], 7);
      worker.terminate();
    }));

  Deno.test(`a worker that fails at its start is an error, with the workers of ${platform}`, () =>
    withGlobals(globals, async () => {
      const reasons: string[] = [];
      const start = () => startWorker("}", undefined, (reason) => reasons.push(reason));
      await assertRejects(start, Error, "Cannot start a thread: ");
      assertEquals(reasons.length > 0, true);
    }));
}

Deno.test("whyNoThreads says what is missing", async () => {
  assertEquals(whyNoThreads(), undefined);
  const page =
    /^this page may not share memory .* Cross-Origin-Opener-Policy: same-origin and Cross-Origin-Emb/;
  await withGlobals({ crossOriginIsolated: false }, () => assertMatch(whyNoThreads() ?? "", page));
  await withGlobals({ crossOriginIsolated: true }, () => assertEquals(whyNoThreads(), undefined));
  const memory = "this engine has no shared memory that can grow";
  await withGlobals({ SharedArrayBuffer: undefined }, () => assertEquals(whyNoThreads(), memory));
  await withGlobals({ SharedArrayBuffer: class {} }, () => assertEquals(whyNoThreads(), memory));
  await withGlobals(browser, () => assertEquals(whyNoThreads(), undefined));
  const workers = "this engine has no workers";
  await withGlobals({ ...browser, Worker: undefined }, () => assertEquals(whyNoThreads(), workers));
});

Deno.test("processors are counted with and without a navigator, and are 1 where nothing says", async () => {
  const node = {
    getBuiltinModule: (name: string) => name === "node:os" && { availableParallelism: () => 5 },
  };
  const counted: number[] = [], count = () => void counted.push(countProcessors());
  await withGlobals({ navigator: { hardwareConcurrency: 7 }, process: node }, count);
  await withGlobals({ navigator: undefined, process: node }, count);
  await withGlobals({ navigator: undefined, ...browser }, count);
  assertEquals(counted, [7, 5, 1]);
});
