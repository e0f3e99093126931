/**
 * Flags of both commands that train, `train` and `finetune`. Each command adds its own defaults.
 *
 * @module
 */
import { deviceFlag, MOST } from "../cli/common_flags.ts";
import { type Flags, group } from "../cli/flags.ts";

/** How to train. */
export const runFlags = {
  validationFraction: {
    kind: "number",
    description: "part of the data to validate on",
    above: 0,
    below: 1,
    otherwise: "0.1",
  },
  accumulation: {
    kind: "integer",
    description: "batches whose gradients are averaged for one step",
    atLeast: 1,
    atMost: MOST.accumulation,
    otherwise: "1",
  },
  learningRate: {
    kind: "number",
    description: "peak learning rate",
    above: 0,
    atMost: MOST.factor,
    aliases: ["lr"],
  },
  dropoutRate: {
    kind: "number",
    description: "share of the activations to drop while training",
    atLeast: 0,
    below: 1,
    aliases: ["dropout"],
  },
  weightDecay: { kind: "number", description: "weight decay", atLeast: 0, atMost: MOST.factor },
  seed: {
    kind: "integer",
    description: "decides initial values, the order of texts, dropout and samples",
    atLeast: 0,
    atMost: 2 ** 52,
    otherwise: "1",
  },
  stopAfter: {
    kind: "integer",
    description: "stop after this step; the learning rate is scheduled as for the whole run",
    atLeast: 1,
    atMost: MOST.steps,
    otherwise: "the last step",
  },
  // without a default value, so that a value in --config can take its place
  device: { ...deviceFlag.device, default: undefined, otherwise: "auto" },
} as const satisfies Flags;

/** Where a run is kept, where its settings come from, and what it writes. */
export const sessionFlags = group(
  "Run",
  {
    name: { kind: "text", description: "name of the run, kept in runs/NAME" },
    out: { kind: "text", description: "folder of the run", placeholder: "FOLDER", otherwise: "runs/NAME" },
    resume: {
      kind: "text",
      description: "resume this run, or without FOLDER the newest one",
      placeholder: "[FOLDER]",
      bare: "",
      otherwise: "a new run",
    },
    config: {
      kind: "text",
      description: "JSON file with values for flags that are not given, such as the run.json of another run",
      placeholder: "FILE",
    },
    dryRun: {
      kind: "boolean",
      description: "print settings, memory and the first batch, then stop",
    },
    tensorboard: {
      kind: "boolean",
      description: "also write the metrics as TensorBoard events",
    },
  } as const satisfies Flags,
);
