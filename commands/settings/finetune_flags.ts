/**
 * The flags of `finetune`.
 *
 * @module
 */
import { POOLINGS } from "../../models/classifiers/classifier.ts";
import { blockFlag, truncateFlag } from "../cli/common_flags.ts";
import { type Flags, type FlagValues, group } from "../cli/flags.ts";
import { BATCH_SIZE, EPOCHS, FACTOR, INTERVAL, runFlags, SAVES, sessionFlags } from "./run_flags.ts";

/** The flags of `finetune`. */
export const finetuneFlags = {
  ...group("Data", {
    checkpoint: {
      kind: "text",
      description:
        "pretrained model: the folder of a run (its best/, or last/ if its text was short), or any Hugging Face folder",
      placeholder: "FOLDER",
      otherwise: "the newest in runs/",
    },
    ...blockFlag,
    data: {
      kind: "text",
      description: "labelled texts: .tsv (text, tab, label), .csv or .jsonl; a second text may stand between",
      placeholder: "FILE",
    },
    validation: {
      kind: "text",
      description: "labelled texts to validate on",
      placeholder: "FILE",
      otherwise: "a part of the data",
    },
    validationFraction: runFlags.validationFraction,
    ...truncateFlag,
  }),
  ...group("Training", {
    fromScratch: { kind: "boolean", description: "start from random weights, for comparison" },
    epochs: { ...EPOCHS, description: "passes over the training texts", otherwise: "3" },
    batchSize: { ...BATCH_SIZE, description: "texts in a batch", otherwise: "16" },
    accumulation: runFlags.accumulation,
    recompute: runFlags.recompute,
    learningRate: {
      ...runFlags.learningRate,
      otherwise: "smaller for wider models: 2e-3 up to width 64, 2e-4 at 256, 3e-5 at 768",
    },
    dropoutRate: { ...runFlags.dropoutRate, otherwise: "0.1" },
    bpeDropout: {
      kind: "number",
      atLeast: 0,
      atMost: 1,
      description:
        "for a BPE tokenizer, probability that a merge is skipped, drawn anew for each text in each epoch",
      otherwise: "0",
    },
    pooling: {
      kind: "choice",
      choices: POOLINGS,
      description:
        "for a RoBERTa, what a text is classified by: its first token, or the mean of all, which transformers cannot load",
      otherwise: "first",
    },
    weightDecay: { ...runFlags.weightDecay, otherwise: "0.1" },
    auxiliaryWeight: {
      ...FACTOR,
      description: "for a GPT, weight of the language-model loss beside that of the class",
      otherwise: "0.5",
    },
    classWeights: {
      kind: "list",
      description: "weight of each class in the loss: balanced, or a number for each, such as good=1 bad=2.5",
      placeholder: "WEIGHT...",
      otherwise: "equal weights",
    },
    precision: runFlags.precision,
    seed: runFlags.seed,
    stopAfter: runFlags.stopAfter,
    saveInterval: { ...INTERVAL, ...SAVES, otherwise: "the steps of an epoch" },
    saveDtype: runFlags.saveDtype,
    device: runFlags.device,
    threads: runFlags.threads,
  }),
  ...sessionFlags,
  name: {
    ...sessionFlags.name,
    otherwise: "NAME-classifier, for a checkpoint in runs/NAME; -2 and so on is added where it exists",
  },
} as const satisfies Flags;

/** Their values. */
export type FinetuneFlags = FlagValues<typeof finetuneFlags>;
