/**
 * Patching heads: what a model loses when the output of a head is a constant.
 *
 * That a head attends to a position does not show that the model uses what it finds there. A *patch* does: the output of the
 * head, D channels before the output projection, is replaced by its mean over all positions of a text. The rest of the
 * model receives numbers of the usual size, but none that depend on the position, so what the model now predicts worse
 * depends on this head. Zeros would be simpler, but the layers after it were never trained with them.
 *
 * A loss that rises does not say that the head *does* what was lost: a patch in the first layer harms every skill, as all
 * later layers read it. What tells a head with one task is that its patch costs one skill and spares the others.
 *
 *     means   = one vector of C channels for each layer, head h in channels h · D to (h + 1) · D
 *     patched = heads · keep + means · (1 − keep),    keep: 0 in the channels of patched heads, else 1
 *
 * This is a product with a diagonal matrix and a bias, so it takes no kernel of its own. A patch of your own is a function,
 * see `HeadPatch`.
 *
 * Reference: Michel et al., "Are sixteen heads really better than one?", 2019; the mean in place of zeros as in Wang et
 * al., "Interpretability in the wild", 2022.
 *
 * @module
 */

import type { Backend } from "../../core/backend.ts";
import type { Tensor } from "../../core/tensor.ts";
import { linear } from "../../kernels/matmul/linear.ts";
import { matmul } from "../../kernels/matmul/matmul.ts";
import { attentionStack, type ModelsByKind, type ObservableModel } from "../../models/families.ts";
import type { HeadPatch } from "../../models/forward_context.ts";
import { yieldToEvents } from "../../training/evaluate.ts";

/**
 * One head of a model.
 *
 * @category Inference
 */
export interface HeadIndex {
  /** Its layer, the first is 0. */
  readonly layer: number;
  /** Its index in the layer, the first is 0. */
  readonly head: number;
}

/**
 * Cuts a text into windows, one after another; the last one may be shorter.
 *
 * @example
 * ```ts
 * import { cutWindows } from "./patches.ts";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(cutWindows(Uint32Array.of(5, 6, 7), 2), [Uint32Array.of(5, 6), Uint32Array.of(7)]);
 * ```
 *
 * @param ids The text.
 * @param length The length of a window, such as the context length of a model.
 * @returns The windows.
 * @category Inference
 */
export function cutWindows(ids: Uint32Array, length: number): Uint32Array[] {
  return Array.from(
    { length: Math.ceil(ids.length / length) },
    (_, window) => ids.subarray(window * length, (window + 1) * length),
  );
}

/** A patch that counts its calls, so that a block that makes none is noticed. */
function counted(patch: HeadPatch, layers: number): { patch: HeadPatch; check(): void } {
  const seen = new Set<number>();
  return {
    patch(layer, heads) {
      seen.add(layer);
      return patch(layer, heads);
    },
    check() {
      if (seen.size === layers) return;
      throw new TypeError(
        `Of the ${layers} blocks of the model ${seen.size} gave their heads to the patch, expected all: ` +
          "a block passes its context on to SelfAttention, or calls context.patch",
      );
    },
  };
}

/**
 * The mean output of every head over all positions of a text.
 *
 * @example
 * ```ts
 * import { CpuBackend, Gpt, initialize, meanHeads, PRESETS } from "@miniformer/miniformer";
 * import { assertEquals } from "@std/assert";
 *
 * const backend = new CpuBackend(), model = new Gpt({ ...PRESETS.tiny.model, vocabSize: 7 });
 * initialize(backend, model, 1);
 * const means = await meanHeads(backend, model, [Uint32Array.of(4, 2), Uint32Array.of(6)]);
 * assertEquals(means.map(({ length }) => length), [64, 64]); // two layers, 64 channels
 * ```
 *
 * @param backend Where the model lives.
 * @param model The model.
 * @param windows The text in windows, each at most as long as the context.
 * @returns For each layer the means of its C channels.
 * @throws {RangeError} If there is no token, or a window is too long.
 * @throws {TypeError} If a block, of an experiment, does not call the patch.
 * @category Inference
 */
export async function meanHeads(
  backend: Backend,
  model: ObservableModel,
  windows: readonly Uint32Array[],
): Promise<Float64Array[]> {
  const { layers, modelDim } = model.config;
  const means = Array.from({ length: layers }, () => new Float64Array(modelDim));
  const count = windows.reduce((sum, { length }) => sum + length, 0);
  if (count === 0) throw new RangeError("Cannot take the mean of heads over no tokens: give a text");
  for (const ids of windows) {
    if (ids.length === 0) continue;
    await yieldToEvents();
    const sums = await Promise.all(backend.scope(() => {
      const sums: Tensor[] = [], ones = backend.from(new Float32Array(ids.length).fill(1), [1, ids.length]);
      const { patch, check } = counted((layer, heads) => {
        sums[layer] = matmul(ones, heads.reshape([ids.length, modelDim])); // (1, C)
        return heads;
      }, layers);
      model.states(backend.from(ids, [1, ids.length]), { patch });
      check();
      return sums.map((sum) => backend.read(sum));
    }));
    for (const [layer, sum] of sums.entries()) {
      for (let channel = 0; channel < modelDim; channel++) means[layer][channel] += sum[channel] / count;
    }
  }
  return means;
}

/**
 * A patch that replaces the output of some heads by constants.
 *
 * @example Without the first head of a model
 * ```ts
 * import { CpuBackend, Gpt, initialize, meanHeads, PRESETS, replaceHeads } from "@miniformer/miniformer";
 * import { assertNotEquals } from "@std/assert";
 *
 * const backend = new CpuBackend(), model = new Gpt({ ...PRESETS.tiny.model, vocabSize: 7 });
 * initialize(backend, model, 1);
 * const text = Uint32Array.of(4, 2, 6), ids = backend.from(text, [1, 3]);
 * const patch = replaceHeads(model.config, [{ layer: 0, head: 0 }], await meanHeads(backend, model, [text]));
 * assertNotEquals(await backend.read(model.forward(ids, { patch })), await backend.read(model.forward(ids)));
 * ```
 *
 * @param config The number of layers and heads of the model.
 * @param replaced Which heads; all others remain as they are, bit for bit.
 * @param values For each layer a value for each of the C channels, such as {@linkcode meanHeads} returns.
 * @returns The patch, for the context of a forward pass.
 * @throws {RangeError} If there is no such head.
 * @category Inference
 */
export function replaceHeads(
  config: { readonly layers: number; readonly heads: number },
  replaced: readonly HeadIndex[],
  values: readonly ArrayLike<number>[],
): HeadPatch {
  for (const { layer, head } of replaced) {
    if (values[layer] !== undefined && layer < config.layers && head >= 0 && head < config.heads) continue;
    throw new RangeError(
      `Cannot replace head ${head} of layer ${layer}, both from 0: the model has ${config.layers} layers with ` +
        `${config.heads} heads each, and there are values for ${values.length} layers`,
    );
  }
  return (layer, heads) => {
    const chosen = replaced.filter((one) => one.layer === layer);
    if (chosen.length === 0) return heads;
    const { backend } = heads, width = heads.shape.at(-1)!, headDim = width / config.heads;
    const keep = new Float32Array(width * width), bias = new Float32Array(width);
    for (let channel = 0; channel < width; channel++) {
      const isReplaced = chosen.some(({ head }) => head === Math.floor(channel / headDim));
      if (isReplaced) bias[channel] = values[layer][channel];
      else keep[channel * width + channel] = 1;
    }
    return linear(heads, backend.from(keep, [width, width]), backend.from(bias)); // (B, T, C)
  };
}

/**
 * A language model with a patch in every forward pass, for whatever evaluates models or generates text.
 *
 * @example
 * ```ts
 * import { CpuBackend, Gpt, initialize, patchedModel, PRESETS } from "@miniformer/miniformer";
 * import { assertEquals } from "@std/assert";
 *
 * const backend = new CpuBackend(), model = new Gpt({ ...PRESETS.tiny.model, vocabSize: 7 });
 * initialize(backend, model, 1);
 * const unchanged = patchedModel(model, (_layer, heads) => heads), ids = backend.from(Uint32Array.of(4, 2), [1, 2]);
 * assertEquals(await backend.read(unchanged.forward(ids)), await backend.read(model.forward(ids)));
 * ```
 *
 * @param model The model, which stays as it is.
 * @param patch The patch.
 * @returns A model with the same parameters. Its forward passes throw a TypeError if a block, of an experiment, does not call
 * the patch.
 * @category Inference
 */
export function patchedModel<LanguageModel extends ModelsByKind["causal" | "masked"]>(
  model: LanguageModel,
  patch: HeadPatch,
): LanguageModel {
  const stack = attentionStack(model);
  const states: ObservableModel["states"] = (ids, context) => {
    const { patch: own, check } = counted(patch, stack.config.layers);
    const states = stack.states(ids, { ...context, patch: own }); // (B, T, C)
    check();
    return states;
  };
  // Everything else is inherited. The experiment is a private field, which only the model itself can read.
  const patched = Object.create(stack, {
    states: { value: states },
    experiment: { value: model.experiment },
  });
  if ((stack as unknown) === model) return patched;
  const [name] = Object.entries(model).find(([, part]) => part === stack)!;
  return Object.create(model, { [name]: { value: patched } });
}
