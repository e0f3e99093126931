/**
 * Texts of a model at several temperatures, and how they are written down.
 *
 * @module
 */
import type { Backend } from "../core/backend.ts";
import type { ModelsByKind } from "../models/families.ts";
import type { Tokenizer } from "../tokenizers/tokenizer.ts";
import { yieldToEvents } from "../training/evaluate.ts";
import { decodeSamples } from "./decode_samples.ts";
import { generate, type GenerateOptions } from "./generate.ts";

/**
 * How the texts of a list of samples are drawn, besides the temperature.
 *
 * @category Inference
 */
export interface SampleSettings extends Omit<GenerateOptions, "prompt" | "temperature" | "chunk"> {
  /** The text that each sample begins with, at least one token. */
  readonly prompt: string;
}

/**
 * What to sample.
 *
 * @category Inference
 */
export interface SampleOptions extends SampleSettings {
  /** The temperatures, in the order of the results; 0 is greedy. */
  readonly temperatures: readonly number[];
  /**
   * Called whenever tokens were read, after pending events have run. What it throws ends the sampling.
   *
   * @param done Tokens of each sample that are done, of all temperatures together.
   * @param total The most tokens there will be of each sample.
   */
  onProgress?(done: number, total: number): void;
}

/**
 * The texts at one temperature.
 *
 * @category Inference
 */
export interface TemperatureSamples {
  /** What the logits were divided by. */
  readonly temperature: number;
  /** The text of each sample after the prompt, up to the token that ends a text. */
  readonly texts: readonly string[];
  /** Tokens generated, of all samples together. */
  readonly tokens: number;
}

/**
 * Generates texts at several temperatures after one prompt. Each temperature starts from the same seed, so its texts are
 * those that `generate` makes at this temperature alone.
 *
 * @example
 * ```ts
 * import { CharTokenizer, CpuBackend, Gpt, initialize, PRESETS, sampleTexts } from "@miniformer/miniformer";
 * import { assertEquals } from "@std/assert";
 *
 * const tokenizer = CharTokenizer.fromText("abc"), backend = new CpuBackend();
 * const model = new Gpt({ ...PRESETS.tiny.model, vocabSize: tokenizer.vocabSize });
 * initialize(backend, model, 1);
 * const options = { prompt: "a", temperatures: [0, 0.8], samples: 2, maxNewTokens: 5, seed: 1 };
 * const [greedy, warm] = await Array.fromAsync(sampleTexts(backend, model, tokenizer, options));
 * assertEquals([greedy.temperature, greedy.texts.length, greedy.texts[0].length], [0, 2, 5]);
 * assertEquals([warm.temperature, warm.tokens], [0.8, 10]);
 * ```
 *
 * @param backend The device of the model.
 * @param model The model.
 * @param tokenizer Its tokenizer.
 * @param options Prompt, temperatures and sampling.
 * @yields The texts at each temperature, when they are done.
 * @throws {RangeError} If an option makes no sense.
 * @category Inference
 */
export async function* sampleTexts(
  backend: Backend,
  model: ModelsByKind["causal"],
  tokenizer: Tokenizer,
  { prompt, temperatures, onProgress, ...options }: SampleOptions,
): AsyncGenerator<TemperatureSamples> {
  const ids = tokenizer.encode(prompt), { samples = 1, maxNewTokens } = options;
  for (const [index, temperature] of temperatures.entries()) {
    let done = 0;
    const counted = async function* () {
      for await (const read of generate(backend, model, { ...options, prompt: ids, temperature })) {
        done += read[0].length;
        await yieldToEvents();
        onProgress?.(index * maxNewTokens + done, temperatures.length * maxNewTokens);
        yield read;
      }
    };
    const texts = new Array<string>(samples).fill("");
    for await (const pieces of decodeSamples(counted(), tokenizer, model.config.endId)) {
      pieces.forEach((piece, sample) => texts[sample] += piece);
    }
    yield { temperature, texts, tokens: done * samples };
  }
}

/**
 * The settings of a sample in one line, under the names that the flags of `generate` have.
 *
 * @example
 * ```ts
 * import { describeSampling } from "./sample_texts.ts";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(describeSampling(0.5, { topK: 40, seed: 7 }), "temperature 0.5, top_k 40, top_p 1, seed 7");
 * ```
 *
 * @param temperature The temperature, or several.
 * @param settings The other settings; those that are missing have the values that `generate` takes.
 * @returns `temperature 0.5, top_k 40, top_p 1, seed 7` (several as `temperature 0.5,0.8`), and the repetition penalty where it is not 1.
 */
export function describeSampling(
  temperature: number | readonly number[],
  { topK = 0, topP = 1, repetitionPenalty = 1, seed = 0 }: Partial<SampleSettings>,
): string {
  const penalty = repetitionPenalty === 1 ? "" : `, repetition_penalty ${repetitionPenalty}`;
  return `temperature ${temperature}, top_k ${topK}, top_p ${topP}${penalty}, seed ${seed}`;
}

/**
 * Writes samples down as text, each below a heading with its settings and number.
 *
 * @example
 * ```ts
 * import { formatSamples } from "./sample_texts.ts";
 * import { assertEquals } from "@std/assert";
 *
 * const samples = [{ temperature: 0.5, texts: [" king slept."], tokens: 12 }];
 * assertEquals(
 *   formatSamples(samples, { prompt: "The", maxNewTokens: 12, seed: 1 }),
 *   "--- temperature 0.5, top_k 0, top_p 1, seed 1, sample 1 of 1 ---\nThe king slept.\n",
 * );
 * ```
 *
 * @param samples The texts at each temperature.
 * @param settings How they were drawn.
 * @returns The headings and texts, each text with its prompt, an empty line between two samples.
 */
export function formatSamples(samples: Iterable<TemperatureSamples>, settings: SampleSettings): string {
  return Array.from(samples, ({ temperature, texts }) =>
    texts.map((text, index) => {
      const heading = `${describeSampling(temperature, settings)}, sample ${index + 1} of ${texts.length}`;
      return `--- ${heading} ---\n${settings.prompt}${text}\n`;
    })).flat().join("\n");
}
