/**
 * The flags of `train`. Those without a default take their value from the preset, or from the run that is resumed.
 *
 * @module
 */
import { type OptimizerName, OPTIMIZERS } from "../../training/optimizers.ts";
import { blockFlag, maskFlags, MAX, replaceInvalidFlag } from "../cli/common_flags.ts";
import { type Flags, type FlagValues, group } from "../cli/flags.ts";
import { type PresetName, PRESETS_BY_NAME, TRAINED_ARCHITECTURES } from "./presets.ts";
import {
  BATCH_SIZE,
  EPOCHS,
  FACTOR,
  INTERVAL,
  POSITIVE_FACTOR,
  runFlags,
  SAVES,
  sessionFlags,
  SHARE,
  STEPS,
} from "./run_flags.ts";

/** What the help says of a flag whose value is taken from the preset. */
const PRESET = { otherwise: "the preset's" } as const;

const dataFlags = group("Data", {
  data: {
    kind: "list",
    placeholder: "FILE...",
    otherwise: "input.txt in this folder, else the built-in tales",
    description: "texts to train on: files, folders, globs; tales: the built-in ones",
  },
  validation: {
    kind: "list",
    placeholder: "FILE...",
    otherwise: "the end of the data",
    description: "texts to validate on",
  },
  validationFraction: runFlags.validationFraction,
  tokenizer: {
    kind: "text",
    placeholder: "char|bpe|FOLDER",
    otherwise: "char; bpe where the validation text has characters that the training text lacks",
    description:
      "char: one token per character; bpe: train byte-level BPE on the data; or an existing tokenizer",
  },
  vocabSize: {
    kind: "integer",
    atLeast: 257,
    atMost: MAX.vocabSize,
    otherwise: "1024",
    description: "size of the vocabulary, with --tokenizer bpe",
  },
  ...replaceInvalidFlag,
});

/** A size of the model. */
const SIZE = { kind: "integer", atLeast: 1, ...PRESET } as const;

const modelFlags = group("Model", {
  objective: {
    kind: "choice",
    choices: ["causal", "mlm"],
    otherwise: "the preset's; mlm with --architecture roberta, else causal",
    description: "what to predict: causal, the next token (GPT); mlm, masked tokens (RoBERTa)",
  },
  preset: {
    kind: "choice",
    choices: Object.keys(PRESETS_BY_NAME) as PresetName[],
    description: "sizes and training settings for flags that are not given",
    otherwise: "chosen by the objective, the length of the text, and whether there is a hardware GPU",
  },
  architecture: {
    kind: "choice",
    choices: TRAINED_ARCHITECTURES,
    ...PRESET,
    description: "gpt1: post-norm blocks; gpt2: pre-norm blocks and a final norm; roberta: for mlm",
  },
  contextLength: {
    ...SIZE,
    atMost: MAX.contextLength,
    aliases: ["seq-len"],
    description: "maximum length of a sequence, in tokens",
  },
  layers: { ...SIZE, atMost: MAX.layers, aliases: ["n-layers"], description: "number of blocks" },
  heads: {
    ...SIZE,
    atMost: MAX.heads,
    aliases: ["num-heads"],
    description: "attention heads, a divisor of the model width",
  },
  modelDim: { ...SIZE, atMost: MAX.modelDim, aliases: ["embed-dim"], description: "model width" },
  feedForwardDim: {
    ...SIZE,
    atMost: MAX.feedForwardDim,
    otherwise: "in proportion to the model width",
    description: "width of the feed-forward network",
  },
  feedForwardMultiple: {
    ...SIZE,
    atMost: MAX.feedForwardDim,
    aliases: ["ff-mult"],
    otherwise: "what --feed-forward-dim gives",
    description: "width of the feed-forward network, as a multiple of the model width",
  },
  dropoutRate: { ...runFlags.dropoutRate, ...PRESET },
  initialStd: {
    ...POSITIVE_FACTOR,
    ...PRESET,
    description: "standard deviation of the initial weights",
  },
  tied: {
    kind: "boolean",
    description: "use the token embedding as the output layer; --no-tied gives that layer weights of its own",
    ...PRESET,
  },
  ...blockFlag,
});

const trainingFlags = group("Training", {
  batchSize: { ...BATCH_SIZE, description: "sequences in a batch", ...PRESET },
  accumulation: runFlags.accumulation,
  recompute: runFlags.recompute,
  steps: { ...STEPS, description: "updates", ...PRESET },
  epochs: {
    ...EPOCHS,
    otherwise: "what --steps gives",
    description: "passes over the training text, instead of --steps",
  },
  learningRate: { ...runFlags.learningRate, ...PRESET },
  minLearningRate: {
    ...FACTOR,
    aliases: ["min-lr"],
    otherwise: "in proportion to the peak",
    description: "learning rate at the end",
  },
  warmupSteps: {
    ...STEPS,
    atLeast: 0,
    otherwise: "the preset's, at most a tenth of all",
    description: "steps of linear warmup to the peak",
  },
  schedule: {
    kind: "choice",
    choices: ["cosine", "linear", "constant"],
    ...PRESET,
    description: "how the learning rate falls after the peak",
  },
  optimizer: {
    kind: "choice",
    choices: Object.keys(OPTIMIZERS) as OptimizerName[],
    otherwise: "adamw",
    description: "how parameters are updated",
  },
  momentum: { ...SHARE, description: "momentum of --optimizer sgd", otherwise: "0.9" },
  beta1: { ...SHARE, description: "AdamW's decay rate of the first moment", ...PRESET },
  beta2: { ...SHARE, description: "AdamW's decay rate of the second moment", ...PRESET },
  weightDecay: { ...runFlags.weightDecay, ...PRESET },
  epsilon: {
    kind: "number",
    above: 0,
    atMost: 1,
    otherwise: "the preset's, else 1e-8",
    description: "AdamW's epsilon",
  },
  clipNorm: { ...FACTOR, description: "maximum gradient norm; 0 disables clipping", ...PRESET },
  precision: runFlags.precision,
  seed: runFlags.seed,
  patience: {
    kind: "integer",
    atLeast: 0,
    atMost: MAX.steps,
    description: "stop after this many validations in a row without a lower loss; 0: never",
    otherwise: "0",
  },
  stopAfter: runFlags.stopAfter,
  device: runFlags.device,
  threads: runFlags.threads,
});

const TENTH = "a tenth of the steps, at most 250";

const intervalFlags = group("Intervals", {
  logInterval: { ...STEPS, description: "steps between lines in metrics.jsonl", otherwise: "1" },
  evaluationInterval: {
    ...INTERVAL,
    aliases: ["validate-every", "eval-interval"],
    otherwise: `epoch with --epochs from 3 to 100, else ${TENTH}`,
    description: "steps between validations; epoch: at the end of each, with a table in epochs.md",
  },
  sampleInterval: {
    ...INTERVAL,
    aliases: ["sample-every"],
    otherwise: "twice that of validations; if those are at each epoch, a fifth of the steps, at most 500",
    description: "steps between samples; epoch: at the end of each",
  },
  saveInterval: { ...INTERVAL, ...SAVES, otherwise: TENTH },
  saveDtype: runFlags.saveDtype,
  attentionEvery: {
    kind: "boolean",
    description: "keep the attention maps of every validation in attention.html, with a slider over steps",
  },
});

/** The flags of `train`. */
export const trainFlags = {
  ...dataFlags,
  ...modelFlags,
  ...group("Masks, with --objective mlm", maskFlags),
  ...trainingFlags,
  ...intervalFlags,
  ...sessionFlags,
  name: {
    ...sessionFlags.name,
    otherwise: "that of the data file, with -2, -3 and so on where it is taken",
  },
  ...group("Run", {
    exportTorch: {
      kind: "text",
      placeholder: "[FOLDER]",
      bare: "",
      description:
        "train nothing: prepare this run, or the newest one, to go on in PyTorch, and print the command",
    },
  }),
} as const satisfies Flags;

/** Their values. */
export type TrainFlags = FlagValues<typeof trainFlags>;
