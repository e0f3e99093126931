/**
 * The answer of a model to a text: its continuation, or the text with its masks filled.
 *
 * @module
 */
import {
  decodeFilled,
  fillMask,
  generateText,
  type GenerateTextOptions,
  kindOf,
  maskTokens,
  type ModelsByKind,
} from "../../mod.ts";
import { yieldToEvents } from "../../training/evaluate.ts";
import type { LookSource } from "./look/looks.ts";

/** Tokens of a text that is generated. */
const TEXT_LENGTH = 400;

/** How a text is drawn. */
export type Sampling = Pick<GenerateTextOptions, "temperature" | "topK" | "topP" | "seed">;

/** Device, model and tokenizer. */
type Source = Pick<LookSource, "backend" | "model" | "tokenizer">;

/** Continues a prompt piece by piece, or fills its masks. */
export async function* answer(source: Source, prompt: string, sampling: Sampling): AsyncGenerator<string> {
  const { backend, tokenizer } = source;
  if (kindOf(source.model.config) === "causal") {
    yield* continueText(source, prompt, { ...sampling, maxNewTokens: TEXT_LENGTH });
    return;
  }
  const model = source.model as ModelsByKind["masked"];
  const { maskId } = maskTokens(tokenizer, model.config.padId), mask = tokenizer.tokenOf(maskId);
  const ids = tokenizer.encode(prompt, { addSpecialTokens: true });
  if (!ids.includes(maskId)) {
    throw new Error(`The text has no ${mask}: write ${mask} where something is missing`);
  }
  const filled = await fillMask(backend, model, ids, { maskId, tokens: tokenizer.vocabSize });
  yield decodeFilled(ids, filled, tokenizer).text;
}

/** Continues a prompt, and lets pending events run after each piece. */
export async function* continueText(
  source: Source,
  prompt: string,
  options: Sampling & { maxNewTokens: number },
): AsyncGenerator<string> {
  for await (const piece of generateText(source, { ...options, prompt })) {
    yield piece;
    await yieldToEvents();
  }
}
