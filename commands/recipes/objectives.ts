/**
 * What differs between objectives while a language model is trained: the model, its batches, and how to show what it has
 * learned. Everything else of `train` is the same for all of them.
 *
 * @module
 */
import type { Backend } from "../../core/backend.ts";
import { Random } from "../../core/random.ts";
import { expectKind, kindOf } from "../../models/families.ts";
import { Gpt, type GptConfig } from "../../models/gpt.ts";
import { MaskedLanguageModel, type RobertaConfig } from "../../models/roberta.ts";
import type { Tokenizer } from "../../tokenizers/tokenizer.ts";
import { type Batch, type BatchSource, causalBatches, validationBatches } from "../../data/batches.ts";
import { fillMask } from "../../inference/fill_mask.ts";
import { generate } from "../../inference/generate.ts";
import { maskedBatches, maskedValidationBatches, oneByOneBatches } from "../../data/masked_batches.ts";
import type { EncodedCorpus } from "../texts/corpus.ts";
import { maskTokens } from "../../data/mask_tokens.ts";
import type { LanguageConfig } from "../settings/presets.ts";
import { defaultPrompt } from "../../inference/prompt.ts";
import type { PartialSettings } from "../settings/settings.ts";
import { unigramLoss } from "../../data/baselines.ts";
import { maskedTexts } from "../../data/masked_texts.ts";

/** A language model and what it learns from. */
export interface Lesson {
  /** The model, without values yet. */
  readonly model: Gpt | MaskedLanguageModel;
  /** What it learns from. */
  readonly batches: BatchSource;
  /**
   * Batches to measure on, always the same.
   *
   * @param part of which text
   * @param windows how many windows at most, spread over the text; all unless given
   */
  measured(part: "training" | "validation", windows?: number): Batch[];
  /** What else there is to measure of a model that fills masks. */
  readonly masks?: {
    /** Batches that hide one token after the other. */
    oneByOne(tokens: number): Batch[];
    /** The loss of the unigram model on batches. */
    unigram(batches: readonly Batch[]): number;
  };
  /** Shows what the model has learned. */
  sample(backend: Backend, seed: number): Promise<string>;
}

/**
 * Prepares what a run is made of.
 *
 * @param config the model
 * @param encoded the texts as ids
 * @param tokenizer the tokenizer
 * @param settings sizes and seed
 * @returns model and batches
 * @throws {Error} when a text is too short, or the tokenizer has no tokens to mask with
 */
export function prepareLesson(
  config: LanguageConfig,
  encoded: EncodedCorpus,
  tokenizer: Tokenizer,
  settings: PartialSettings,
): Lesson {
  return kindOf(config) === "masked"
    ? maskedLesson(expectKind(config, "masked"), encoded, tokenizer, settings)
    : causalLesson(expectKind(config, "causal"), encoded, tokenizer, settings);
}

/** Tokens of a sample. */
const sampleLength = 200;

function causalLesson(
  config: GptConfig,
  encoded: EncodedCorpus,
  tokenizer: Tokenizer,
  { batchSize, seed }: PartialSettings,
): Lesson {
  const model = new Gpt(config), sizes = { contextLength: config.contextLength, batchSize };
  return {
    model,
    batches: causalBatches(encoded.training, { ...sizes, seed }),
    measured: (part, windows) => validationBatches(encoded[part], { ...sizes, windows }),
    async sample(backend, seed) {
      const prompt = tokenizer.encode(defaultPrompt(tokenizer)), ids: number[] = [];
      const options = { prompt, maxNewTokens: sampleLength, temperature: 0.8, seed };
      for await (const [part] of generate(backend, model, options)) ids.push(...part);
      return tokenizer.decode(ids).trim();
    },
  };
}

function maskedLesson(
  config: RobertaConfig,
  encoded: EncodedCorpus,
  tokenizer: Tokenizer,
  settings: PartialSettings,
): Lesson {
  const model = new MaskedLanguageModel(config);
  const { sequences, options } = maskedTexts(encoded, config, tokenizer, settings);
  return {
    model,
    batches: maskedBatches(sequences.training, options),
    measured: (part, limit) => maskedValidationBatches(sequences[part], { ...options, limit }),
    masks: {
      oneByOne: (limit) => oneByOneBatches(sequences.validation, { ...options, limit }),
      unigram: (batches) => unigramLoss(batches, sequences.training, options),
    },
    sample: (backend) => filledSample(backend, model, tokenizer, sequences.validation),
  };
}

/** Sequences, and tokens of each, in a sample of a masked language model. */
const sampleSize = { sequences: 4, tokens: 64 };

/** A few stretches of text with what the model would put into their gaps: `[right]`, or `[what stood there → guess]`. */
async function filledSample(
  backend: Backend,
  model: MaskedLanguageModel,
  tokenizer: Tokenizer,
  sequences: readonly Uint32Array[],
): Promise<string> {
  const { maskId, specialIds } = maskTokens(tokenizer), special = new Set(specialIds), samples: string[] = [];
  const count = Math.min(sampleSize.sequences, sequences.length);
  for (let index = 0; index < count; index++) {
    const ids = sequences[Math.floor(index * sequences.length / count)].slice(0, sampleSize.tokens);
    const candidates = [...ids.keys()].filter((place) => !special.has(ids[place]));
    if (candidates.length === 0) continue;
    const random = new Random(1, `gaps of sample ${index}`);
    const drawn = candidates.filter(() => random.uniform() < 0.15);
    const places = new Set(drawn.length > 0 ? drawn : [candidates[candidates.length >> 1]]);
    const hidden = ids.map((id, place) => places.has(place) ? maskId : id);
    const filled = await fillMask(backend, model, hidden, { maskId, topK: 1 });
    const guesses = new Map(filled.map(({ place, candidates }) => [place, candidates[0].id]));
    const pieces = Array.from(ids, (id, place) => {
      const guess = guesses.get(place);
      if (guess === undefined) return tokenizer.decode([id], { skipSpecialTokens: true });
      const [truth, other] = [id, guess].map((id) => tokenizer.decode([id]).replaceAll("\n", "↵"));
      return guess === id ? `[${truth}]` : `[${truth} → ${other}]`;
    });
    samples.push(pieces.join("").trim());
  }
  return samples.join("\n---\n");
}
