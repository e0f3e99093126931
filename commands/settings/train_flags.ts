/**
 * The flags of `train`. Those without a default take their value from the preset, or from the run that is resumed.
 *
 * @module
 */
import { deviceFlag, maskFlags, MOST, replaceInvalidFlag } from "../cli/common_flags.ts";
import { type Flags, type FlagValues, group } from "../cli/flags.ts";
import { type PresetName, presets } from "./presets.ts";
import { folderFlags, runFlags } from "./run_flags.ts";

const preset = { otherwise: "the preset's" } as const;

const dataFlags = group("Data", {
  data: {
    kind: "list",
    description: "texts to learn: files, folders, globs",
    placeholder: "FILE...",
    otherwise: "the built-in tales",
  },
  validation: {
    kind: "list",
    description: "texts to validate on",
    placeholder: "FILE...",
    otherwise: "the end of the data",
  },
  validationFraction: runFlags.validationFraction,
  tokenizer: {
    kind: "text",
    description: "char: one token a character; bpe: train byte-level BPE on the data; or one that exists",
    placeholder: "char|bpe|FOLDER",
    otherwise: "char",
  },
  vocabSize: {
    kind: "integer",
    description: "tokens to make, with --tokenizer bpe",
    atLeast: 257,
    atMost: MOST.vocabSize,
    otherwise: "1024",
  },
  ...replaceInvalidFlag,
});

const modelFlags = group("Model", {
  objective: {
    kind: "choice",
    description: "what to learn: causal, the next token (GPT); mlm, what hides behind <mask> (RoBERTa)",
    choices: ["causal", "mlm"],
    otherwise: "the preset's, else causal",
  },
  preset: {
    kind: "choice",
    description: "where values come from that are not given",
    choices: Object.keys(presets) as PresetName[],
    otherwise:
      "tiny, or roberta-tiny for mlm; on a hardware GPU mini-transformer-lab (with --data), or roberta-mini",
  },
  architecture: {
    kind: "choice",
    description: "normalize after (gpt1) or before (gpt2) attention and feed-forward network",
    choices: ["gpt1", "gpt2"],
    ...preset,
  },
  contextLength: {
    kind: "integer",
    description: "tokens seen at once",
    atLeast: 1,
    atMost: MOST.contextLength,
    aliases: ["seq-len"],
    ...preset,
  },
  layers: {
    kind: "integer",
    description: "number of blocks",
    atLeast: 1,
    atMost: MOST.layers,
    aliases: ["n-layers"],
    ...preset,
  },
  heads: {
    kind: "integer",
    description: "attention heads, a divisor of the width",
    atLeast: 1,
    atMost: MOST.layers,
    aliases: ["num-heads"],
    ...preset,
  },
  modelDim: {
    kind: "integer",
    description: "width of the model",
    atLeast: 1,
    atMost: MOST.modelDim,
    aliases: ["embed-dim"],
    ...preset,
  },
  feedForwardDim: {
    kind: "integer",
    description: "width inside the feed-forward network",
    atLeast: 1,
    atMost: MOST.feedForwardDim,
    otherwise: "in proportion to the width",
  },
  feedForwardMultiple: {
    kind: "integer",
    description: "the same as a multiple of the width",
    atLeast: 1,
    atMost: MOST.feedForwardDim,
    aliases: ["ff-mult"],
    otherwise: "as above",
  },
  dropoutRate: { ...runFlags.dropoutRate, ...preset },
  initialStd: {
    kind: "number",
    description: "standard deviation of the initial weights",
    above: 0,
    atMost: MOST.factor,
    ...preset,
  },
  tied: {
    kind: "boolean",
    description: "let the token embedding score the next token, too",
    ...preset,
  },
});

const trainingFlags = group("Training", {
  batchSize: {
    kind: "integer",
    description: "windows in a batch",
    atLeast: 1,
    atMost: MOST.batchSize,
    ...preset,
  },
  accumulation: runFlags.accumulation,
  steps: { kind: "integer", description: "updates", atLeast: 1, atMost: MOST.steps, ...preset },
  epochs: {
    kind: "number",
    description: "times to see the whole text, in place of --steps",
    above: 0,
    atMost: MOST.epochs,
    otherwise: "what --steps makes",
  },
  learningRate: { ...runFlags.learningRate, ...preset },
  minLearningRate: {
    kind: "number",
    description: "learning rate at the end",
    atLeast: 0,
    atMost: MOST.factor,
    aliases: ["min-lr"],
    otherwise: "in proportion to the peak",
  },
  warmupSteps: {
    kind: "integer",
    description: "steps until the peak",
    atLeast: 0,
    atMost: MOST.steps,
    otherwise: "the preset's, at most a tenth of all",
  },
  schedule: {
    kind: "choice",
    description: "how the learning rate falls after the peak",
    choices: ["cosine", "linear", "constant"],
    ...preset,
  },
  beta1: { kind: "number", description: "AdamW's memory of gradients", atLeast: 0, below: 1, ...preset },
  beta2: { kind: "number", description: "AdamW's memory of their squares", atLeast: 0, below: 1, ...preset },
  weightDecay: { ...runFlags.weightDecay, ...preset },
  clipNorm: {
    kind: "number",
    description: "largest norm of the gradient; 0 does not clip",
    atLeast: 0,
    atMost: MOST.factor,
    ...preset,
  },
  seed: runFlags.seed,
  stopAfter: runFlags.stopAfter,
  ...deviceFlag,
});

const tenth = "a tenth of the steps, at most 250";

const outputFlags = group("Output", {
  ...folderFlags({ name: "that of the data", changeable: "--epochs, --steps and --stop-after" }),
  logInterval: {
    kind: "integer",
    description: "steps between lines in metrics.jsonl",
    atLeast: 1,
    atMost: MOST.steps,
    otherwise: "1",
  },
  evaluationInterval: {
    kind: "integer",
    description: "steps between validations",
    atLeast: 1,
    atMost: MOST.steps,
    aliases: ["eval-interval"],
    otherwise: tenth,
  },
  sampleInterval: {
    kind: "integer",
    description: "steps between samples",
    atLeast: 1,
    atMost: MOST.steps,
    otherwise: "twice that of validations",
  },
  saveInterval: {
    kind: "integer",
    description: "steps between checkpoints in last/",
    atLeast: 1,
    atMost: MOST.steps,
    otherwise: tenth,
  },
});

/** The flags of `train`. */
export const trainFlags = {
  ...dataFlags,
  ...modelFlags,
  ...group("Masks, with --objective mlm", maskFlags),
  ...trainingFlags,
  ...outputFlags,
} as const satisfies Flags;

/** Their values. */
export type TrainFlags = FlagValues<typeof trainFlags>;
