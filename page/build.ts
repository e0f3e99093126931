/**
 * Bundles the page: five files that any web server can serve, or that are opened from disk.
 *
 * @module
 */
import { THEMES } from "../plots/coloured_text.ts";
import { WORKER_FUNCTION } from "./names.ts";

const FOLDER = new URL("./", import.meta.url);

/**
 * What the page may load. A worker from a Blob is needed only from disk; elsewhere {@linkcode headersOf} and the page itself,
 * where another server gives no such headers, forbid it.
 */
const policy = (workers: string) =>
  `default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; style-src 'self'; img-src 'self'; ` +
  `worker-src ${workers}; base-uri 'none'; form-action 'none'`;

/** The files of the page by name. */
export type PageFiles = ReadonlyMap<string, Uint8Array<ArrayBuffer>>;

/** Bundles the page. It throws with the bundler's messages where that fails. */
export async function buildPage(): Promise<PageFiles> {
  const files = new Map<string, Uint8Array<ArrayBuffer>>(),
    encode = (text: string) => new TextEncoder().encode(text);
  const [page, worker] = [await bundle("page.ts"), await bundle("worker.ts")];
  const html = (await read("index.html")).replace("POLICY", policy("'self' blob:"));
  files.set("index.html", encode(html.replace(/\n\s+/g, "\n")));
  files.set("page.css", encode(minifyCss(await read("page.css")) + levelColours()));
  files.set("page.js", encode(page));
  files.set("icon.svg", encode(await read("icon.svg")));
  // in a page the program of the worker must not run: there it is only a text
  const program = `function ${WORKER_FUNCTION}(){${minifyShaders(worker)}}`;
  files.set("worker.js", encode(`${program}\nif(typeof document==="undefined")${WORKER_FUNCTION}();\n`));
  return files;
}

const read = (name: string) => Deno.readTextFile(new URL(name, FOLDER));

/** The colours of a text by loss, those of `deno task evaluate`. */
function levelColours(): string {
  const rules = ({ levels, inks }: typeof THEMES.light) =>
    levels.map((colour, level) => `.level${level}{background:${colour};color:${inks[level]}}`).join("");
  return `${rules(THEMES.light)}@media (prefers-color-scheme:dark){${rules(THEMES.dark)}}`;
}

/** Takes comments and white space out of a style sheet. */
const minifyCss = (text: string) =>
  text.replace(/\/\*[^]*?\*\//g, "").replace(/\s*\n\s*/g, "").replace(/([:,]) | (\{)/g, "$1$2").replaceAll(
    ";}",
    "}",
  );

/**
 * Takes white space and comments out of the shaders of a minified program: there, a line without backticks that has a
 * bracket or a semicolon is one of a shader.
 */
export const minifyShaders = (program: string): string =>
  program.replace(
    /^[^`\n]*[;{}][^`\n]*$/gm,
    (line) =>
      line.replace(/ *\/\/.*/, "").trim().replace(/ ?([*/+-]?=|[=!<>]=|[*<>,;{():]|&&|\|\|) ?/g, "$1"),
  );

/** Bundles a module for browsers. */
async function bundle(name: string): Promise<string> {
  const result = await Deno.bundle({
    entrypoints: [new URL(name, FOLDER).pathname],
    platform: "browser",
    format: "iife",
    minify: true,
    write: false,
  });
  if (!result.success) {
    throw new Error(`Cannot bundle page/${name}: ${result.errors.map(({ text }) => text).join("; ")}`);
  }
  return result.outputFiles![0].text();
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
      : `${policy("'self'")}; frame-ancestors 'none'`,
    "content-type": TYPES[name.replace(/.*\./, "")],
    "cache-control": "no-store",
    "x-content-type-options": "nosniff",
  };
}
