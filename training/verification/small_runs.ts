/**
 * Small runs, one of every family, whose models are known bit for bit.
 *
 * Everything that they need is here and always the same: a text (the tales), a few sentences with labels, sizes, seeds. The
 * sizes are no multiples of what kernels cut their work into, so that the ends of rows and tiles take part; dropout and
 * accumulation are on. Ten steps of each take a few seconds.
 *
 * @module
 */

import type { Backend } from "../../core/backend.ts";
import { initialize } from "../../core/module.ts";
import { type BatchSource, causalBatches } from "../../data/batches.ts";
import { labelledBatches } from "../../data/labelled_batches.ts";
import { maskedBatches } from "../../data/masked_batches.ts";
import { maskedTexts } from "../../data/masked_texts.ts";
import { makeTales } from "../../data/tales.ts";
import { PAD_ID, type TransformerConfig } from "../../models/config.ts";
import { buildModel, type Model, type ModelConfig } from "../../models/families.ts";
import { CharTokenizer } from "../../tokenizers/char_tokenizer.ts";
import { MASKED_SPECIAL_TOKENS } from "../../tokenizers/special_tokens.ts";
import type { Tokenizer } from "../../tokenizers/tokenizer.ts";
import { TrainingRun, type TrainingSettings } from "../train.ts";

/** A small run. */
export interface SmallRun {
  /** What is trained. */
  readonly name: string;
  /** The model; a classifier begins with the parameters of a language model that was trained before it. */
  readonly config: ModelConfig;
  /** The name of that language model's run. */
  readonly from?: string;
  /** What it is trained on. */
  readonly batches: BatchSource;
  /** How. */
  readonly settings: TrainingSettings;
}

const SEED = 11, BATCH_SIZE = 5, CONTEXT_LENGTH = 77;

const SIZES: Omit<TransformerConfig, "vocabSize"> = {
  contextLength: CONTEXT_LENGTH,
  layers: 2,
  heads: 3,
  modelDim: 69,
  feedForwardDim: 203,
  dropoutRate: 0.1,
  initialStd: 0.08,
};

const SETTINGS: TrainingSettings = {
  schedule: "cosine",
  learningRate: 0.004,
  minLearningRate: 0.0004,
  warmupSteps: 3,
  steps: 10,
  weightDecay: 0.01,
  clipNorm: 1,
  accumulation: 2,
  seed: SEED,
};

const LABELS = ["dry", "wet"];

/** Sentences and the index of their label. */
const SENTENCES: readonly (readonly [text: string, label: number])[] = [
  ["the rain fell on the roof all day", 1],
  ["dust lay on the road", 0],
  ["a frog sat in the pond", 1],
  ["the sand was hot", 0],
  ["waves broke over the boat", 1],
  ["the old well had no water left in it", 0],
  ["snow melted on her coat", 1],
  ["he swept straw out of the barn", 0],
  ["the river rose", 1],
  ["bread lay beside the oven", 0],
];

/**
 * The small runs, in an order in which every classifier comes after the language model that it is made from.
 *
 * @returns The runs.
 */
export function smallRuns(): SmallRun[] {
  const { text } = makeTales({ seed: SEED, characters: 6000 });
  const sentences = SENTENCES.map(([text]) => text).join("");
  const tokenizer = CharTokenizer.fromText(text + sentences, { specialTokens: MASKED_SPECIAL_TOKENS });
  const { vocabSize } = tokenizer, sizes = { ...SIZES, vocabSize }, tokens = tokenizer.encode(text);
  const rows = { contextLength: CONTEXT_LENGTH, batchSize: BATCH_SIZE, seed: SEED };
  const causal = causalBatches(tokens, rows);
  const { sequences, options } = maskedTexts({ tokens }, sizes, tokenizer, rows);
  const labelled = (auxiliaryWeight: number) =>
    labelledBatches(examplesOf(tokenizer), { ...rows, padId: PAD_ID, auxiliaryWeight });
  return [
    { name: "gpt1", config: { ...sizes, architecture: "gpt1" }, batches: causal, settings: SETTINGS },
    {
      name: "gpt2",
      config: { ...sizes, architecture: "gpt2", tied: false },
      batches: causal,
      settings: { ...SETTINGS, optimizer: "sgd", learningRate: 0.1, minLearningRate: 0.01 },
    },
    {
      name: "roberta",
      config: { ...sizes, architecture: "roberta" },
      batches: maskedBatches(sequences.tokens, options),
      settings: SETTINGS,
    },
    {
      name: "gpt1 classifier",
      config: { ...sizes, architecture: "gpt1", labels: LABELS, padId: PAD_ID },
      from: "gpt1",
      batches: labelled(0.5),
      settings: SETTINGS,
    },
    {
      name: "roberta classifier",
      config: { ...sizes, architecture: "roberta", labels: LABELS },
      from: "roberta",
      batches: labelled(0),
      settings: SETTINGS,
    },
  ];
}

function examplesOf(tokenizer: Tokenizer): { ids: Uint32Array; label: number }[] {
  return SENTENCES.map(([text, label]) => ({
    ids: tokenizer.encode(text, { addSpecialTokens: true }),
    label,
  }));
}

/** The values of a trained language model, by name. */
export type TrainedValues = ReadonlyMap<string, Float32Array>;

/**
 * Begins a small run.
 *
 * @param backend Where to train.
 * @param run The run.
 * @param trained The values of the language model that a classifier is made from.
 * @returns The run before its first step.
 */
export function startSmallRun(
  backend: Backend,
  { config, batches, settings }: SmallRun,
  trained: TrainedValues = new Map(),
): TrainingRun {
  const model: Model = buildModel(config), store = initialize(backend, model, settings.seed);
  for (const parameter of store.parameters) {
    // a GPT is the root of its own parameters, and a property of the classifier that has it inside
    const values = trained.get(parameter.name) ?? trained.get(parameter.name.replace(/^gpt\./, ""));
    if (values) backend.write(parameter, values);
  }
  return new TrainingRun(backend, model, batches, settings, { store });
}
