/**
 * What each part of a GPT is for: the plain model, and variants that differ from it in one respect. A variant is a file with
 * parts of a model beside this one, or flags of `train`.
 *
 * @module
 */
import type { Variant } from "../commands/lab_report/lab_types.ts";

/** Flags of the plain model on the built-in tales: sizes and training. */
const SETTINGS = "--data tales --preset tiny";

/** Flags of all runs: `default` learns to recall the hero in 35 seconds on one processor core, `quick` is for tests. */
export const GPT_SIZES = {
  default: `${SETTINGS} --context-length 128 --steps 6000 --sample-interval 6000`.split(" "),
  quick:
    `${SETTINGS} --context-length 32 --steps 40 --validation-fraction 0.01 --evaluation-interval 20 --sample-interval 40`
      .split(" "),
} satisfies Record<string, readonly string[]>;

const fileOf = (name: string) => new URL(`./${name}.ts`, import.meta.url).href;

/** The plain model first, which the others are compared with. */
export const GPT_ABLATIONS: readonly Variant[] = [
  {
    name: "baseline",
    title: "the plain model",
    question: "How well does a GPT-2 of this size learn the tales?",
    flags: [],
  },
  {
    name: "no_norm",
    title: "no layer normalization",
    question: "What is layer normalization for?",
    flags: [],
    block: fileOf("no_norm"),
  },
  {
    name: "no_residual",
    title: "no residual connections",
    question: "What are residual connections for?",
    flags: [],
    block: fileOf("no_residual"),
  },
  {
    name: "one_head",
    title: "one attention head",
    question: "What are several attention heads for?",
    flags: ["--heads", "1"],
  },
  {
    name: "swapped_query_key",
    title: "query and key swapped before training",
    question: "Does it matter which projection is called query and which key?",
    note: "This is the plain model with other initial values, so its figures show what chance alone does.",
    flags: [],
    block: fileOf("swapped_query_key"),
  },
  {
    name: "no_positions",
    title: "no position embeddings",
    question: "What are position embeddings for?",
    flags: [],
    block: fileOf("no_positions"),
  },
  {
    name: "half_width",
    title: "half the width",
    question: "What is the width of the model for?",
    flags: ["--model-dim", "32"],
  },
  {
    name: "double_width",
    title: "double the width, learning rate 0.003",
    question: "What does a wider model learn besides?",
    note: "At the learning rate of the plain model, 0.01, this width hardly learns.",
    flags: ["--model-dim", "128", "--learning-rate", "0.003"],
  },
  {
    name: "half_depth",
    title: "half the depth",
    question: "What is the second layer for?",
    flags: ["--layers", "1"],
  },
  {
    name: "double_depth",
    title: "double the depth",
    question: "What do more layers learn besides?",
    flags: ["--layers", "4"],
  },
  {
    name: "dropout",
    title: "dropout 0.1",
    question: "What does dropout do where the text is seen only once or twice?",
    flags: ["--dropout-rate", "0.1"],
  },
  {
    name: "post_norm",
    title: "normalization after each addition",
    question: "Why did GPT-2 move normalization before each part?",
    flags: [],
    block: fileOf("post_norm"),
  },
  {
    name: "untied",
    title: "an output layer of its own",
    question: "What is sharing the token embedding with the output layer for?",
    flags: ["--no-tied"],
  },
  {
    name: "relu",
    title: "ReLU for GELU",
    question: "What is GELU for, where ReLU is cheaper?",
    flags: [],
    block: fileOf("relu"),
  },
  {
    name: "no_bias",
    title: "no biases",
    question: "What are biases for?",
    flags: [],
    block: fileOf("no_bias"),
  },
  {
    name: "no_warmup",
    title: "no warm-up of the learning rate",
    question: "What is the warm-up of the learning rate for?",
    flags: ["--warmup-steps", "0"],
  },
  {
    name: "sgd",
    title: "SGD with momentum for AdamW",
    question: "What is AdamW for?",
    flags: ["--optimizer", "sgd"],
  },
];
