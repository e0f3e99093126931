/**
 * The flags of `train` that describe the model.
 *
 * @module
 */
import { MOST } from "../cli/common_flags.ts";
import { group } from "../cli/flags.ts";
import { type PresetName, PRESETS_BY_NAME } from "./presets.ts";
import { runFlags } from "./run_flags.ts";

/** What the help says of a flag whose value is taken from the preset. */
export const PRESET = { otherwise: "the preset's" } as const;

/** Sizes and kind of the model. */
export const modelFlags = group("Model", {
  objective: {
    kind: "choice",
    description: "what to predict: causal, the next token (GPT); mlm, masked tokens (RoBERTa)",
    choices: ["causal", "mlm"],
    otherwise: "the preset's, else causal",
  },
  preset: {
    kind: "choice",
    description: "sizes and training settings for flags that are not given",
    choices: Object.keys(PRESETS_BY_NAME) as PresetName[],
    otherwise:
      "tiny, or roberta-tiny for mlm; on a hardware GPU mini-transformer-lab (with --data), or roberta-mini",
  },
  architecture: {
    kind: "choice",
    description: "gpt1: post-norm blocks; gpt2: pre-norm blocks and a final norm; roberta: for mlm",
    choices: ["gpt1", "gpt2", "roberta"],
    ...PRESET,
  },
  contextLength: {
    kind: "integer",
    description: "longest sequence, in tokens",
    atLeast: 1,
    atMost: MOST.contextLength,
    aliases: ["seq-len"],
    ...PRESET,
  },
  layers: {
    kind: "integer",
    description: "number of blocks",
    atLeast: 1,
    atMost: MOST.layers,
    aliases: ["n-layers"],
    ...PRESET,
  },
  heads: {
    kind: "integer",
    description: "attention heads, a divisor of the model width",
    atLeast: 1,
    atMost: MOST.layers,
    aliases: ["num-heads"],
    ...PRESET,
  },
  modelDim: {
    kind: "integer",
    description: "model width",
    atLeast: 1,
    atMost: MOST.modelDim,
    aliases: ["embed-dim"],
    ...PRESET,
  },
  feedForwardDim: {
    kind: "integer",
    description: "width of the feed-forward network",
    atLeast: 1,
    atMost: MOST.feedForwardDim,
    otherwise: "in proportion to the model width",
  },
  feedForwardMultiple: {
    kind: "integer",
    description: "the same as a multiple of the model width",
    atLeast: 1,
    atMost: MOST.feedForwardDim,
    aliases: ["ff-mult"],
    otherwise: "as above",
  },
  dropoutRate: { ...runFlags.dropoutRate, ...PRESET },
  initialStd: {
    kind: "number",
    description: "standard deviation of the initial weights",
    above: 0,
    atMost: MOST.factor,
    ...PRESET,
  },
  tied: {
    kind: "boolean",
    description: "use the token embedding as the output layer",
    ...PRESET,
  },
});
