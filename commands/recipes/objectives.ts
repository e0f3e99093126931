/**
 * What differs between the objectives of a language model: the model, its batches, and the samples that show what it has
 * learned. Everything else of `train` is the same for both.
 *
 * @module
 */
import type { Backend } from "../../core/backend.ts";
import { unigramLoss } from "../../data/baselines.ts";
import { type Batch, type BatchSource, causalBatches, validationBatches } from "../../data/batches.ts";
import { maskedBatches, maskedValidationBatches, oneByOneBatches } from "../../data/masked_batches.ts";
import { maskedTexts } from "../../data/masked_texts.ts";
import { filledSample } from "../../inference/fill_mask.ts";
import { generate } from "../../inference/generate.ts";
import { defaultPrompt } from "../../inference/prompt.ts";
import type { Experiment } from "../../models/experiment.ts";
import { buildModel, expectKind, kindOf, type ModelsByKind } from "../../models/families.ts";
import type { Tokenizer } from "../../tokenizers/tokenizer.ts";
import { totalWeight } from "../../training/batch_tensors.ts";
import type { LanguageConfig } from "../../checkpoints/runs/language_settings.ts";
import type { TrainSettings } from "../settings/settings.ts";
import type { EncodedCorpus } from "../texts/corpus.ts";
import type { Session } from "./recipe.ts";
import { saveFinalSamples } from "./samples.ts";

/** How many sequences the texts make. */
export interface SequenceCounts {
  /** Those of an epoch. */
  readonly training: number;
  /** Those of the whole validation text; a validation during training reads some of them. */
  readonly validation: number;
  /** The tokens of each, or of the longest. */
  readonly length: number;
}

/** A language model and its batches. */
export interface PreparedObjective {
  /** The model, without values yet. */
  readonly model: ModelsByKind["causal" | "masked"];
  readonly batches: BatchSource;
  readonly sequences: SequenceCounts;
  /** Batches to evaluate it on, the same every time: of so many sequences, spread over the text, or of all. */
  evaluationBatches(part: "training" | "validation", sequences?: number): Batch[];
  /** Of a causal model: the index in the text of each target of those batches, or IGNORE_INDEX. */
  targetIndices?(part: "training" | "validation", sequences?: number): Uint32Array[];
  /** The beginning of the validation text, as the model reads it. */
  readonly beginning: Uint32Array;
  /** Text that shows what the model has learned. */
  sample(backend: Backend, seed: number): Promise<string>;
  /** Saves texts of a causal model at several temperatures in the folder of its run. */
  saveSamples?(session: Session, prompt: string | undefined): Promise<void>;
  /** What else is evaluated of a masked language model: with one token masked at a time, and beside a unigram model. */
  readonly masked?: {
    oneByOneBatches(tokens: number): Batch[];
    unigramLoss(batches: readonly Batch[]): number;
  };
}

/** Tokens in a sample. */
const SAMPLE_LENGTH = 200;

/** Prepares a model and its batches. It throws where a text is too short, or the tokenizer has no mask token. */
export function prepareObjective(
  config: LanguageConfig,
  encoded: EncodedCorpus,
  tokenizer: Tokenizer,
  settings: TrainSettings & { readonly experiment?: Experiment },
): PreparedObjective {
  if (kindOf(config) === "masked") {
    const model = buildModel<"masked">(expectKind(config, "masked"), settings.experiment);
    const { sequences, options } = maskedTexts(encoded, config, tokenizer, settings);
    return {
      model,
      batches: maskedBatches(sequences.training, options),
      sequences: {
        ...{ training: sequences.training.length, validation: sequences.validation.length },
        length: options.contextLength,
      },
      evaluationBatches: (part, limit) => maskedValidationBatches(sequences[part], { ...options, limit }),
      beginning: sequences.validation[0],
      sample: (backend) => filledSample(backend, model, tokenizer, sequences.validation),
      masked: {
        oneByOneBatches: (limit) => oneByOneBatches(sequences.validation, { ...options, limit }),
        unigramLoss: (batches) => unigramLoss(batches, sequences.training, options),
      },
    };
  }
  const model = buildModel<"causal">(expectKind(config, "causal"), settings.experiment);
  const { batchSize, seed } = settings, sizes = { contextLength: config.contextLength, batchSize };
  const windowsOf = (tokens: Uint32Array, windows: number | undefined) => {
    const contextLength = Math.min(sizes.contextLength, tokens.length - 1);
    return validationBatches(tokens, { ...sizes, contextLength, windows });
  };
  const batches = causalBatches(encoded.training, { ...sizes, seed });
  return {
    ...{ model, batches },
    sequences: {
      training: Math.round(batches.batchesPerEpoch * batchSize),
      // as validationBatches cuts them: side by side, and a text shorter than a window is one
      validation: Math.max(1, Math.floor((encoded.validation.length - 1) / sizes.contextLength)),
      length: sizes.contextLength,
    },
    evaluationBatches: (part, windows) => windowsOf(encoded[part], windows),
    targetIndices(part, windows) {
      const indices = Uint32Array.from(encoded[part].keys()); // in place of tokens
      return windowsOf(indices, windows).map(({ targets }) => targets);
    },
    beginning: encoded.validation.subarray(0, config.contextLength),
    async sample(backend, seed) {
      const prompt = tokenizer.encode(defaultPrompt(tokenizer)), ids: number[] = [];
      const options = { prompt, maxNewTokens: SAMPLE_LENGTH, temperature: 0.8, seed };
      for await (const [part] of generate(backend, model, options)) ids.push(...part);
      return tokenizer.decode(ids).trim();
    },
    saveSamples: (session, prompt) => saveFinalSamples(session, model, tokenizer, prompt),
  };
}

/** Refuses batches without targets: in a short text it may happen that no token is masked. */
export function expectTargets(
  batches: readonly Batch[],
  { attempt, tokens, text }: { attempt: string; tokens: number; text: string },
): void {
  if (totalWeight(batches) > 0) return;
  throw new RangeError(
    `Cannot ${attempt} on ${tokens} tokens: none of them is masked; give a longer ${text}, ` +
      "a higher --mask-rate or another --seed",
  );
}
