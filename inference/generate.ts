/**
 * Generating text: the model scores the next token, one is drawn, and it becomes part of the text.
 *
 * All of it happens on the device. The host only records the same few kernels again and again and reads the text back
 * once every so many tokens, because a read costs more than many tokens of a small model. Keys and values of earlier
 * positions are kept (`kernels/attention/cache.ts`), so each token costs one position. The tokens of the prompt are known:
 * all its positions are computed at once, as in training, and only the last one needs logits.
 *
 * A model attends to at most its context length, of a longer prompt the end. When the window is full, it slides: the last
 * half of it becomes the first half of a new one and is computed again, at its new positions, at once like a prompt.
 *
 * A block of an experiment may have no cache; then each token is computed from its whole window (`without_cache.ts`).
 *
 * @module
 */

import type { Backend } from "../core/backend.ts";
import { seedWords } from "../core/random.ts";
import type { Tensor } from "../core/tensor.ts";
import type { KeyValueCache } from "../kernels/attention/cache.ts";
import { advanceTokens, sampleForward, takeTokens } from "../kernels/sample.ts";
import type { ModelsByKind } from "../models/families.ts";
import { cachesAgree, lengthAtOnce, logitsAfter } from "./without_cache.ts";

/**
 * How to generate.
 *
 * @category Inference
 */
export interface GenerateOptions {
  /** Tokens to start with, at least one. */
  prompt: Uint32Array;
  /** Tokens to generate. */
  maxNewTokens: number;
  /** Texts to generate side by side; 1 unless given. */
  samples?: number;
  /** Below 1 more conservative, above 1 more varied, at 0 greedy; 1 unless given. */
  temperature?: number;
  /** Only the k likeliest tokens; 0, all of them, unless given. */
  topK?: number;
  /** Only the likeliest tokens that make up this probability; 1, all of them, unless given. */
  topP?: number;
  /** Above 1, tokens that occurred become less likely; 1 unless given. */
  repetitionPenalty?: number;
  /** The same seed gives the same text; 0 unless given. */
  seed?: number;
  /** Tokens between two reads; 16 unless given. */
  chunk?: number;
}

function checkOptions(options: Required<GenerateOptions>, vocabSize: number): void {
  const { prompt, maxNewTokens, samples, temperature, topK, topP, repetitionPenalty, chunk } = options;
  const check = (valid: boolean, what: string) => {
    if (!valid) throw new RangeError(`Cannot generate: ${what}`);
  };
  const count = (value: number, least: number) => Number.isInteger(value) && value >= least;
  check(prompt.length > 0, "the prompt is empty, expected at least one token");
  const outside = prompt.findIndex((id) => id >= vocabSize);
  check(
    outside < 0,
    `token ${prompt[outside]} at position ${outside} is outside the vocabulary of ${vocabSize}`,
  );
  check(count(maxNewTokens, 0), `maxNewTokens is ${maxNewTokens}, expected an integer of 0 or more`);
  check(count(samples, 1), `samples is ${samples}, expected an integer of 1 or more`);
  check(count(chunk, 1), `chunk is ${chunk}, expected an integer of 1 or more`);
  check(temperature >= 0 && temperature < Infinity, `temperature is ${temperature}, expected 0 or more`);
  check(count(topK, 0), `topK is ${topK}, expected an integer of 0 (all) or more`);
  check(topP > 0 && topP <= 1, `topP is ${topP}, expected more than 0, at most 1`);
  check(
    repetitionPenalty > 0 && repetitionPenalty < Infinity,
    `repetitionPenalty is ${repetitionPenalty}, expected > 0`,
  );
}

/**
 * Generates text after a prompt.
 *
 * @example
 * ```ts
 * import { CpuBackend, generate, Gpt, initialize, PRESETS } from "@miniformer/miniformer";
 * import { assertEquals } from "@std/assert";
 *
 * const backend = new CpuBackend(), model = new Gpt({ ...PRESETS.tiny.model, vocabSize: 5 });
 * initialize(backend, model, 1);
 * const text: number[] = [];
 * for await (const [tokens] of generate(backend, model, { prompt: Uint32Array.of(1), maxNewTokens: 3 })) {
 *   text.push(...tokens);
 * }
 * assertEquals(text.length, 3);
 * ```
 *
 * @param backend Where the model lives.
 * @param model The model.
 * @param options Prompt and sampling.
 * @returns New tokens as they are made: each time, one array for each sample.
 * @throws {RangeError} If an option makes no sense.
 * @throws {TypeError} If the model has an experiment that is not causal.
 * @category Inference
 */
export async function* generate(
  backend: Backend,
  model: ModelsByKind["causal"],
  options: GenerateOptions,
): AsyncGenerator<Uint32Array[]> {
  const { layers, heads, modelDim, contextLength, vocabSize } = model.config;
  const settings: Required<GenerateOptions> = {
    samples: 1,
    temperature: 1,
    topK: 0,
    topP: 1,
    repetitionPenalty: 1,
    seed: 0,
    chunk: 16,
    ...options,
  };
  checkOptions(settings, vocabSize);
  const { prompt, maxNewTokens, samples: batch, temperature, topK, topP, repetitionPenalty } = settings;
  const capacity = prompt.length + maxNewTokens;
  const isCached = model.experiment === undefined || await cachesAgree(backend, model);

  const allocated: Tensor[] = [];
  const persistent = (shape: number[], dataType: "f32" | "u32" = "u32"): Tensor => {
    allocated.push(backend.allocate(shape, dataType));
    return allocated[allocated.length - 1];
  };
  const tokens = persistent([batch, capacity]), counters = persistent([3]), seed = persistent([2]);
  const ids = persistent([batch, 1]), positions = persistent([batch, 1]), drawn = persistent([batch]);
  const used = persistent([batch, vocabSize]);
  const memory = (): Tensor => persistent([batch, heads, contextLength, modelDim / heads], "f32");
  const caches: KeyValueCache[] = Array.from(
    { length: isCached ? layers : 0 },
    () => ({ key: memory(), value: memory(), position: positions }),
  );
  /** The same range of every sample. */
  const cut = (texts: Uint32Array, start: number, end: number): Uint32Array[] =>
    Array.from(
      { length: batch },
      (_, sample) => texts.slice(sample * capacity + start, sample * capacity + end),
    );
  try {
    const prompts = new Uint32Array(batch * capacity), seen = new Uint32Array(batch * vocabSize);
    for (let sample = 0; sample < batch; sample++) {
      prompts.set(prompt, sample * capacity);
      for (const id of prompt) seen[sample * vocabSize + id] = 1;
    }
    backend.write(tokens, prompts);
    backend.write(used, seen);
    backend.write(seed, Uint32Array.of(...seedWords(settings.seed)));

    const sampling = { rows: batch, columns: vocabSize, temperature, topK, topP, repetitionPenalty };
    /** Computes the token at the cursor, or all of its window, `length` positions with padding, and may draw the next. */
    const advance = (position: number, length: number, isDrawn: boolean) =>
      backend.scope(() => {
        const isWindow = !isCached || length > 1, shape = [batch, length];
        const inputs = isWindow
          ? { ids: backend.allocate(shape, "u32"), positions: backend.allocate(shape, "u32") }
          : { ids, positions };
        const context = { positions: inputs.positions, caches: isCached ? caches : undefined };
        const sizes = { batch, capacity, vocabulary: vocabSize, length };
        backend.run(takeTokens, { tokens, counters, used, ...inputs }, sizes);
        if (isDrawn) {
          const logits = isWindow
            ? logitsAfter(model, inputs.ids, position, context)
            : model.forward(inputs.ids, context); // (B, 1, V)
          const scores = backend.allocate([batch, vocabSize]);
          backend.run(sampleForward, { logits, used, counters, seed, drawn, scores }, sampling);
        } else model.states(inputs.ids, context);
        backend.run(advanceTokens, { drawn, tokens, counters }, { batch, capacity });
      });

    let known = prompt.length, delivered = known; // tokens of each text: computed, and yielded
    let position = Math.min(known, contextLength) - 1; // of the last known token in the window
    let kept = 0; // positions of the window whose keys and values the caches have
    let isNew = true; // whether the window is new, so that the host has to write where the cursor is
    while (delivered < capacity) {
      if (position === contextLength) { // the window slides
        isNew = true;
        position = contextLength >> 1;
        kept = 0;
      }
      const isAtOnce = !isCached || (kept < position && model.experiment === undefined);
      const length = isAtOnce ? lengthAtOnce(backend, position + 1, contextLength, isCached) : 1;
      if (isNew) {
        const first = length > 1 ? position : 0;
        backend.write(counters, Uint32Array.of(known - 1 - position + first, first, known));
        isNew = false;
      }
      if (isCached && length === 1) { for (; kept < position; kept++) advance(kept, 1, false); }
      advance(position, length, true);
      kept = ++position;
      known++;
      if (known - delivered >= settings.chunk || known >= capacity) {
        yield cut(await backend.read(tokens) as Uint32Array, delivered, known);
        delivered = known;
      }
    }
  } finally {
    backend.free(...allocated);
  }
}
