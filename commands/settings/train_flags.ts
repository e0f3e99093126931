/**
 * The flags of `train`. Those without a default take their value from the preset, or from the run that is resumed.
 *
 * @module
 */
import { blockFlag, maskFlags, MOST, replaceInvalidFlag } from "../cli/common_flags.ts";
import { type Flags, type FlagValues, group } from "../cli/flags.ts";
import { modelFlags, PRESET } from "./model_flags.ts";
import { runFlags, sessionFlags } from "./run_flags.ts";

const dataFlags = group("Data", {
  data: {
    kind: "list",
    description: "texts to train on: files, folders, globs",
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
    description:
      "char: one token per character; bpe: train byte-level BPE on the data; or an existing tokenizer",
    placeholder: "char|bpe|FOLDER",
    otherwise: "char",
  },
  vocabSize: {
    kind: "integer",
    description: "size of the vocabulary, with --tokenizer bpe",
    atLeast: 257,
    atMost: MOST.vocabSize,
    otherwise: "1024",
  },
  ...replaceInvalidFlag,
});

const trainingFlags = group("Training", {
  batchSize: {
    kind: "integer",
    description: "sequences in a batch",
    atLeast: 1,
    atMost: MOST.batchSize,
    ...PRESET,
  },
  accumulation: runFlags.accumulation,
  steps: { kind: "integer", description: "updates", atLeast: 1, atMost: MOST.steps, ...PRESET },
  epochs: {
    kind: "number",
    description: "passes over the training text, instead of --steps",
    above: 0,
    atMost: MOST.epochs,
    otherwise: "as --steps says",
  },
  learningRate: { ...runFlags.learningRate, ...PRESET },
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
    description: "steps of linear warmup to the peak",
    atLeast: 0,
    atMost: MOST.steps,
    otherwise: "the preset's, at most a tenth of all",
  },
  schedule: {
    kind: "choice",
    description: "how the learning rate falls after the peak",
    choices: ["cosine", "linear", "constant"],
    ...PRESET,
  },
  optimizer: {
    kind: "choice",
    description: "adamw, or sgd with momentum",
    choices: ["adamw", "sgd"],
    otherwise: "adamw",
  },
  momentum: {
    kind: "number",
    description: "momentum of --optimizer sgd",
    atLeast: 0,
    below: 1,
    otherwise: "0.9",
  },
  beta1: {
    kind: "number",
    description: "AdamW's decay rate of the first moment",
    atLeast: 0,
    below: 1,
    ...PRESET,
  },
  beta2: {
    kind: "number",
    description: "AdamW's decay rate of the second moment",
    atLeast: 0,
    below: 1,
    ...PRESET,
  },
  weightDecay: { ...runFlags.weightDecay, ...PRESET },
  epsilon: {
    kind: "number",
    description: "AdamW's epsilon",
    above: 0,
    atMost: 1,
    otherwise: "the preset's, else 1e-8",
  },
  clipNorm: {
    kind: "number",
    description: "largest gradient norm; 0 disables clipping",
    atLeast: 0,
    atMost: MOST.factor,
    ...PRESET,
  },
  seed: runFlags.seed,
  stopAfter: runFlags.stopAfter,
  device: runFlags.device,
});

const TENTH = "a tenth of the steps, at most 250";

const intervalFlags = group("Intervals", {
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
    otherwise: TENTH,
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
    otherwise: TENTH,
  },
});

/** The flags of `train`. */
export const trainFlags = {
  ...dataFlags,
  ...modelFlags,
  ...group("Model", blockFlag),
  ...group("Masks, with --objective mlm", maskFlags),
  ...trainingFlags,
  ...intervalFlags,
  ...sessionFlags,
  name: {
    ...sessionFlags.name,
    otherwise: "that of the data; -2 and so on is added where it exists",
  },
} as const satisfies Flags;

/** Their values. */
export type TrainFlags = FlagValues<typeof trainFlags>;
