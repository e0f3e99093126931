/**
 * Flags that mean the same in several commands, described once.
 *
 * @module
 */
import type { Flags, TextFlag } from "./flags.ts";

/**
 * The largest values that number flags accept, far above any useful one: a typing error is refused at once, not after
 * hours or when memory runs out. A model within these bounds is then compared with the available memory (memory.ts).
 */
export const MAX = {
  /** Steps of a run, and intervals in steps. */
  steps: 1e9,
  epochs: 1e6,
  /** Windows or texts in a batch. */
  batchSize: 2 ** 16,
  /** Batches in a step. A run can be saved, shown and stopped only between steps. */
  accumulation: 2 ** 12,
  /** Blocks of a model. */
  layers: 1000,
  /** Heads of a block. */
  heads: 1000,
  contextLength: 2 ** 20,
  modelDim: 2 ** 16,
  /** Also as a multiple of the width of the model. */
  feedForwardDim: 2 ** 20,
  vocabSize: 2 ** 24,
  newTokens: 1e6,
  /** As many as the backend takes. */
  threads: 256,
  /** Other counts, such as the occurrences of a pair. */
  count: 1e9,
  /** Tokens that are masked one at a time: all their batches are in memory together. */
  pseudoTokens: 1e5,
  /** Learning rates, weights and other factors: they and their products are within float32. */
  factor: 1e6,
} as const;

/** Other programs' words for a GPU. Where there is none, they mean the best device there is, unlike `webgpu`. */
export const GPU_WORDS = ["gpu", "cuda", "mps"] as const;

/** Where a command computes, and on how many threads. */
export const deviceFlag = {
  device: {
    kind: "choice",
    description:
      "auto: the best available; webgpu: a GPU, or software in its place; wasm: WebAssembly; cpu: the CPU " +
      "reference; gpu, cuda or mps: a GPU if there is one, else as auto",
    choices: ["auto", "webgpu", "wasm", "cpu", ...GPU_WORDS],
    default: "auto",
  },
  threads: {
    kind: "integer",
    atLeast: 1,
    atMost: MAX.threads,
    description: "threads of WebAssembly; results do not depend on it",
    otherwise: "one for each processor",
  },
} as const satisfies Flags;

/** Results for other programs. */
export const jsonFlag = {
  json: {
    kind: "boolean",
    description: "print one JSON object instead, with unrounded numbers; its fields: docs/json.md",
    group: "Output",
    default: false,
  },
} as const satisfies Flags;

/** Bytes that are not text. */
export const replaceInvalidFlag = {
  replaceInvalid: {
    kind: "boolean",
    description: "read bytes that are not UTF-8 as U+FFFD",
    otherwise: "refuse them",
  },
} as const satisfies Flags;

/** Texts that are too long. */
export const truncateFlag = {
  truncate: {
    kind: "boolean",
    description: "cut the end of texts that are longer than the context",
    otherwise: "refuse them",
  },
} as const satisfies Flags;

/** How tokens are masked. */
export const maskFlags = {
  lines: {
    kind: "boolean",
    description: "begin a new sequence at each line",
    otherwise: "sequences are packed full",
  },
  maskRate: {
    kind: "number",
    description: "fraction of the tokens to predict",
    above: 0,
    atMost: 1,
    otherwise: "0.15",
  },
  maskRule: {
    kind: "choice",
    description: "how these tokens are drawn and masked",
    choices: ["huggingface", "fairseq"],
    otherwise: "huggingface",
  },
} as const satisfies Flags;

/** The parts of a model that was trained with a file of the user's. */
export const blockFlag = {
  block: {
    kind: "text",
    description: "TypeScript file with a block, positions or norms of your own that the model is built with",
    placeholder: "FILE",
    otherwise: "the parts of the architecture",
  },
} as const satisfies Flags;

/** The flags that name a trained model of a kind, such as `a GPT`; `pretrained` is the one to use where there is no run. */
export function modelFlags(
  model: string,
  pretrained?: string,
): Readonly<Record<"checkpoint" | "block", TextFlag>> {
  return {
    checkpoint: {
      kind: "text",
      description:
        `folder of a run (its best/, or last/ if its text was short), or any Hugging Face folder of ${model}`,
      placeholder: "FOLDER",
      otherwise: `the newest in runs/${pretrained ? `, or pretrained/${pretrained} if there is none` : ""}`,
    },
    ...blockFlag,
  };
}
