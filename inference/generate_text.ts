/**
 * Text after a prompt, from text to text.
 *
 * @module
 */
import type { Backend } from "../core/backend.ts";
import { expectKind, type Model, type ModelsByKind } from "../models/families.ts";
import type { Tokenizer } from "../tokenizers/tokenizer.ts";
import { decodeSamples } from "./decode_samples.ts";
import { generate, type GenerateOptions } from "./generate.ts";
import { defaultPrompt } from "./prompt.ts";

/**
 * A model with its tokenizer, on a device.
 *
 * @category Inference
 */
export interface TextModel<AnyModel extends Model = Model> {
  /** The device. */
  readonly backend: Backend;
  /** The model. */
  readonly model: AnyModel;
  /** Its tokenizer. */
  readonly tokenizer: Tokenizer;
}

/**
 * What to generate: the options of `generate`, with a prompt that is a text.
 *
 * @category Inference
 */
export interface GenerateTextOptions extends Partial<Omit<GenerateOptions, "prompt" | "samples">> {
  /** The text to continue; a line break, where the tokenizer has one, unless given. */
  readonly prompt?: string;
}

/**
 * Generates text after a prompt, piece by piece as it is made. At most 200 tokens unless `maxNewTokens` is given; the token
 * that ends a text ends it earlier.
 *
 * @example
 * ```ts
 * import { CharTokenizer, CpuBackend, generateText, Gpt, initialize, PRESETS } from "@miniformer/miniformer";
 * import { assertEquals } from "@std/assert";
 *
 * const tokenizer = CharTokenizer.fromText("abc"), backend = new CpuBackend();
 * const model = new Gpt({ ...PRESETS.tiny.model, vocabSize: tokenizer.vocabSize });
 * initialize(backend, model, 1);
 * const options = { prompt: "ab", maxNewTokens: 20, temperature: 0.8, seed: 1 };
 * let text = "";
 * for await (const piece of generateText({ backend, model, tokenizer }, options)) text += piece;
 * assertEquals(text.length, 20);
 * ```
 *
 * @param source Device, model and tokenizer, such as `loadFolder` gives.
 * @param options Prompt and sampling.
 * @yields The next piece of text, without the prompt.
 * @throws {TypeError} If the model does not predict the next token.
 * @throws {RangeError} If the tokenizer cannot encode the prompt, or an option makes no sense.
 * @category Inference
 */
export async function* generateText(
  { backend, model, tokenizer }: TextModel,
  { prompt = "", maxNewTokens = 200, ...options }: GenerateTextOptions = {},
): AsyncGenerator<string> {
  const { endId } = expectKind(model.config, "causal");
  const settings = { ...options, prompt: tokenizer.encode(prompt || defaultPrompt(tokenizer)), maxNewTokens };
  const tokens = generate(backend, model as ModelsByKind["causal"], settings);
  for await (const [piece] of decodeSamples(tokens, tokenizer, endId)) if (piece) yield piece;
}
