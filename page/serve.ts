/**
 * `deno task page`: serves the page on this machine, or writes its files.
 *
 * @module
 */
import { parseArgs } from "node:util";
import { buildPage, headersOf, type PageFiles } from "./build.ts";

const HELP = `Usage: deno task page [--port N] [--out FOLDER]

A page that trains a transformer while you watch. Without --out it is served at an address of this machine only.

  --port  the port; 8080 unless given, 0 for any that is free
  --out   write the files of the page into this folder instead, for any web server, or to open index.html from disk`;

/** Serves the files at the loopback address. */
export function servePage(
  files: PageFiles,
  port: number,
  onListen: (address: string) => void,
): Deno.HttpServer {
  const options = {
    hostname: "127.0.0.1",
    port,
    automaticCompression: true,
    onListen: ({ port }: Deno.NetAddr) => onListen(`http://127.0.0.1:${port}/`),
  };
  return Deno.serve(options, (request) => {
    const name = new URL(request.url).pathname.slice(1) || "index.html", file = files.get(name);
    if (!file) return new Response("Not found", { status: 404 });
    return new Response(file, { headers: headersOf(name) });
  });
}

/** Writes the files into a folder. */
export async function writePage(files: PageFiles, folder: string): Promise<void> {
  await Deno.mkdir(folder, { recursive: true });
  for (const [name, bytes] of files) await Deno.writeFile(`${folder}/${name}`, bytes);
}

/** The port that a flag names. */
export function portOf(text: string): number {
  const port = Number(text);
  if (/^\d+$/.test(text) && port <= 65_535) return port;
  throw new RangeError(`--port is ${text}: expected a whole number from 0 to 65535`);
}

/** Why a page could not be served or written, and what to do. */
function adviceOf(error: Error, { out, port }: { out?: string; port: string }): string {
  if (error instanceof Deno.errors.AddrInUse) {
    return `Cannot serve at port ${port}: it is in use; give --port 0 for a free one`;
  }
  if (error instanceof Deno.errors.NotCapable && out !== undefined) {
    return `Cannot write in ${out}: deno task page may write in site/ only; give --out site, or allow this folder: ` +
      `deno run -P=page --unstable-bundle --allow-write=${out} page/serve.ts --out ${out}`;
  }
  if (error.message.startsWith("Cannot ")) return error.message; // it could not be bundled
  return out === undefined
    ? `Cannot serve at port ${port}: ${error.message}; give another --port`
    : `Cannot write in ${out}: ${error.message}; name another folder with --out`;
}

async function main(): Promise<void> {
  let flags: { port: string; out?: string; help: boolean }, port: number;
  try {
    flags = parseArgs({
      options: {
        port: { type: "string", default: "8080" },
        out: { type: "string" },
        help: { type: "boolean", default: false },
      },
    }).values;
    port = portOf(flags.port);
  } catch (error) {
    console.error(`error: ${(error as Error).message}; deno task page --help lists the flags`);
    Deno.exit(2);
  }
  if (flags.help) return console.log(HELP);
  try {
    const files = await buildPage();
    if (flags.out === undefined) {
      servePage(files, port, (address) => console.log(`The page is at ${address} (Ctrl-C ends it)`));
      return;
    }
    await writePage(files, flags.out);
    console.log(`Written: ${[...files.keys()].map((name) => `${flags.out}/${name}`).join(", ")}`);
  } catch (error) {
    console.error(`error: ${adviceOf(error as Error, flags)}`);
    Deno.exitCode = 1;
  }
}

if (import.meta.main) await main();
