/**
 * The process in which files are read, which may die: it says the number of each case before trying it, so that its
 * parent knows which one killed it.
 *
 * Arguments: seed, first case, case after the last, folder for files.
 */

import { tryCase } from "./cases.ts";
import { makeCorpus } from "./corpus.ts";
import { makeTargets } from "./readers.ts";

const [seed, first, end] = Deno.args.slice(0, 3).map(Number), folder = Deno.args[3];
const encoder = new TextEncoder(), say = (line: string) => Deno.stdout.writeSync(encoder.encode(line + "\n"));
const targets = makeTargets(await makeCorpus());
for (let number = first; number < end; number++) {
  say(String(number));
  const failure = await tryCase(targets, seed, number, folder);
  if (failure) say(JSON.stringify(failure));
}
say("done");
