/// <reference lib="webworker" />
/**
 * The members of `Deno` that tests use which run in a browser, and the worker that runs such a file: that of its address after #.
 * Files are read from the server of `kernels.ts`. Bundled, and started as a module.
 *
 * @module
 */

/** What a file of tests gave. */
export interface FileReport {
  readonly passed: number;
  readonly ignored: number;
  /** The tests that failed, each with its error. */
  readonly failed: readonly { readonly name: string; readonly error: string }[];
}

type Body = (context: unknown) => void | Promise<void>;

interface Test {
  readonly name: string;
  readonly ignore?: boolean;
  readonly fn: Body;
}

const tests: Test[] = [];

function test(first: string | Test, second?: Body | Omit<Test, "fn">, third?: Body): void {
  const options = typeof first === "string" ? { name: first } : first;
  const fn = [third, second].find((argument) => typeof argument === "function") as Body | undefined;
  tests.push({ fn: () => {}, ...options, ...typeof second === "object" ? second : {}, ...fn ? { fn } : {} });
}

/** Reads a file at once, which a worker may do. */
function readFileSync(path: string | URL): Uint8Array<ArrayBuffer> {
  const request = new XMLHttpRequest();
  request.open("GET", new URL(path, location.origin), false);
  request.responseType = "arraybuffer";
  request.send();
  if (request.status !== 200) throw new Error(`Cannot read ${path}: status ${request.status}`);
  return new Uint8Array(request.response);
}

const readTextFileSync = (path: string | URL) => new TextDecoder().decode(readFileSync(path));

/** `REQUIRE_GPU=1`: here a missing adapter is a failure. */
const env = { get: (name: string) => name === "REQUIRE_GPU" ? "1" : undefined };

const members = {
  ...{ test, env, readFileSync, readTextFileSync },
  // deno-lint-ignore require-await -- errors reject
  readFile: async (path: string | URL) => readFileSync(path),
  // deno-lint-ignore require-await
  readTextFile: async (path: string | URL) => readTextFileSync(path),
};

/** Runs a file of tests that the server has bundled. */
async function run(address: string): Promise<FileReport> {
  const failed: { name: string; error: string }[] = [];
  let passed = 0, ignored = 0;
  try {
    await import(address);
  } catch (error) {
    failed.push({ name: "the file itself", error: `${error}` });
  }
  for (const { name, ignore, fn } of tests) {
    if (ignore) {
      ignored++;
      continue;
    }
    try {
      await fn({ step: (_: string, body: Body) => body({}) });
      passed++;
    } catch (error) {
      failed.push({ name, error: `${error}` });
    }
  }
  return { passed, ignored, failed };
}

Object.assign(globalThis, { Deno: members });
postMessage(await run(location.hash.slice(1)));
