/**
 * The state of a run: what `training_state.json` holds besides the step, so that `deno task train --resume` goes on with a
 * run that was begun anywhere, also in a browser.
 *
 * @module
 */
import { firstStepOfEpoch } from "./intervals.ts";
import type { Tokenizer } from "../../tokenizers/tokenizer.ts";
import type { StepReport } from "../../training/step_reports.ts";

/** How good a model is on the validation data. */
export interface Scores {
  /** Nats per target. */
  readonly validationLoss: number;
  /** Of a classifier: the share of texts that it classifies correctly. */
  readonly accuracy?: number;
  /** Of a classifier: F1, averaged over the classes. */
  readonly macroF1?: number;
}

/** The best scores of a run and their step: the highest accuracy, or for a language model the lowest validation loss. */
export interface Best extends Scores {
  /** The step after which they were measured. */
  readonly step: number;
}

/** The losses of an epoch so far. */
export interface EpochLoss {
  /** Steps of the epoch so far. */
  readonly steps: number;
  /** Sum of their losses. */
  readonly sum: number;
}

/** Where the texts of a language model come from. */
export interface TextSource {
  /** Files, folders, globs; none means the built-in tales. */
  readonly data: readonly string[];
  /** Validation texts; none means the end of the data. */
  readonly validation: readonly string[];
  /** Fraction of the data for validation. */
  readonly validationFraction: number;
  /** Whether bytes that are not UTF-8 are read as U+FFFD. */
  readonly replaceInvalid: boolean;
}

/** What a checkpoint of a run says about it, besides the step. */
export interface RunState<Settings = unknown, Source = unknown> {
  /** The command that trains it; `train` where an early version left it out. */
  readonly command?: string;
  /** Everything that decides what it computes, but for its texts. */
  readonly settings: Settings;
  /** The files with the texts. */
  readonly source: Source;
  /** `fingerprintOfDocuments([...training, "", ...validation])`. */
  readonly textFingerprint: string;
  /** Early runs of `finetune` have none. */
  readonly tokenizerFingerprint?: string;
  /** The device that it is trained on. */
  readonly backend: { readonly name: string; readonly device: string };
  /** The best scores so far, if it has been validated. */
  readonly best?: Best;
  /** Earlier runs have none. */
  readonly epochLoss?: EpochLoss;
  /** The checkpoint that commands use, where the validation text is too short to choose the best one by. */
  readonly prefer?: "last";
}

/** What of the state does not change while a run trains. */
export type LastingState<Settings = unknown, Source = unknown> = Omit<
  RunState<Settings, Source>,
  "backend" | "best" | "epochLoss"
>;

/**
 * Whether a validation text has too few tokens to choose a checkpoint by: the error of a mean loss over 500 tokens is
 * about 0.1 nats. The newest checkpoint is used then, and not the best.
 *
 * @param validationTokens Its length in tokens.
 * @returns Whether it is.
 */
export const isTooLittleToChoose = (validationTokens: number): boolean => validationTokens < 500;

/**
 * What the checkpoints of a language model say about its run, except for what changes while it trains.
 *
 * @example
 * ```ts
 * import { languageState } from "./run_state.ts";
 * import { CharTokenizer } from "@miniformer/miniformer";
 * import { assertEquals } from "@std/assert";
 *
 * const tokenizer = CharTokenizer.fromText("a cat");
 * const run = { settings: { steps: 9 }, source: { data: [] }, textFingerprint: "f" };
 * const { prefer, tokenizerFingerprint } = languageState({ ...run, tokenizer, validationTokens: 20 });
 * assertEquals([prefer, tokenizerFingerprint], ["last", tokenizer.fingerprint]);
 * ```
 *
 * @param run Settings, source and fingerprint of the text; the tokenizer and the length of the validation text in tokens.
 * @returns The state, its fields in the order in which they are written.
 */
export function languageState<Settings, Source>(
  { settings, source, textFingerprint, tokenizer, validationTokens }:
    & Pick<RunState<Settings, Source>, "settings" | "source" | "textFingerprint">
    & { readonly tokenizer: Tokenizer; readonly validationTokens: number },
): LastingState<Settings, Source> {
  return {
    ...{ command: "train", settings, source, textFingerprint },
    tokenizerFingerprint: tokenizer.fingerprint,
    ...isTooLittleToChoose(validationTokens) ? { prefer: "last" } : {},
  };
}

/**
 * Whether scores are better than the best before.
 *
 * @param scores The scores.
 * @param best The best before, if there were any.
 * @returns Whether the accuracy is higher, or for the same accuracy the validation loss lower.
 */
export function isBetter(scores: Scores, best: Scores | undefined): boolean {
  if (best === undefined) return true;
  const { accuracy = 0 } = scores, { accuracy: before = 0 } = best;
  return accuracy > before || accuracy === before && scores.validationLoss < best.validationLoss;
}

/**
 * Adds the loss of a step to that of its epoch, in the order of the steps, so that a resumed run computes the same bits.
 *
 * @example
 * ```ts
 * import { addToEpoch } from "./run_state.ts";
 * import { assertEquals } from "@std/assert";
 *
 * const first = addToEpoch(undefined, { step: 1, loss: 3 }, 2), second = addToEpoch(first, { step: 2, loss: 2 }, 2);
 * assertEquals([second, addToEpoch(second, { step: 3, loss: 1 }, 2)], [{ steps: 2, sum: 5 }, { steps: 1, sum: 1 }]);
 * ```
 *
 * @param before The losses of the epoch of the step before.
 * @param report The step and its loss.
 * @param stepsPerEpoch Steps of an epoch, not always a whole number.
 * @returns The losses of the epoch of this step.
 */
export function addToEpoch(
  before: EpochLoss | undefined,
  { step, loss }: Pick<StepReport, "step" | "loss">,
  stepsPerEpoch: number,
): EpochLoss {
  const isFirst = step <= firstStepOfEpoch(step, stepsPerEpoch);
  const { steps, sum } = !isFirst && before || { steps: 0, sum: 0 };
  return { steps: steps + 1, sum: sum + loss };
}
