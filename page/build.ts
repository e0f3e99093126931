/**
 * Bundles the page: five files that any web server can serve, or that are opened from disk.
 *
 * @module
 */
import { WORKER_FUNCTION } from "./names.ts";

const FOLDER = new URL("./", import.meta.url);

/** What the page may load. A worker from a Blob is needed only from disk, and {@linkcode headersOf} forbids it elsewhere. */
const policy = (workers: string) =>
  `default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; style-src 'self'; img-src 'self'; worker-src ${workers}`;

/** The files of the page by name. */
export type PageFiles = ReadonlyMap<string, Uint8Array<ArrayBuffer>>;

/** Bundles the page. It throws with the bundler's messages where that fails. */
export async function buildPage(): Promise<PageFiles> {
  const files = new Map<string, Uint8Array<ArrayBuffer>>(),
    encode = (text: string) => new TextEncoder().encode(text);
  const [page, worker] = [await bundle("page.ts"), await bundle("worker.ts")];
  const css = page.get("css") ?? "";
  files.set("index.html", encode((await read("index.html")).replace("POLICY", policy("'self' blob:"))));
  files.set("page.css", encode(css + minifyCss(await read("page.css"))));
  files.set("page.js", encode(page.get("js")!));
  files.set("icon.svg", encode(await read("icon.svg")));
  // in a page the program of the worker must not run: there it is only a text
  const program = `function ${WORKER_FUNCTION}(){${worker.get("js")}}`;
  files.set("worker.js", encode(`${program}\nif(typeof document==="undefined")${WORKER_FUNCTION}();\n`));
  return files;
}

const read = (name: string) => Deno.readTextFile(new URL(name, FOLDER));

/** Takes comments, line breaks and indentation out of a style sheet. */
const minifyCss = (text: string) => text.replace(/\/\*[^]*?\*\//g, "").replace(/\s*\n\s*/g, "");

/** Bundles a module for browsers; the results by the end of their names. */
async function bundle(name: string): Promise<Map<string, string>> {
  const result = await Deno.bundle({
    entrypoints: [new URL(name, FOLDER).pathname],
    outputDir: "out", // only names the results: nothing is written
    platform: "browser",
    format: "iife",
    minify: true,
    write: false,
  });
  if (!result.success) {
    throw new Error(`Cannot bundle page/${name}: ${result.errors.map(({ text }) => text).join("; ")}`);
  }
  return new Map((result.outputFiles ?? []).map((file) => [file.path.replace(/.*\./, ""), file.text()]));
}

const TYPES: Record<string, string> = {
  html: "text/html; charset=utf-8",
  css: "text/css; charset=utf-8",
  js: "text/javascript; charset=utf-8",
  svg: "image/svg+xml",
};

/**
 * The headers of a file: memory that threads share needs the first two. The worker has a policy of its own, since the library
 * starts its threads from `data:` addresses; it may load nothing at all.
 */
export function headersOf(name: string): Record<string, string> {
  return {
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-embedder-policy": "require-corp",
    "content-security-policy": name === "worker.js"
      ? "default-src 'none'; script-src 'wasm-unsafe-eval'; worker-src data:"
      : policy("'self'"),
    "content-type": TYPES[name.replace(/.*\./, "")],
    "cache-control": "no-store",
    "x-content-type-options": "nosniff",
  };
}
