/**
 * What a causal language model writes at several temperatures, measured beside real text.
 *
 * @module
 */
import type { Backend } from "../../core/backend.ts";
import { defaultPrompt } from "../../inference/prompt.ts";
import { sampleTexts } from "../../inference/sample_texts.ts";
import {
  countCharacters,
  type KnownText,
  measureText,
  middlePiece,
  type TextMeasures,
  vocabularyOf,
} from "../../inference/text_measures.ts";
import type { ModelsByKind } from "../../models/families.ts";
import type { Tokenizer } from "../../tokenizers/tokenizer.ts";

/** The temperatures; 0 is greedy. */
const TEMPERATURES = [0, 0.5, 0.8, 1.2];

/** The length of a sample: about a page of a book, so that its measures mean something. */
const SAMPLE_CHARACTERS = 1000;

/** A text and its measures. */
export interface MeasuredText extends TextMeasures {
  readonly text: string;
}

/** What a model writes. */
export interface Writing {
  /** How the samples were drawn, from all tokens. */
  readonly sampling: { readonly prompt: string; readonly maxNewTokens: number; readonly seed: number };
  /** One text at each temperature, without the prompt. */
  readonly samples: readonly (MeasuredText & { readonly temperature: number })[];
  /** A piece of the real text, as long as a sample. */
  readonly reference: MeasuredText;
}

/** How many tokens make a sample, by how many characters the tokens of a text have. */
export function sampleTokens(characters: number, tokens: number): number {
  return Math.max(1, Math.min(SAMPLE_CHARACTERS, Math.ceil(SAMPLE_CHARACTERS * tokens / characters)));
}

/**
 * Samples from a model, and measures the samples beside a piece of a real text. `training` is the text that it was trained on, where
 * that is known.
 */
export async function measureWriting(
  backend: Backend,
  model: ModelsByKind["causal"],
  tokenizer: Tokenizer,
  { texts, maxNewTokens, training, seed, onProgress }: {
    readonly texts: readonly string[];
    readonly maxNewTokens: number;
    readonly training?: readonly string[];
    readonly seed: number;
    onProgress?(done: number, total: number): void;
  },
): Promise<Writing> {
  const known: KnownText | undefined = training && { texts: training, vocabulary: vocabularyOf(training) };
  const measured = (text: string): MeasuredText => ({ text, ...measureText(text, known) });
  const sampling = { prompt: defaultPrompt(tokenizer), maxNewTokens, seed }, samples = [];
  const options = { ...sampling, temperatures: TEMPERATURES, onProgress };
  for await (const { temperature, texts: [text] } of sampleTexts(backend, model, tokenizer, options)) {
    samples.push({ temperature, ...measured(text) });
  }
  const length = Math.max(...samples.map(({ text }) => countCharacters(text)));
  return { sampling, samples, reference: measured(middlePiece(texts.join("\n"), length)) };
}
