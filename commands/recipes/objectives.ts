/**
 * What differs between the objectives of a language model: the model, its batches, and the samples that show what it has
 * learned. Everything else of `train` is the same for both.
 *
 * @module
 */
import type { Backend } from "../../core/backend.ts";
import { Random } from "../../core/random.ts";
import type { Experiment } from "../../models/experiment.ts";
import { expectKind, kindOf } from "../../models/families.ts";
import { Gpt, type GptConfig } from "../../models/gpt.ts";
import { MaskedLanguageModel, type RobertaConfig } from "../../models/roberta.ts";
import type { Tokenizer } from "../../tokenizers/tokenizer.ts";
import { unigramLoss } from "../../data/baselines.ts";
import { type Batch, type BatchSource, causalBatches, validationBatches } from "../../data/batches.ts";
import { maskTokens } from "../../data/mask_tokens.ts";
import { maskedBatches, maskedValidationBatches, oneByOneBatches } from "../../data/masked_batches.ts";
import { maskedTexts } from "../../data/masked_texts.ts";
import { fillMask } from "../../inference/fill_mask.ts";
import { generate } from "../../inference/generate.ts";
import { defaultPrompt } from "../../inference/prompt.ts";
import type { LanguageConfig } from "../settings/presets.ts";
import type { TrainSettings } from "../settings/settings.ts";
import type { EncodedCorpus } from "../texts/corpus.ts";

/** The settings of a run, and parts of the model's own. */
export type ObjectiveSettings = TrainSettings & { readonly experiment?: Experiment };

/** A language model and its batches. */
export interface PreparedObjective {
  /** The model, without values yet. */
  readonly model: Gpt | MaskedLanguageModel;
  /** What it is trained on. */
  readonly batches: BatchSource;
  /**
   * Batches to evaluate it on, the same every time.
   *
   * @param part of which text
   * @param sequences the most sequences, spread over the text; all unless given
   */
  evaluationBatches(part: "training" | "validation", sequences?: number): Batch[];
  /** What else is evaluated of a masked language model. */
  readonly masked?: {
    /** Batches that mask one token at a time. */
    oneByOne(tokens: number): Batch[];
    /** The loss of the unigram model on batches. */
    unigram(batches: readonly Batch[]): number;
  };
  /** Text that shows what the model has learned. */
  sample(backend: Backend, seed: number): Promise<string>;
}

/**
 * Prepares a model and its batches.
 *
 * @param config the model
 * @param encoded the texts as ids
 * @param tokenizer the tokenizer
 * @param settings sizes, seed and experiment
 * @returns model and batches
 * @throws {Error} when a text is too short, or the tokenizer has no mask token
 */
export function prepareObjective(
  config: LanguageConfig,
  encoded: EncodedCorpus,
  tokenizer: Tokenizer,
  settings: ObjectiveSettings,
): PreparedObjective {
  return kindOf(config) === "masked"
    ? masked(expectKind(config, "masked"), encoded, tokenizer, settings)
    : causal(expectKind(config, "causal"), encoded, tokenizer, settings);
}

/** Tokens in a sample. */
const SAMPLE_LENGTH = 200;

function causal(
  config: GptConfig,
  encoded: EncodedCorpus,
  tokenizer: Tokenizer,
  { batchSize, seed, experiment }: ObjectiveSettings,
): PreparedObjective {
  const model = new Gpt(config, experiment), sizes = { contextLength: config.contextLength, batchSize };
  return {
    model,
    batches: causalBatches(encoded.training, { ...sizes, seed }),
    evaluationBatches: (part, windows) => validationBatches(encoded[part], { ...sizes, windows }),
    async sample(backend, seed) {
      const prompt = tokenizer.encode(defaultPrompt(tokenizer)), ids: number[] = [];
      const options = { prompt, maxNewTokens: SAMPLE_LENGTH, temperature: 0.8, seed };
      for await (const [part] of generate(backend, model, options)) ids.push(...part);
      return tokenizer.decode(ids).trim();
    },
  };
}

function masked(
  config: RobertaConfig,
  encoded: EncodedCorpus,
  tokenizer: Tokenizer,
  settings: ObjectiveSettings,
): PreparedObjective {
  const model = new MaskedLanguageModel(config, settings.experiment);
  const { sequences, options } = maskedTexts(encoded, config, tokenizer, settings);
  return {
    model,
    batches: maskedBatches(sequences.training, options),
    evaluationBatches: (part, limit) => maskedValidationBatches(sequences[part], { ...options, limit }),
    masked: {
      oneByOne: (limit) => oneByOneBatches(sequences.validation, { ...options, limit }),
      unigram: (batches) => unigramLoss(batches, sequences.training, options),
    },
    sample: (backend) => filledSample(backend, model, tokenizer, sequences.validation),
  };
}

/** Sequences, and tokens of each, in a sample of a masked language model. */
const MASKED_SAMPLE = { sequences: 4, tokens: 64 };

/** A few sequences with the model's predictions at masked positions: `[correct]`, or `[original → predicted]`. */
async function filledSample(
  backend: Backend,
  model: MaskedLanguageModel,
  tokenizer: Tokenizer,
  sequences: readonly Uint32Array[],
): Promise<string> {
  const { maskId, specialIds } = maskTokens(tokenizer), special = new Set(specialIds), samples: string[] = [];
  const count = Math.min(MASKED_SAMPLE.sequences, sequences.length);
  for (let index = 0; index < count; index++) {
    const ids = sequences[Math.floor(index * sequences.length / count)].slice(0, MASKED_SAMPLE.tokens);
    const candidates = [...ids.keys()].filter((position) => !special.has(ids[position]));
    if (candidates.length === 0) continue;
    const random = new Random(1, `gaps of sample ${index}`);
    const drawn = candidates.filter(() => random.uniform() < 0.15);
    const positions = new Set(drawn.length > 0 ? drawn : [candidates[candidates.length >> 1]]);
    const maskedIds = ids.map((id, position) => positions.has(position) ? maskId : id);
    const filled = await fillMask(backend, model, maskedIds, { maskId, topK: 1 });
    const predicted = new Map(filled.map(({ position, candidates }) => [position, candidates[0].id]));
    const pieces = Array.from(ids, (id, position) => {
      const guess = predicted.get(position);
      if (guess === undefined) return tokenizer.decode([id], { skipSpecialTokens: true });
      const [truth, other] = [id, guess].map((id) => tokenizer.decode([id]).replaceAll("\n", "↵"));
      return guess === id ? `[${truth}]` : `[${truth} → ${other}]`;
    });
    samples.push(pieces.join("").trim());
  }
  return samples.join("\n---\n");
}
