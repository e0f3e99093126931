/** One mutation, tried: what is changed, what is read, and what is wrong with the answer. */

import type { Files } from "./corpus.ts";
import { complaint } from "./judge.ts";
import { changeFile } from "./mutations.ts";
import { Choices } from "./random.ts";
import type { Target } from "./readers.ts";

/** Longest time a case may take, in milliseconds. */
export const SLOWEST = 5000;

/** How messages begin that are about a whole folder: it is named, and no single file is wrong. */
export const WHOLE_FOLDER = ["the tokenizer has", "This is a"];

/** A case that failed. */
export interface Failure {
  /** The number of the case. */
  readonly number: number;
  /** What read the file. */
  readonly target: string;
  /** The file that was changed. */
  readonly file: string;
  /** What is wrong. */
  readonly complaint: string;
  /** The content of the file, made as small as it goes, in base64. */
  readonly content: string;
}

/** What is wrong when a target reads these files, or undefined. */
export async function tryFiles(target: Target, files: Files, folder: string): Promise<string | undefined> {
  const begin = performance.now(), problem = await readAndUse(target, files, folder);
  const taken = performance.now() - begin;
  return problem ?? (taken > SLOWEST ? `took ${(taken / 1000).toFixed(1)} s` : undefined);
}

async function readAndUse(target: Target, files: Files, folder: string): Promise<string | undefined> {
  try {
    await target.read(files, folder);
  } catch (error) {
    return complaint(error, [...Object.keys(files), ...WHOLE_FOLDER]);
  }
  try {
    await target.use?.(files, folder);
  } catch (error) {
    return complaint(error);
  }
}

/** The files of a case. */
function mutate(targets: readonly Target[], seed: number, number: number): [Target, string, Files] {
  const choices = new Choices(seed, number), target = targets[number % targets.length];
  const file = choices.of(target.changed ?? Object.keys(target.files));
  return [target, file, { ...target.files, [file]: changeFile(file, target.files[file], choices) }];
}

/** Tries a case. */
export async function tryCase(
  targets: readonly Target[],
  seed: number,
  number: number,
  folder: string,
): Promise<Failure | undefined> {
  const [target, file, files] = mutate(targets, seed, number);
  const begin = performance.now(), problem = await tryFiles(target, files, folder);
  if (problem === undefined) return undefined;
  const quick = performance.now() - begin < 300;
  const smaller = quick ? await shrink(target, files, file, folder, problem) : files[file];
  return { number, target: target.name, file, complaint: problem, content: toBase64(smaller) };
}

/** Leaves out parts of a file as long as the complaint begins the same. */
async function shrink(
  target: Target,
  files: Files,
  file: string,
  folder: string,
  problem: string,
): Promise<Uint8Array> {
  let content = files[file], left = 300;
  for (let part = content.length >> 1; part > 0 && left > 0; part >>= 1) {
    for (let at = 0; at < content.length && left > 0; left--) {
      const shorter = Uint8Array.from([...content.subarray(0, at), ...content.subarray(at + part)]);
      const again = await tryFiles(target, { ...files, [file]: shorter }, folder);
      if (again?.slice(0, 30) === problem.slice(0, 30)) content = shorter;
      else at += part;
    }
  }
  return content;
}

function toBase64(bytes: Uint8Array): string {
  return bytes.length > 3000 ? `${bytes.length} bytes, see the case` : bytes.toBase64();
}
