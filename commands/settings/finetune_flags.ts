/**
 * The flags of `finetune`.
 *
 * @module
 */
import { deviceFlag, MOST, truncateFlag } from "../cli/common_flags.ts";
import { type Flags, type FlagValues, group } from "../cli/flags.ts";
import { folderFlags, runFlags } from "./run_flags.ts";

/** The flags of `finetune`. */
export const finetuneFlags = {
  ...group("Data", {
    checkpoint: {
      kind: "text",
      description:
        "what to begin with: the folder of a run (its best/, else its last/), or any Hugging Face folder",
      placeholder: "FOLDER",
      otherwise: "the newest in runs/",
    },
    data: {
      kind: "text",
      description:
        "texts with labels: .tsv (text, tab, label), .csv or .jsonl; a second text may stand between",
      placeholder: "FILE",
    },
    validation: {
      kind: "text",
      description: "the same, to validate on",
      placeholder: "FILE",
      otherwise: "a part of the data",
    },
    validationFraction: runFlags.validationFraction,
    ...truncateFlag,
  }),
  ...group("Training", {
    fromScratch: {
      kind: "boolean",
      description: "a model of the same size that has learned nothing, to compare",
    },
    epochs: {
      kind: "number",
      description: "times to see all texts",
      above: 0,
      atMost: MOST.epochs,
      otherwise: "3",
    },
    batchSize: {
      kind: "integer",
      description: "texts in a batch",
      atLeast: 1,
      atMost: MOST.batchSize,
      otherwise: "16",
    },
    accumulation: runFlags.accumulation,
    learningRate: {
      ...runFlags.learningRate,
      otherwise: "smaller for wider models: 2e-3 up to width 64, 2e-4 at 256, 3e-5 at 768",
    },
    dropoutRate: { ...runFlags.dropoutRate, otherwise: "0.1" },
    weightDecay: { ...runFlags.weightDecay, otherwise: "0.1" },
    auxiliaryWeight: {
      kind: "number",
      description: "for a GPT, how much predicting the next token counts beside the class",
      atLeast: 0,
      atMost: MOST.factor,
      otherwise: "0.5",
    },
    classWeights: {
      kind: "list",
      description: "how much each class counts: balanced, or each with its weight, such as good=1 bad=2.5",
      placeholder: "WEIGHT...",
      otherwise: "all the same",
    },
    seed: runFlags.seed,
    stopAfter: runFlags.stopAfter,
    ...deviceFlag,
  }),
  ...group(
    "Output",
    folderFlags({
      name: "NAME-classifier, for a checkpoint in runs/NAME",
      changeable: "--epochs and --stop-after",
    }),
  ),
} as const satisfies Flags;

/** Their values. */
export type FinetuneFlags = FlagValues<typeof finetuneFlags>;
