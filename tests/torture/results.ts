/** What a run leaves, without what depends on the clock, and what a reader sees of it at any moment. */

import { findCheckpoint } from "../../commands/files/checkpoint_folder.ts";
import { readTokenizer } from "../../commands/files/tokenizer_folder.ts";
import { loadModel, loadTrainingState } from "../../checkpoints/checkpoint.ts";
import type { Scenario } from "./scenarios.ts";
import { treeOf } from "./trees.ts";

const tokenizer = "(tokenizer|vocab|added_tokens|special_tokens_map|tokenizer_config)\\.json|merges\\.txt";
const checkpoint =
  `${tokenizer}|config\\.json|(model|optimizer)\\.safetensors|training_state\\.json|README\\.md|loss_curve\\.png`;

/** What the program may change of what is there. */
export function oursIn({ target }: Pick<Scenario, "target">): RegExp {
  return target === "tokenizers/tk" ? new RegExp(`^tokenizers/tk/(${tokenizer}|)$`) : new RegExp(
    `^runs/r/((last|best|epoch-\\d+)/(${checkpoint}|)|metrics\\.jsonl|run\\.json|block\\.ts|samples\\.txt|sample_generation\\.txt|epochs\\.md|\\w+\\.(svg|png|html|ids)|\\.miniformer\\.lock|)$`,
  );
}

/** The content of the files of a finished scenario by path. */
export async function resultOf(
  folder: string,
  { target }: { readonly target: string },
): Promise<Map<string, string>> {
  const result = await treeOf(`${folder}/${target}`).catch(() => new Map<string, string>());
  for (const path of result.keys()) {
    if (/\.(svg|png)$|\/$|\.lock$|run\.json$/.test(path)) result.delete(path);
  }
  if (target === "tokenizers/tk") return result;
  for (
    const path of ["metrics.jsonl", "samples.txt", "last/training_state.json", "best/training_state.json"]
  ) {
    const text = await Deno.readTextFile(`${folder}/${target}/${path}`).catch(() => undefined);
    if (text !== undefined) result.set(path, text.replace(/,"seconds":[\d.]+}$/gm, "}"));
  }
  for (const path of result.keys()) {
    if (path.endsWith("/README.md")) result.set(path, await Deno.readTextFile(`${folder}/${target}/${path}`));
  }
  return result;
}

/** How a card shows its picture. */
const SHOWN = "![Training and validation loss](loss_curve.png)\n\n";

/** A result without what is written after the last checkpoint: when a process ends in between, nobody writes it later. */
export function withoutEnding(result: ReadonlyMap<string, string>): Map<string, string> {
  const earlier = new Map(result);
  for (const [path, text] of result) {
    if (path === "sample_generation.txt") earlier.delete(path);
    if (path.endsWith("/README.md")) {
      earlier.set(path, text.replace(SHOWN, "").replace(/^<!-- .*-->\n$/m, ""));
    }
  }
  return earlier;
}

/** The first card that shows a picture which is missing. */
export async function missingPicture(
  folder: string,
  { target }: Pick<Scenario, "target">,
): Promise<string | undefined> {
  const tree = await treeOf(`${folder}/${target}`).catch(() => new Map<string, string>());
  for (const path of tree.keys()) {
    if (!/^(last|best|epoch-\d+)\/README\.md$/.test(path)) continue;
    const isShown = (await Deno.readTextFile(`${folder}/${target}/${path}`)).includes(SHOWN);
    if (isShown && !tree.has(path.replace("README.md", "loss_curve.png"))) {
      return `${path} shows a missing picture`;
    }
  }
}

/** The first difference between a result and what it should be; files that should not be there are left alone. */
export function difference(
  actual: ReadonlyMap<string, string>,
  expected: ReadonlyMap<string, string>,
): string | undefined {
  for (const [path, content] of expected) {
    const found = actual.get(path);
    if (found === content) continue;
    if (found === undefined) return `${path} is missing`;
    const [lines, wanted] = [found, content].map((text) => text.trimEnd().split("\n"));
    if (wanted.length < 2) return `${path} differs`;
    const line = wanted.findIndex((line, i) => line !== lines[i]);
    const seen = line < 0 ? lines[wanted.length] : lines[line];
    return `${path} differs: ${lines.length} lines, expected ${wanted.length}; ` +
      `line ${(line < 0 ? wanted.length : line) + 1} is ${JSON.stringify(seen)?.slice(0, 120)}`;
  }
}

/** What a reader finds. */
export interface Reading {
  /** Of a run, the step of the newest checkpoint that can be loaded; of a tokenizer, its size; 0 when nothing can. */
  readonly level: number;
  /** Why nothing can be loaded. */
  readonly problem?: string;
}

/** Loads what there is of a scenario, as `generate` and `--resume` would. */
export async function read(folder: string, { target }: Pick<Scenario, "target">): Promise<Reading> {
  const path = `${folder}/${target}`;
  try {
    if (target === "tokenizers/tk") return { level: (await readTokenizer(path)).vocabSize };
    const { files } = await findCheckpoint(path, { prefer: ["last", "best"], training: true });
    loadModel(files);
    return { level: loadTrainingState(files).step };
  } catch (error) {
    return { level: 0, problem: (error as Error).message.replaceAll(folder, "") };
  }
}

/** The steps in `metrics.jsonl`. */
export async function loggedSteps(folder: string): Promise<number[]> {
  const text = await Deno.readTextFile(`${folder}/runs/r/metrics.jsonl`).catch(() => "");
  return text.split("\n").filter((line) => line.endsWith("}")).map((line) => JSON.parse(line).step);
}
