/**
 * Evaluating a language model on a text:
 *
 *     loss                  mean of -log p(token), nats per token: given the tokens before it (causal model), or given all
 *                           tokens that are not masked (masked model)
 *     perplexity            exp(loss)
 *     bits per character    of a causal model, loss · tokens / (ln 2 · characters): comparable across tokenizers
 *     pseudo-perplexity     of a masked model, exp of the loss where one token is masked at a time
 *
 * @module
 */
import { MASK_RATE } from "../data/masking.ts";
import type { Backend } from "../core/backend.ts";
import { exp, log } from "../core/math.ts";
import type { TransformerConfig } from "../models/config.ts";
import { type ModelsByKind, type Objective, objectiveOf } from "../models/families.ts";
import type { Tokenizer } from "../tokenizers/tokenizer.ts";
import { baselines, unigramLoss } from "../data/baselines.ts";
import { type Batch, validationBatches } from "../data/batches.ts";
import { maskedValidationBatches, oneByOneBatches } from "../data/masked_batches.ts";
import { maskedTexts, type MaskedTextSettings } from "../data/masked_texts.ts";
import { totalWeight } from "../training/batch_tensors.ts";
import { evaluate } from "../training/evaluate.ts";
import { countCharacters } from "./text_measures.ts";

/**
 * How well a language model predicts a text.
 *
 * @category Inference
 */
export interface TextEvaluation {
  /** What the model predicts: the next token, or masked tokens. */
  readonly objective: Objective;
  /** Tokens of the text. */
  readonly tokens: number;
  /** Tokens that were predicted: the loss is their mean. */
  readonly predictedTokens: number;
  /** Longest window or sequence, in tokens. */
  readonly contextLength: number;
  /** Nats per predicted token. */
  readonly loss: number;
  /** exp(loss). */
  readonly perplexity: number;
  /**
   * Losses without any context, nats per token: all tokens equally likely (`uniform`), or as likely as they are frequent in
   * this text (`unigram`).
   */
  readonly baselines: { readonly uniform: number; readonly unigram: number };
  /** Of a causal model: bits per Unicode character of the predicted tokens. */
  readonly bitsPerCharacter?: number;
  /** Of a masked model: share of the tokens that were masked, by which rule, and the seed that chose them. */
  readonly masks?: { readonly rate: number; readonly rule: string; readonly seed: number };
  /** Of a masked model: exp of the loss where one token is masked at a time. */
  readonly pseudoPerplexity?: number;
  /** Tokens that were masked one at a time. */
  readonly pseudoTokens?: number;
}

/**
 * How a text is evaluated. Masks, their seed and `pseudoTokens` are for masked models only.
 *
 * @category Inference
 */
export interface EvaluateTextOptions extends Partial<MaskedTextSettings> {
  /** The tokenizer of the model. */
  readonly tokenizer: Tokenizer;
  /** Most tokens to mask one at a time, spread over the text; 512 unless given, 0 for none. */
  readonly pseudoTokens?: number;
  /**
   * Measures the loss on batches; by `evaluate` unless given.
   *
   * @param batches the batches
   * @param name what is measured, such as `text`
   * @returns nats per target
   */
  readonly lossOn?: (batches: readonly Batch[], name: string) => Promise<number>;
}

/**
 * Evaluates a language model on a text.
 *
 * @example
 * ```ts
 * import { CharTokenizer, CpuBackend, evaluateText, Gpt, initialize, PRESETS } from "@miniformer/miniformer";
 * import { assertAlmostEquals, assertEquals } from "@std/assert";
 *
 * const tokenizer = CharTokenizer.fromText("ab"), ids = tokenizer.encode("abba");
 * const backend = new CpuBackend(), model = new Gpt({ ...PRESETS.tiny.model, vocabSize: tokenizer.vocabSize });
 * initialize(backend, model, 1);
 * const { loss, perplexity, predictedTokens } = await evaluateText(backend, model, ids, { tokenizer });
 * assertEquals(predictedTokens, 3);
 * assertAlmostEquals(perplexity, Math.exp(loss));
 * ```
 *
 * @param backend Where the model is.
 * @param model The model.
 * @param ids The text; see `encodeDocuments`.
 * @param options The tokenizer, sizes, and how tokens are masked.
 * @returns The results.
 * @throws {RangeError} If the text is too short, or none of its tokens is masked.
 * @category Inference
 */
export function evaluateText(
  backend: Backend,
  model: ModelsByKind["causal" | "masked"],
  ids: Uint32Array,
  options: EvaluateTextOptions,
): Promise<TextEvaluation> {
  const { batchSize = 16, seed = 1, pseudoTokens = 512 } = options;
  const { lossOn = (batches: readonly Batch[]) => evaluate(backend, model, batches) } = options;
  const settings = { ...options, batchSize, seed, pseudoTokens, lossOn };
  return objectiveOf(model.config) === "mlm"
    ? evaluateMasked(model.config, ids, settings)
    : evaluateCausal(model.config, ids, settings);
}

/** Options of which the ones that have defaults are set. */
type Settings =
  & EvaluateTextOptions
  & MaskedTextSettings
  & Required<Pick<EvaluateTextOptions, "pseudoTokens" | "lossOn">>;

async function evaluateCausal(
  config: TransformerConfig,
  ids: Uint32Array,
  { tokenizer, batchSize, lossOn }: Settings,
): Promise<TextEvaluation> {
  const contextLength = Math.max(1, Math.min(config.contextLength, ids.length - 1));
  const windows = Math.max(1, Math.floor((ids.length - 1) / contextLength));
  const batches = validationBatches(ids, { contextLength, batchSize: Math.min(batchSize, windows) });
  const loss = await lossOn(batches, "text"), predictedTokens = totalWeight(batches);
  const predicted = ids.subarray(1, predictedTokens + 1); // the first token has none before it
  const characters = countCharacters(tokenizer.decode(predicted, { skipSpecialTokens: true }));
  const [uniform, unigram] = baselines(ids, config);
  return {
    ...{ objective: "causal", tokens: ids.length, predictedTokens, contextLength },
    ...{ loss, perplexity: exp(loss), baselines: { uniform: uniform.loss, unigram: unigram.loss } },
    bitsPerCharacter: loss * predictedTokens / Math.LN2 / characters,
  };
}

async function evaluateMasked(
  config: TransformerConfig,
  ids: Uint32Array,
  { tokenizer, lossOn, pseudoTokens, ...settings }: Settings,
): Promise<TextEvaluation> {
  const { sequences: { text }, options } = maskedTexts({ text: ids }, config, tokenizer, settings);
  const { maskRate: rate = MASK_RATE, rule = "huggingface", seed } = options;
  const batchSize = Math.max(1, Math.min(settings.batchSize, Math.max(text.length, pseudoTokens)));
  const batches = maskedValidationBatches(text, { ...options, batchSize });
  const loss = await lossOn(batches, "masks");
  const result: TextEvaluation = {
    ...{ objective: "mlm", tokens: ids.length, predictedTokens: totalWeight(batches) },
    ...{ contextLength: options.contextLength, loss, perplexity: exp(loss) },
    masks: { rate, rule, seed },
    baselines: { uniform: log(config.vocabSize), unigram: unigramLoss(batches, [ids], options) },
  };
  if (pseudoTokens === 0) return result;
  const oneByOne = oneByOneBatches(text, { ...options, batchSize, limit: pseudoTokens });
  const pseudoLoss = await lossOn(oneByOne, "tokens masked one at a time");
  return { ...result, pseudoPerplexity: exp(pseudoLoss), pseudoTokens: totalWeight(oneByOne) };
}
