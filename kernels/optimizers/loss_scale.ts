/**
 * Loss scaling: keeping gradients within the range of half precision.
 *
 * Many gradients of a transformer are smaller than 0.00000006, where f16 ends (`core/half.ts`): rounded to f16 they would
 * be 0. So the backward pass starts from a large number S instead of 1. By the chain rule every gradient is then S times
 * what it was, and before the update all of them are divided by S again. S is a power of two, so multiplying and dividing
 * change no digit.
 *
 *     loss ── S ──▶ backward ──▶ S · g ── 1/S ──▶ g ──▶ clip, update
 *
 * Where S is too large, some gradient exceeds 65504, becomes infinite in f16, and so does the norm of all gradients. Such an
 * update is skipped: weights and moments stay as they are, gradients become 0, and S is halved. After
 * {@linkcode GROWTH_STEPS} updates without a skip it is doubled. So S stays near the largest that fits, and a few steps are
 * lost while it is found. A step that is skipped counts: the learning rate, and AdamW's corrections of its moments, are those
 * of the number of the step.
 *
 * All of that happens on the device, because reading a number back takes longer than a step of a small model. The state is
 * one tensor, which is part of a checkpoint:
 *
 *     lossScale = (S, steps since S changed, 1/S for this step's gradients, or 0 to skip the update)
 *
 * {@linkcode skippable} makes a kernel that leaves the update out from any kernel that updates.
 *
 * Reference: Micikevicius et al., "Mixed precision training", ICLR 2018, section 3.2; PyTorch `torch.amp.GradScaler`, whose
 * constants these are.
 *
 * @module
 */

import { type ArraysOf, type Backend, type Bindings, type Kernel, kernel } from "../../core/backend.ts";
import type { Tensor } from "../../core/tensor.ts";
import type { WasmFloats } from "../../core/wasm/wasm_arrays.ts";
import { wasmElements } from "../../core/wasm/wasm_pass.ts";
import { F32x4 } from "../../core/wasm/wasm_vectors.ts";

/** S of the first step. */
export const INITIAL_LOSS_SCALE = 2 ** 16;

/** After so many updates without a skip, S is doubled. */
export const GROWTH_STEPS = 2000;

/** What takes the place of the norm of the gradient where the update is skipped: no norm is negative. */
export const SKIPPED_NORM = -1;

/**
 * A loss scale in a checkpoint.
 *
 * @category Operations
 */
export interface SavedLossScale {
  /** What the gradients are multiplied by, a power of two. */
  readonly scale: number;
  /** Updates since it changed. */
  readonly steps: number;
}

/**
 * The loss scale of a run. The device changes it; the host looks at it only to save it, and where steps were skipped.
 *
 * @category Operations
 */
export class LossScale {
  /** What the device computes with, see above; shape (3). */
  readonly state: Tensor;
  readonly #backend: Backend;

  /**
   * Begins with the scale of the first step.
   *
   * @param backend Where the run is.
   * @throws {RangeError} If the device has no f16.
   */
  constructor(backend: Backend) {
    backend.scope(() => backend.allocate([1], "f16")); // is refused here where the device has none
    this.#backend = backend;
    this.state = backend.from([INITIAL_LOSS_SCALE, 0, 1 / INITIAL_LOSS_SCALE]);
  }

  /**
   * Reads it from the device.
   *
   * @returns What a checkpoint keeps.
   */
  async save(): Promise<SavedLossScale> {
    const [scale, steps] = await this.#backend.read(this.state);
    return { scale, steps };
  }

  /**
   * Sets it back.
   *
   * @param saved From a checkpoint.
   */
  restore({ scale, steps }: SavedLossScale): void {
    this.#backend.write(this.state, [scale, steps, 1 / scale]);
  }

  /**
   * Whether it is of use: below 1, not even unscaled gradients are finite in f16, and every further update would be skipped.
   *
   * @returns True if it is 1 or more.
   */
  async isUsable(): Promise<boolean> {
    return (await this.save()).scale >= 1;
  }
}

/**
 * Decides whether the update is skipped, from the norm of the gradients, S times too large: divides it by S, or replaces it
 * with {@linkcode SKIPPED_NORM}; and sets S for the next step.
 */
export const adjustLossScale = kernel({
  name: "adjustLossScale",
  reads: {},
  writes: { norm: "f32", lossScale: "f32" },
  constants: [],
  elements: () => 1,
  cpu({ norm, lossScale }) {
    const [scale, steps] = lossScale, isSkipped = !Number.isFinite(norm[0]);
    const grows = steps + 1 >= GROWTH_STEPS;
    norm[0] = isSkipped ? SKIPPED_NORM : norm[0] / scale;
    lossScale[0] = isSkipped ? scale / 2 : grows ? scale * 2 : scale;
    lossScale[1] = isSkipped || grows ? 0 : steps + 1;
    lossScale[2] = isSkipped ? 0 : 1 / scale;
  },
  wgsl: `
fn each(index: u32) {
  let scale = lossScale[0];
  let steps = lossScale[1];
  // an exponent of all ones: infinity or NaN; as integers, because compilers may assume that floats are neither
  let isSkipped = (bitcast<u32>(norm[0]) & 0x7f800000) == 0x7f800000;
  let grows = steps + 1 >= ${GROWTH_STEPS};
  norm[0] = select(norm[0] / scale, ${SKIPPED_NORM}, isSkipped);
  lossScale[0] = select(select(scale, scale * 2, grows), scale / 2, isSkipped);
  lossScale[1] = select(steps + 1, 0, isSkipped || grows);
  lossScale[2] = select(1 / scale, 0, isSkipped);
}`,
});

/** gradient = gradient / S, or 0 where the update is skipped. */
export const unscaleGradient = kernel({
  name: "unscaleGradient",
  reads: { lossScale: "f32" },
  writes: { gradient: "f32" },
  constants: ["size"],
  elements: ({ size }) => size,
  cpu({ lossScale, gradient }, { size }) {
    const factor = lossScale[2];
    if (factor === 0) gradient.fill(0, 0, size); // 0 times infinity would be NaN
    else for (let index = 0; index < size; index++) gradient[index] *= factor;
  },
  wgsl: `
fn each(index: u32) {
  if (lossScale[2] == 0) { gradient[index] = 0; } else { gradient[index] *= lossScale[2]; }
}`,
  wasm: wasmElements(({ lossScale, gradient }, code) => {
    const factor = code.let(lossScale.splat(2)), isUsed = code.let(F32x4.of(0).isLess(factor));
    return (at) => gradient.store4(at, isUsed.select(gradient.load4(at).times(factor), F32x4.of(0)));
  }),
});

/**
 * An update that does nothing where it is to be skipped.
 *
 * @param update The kernel of an update rule; it binds at most seven tensors, and leaves declaring them to the backend.
 * @returns A kernel that reads `lossScale` besides.
 * @throws {TypeError} If the shader declares its bindings itself.
 */
export function skippable<Reads extends Bindings, Writes extends Bindings, Name extends string>(
  update: Kernel<Reads, Writes, Name>,
): Kernel<Reads & { lossScale: "f32" }, Writes, Name> {
  const { name, reads, wgsl, wasm } = update;
  type Arrays = Reads & { lossScale: "f32" } & Writes;
  return {
    ...update,
    name: `${name}Skippable`,
    reads: { ...reads, lossScale: "f32" },
    cpu(arrays: ArraysOf<Arrays>, constants) {
      if (arrays.lossScale[2] !== 0) update.cpu(arrays as ArraysOf<Reads & Writes>, constants);
    },
    wgsl(constants, adapter, types) {
      const text = typeof wgsl === "string" ? wgsl : wgsl(constants, adapter, types);
      if (text.includes("@binding(")) {
        throw new TypeError(`Cannot train in f16 with ${name}: its shader declares bindings of its own`);
      }
      // all invocations read the same number, so barriers behind it are allowed
      return text.replace(/\bfn (each|run)\(/, "fn update(") +
        (/\bfn each\(/.test(text)
          ? `\nfn each(index: u32) { if (lossScale[2] != 0) { update(index); } }`
          : `\nfn run(group: u32, lane: u32) { if (lossScale[2] != 0) { update(group, lane); } }`);
    },
    wasm: wasm?.map((pass) => ({
      ...pass,
      body(arrays, code, switches) {
        const { lossScale } = arrays as Readonly<Record<string, WasmFloats>>;
        code.if(lossScale.load(2).isGreater(0), () => pass.body(arrays, code, switches));
      },
    })),
  } as Kernel<Reads & { lossScale: "f32" }, Writes, Name>;
}
