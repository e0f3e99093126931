/**
 * `deno task test:browser:kernels`: the tests of the project in Chrome, on its WebGPU, its WebAssembly and the CPU reference.
 *
 *     --filter TEXT   files whose names contain this
 *
 * A file takes part if it and what it imports use no other members of Deno than those that `deno_members.ts` has, and nothing of
 * Node: tests of the library do, those of commands and of files on disk do not. Exit status 1 if a test fails.
 *
 * @module
 */
/// <reference lib="dom" />
import { parseArgs } from "node:util";
import type { Page } from "npm:puppeteer-core@25.16.0";
import { findChrome, withChrome } from "./chrome.ts";
import type { FileReport } from "./deno_members.ts";

const MEMBERS = ["test", "env.get", "readFile", "readFileSync", "readTextFile", "readTextFileSync"];

/** Milliseconds after which a file counts as hanging: its shaders are compiled for a CPU. */
const PATIENCE = 600_000;

const root = new URL("../../", import.meta.url);

/** What a program needs that a browser lacks. */
function missingIn(program: string): string[] {
  const members = Array.from(program.matchAll(/\bDeno\.(\w+(?:\.get\b)?)/g), ([, member]) => member);
  const modules = Array.from(program.matchAll(/\bfrom ?"(node:[^"]+)"/g), ([, module]) => module);
  const missing = members.filter((member) => !MEMBERS.includes(member)).map((member) => `Deno.${member}`);
  // a bundler would take in every file whose name might be meant
  const chosen = /\bimport\(`[^`]*\$\{/.test(program) ? ["modules chosen while it runs"] : [];
  return [...new Set([...missing, ...modules, ...chosen])];
}

/** Bundles a module for the browser. */
async function bundle(path: string): Promise<string> {
  const entrypoints = [new URL(path, root).pathname];
  const { success, outputFiles, errors } = await Deno.bundle({
    entrypoints,
    platform: "browser",
    write: false,
  });
  if (!success) throw new Error(errors[0].text);
  return outputFiles![0].text();
}

/** Bundles a file of tests; if it cannot run in a browser, gives what it needs. */
async function programOf(path: string): Promise<{ readonly program: string } | { readonly needs: string }> {
  const source = await Deno.readTextFile(new URL(path, root)), early = missingIn(source);
  if (early.length > 0) return { needs: early.join(", ") };
  try {
    const program = await bundle(path), missing = missingIn(program);
    return missing.length > 0 ? { needs: missing.join(", ") } : { program };
  } catch (error) {
    return { needs: `a bundle: ${(error as Error).message}` };
  }
}

/** Serves the worker, the bundles in `programs`, and all other files as they are. */
function serve(worker: string, programs: ReadonlyMap<string, string>): Deno.HttpServer<Deno.NetAddr> {
  return Deno.serve({ hostname: "127.0.0.1", port: 0, onListen() {} }, async ({ url }) => {
    const { pathname } = new URL(url),
      headers = new Headers({
        "cross-origin-opener-policy": "same-origin",
        "cross-origin-embedder-policy": "require-corp",
      });
    const script = pathname === "/worker.js" ? worker : programs.get(pathname.slice(1));
    if (pathname === "/") headers.set("content-type", "text/html");
    if (script) headers.set("content-type", "text/javascript");
    const page = `<!doctype html><link rel="icon" href="data:,">`;
    const text = pathname === "/" ? page : script;
    const body = text ?? await Deno.readFile(new URL(`.${pathname}`, root)).catch(() => undefined);
    return new Response(body ?? "", { headers, status: body === undefined ? 404 : 200 });
  });
}

/** Runs a file in a worker of its own, whose memory is given back with it. */
async function runFile(page: Page, path: string): Promise<FileReport> {
  const { promise, resolve } = Promise.withResolvers<FileReport>(), listener = `report${crypto.randomUUID()}`;
  await page.exposeFunction(listener, resolve);
  await page.evaluate(
    (path, listener, patience) => {
      const worker = new Worker(`/worker.js#/${path}`, { type: "module" });
      const end = (report: FileReport) => {
        worker.terminate();
        (globalThis as unknown as Record<string, (report: FileReport) => void>)[listener](report);
      };
      const fail = (error: string) =>
        end({ passed: 0, ignored: 0, failed: [{ name: "the file itself", error }] });
      const timer = setTimeout(() => fail(`no answer within ${patience / 1000} s`), patience);
      worker.onmessage = ({ data }) => (clearTimeout(timer), end(data));
      worker.onerror = ({ message }) => (clearTimeout(timer), fail(message));
    },
    path,
    listener,
    PATIENCE,
  );
  return await promise;
}

const { filter } =
  parseArgs({ args: Deno.args, options: { filter: { type: "string", default: "" } } }).values;
const chrome = await findChrome();
if (!chrome) {
  console.log("skipped: no Chrome was found: apt-get install chromium-headless-shell, or set CHROME");
  Deno.exit();
}
const names = Array.from(Deno.readDirSync(new URL("tests", root)), ({ name }) => name)
  .filter((name) => name.endsWith("_test.ts") && name.includes(filter)).sort();
const programs = new Map<string, string>(), start = performance.now();
const server = serve(await bundle("tests/browser/deno_members.ts"), programs);
const left: string[] = [], total = { files: 0, passed: 0, failed: 0, ignored: 0 };
await withChrome(chrome, async (browser) => {
  const page = await browser.newPage();
  await page.goto(`http://127.0.0.1:${server.addr.port}/`);
  for (const name of names) {
    const path = `tests/${name}`, built = await programOf(path);
    if ("needs" in built) {
      left.push(`${name}: ${built.needs}`);
      continue;
    }
    programs.set(path, built.program);
    const began = performance.now(), { passed, failed, ignored } = await runFile(page, path);
    programs.delete(path);
    const seconds = ((performance.now() - began) / 1000).toFixed(1);
    console.log(`${name}: ${passed} passed, ${failed.length} failed, ${ignored} ignored (${seconds} s)`);
    for (const { name, error } of failed) console.log(`    FAILED ${name}: ${error}`);
    total.files++;
    total.passed += passed;
    total.failed += failed.length;
    total.ignored += ignored;
  }
});
await server.shutdown();
if (left.length > 0) console.log(`\nnot run, because of what they need:\n  ${left.join("\n  ")}`);
const seconds = ((performance.now() - start) / 1000).toFixed(0);
console.log(
  `\n${total.files} of ${names.length} files: ${total.passed} passed, ${total.failed} failed, ` +
    `${total.ignored} ignored (${seconds} s)`,
);
if (total.failed > 0 || total.files === 0) Deno.exit(1);
