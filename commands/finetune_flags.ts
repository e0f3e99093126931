/**
 * The flags of `finetune`.
 *
 * @module
 */
import { type Flags, type FlagValues, group } from "./flags.ts";
import { deviceFlag } from "./train_flags.ts";

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
    validationFraction: {
      kind: "number",
      description: "part of the data to validate on",
      above: 0,
      below: 1,
      otherwise: "0.1",
    },
    truncate: { kind: "boolean", description: "cut texts that are longer than the context, at their end" },
  }),
  ...group("Training", {
    fromScratch: {
      kind: "boolean",
      description: "a model of the same size that has learned nothing, to compare",
    },
    epochs: { kind: "number", description: "times to see all texts", above: 0, otherwise: "3" },
    batchSize: { kind: "integer", description: "texts in a batch", atLeast: 1, otherwise: "16" },
    accumulation: {
      kind: "integer",
      description: "batches whose gradients are averaged for one step",
      atLeast: 1,
      otherwise: "1",
    },
    learningRate: {
      kind: "number",
      description: "peak learning rate",
      above: 0,
      aliases: ["lr"],
      otherwise: "smaller for wider models: 0.003 at width 64, 0.00025 at 768",
    },
    dropoutRate: {
      kind: "number",
      description: "part of the activations to drop while training",
      atLeast: 0,
      below: 1,
      aliases: ["dropout"],
      otherwise: "0.1",
    },
    weightDecay: { kind: "number", description: "decoupled weight decay", atLeast: 0, otherwise: "0.1" },
    auxiliaryWeight: {
      kind: "number",
      description: "for a GPT, how much predicting the next token counts beside the class",
      atLeast: 0,
      otherwise: "0.5",
    },
    classWeights: {
      kind: "list",
      description: "how much each class counts: balanced, or such as good=1 bad=2.5",
      placeholder: "balanced|LABEL=NUMBER...",
      otherwise: "all the same",
    },
    seed: {
      kind: "integer",
      description: "decides the order of texts, dropout and the values of the new head",
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
  }),
  ...group("Output", {
    out: {
      kind: "text",
      description: "folder of the classifier",
      placeholder: "FOLDER",
      otherwise: "runs/NAME-classifier, for a checkpoint in runs/NAME",
    },
    resume: {
      kind: "text",
      description: "go on with this run; --epochs and --stop-after may be given anew",
      placeholder: "FOLDER",
      otherwise: "a new run",
    },
  }),
} as const satisfies Flags;

/** Their values. */
export type FinetuneFlags = FlagValues<typeof finetuneFlags>;
