/**
 * What every engine runs, bundled into one file: trains small models and prints an {@linkcode Answer} as JSON, or sends it
 * to the server that its page came from. Threads and steps are arguments, or on a page what follows # in its address.
 *
 * @module
 */

import { trainAll } from "./answer.ts";

const { process, location } = globalThis as {
  process?: { readonly argv: readonly string[] };
  location?: { readonly hash: string };
};
const args = process?.argv.slice(2) ?? location!.hash.slice(1).split(",");
const answer = await trainAll(Number(args[0]), Number(args[1])).catch((error) => ({ error: `${error}` }));
if (process) console.log(JSON.stringify(answer));
else await fetch("/answer", { method: "POST", body: JSON.stringify(answer) });
