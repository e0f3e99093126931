/**
 * What is in the folder of a run, in words.
 *
 * @module
 */
import { basename } from "@std/path";
import { checkpointsOf } from "../files/checkpoint_folder.ts";
import { RUN_FILES } from "../files/own_names.ts";

/** The names of checkpoints, the first epoch before later ones; more than three epochs as a range. */
function shorten(names: readonly string[]): string[] {
  const epochs = names.filter((name) => name.startsWith("epoch-")).reverse();
  const others = names.filter((name) => !epochs.includes(name));
  return [...others, ...epochs.length > 3 ? [`${epochs[0]} … ${epochs.at(-1)}`] : epochs];
}

/** The checkpoints and files of a run, such as `runs/mine: last/ (a Hugging Face folder), metrics.jsonl`. */
export async function describeContents(run: string): Promise<string> {
  const present = new Set((await Array.fromAsync(Deno.readDir(run))).map(({ name }) => name));
  const names = (await checkpointsOf(run)).map(({ folder }) => basename(folder));
  const checkpoints = shorten(names.filter((name) => present.has(name)).map((name) => `${name}/`));
  const kind = checkpoints.length > 1 ? "Hugging Face folders" : "a Hugging Face folder";
  const files = RUN_FILES.filter((name) => present.has(name) && !name.endsWith(".ids"));
  const parts = checkpoints.length > 0
    ? [`${checkpoints.join(", ").replace(/, (?=[^,]*$)/, " and ")} (${kind})`]
    : [];
  return `${run}: ${[...parts, ...files].join(", ")}`;
}
