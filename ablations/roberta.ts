/**
 * What each part of a RoBERTa is for: the plain model, and variants that differ from it in one respect. A variant is a file
 * with parts of a model beside this one, or flags of `train`.
 *
 * @module
 */
import type { Variant } from "../commands/lab_report/lab_types.ts";

/** Flags of the plain model on the built-in tales: sizes and training. */
const SETTINGS =
  "--data tales --objective mlm --preset roberta-tiny --tokenizer bpe --vocab-size 512 --context-length 32";

/** Flags of all runs: `default` learns to fill masks in half a minute on one processor core, `quick` is for tests. */
export const ROBERTA_SIZES = {
  default: `${SETTINGS} --steps 2000 --sample-interval 2000`.split(" "),
  quick: `${SETTINGS} --steps 40 --validation-fraction 0.01 --evaluation-interval 20 --sample-interval 40`
    .split(" "),
} satisfies Record<string, readonly string[]>;

const fileOf = (name: string) => new URL(`./${name}.ts`, import.meta.url).href;

/** The plain model first, which the others are compared with. */
export const ROBERTA_ABLATIONS: readonly Variant[] = [
  {
    name: "baseline",
    title: "the plain model",
    question: "How well does a RoBERTa of this size learn to fill masks in the tales?",
    flags: [],
  },
  {
    name: "no_positions",
    title: "no position embeddings",
    question: "What are position embeddings for, where attention is not causal?",
    flags: [],
    block: fileOf("no_positions"),
  },
  {
    name: "one_head",
    title: "one attention head",
    question: "What are several attention heads for?",
    flags: ["--heads", "1"],
  },
  {
    name: "no_residual",
    title: "no residual connections",
    question: "What are residual connections for?",
    flags: [],
    block: fileOf("roberta_no_residual"),
  },
  {
    name: "no_norm",
    title: "no layer normalization",
    question: "What is layer normalization for?",
    flags: [],
    block: fileOf("roberta_no_norm"),
  },
  {
    name: "pre_norm",
    title: "normalization before each part",
    question: "Does the order of GPT-2 suit RoBERTa, too?",
    flags: [],
    block: fileOf("roberta_pre_norm"),
  },
  {
    name: "relu",
    title: "ReLU for GELU",
    question: "What is GELU for, where ReLU is cheaper?",
    flags: [],
    block: fileOf("roberta_relu"),
  },
  {
    name: "half_depth",
    title: "half the depth",
    question: "What is the second layer for?",
    flags: ["--layers", "1"],
  },
];
