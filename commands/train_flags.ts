/**
 * The flags of `train`. Those without a default take their value from the preset, or from the run that is resumed.
 *
 * @module
 */
import { type Flags, type FlagValues, group } from "./flags.ts";
import { type PresetName, presets } from "./presets.ts";

/** Where the model runs; shared by all commands that run one. */
export const deviceFlag = {
  device: {
    kind: "choice",
    description: "where to run: the best there is, a GPU, or the CPU reference",
    choices: ["auto", "webgpu", "cpu"],
    default: "auto",
  },
} as const satisfies Flags;

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
  validationFraction: {
    kind: "number",
    description: "part of the data to validate on",
    above: 0,
    below: 1,
    otherwise: "0.1",
  },
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
    atMost: 2 ** 24,
    otherwise: "1024",
  },
  lines: {
    kind: "boolean",
    description: "with mlm, let each line begin a sequence of its own",
    otherwise: "sequences are packed full",
  },
  replaceInvalid: {
    kind: "boolean",
    description: "read bytes that are not UTF-8 as U+FFFD",
    otherwise: "refuse them",
  },
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
    otherwise: "tiny; on a hardware GPU mini-transformer-lab for --data; for mlm roberta-tiny, roberta-mini",
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
    aliases: ["seq-len"],
    ...preset,
  },
  layers: { kind: "integer", description: "number of blocks", atLeast: 1, aliases: ["n-layers"], ...preset },
  heads: {
    kind: "integer",
    description: "attention heads, a divisor of the width",
    atLeast: 1,
    aliases: ["num-heads"],
    ...preset,
  },
  modelDim: {
    kind: "integer",
    description: "width of the model",
    atLeast: 1,
    aliases: ["embed-dim"],
    ...preset,
  },
  feedForwardDim: {
    kind: "integer",
    description: "width inside the feed-forward network",
    atLeast: 1,
    otherwise: "in proportion to the width",
  },
  feedForwardMultiple: {
    kind: "integer",
    description: "the same as a multiple of the width",
    atLeast: 1,
    aliases: ["ff-mult"],
    otherwise: "as above",
  },
  dropoutRate: {
    kind: "number",
    description: "part of the activations to drop while training",
    atLeast: 0,
    below: 1,
    aliases: ["dropout"],
    ...preset,
  },
  initialStd: {
    kind: "number",
    description: "standard deviation of the initial weights",
    above: 0,
    ...preset,
  },
  tied: {
    kind: "boolean",
    description: "let the token embedding score the next token, too",
    ...preset,
  },
});

const trainingFlags = group("Training", {
  batchSize: { kind: "integer", description: "windows in a batch", atLeast: 1, ...preset },
  accumulation: {
    kind: "integer",
    description: "batches whose gradients are averaged for one step",
    atLeast: 1,
    otherwise: "1",
  },
  maskRate: {
    kind: "number",
    description: "with mlm, part of the tokens to ask for",
    above: 0,
    atMost: 1,
    otherwise: "0.15",
  },
  maskRule: {
    kind: "choice",
    description: "with mlm, how they are drawn and hidden",
    choices: ["huggingface", "fairseq"],
    otherwise: "huggingface",
  },
  steps: { kind: "integer", description: "updates", atLeast: 1, ...preset },
  epochs: {
    kind: "number",
    description: "times to see the whole text, in place of --steps",
    above: 0,
    otherwise: "what --steps makes",
  },
  learningRate: { kind: "number", description: "peak learning rate", above: 0, aliases: ["lr"], ...preset },
  minLearningRate: {
    kind: "number",
    description: "learning rate at the end",
    atLeast: 0,
    aliases: ["min-lr"],
    otherwise: "in proportion to the peak",
  },
  warmupSteps: {
    kind: "integer",
    description: "steps until the peak",
    atLeast: 0,
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
  weightDecay: { kind: "number", description: "decoupled weight decay", atLeast: 0, ...preset },
  clipNorm: {
    kind: "number",
    description: "largest norm of the gradient; 0 does not clip",
    atLeast: 0,
    ...preset,
  },
  seed: {
    kind: "integer",
    description: "decides initial values, the order of windows, dropout and samples",
    atLeast: 0,
    atMost: 2 ** 52,
    otherwise: "1",
  },
  stopAfter: {
    kind: "integer",
    description: "end after this step, with the schedule as if not; --resume goes on",
    atLeast: 1,
    otherwise: "the last step",
  },
  ...deviceFlag,
});

const tenth = "a tenth of the steps, at most 250";

const outputFlags = group("Output", {
  name: {
    kind: "text",
    description: "name of the run, kept in runs/NAME",
    otherwise: "that of the data; -2 and so on is added where there is one already",
  },
  out: { kind: "text", description: "folder of the run", placeholder: "FOLDER", otherwise: "runs/NAME" },
  resume: {
    kind: "text",
    description: "go on with this run; --epochs, --steps and --stop-after may be given anew",
    placeholder: "FOLDER",
    otherwise: "a new run",
  },
  logInterval: {
    kind: "integer",
    description: "steps between lines in metrics.jsonl",
    atLeast: 1,
    otherwise: "1",
  },
  evaluationInterval: {
    kind: "integer",
    description: "steps between validations",
    atLeast: 1,
    aliases: ["eval-interval"],
    otherwise: tenth,
  },
  sampleInterval: {
    kind: "integer",
    description: "steps between samples",
    atLeast: 1,
    otherwise: "twice that of validations",
  },
  saveInterval: {
    kind: "integer",
    description: "steps between checkpoints in last/",
    atLeast: 1,
    otherwise: tenth,
  },
});

/** The flags of `train`. */
export const trainFlags = {
  ...dataFlags,
  ...modelFlags,
  ...trainingFlags,
  ...outputFlags,
} as const satisfies Flags;

/** Their values. */
export type TrainFlags = FlagValues<typeof trainFlags>;
