/**
 * Flags that mean the same in several commands, described once.
 *
 * @module
 */
import type { Flags, TextFlag } from "./flags.ts";

/**
 * The largest values that number flags take, far above what anybody needs: a slip of a finger or a script gone wrong is
 * refused at once, not after hours or when memory runs out. Models within these bounds are then compared with the memory
 * there is (memory.ts).
 */
export const MOST = {
  /** Steps of a run; also of everything that is counted in steps. */
  steps: 1e9,
  /** Times to see a text. */
  epochs: 1e6,
  /** Windows or texts in a batch. */
  batchSize: 2 ** 16,
  /** Batches to a step. Between two steps is the time to save, to show something and to end. */
  accumulation: 2 ** 12,
  /** Blocks of a model, or heads of a block. */
  layers: 1000,
  /** Tokens seen at once. */
  contextLength: 2 ** 20,
  /** Width of a model. */
  modelDim: 2 ** 16,
  /** Width inside the feed-forward network, and what multiple of the width of the model it is. */
  feedForwardDim: 2 ** 20,
  /** Tokens in a vocabulary. */
  vocabSize: 2 ** 24,
  /** Tokens that are written one after the other. */
  newTokens: 1e6,
  /** Tokens that are hidden one after the other: there is a batch in memory for each. */
  hiddenTokens: 1e5,
  /** Rates, weights and other factors; a float32 holds them and what is made with them. */
  factor: 1e6,
} as const;

/** Where the model runs. */
export const deviceFlag = {
  device: {
    kind: "choice",
    description: "where to run: the best there is, a GPU, or the CPU reference",
    choices: ["auto", "webgpu", "cpu"],
    default: "auto",
  },
} as const satisfies Flags;

/** What happens to bytes that are no text. */
export const replaceInvalidFlag = {
  replaceInvalid: {
    kind: "boolean",
    description: "read bytes that are not UTF-8 as U+FFFD",
    otherwise: "refuse them",
  },
} as const satisfies Flags;

/** What happens to texts that are too long. */
export const truncateFlag = {
  truncate: {
    kind: "boolean",
    description: "cut texts that are longer than the context, at their end",
    otherwise: "refuse them",
  },
} as const satisfies Flags;

/** How tokens are hidden from a model that fills masks. */
export const maskFlags = {
  lines: {
    kind: "boolean",
    description: "let each line begin a sequence of its own",
    otherwise: "sequences are packed full",
  },
  maskRate: {
    kind: "number",
    description: "part of the tokens to ask for",
    above: 0,
    atMost: 1,
    otherwise: "0.15",
  },
  maskRule: {
    kind: "choice",
    description: "how they are drawn and hidden",
    choices: ["huggingface", "fairseq"],
    otherwise: "huggingface",
  },
} as const satisfies Flags;

/**
 * The flag that names a trained model.
 *
 * @param model what the folder may hold, such as `a GPT`
 * @returns the flag; without it, the newest run is meant
 *
 * @example
 * ```ts
 * import { assertStringIncludes } from "@std/assert";
 * import { checkpointFlag } from "./common_flags.ts";
 *
 * assertStringIncludes(checkpointFlag("a GPT").checkpoint.description, "Hugging Face folder of a GPT");
 * ```
 */
export function checkpointFlag(model: string): { readonly checkpoint: TextFlag } {
  return {
    checkpoint: {
      kind: "text",
      description: `folder of a run (its best/, else its last/), or any Hugging Face folder of ${model}`,
      placeholder: "FOLDER",
      otherwise: "the newest in runs/",
    },
  };
}
