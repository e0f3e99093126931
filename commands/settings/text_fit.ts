/**
 * What follows for a new run from the length of its text: too little of it is refused, a context that does not fit is
 * shortened, and settings that will disappoint are named, in one line each.
 *
 * @module
 */
import { objectiveOf } from "../../models/families.ts";
import { presetTraining } from "../../training/presets/preset.ts";
import { PRESETS } from "../../training/presets/gpt_presets.ts";
import { counted } from "../cli/terminal.ts";
import { PRESETS_BY_NAME } from "./presets.ts";
import type { TrainSettings } from "./settings.ts";
import type { TrainFlags } from "./train_flags.ts";

/** The shortest text that a model is trained on, in characters. */
const LEAST_CHARACTERS = 500;

/** The fewest tokens to train on: below, not even short windows differ from each other. */
const LEAST_TRAINING = 16;

/** The fewest tokens to validate on. */
const LEAST_VALIDATION = 8;

/** The numbers of tokens of a text. */
export interface TokenCounts {
  readonly training: number;
  readonly validation: number;
}

/** Refuses a text that is too short to train on. */
export function expectCharacters(names: string, characters: number): void {
  if (characters >= LEAST_CHARACTERS) return;
  throw new RangeError(
    `Cannot train on ${names}: ${counted(characters, "character")} ${
      characters === 1 ? "is" : "are"
    } too few; at least ${LEAST_CHARACTERS} are needed, ` +
      "and a few thousand are better",
  );
}

/** Refuses parts of a text with too few tokens. */
function expectTokens({ training, validation }: TokenCounts, flags: TrainFlags, fraction: number): void {
  const isSplit = flags.validation === undefined, all = training + validation;
  if (training < LEAST_TRAINING) {
    const share = isSplit && fraction > 0.2 ? " or a smaller --validation-fraction" : "";
    throw new RangeError(
      `Cannot train on ${
        counted(training, "token")
      }: at least ${LEAST_TRAINING} are needed; give a longer text${share}`,
    );
  }
  if (validation >= LEAST_VALIDATION) return;
  const enough = Math.ceil(100 * 2 * LEAST_VALIDATION / all) / 100;
  const advice = !isSplit
    ? "give a longer --validation text"
    : enough <= 0.5
    ? `--validation-fraction ${enough} is enough`
    : "give a longer text";
  throw new RangeError(
    `Cannot validate on ${counted(validation, "token")}: at least ${LEAST_VALIDATION} are needed; ${advice}`,
  );
}

/**
 * Shortens the context where the text is too short for it. A context of the preset leaves at least two windows, so that
 * the model sees tokens at different positions; one that was asked for only has to fit.
 */
export function fitContext(
  settings: TrainSettings,
  flags: TrainFlags,
  tokens: TokenCounts,
): { readonly contextLength: number; readonly notes: readonly string[] } {
  expectTokens(tokens, flags, settings.validationFraction);
  const { training, validation } = tokens, { contextLength: asked } = settings;
  const isGiven = flags.contextLength !== undefined;
  const contextLength = Math.min(asked, isGiven ? training - 1 : Math.floor((training - 1) / 2));
  const notes: string[] = [];
  if (contextLength < asked) {
    notes.push(
      isGiven
        ? `context ${contextLength} instead of --context-length ${asked}: the training text has ${training} tokens`
        : `context ${contextLength} instead of the preset's ${asked}: half of the ${training} training tokens; ` +
          "--context-length sets another",
    );
  }
  const windowLength = validation - 1;
  if (windowLength < contextLength && objectiveOf(settings) === "causal") {
    notes.push(
      `validation on one window of ${windowLength} tokens, shorter than the context: ` +
        (flags.validation === undefined
          ? "--validation-fraction or --validation gives more"
          : "a longer --validation text gives more"),
    );
  }
  return { contextLength, notes };
}

/** How many times smaller or larger than the preset's a learning rate may be without a warning. */
const FAR = 8;

/** A warning about a learning rate that is far from that of the preset, which suits the sizes of the model. */
export function warnOfLearningRate({ preset, optimizer, learningRate }: TrainSettings): string | undefined {
  const { training } = PRESETS_BY_NAME[preset];
  const usual = Number(
    (optimizer ? presetTraining(training, optimizer) : training).learningRate.toPrecision(6),
  );
  const times = (ratio: number) => Number(ratio.toPrecision(2));
  if (learningRate < usual / FAR) {
    return `--learning-rate ${learningRate} is ${
      times(usual / learningRate)
    } times smaller than the preset's ` +
      `${usual}: a model of this size will learn slowly`;
  }
  if (learningRate > usual * FAR) {
    return `--learning-rate ${learningRate} is ${
      times(learningRate / usual)
    } times larger than the preset's ` +
      `${usual}: the model may learn nothing`;
  }
}

/** Says how long epochs of a short text are, and how many are needed. */
export function noteOfEpochs(
  { preset, steps, accumulation }: TrainSettings,
  { epochs }: TrainFlags,
  batchesPerEpoch: number,
): string | undefined {
  const enough = Math.min(PRESETS_BY_NAME[preset].training.steps, PRESETS["short-text"].training.steps);
  if (epochs === undefined || steps >= enough / 2) return;
  const needed = Math.ceil(enough * accumulation / batchesPerEpoch);
  const passes = epochs === 1 ? "1 epoch of this text is" : `${epochs} epochs of this text are`;
  return `${passes} ${steps} step${steps === 1 ? "" : "s"}, too few to learn it: ` +
    `leave --epochs out, or give --epochs ${needed} for ${enough} steps`;
}
