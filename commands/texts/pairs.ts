/**
 * Single texts and pairs of texts: a classifier is trained on one of them and cannot be used on the other.
 *
 * @module
 */
import type { CheckpointFiles } from "../../checkpoints/checkpoint.ts";
import { trainingStateName } from "../../checkpoints/checkpoint_files.ts";
import type { LabelledFile } from "./labelled_text.ts";

/**
 * Whether the texts of a file come in pairs.
 *
 * @param file the texts
 * @returns whether each text has a second one; false for an empty file
 * @throws {Error} when only some texts have a second one, or one is empty; the message gives the line
 *
 * @example
 * ```ts
 * import { assertEquals, assertThrows } from "@std/assert";
 * import { arePairs } from "./pairs.ts";
 *
 * const file = (...pairs: (string | undefined)[]) => ({
 *   path: "train.jsonl",
 *   rows: pairs.map((pair, index) => ({ text: "…", pair, line: index + 1 })),
 *   emptyLines: 0,
 * });
 * assertEquals([arePairs(file("a", "b")), arePairs(file(undefined))], [true, false]);
 * assertThrows(() => arePairs(file("a", undefined)), Error, "train.jsonl, line 2: there is no second text, but line 1 has one");
 * ```
 */
export function arePairs({ path, rows }: LabelledFile): boolean {
  const isPaired = rows[0]?.pair !== undefined;
  for (const { pair, line } of rows) {
    if (pair?.trim() === "") throw new Error(`${path}, line ${line}: the second text (pair) is empty`);
    if ((pair !== undefined) === isPaired) continue;
    throw new Error(
      `${path}, line ${line}: there is ${isPaired ? "no" : "a"} second text, but line ${rows[0].line} has ${
        isPaired ? "one" : "none"
      }; give one to every text or to none`,
    );
  }
  return isPaired;
}

/**
 * Whether a classifier was trained on pairs.
 *
 * @param files the files of its checkpoint
 * @returns whether it was; undefined where it is not recorded, such as in a checkpoint of another program
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { trainedOnPairs } from "./pairs.ts";
 *
 * const state = (text: string) => ({ "training_state.json": new TextEncoder().encode(text) });
 * assertEquals([state('{"pairs":true}'), state("{}"), {}].map(trainedOnPairs), [true, undefined, undefined]);
 * ```
 */
export function trainedOnPairs(files: CheckpointFiles): boolean | undefined {
  const state = files[trainingStateName(files)];
  if (state === undefined) return undefined;
  try {
    const { pairs } = JSON.parse(typeof state === "string" ? state : new TextDecoder().decode(state));
    return typeof pairs === "boolean" ? pairs : undefined;
  } catch {
    return undefined; // training, which needs the state, reports that it is broken
  }
}

/**
 * Refuses single texts for a classifier of pairs, and pairs for one of single texts.
 *
 * @param given whether the texts are pairs, and their name in the message
 * @param trained whether the classifier was trained on pairs, if known, and its folder
 * @throws {Error} when they differ
 *
 * @example
 * ```ts
 * import { assertThrows } from "@std/assert";
 * import { expectPairs } from "./pairs.ts";
 *
 * const check = () => expectPairs({ pairs: true, name: "dev.tsv" }, { pairs: false, path: "runs/a" });
 * assertThrows(check, Error, "dev.tsv holds pairs of texts, but the classifier of runs/a was trained on single texts");
 * ```
 */
export function expectPairs(
  given: { readonly pairs: boolean; readonly name: string },
  trained: { readonly pairs: boolean | undefined; readonly path: string },
): void {
  if (trained.pairs === undefined || given.pairs === trained.pairs) return;
  const kind = (pairs: boolean) => pairs ? "pairs of texts" : "single texts";
  throw new Error(
    `${given.name} holds ${kind(given.pairs)}, but the classifier of ${trained.path} was trained on ${
      kind(trained.pairs)
    }`,
  );
}
