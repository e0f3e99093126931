/**
 * Generation without caches of keys and values, for custom blocks that have none.
 *
 * A cache replaces the earlier positions of a sequence. A block that does not use it computes every token as if it were
 * alone, and writes a plausible text that is not the model's. So a model with an experiment is compared with itself before
 * it generates: position by position with caches, and all positions at once. Where the two differ, every token is computed
 * from its whole window, which is correct for any causal block and slower by about the length of the window. A prompt is
 * computed in the same way, once, with caches or without.
 *
 * @module
 */

import type { Backend } from "../core/backend.ts";
import { quoted } from "../core/quoted.ts";
import type { Tensor } from "../core/tensor.ts";
import { embedding } from "../kernels/embedding.ts";
import type { ModelsByKind } from "../models/families.ts";

/** Most positions that are compared. */
const COMPARED = 32;

/**
 * How far hidden states with and without caches may differ, as a share of the largest. Rounding gave at most 1e-6 (12
 * layers), without normalization on a GPU's shaders, which add in another order, 2.4e-5; blocks that ignore their cache were
 * off by 6e-4 and more, with initial weights as small as 0.005.
 */
const TOLERANCE = 1e-4;

/** How far hidden states may change with later tokens, as a share of the largest: rounding at most, usually nothing. */
const CAUSAL_TOLERANCE = 1e-6;

type Numbers = ArrayLike<number>;
type CausalModel = ModelsByKind["causal"];

/** Whether all elements of the first array are close to those of the second. */
function areClose(actual: Numbers, expected: Numbers, tolerance: number): boolean {
  const numbers = Array.from(expected),
    largest = numbers.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
  return numbers.every((value, index) => Math.abs(actual[index] - value) <= tolerance * largest);
}

/** The hidden states of a sequence, all positions at once: (T, C). */
function statesAtOnce(backend: Backend, model: CausalModel, ids: Uint32Array): Promise<Numbers> {
  return backend.read(backend.scope(() => model.states(backend.from(ids, [1, ids.length]))));
}

/** The same, position by position with caches. */
async function statesOneByOne(backend: Backend, model: CausalModel, ids: Uint32Array): Promise<number[]> {
  const { layers, heads, modelDim, contextLength } = model.config;
  const states = backend.scope(() => {
    const memory = () => backend.allocate([1, heads, contextLength, modelDim / heads]);
    const memories = Array.from({ length: layers }, () => ({ key: memory(), value: memory() }));
    return Array.from(ids, (id, index) => {
      const positions = backend.from(Uint32Array.of(index), [1, 1]);
      const caches = memories.map((cache) => ({ ...cache, position: positions }));
      return backend.read(model.states(backend.from(Uint32Array.of(id), [1, 1]), { positions, caches })); // (1, 1, C)
    });
  });
  return (await Promise.all(states)).flatMap((row) => Array.from(row));
}

/**
 * Whether a model computes with caches what it computes without.
 *
 * @example
 * ```ts
 * import { cachesAgree } from "./without_cache.ts";
 * import { CpuBackend, Gpt, initialize, PRESETS } from "@miniformer/miniformer";
 * import { assert } from "@std/assert";
 *
 * const backend = new CpuBackend(), model = new Gpt({ ...PRESETS.tiny.model, vocabSize: 5 });
 * initialize(backend, model, 1);
 * assert(await cachesAgree(backend, model));
 * ```
 *
 * @param backend Where the model lives.
 * @param model The model.
 * @returns Whether it may be generated from with caches.
 * @throws {TypeError} If hidden states change with later tokens: then no text is the model's.
 */
export async function cachesAgree(backend: Backend, model: CausalModel): Promise<boolean> {
  const { vocabSize, contextLength, modelDim } = model.config;
  const time = Math.min(contextLength, COMPARED), half = time >> 1;
  const ids = Uint32Array.from({ length: time }, (_, index) => index % vocabSize);
  const states = await statesAtOnce(backend, model, ids);
  const changed = await statesAtOnce(
    backend,
    model,
    ids.map((id, index) => index < half ? id : (id + 1) % vocabSize),
  );
  if (!areClose(changed, Array.from(states).slice(0, half * modelDim), CAUSAL_TOLERANCE)) {
    throw new TypeError(
      `Cannot generate with the experiment ${
        quoted(model.experiment?.name)
      }: hidden states change with later tokens, so ` +
        "it is not causal; make its attention causal, where the options of its block factory ask for it",
    );
  }
  try {
    return areClose(await statesOneByOne(backend, model, ids), states, TOLERANCE);
  } catch {
    return false; // the block refuses a cache; if it fails for another cause, it fails without one, too
  }
}

/**
 * The fewest tokens that WebGPU computes at once where there are caches. Each length has shaders of its own: compiling them
 * takes longer than fewer tokens one by one.
 */
const FEWEST_AT_ONCE = 64;

/**
 * How many positions are computed at once: all that are known, on WebGPU a power of two, so that there are few shaders. What
 * follows the last token is padding then, which a causal model does not see.
 *
 * @param backend Where.
 * @param known Tokens in the window.
 * @param contextLength The most there may be.
 * @param isCached Whether they may be computed one by one as well.
 * @returns The number; 1 where one by one is faster.
 */
export function lengthAtOnce(
  { name }: Backend,
  known: number,
  contextLength: number,
  isCached: boolean,
): number {
  if (name !== "webgpu") return known;
  return isCached && known < FEWEST_AT_ONCE ? 1 : Math.min(contextLength, 1 << 32 - Math.clz32(known - 1));
}

/**
 * The logits after one position of every window, whose positions are computed at once.
 *
 * @param model The model.
 * @param ids u32 (B, T).
 * @param last The position.
 * @param context Positions and caches, if there are any.
 * @returns Logits, (B, 1, V); in a scope of the caller.
 */
export function logitsAfter(
  model: CausalModel,
  ids: Tensor,
  last: number,
  context: Parameters<CausalModel["states"]>[1] = {},
): Tensor {
  const { modelDim } = model.config, { backend } = ids, [batch, time] = ids.shape;
  const rows = backend.from(Uint32Array.from({ length: batch }, (_, row) => row * time + last)); // (B)
  const states = model.states(ids, context).reshape([batch * time, modelDim]); // (B · T, C)
  return model.logits(embedding(rows, states).reshape([batch, 1, modelDim])); // (B, 1, V)
}

/**
 * The logits of the token after a window, of which all positions are computed at once.
 *
 * @param model The model.
 * @param window At most as many ids as its context has.
 * @returns Logits, (1, 1, V); in a scope of the caller.
 */
export function logitsOfWindow(model: CausalModel, window: Uint32Array): Tensor {
  const { backend } = model.tokenEmbedding;
  const length = lengthAtOnce(backend, window.length, model.config.contextLength, false);
  const ids = new Uint32Array(length);
  ids.set(window);
  return logitsAfter(model, backend.from(ids, [1, length]), window.length - 1);
}
