/**
 * Flags that `train` and `finetune` share, and bounds that flags share. Each command adds its own defaults.
 *
 * @module
 */
import { deviceFlag, MAX } from "../cli/common_flags.ts";
import { type Flags, group } from "../cli/flags.ts";

/** Any seed. */
export const SEED = { kind: "integer", atLeast: 0, atMost: 2 ** 52, otherwise: "1" } as const;
/** A number of sequences or texts. */
export const BATCH_SIZE = { kind: "integer", atLeast: 1, atMost: MAX.batchSize } as const;
/** A number of steps. */
export const STEPS = { kind: "integer", atLeast: 1, atMost: MAX.steps } as const;
/** How often something is done: a number of steps between two times, or `epoch`. */
export const INTERVAL = { ...STEPS, word: "epoch", placeholder: "N|epoch" } as const;
/** Passes over the data, or a part of one. */
export const EPOCHS = { kind: "number", above: 0, atMost: MAX.epochs } as const;
/** A share or a decay rate. */
export const SHARE = { kind: "number", atLeast: 0, below: 1 } as const;
/** A rate or weight that may be 0. */
export const FACTOR = { kind: "number", atLeast: 0, atMost: MAX.factor } as const;
/** One that may not. */
export const POSITIVE_FACTOR = { kind: "number", above: 0, atMost: MAX.factor } as const;

/** How often a checkpoint is saved, and whether those of all epochs are kept. */
export const SAVES = {
  aliases: ["save-every"],
  description:
    "steps between checkpoints in last/; epoch: also keep one of each epoch, in epoch-1/ and so on, " +
    "each about three times the size of the model",
} as const;

/** How to train. */
export const runFlags = {
  validationFraction: {
    kind: "number",
    above: 0,
    below: 1,
    otherwise: "0.1",
    description: "part of the data to validate on",
  },
  accumulation: {
    kind: "integer",
    atLeast: 1,
    atMost: MAX.accumulation,
    otherwise: "1",
    description: "batches whose gradients are averaged for one step",
  },
  recompute: {
    kind: "boolean",
    description:
      "keep only the input of each block, and compute the block again in the backward pass: less memory, " +
      "about a third more time, the same model",
  },
  learningRate: { ...POSITIVE_FACTOR, description: "peak learning rate", aliases: ["lr"] },
  dropoutRate: {
    ...SHARE,
    aliases: ["dropout"],
    description: "share of the activations to drop while training",
  },
  weightDecay: { ...FACTOR, description: "weight decay" },
  precision: {
    kind: "choice",
    choices: ["f32", "f16"],
    otherwise: "f32",
    description:
      "what operands of products are rounded to while training; f16: half precision, with a loss scale that adapts",
  },
  saveDtype: {
    kind: "choice",
    choices: ["f32", "f16", "bf16"],
    otherwise: "f32",
    description: "type of the numbers in best/model.safetensors; last/ is f32, because resuming needs it",
  },
  seed: { ...SEED, description: "decides initial values, the order of texts, dropout and samples" },
  stopAfter: {
    ...STEPS,
    atLeast: 0,
    otherwise: "the last step",
    description: "stop after this step; the learning rate is scheduled as for the whole run",
  },
  // without a default value, so that a value in --config can take its place
  device: { ...deviceFlag.device, default: undefined, otherwise: "auto" },
  threads: deviceFlag.threads,
} as const satisfies Flags;

/** Where a run is kept, where its settings come from, and what it writes. */
export const sessionFlags = group("Run", {
  name: { kind: "text", description: "name of the run, kept in runs/NAME" },
  out: { kind: "text", description: "folder of the run", placeholder: "FOLDER", otherwise: "runs/NAME" },
  resume: {
    kind: "text",
    placeholder: "[FOLDER]",
    bare: "",
    otherwise: "a new run",
    description: "resume this run, or without FOLDER the newest one",
  },
  config: {
    kind: "text",
    placeholder: "FILE",
    description: "JSON file with values for flags that are not given, such as the run.json of another run",
  },
  dryRun: {
    kind: "boolean",
    description: "print settings, memory, expected time and the first batch, then stop",
  },
  tensorboard: { kind: "boolean", description: "also write the metrics as TensorBoard events" },
});
