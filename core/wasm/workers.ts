/**
 * Workers, as each platform has them.
 *
 * @module
 */

/** A worker of any platform. */
export interface StartedWorker {
  /** Lets the program end while the worker waits. On the web nothing is needed for that. */
  unref?(): void;
  /** Ends the worker, whatever it does. */
  terminate(): unknown;
}

/** The part of Node's `node:worker_threads` that is used. Deno and Bun have it, too. */
interface NodeThreads {
  readonly Worker: new (url: URL) => StartedWorker & {
    on(event: "message" | "error" | "exit", listener: (value: unknown) => void): void;
    postMessage(message: unknown): void;
  };
}

/** A module of Node, where there is one. This is not an import, which a browser would refuse, and it needs no permission. */
function nodeModule(name: string): unknown {
  const { process } = globalThis as { process?: { getBuiltinModule?: (name: string) => unknown } };
  return process?.getBuiltinModule?.(name);
}

/** Node's workers, where there are any: unlike those of the web they can be told not to keep the program alive. */
const nodeThreads = () => nodeModule("node:worker_threads") as NodeThreads | undefined;

/**
 * The number of processors. Node has no `navigator` before version 21.
 *
 * @example
 * ```ts
 * import { countProcessors } from "./workers.ts";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(countProcessors(), navigator.hardwareConcurrency);
 * ```
 *
 * @returns The number that this program may use, at least 1.
 */
export function countProcessors(): number {
  const os = () => nodeModule("node:os") as { availableParallelism?(): number } | undefined;
  return globalThis.navigator?.hardwareConcurrency ?? os()?.availableParallelism?.() ?? 1;
}

/**
 * Starts a worker, and waits until it is ready. From then on it does not keep the program alive.
 *
 * @param program JavaScript, of which nothing needs to be read from disk: it receives `data` and has no imports.
 * @param data What the program receives.
 * @param ended Called when the worker ends, for whatever reason.
 * @returns The worker.
 * @throws {Error} If it ended before it was ready.
 */
export async function startWorker(
  program: string,
  data: unknown,
  ended: (why: string) => void,
): Promise<StartedWorker> {
  const source = `
    const port = globalThis.process?.getBuiltinModule?.("node:worker_threads")?.parentPort ?? globalThis;
    port.onmessage = ({ data }) => {
      port.onmessage = null;
      port.postMessage("ready");
      ${program}
    };`;
  const address = `data:text/javascript,${encodeURIComponent(source)}`, node = nodeThreads();
  let worker!: StartedWorker;
  await new Promise<void>((resolve, reject) => {
    const fail = (why: string) => {
      ended(why);
      reject(new Error(`Cannot start a thread: ${why}`));
    };
    if (node) {
      const started = worker = new node.Worker(new URL(address));
      started.on("message", () => resolve());
      started.on("error", (error) => fail(String(error)));
      started.on("exit", () => fail("its worker was ended"));
      started.postMessage(data);
    } else {
      const started = worker = new Worker(address, { type: "module" });
      started.onmessage = () => resolve();
      started.onerror = (event) => {
        event.preventDefault();
        fail(event.message || "the page's Content-Security-Policy must allow worker-src data:");
      };
      started.postMessage(data);
    }
  });
  worker.unref?.();
  return worker;
}

/**
 * Whether several threads are possible.
 *
 * @example
 * ```ts
 * import { whyNoThreads } from "./workers.ts";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(whyNoThreads(), undefined);
 * ```
 *
 * @returns Undefined if they are, else why not, in a clause for the user.
 */
export function whyNoThreads(): string | undefined {
  const { crossOriginIsolated } = globalThis as { crossOriginIsolated?: boolean };
  if (crossOriginIsolated === false) {
    return "this page may not share memory between threads: serve it with the headers " +
      "Cross-Origin-Opener-Policy: same-origin and Cross-Origin-Embedder-Policy: require-corp";
  }
  if (typeof SharedArrayBuffer === "undefined" || !("grow" in SharedArrayBuffer.prototype)) {
    return "this engine has no shared memory that can grow";
  }
  return nodeThreads() || typeof Worker !== "undefined" ? undefined : "this engine has no workers";
}
