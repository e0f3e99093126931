/**
 * A quick check of a device: whether its kernels agree with the CPU reference.
 *
 * @module
 */
import type { Backend } from "../../core/backend.ts";
import { CpuBackend } from "../../core/cpu_backend.ts";
import { Random } from "../../core/random.ts";
import type { Tensor } from "../../core/tensor.ts";
import { gelu } from "../../kernels/activations.ts";
import { attention } from "../../kernels/attention/attention.ts";
import { crossEntropy } from "../../kernels/cross_entropy.ts";
import { layerNorm } from "../../kernels/norm/layer_norm.ts";
import { linear } from "../../kernels/matmul/linear.ts";
import { matmul } from "../../kernels/matmul/matmul.ts";
import { softmax } from "../../kernels/softmax.ts";

/** Makes tensors of normal random numbers that depend on the name only. */
type Draw = (name: string, ...shape: number[]) => Tensor;

/** Operations with sizes that are no multiple of a tile. */
const OPERATIONS: Readonly<Record<string, (draw: Draw, backend: Backend) => Tensor>> = {
  matmul: (draw) => matmul(draw("a", 65, 33), draw("b", 33, 70)),
  linear: (draw) => linear(draw("x", 37, 65), draw("weight", 65, 48), draw("bias", 48)),
  gelu: (draw) => gelu(draw("x", 1000)),
  softmax: (draw) => softmax(draw("x", 31, 77)),
  layerNorm: (draw) => layerNorm(draw("x", 31, 77), draw("weight", 77), draw("bias", 77)),
  attention: (draw) =>
    attention(draw("q", 2, 3, 65, 16), draw("k", 2, 3, 65, 16), draw("v", 2, 3, 65, 16), { causal: true }),
  crossEntropy: (draw, backend) =>
    crossEntropy(draw("logits", 31, 77), backend.from(Uint32Array.from({ length: 31 }, (_, i) => i * 2))),
};

/** How far the results of one operation are apart. */
export interface Parity {
  /** The operation. */
  readonly name: string;
  /** The largest difference, relative to the largest value. */
  readonly difference: number;
  /** Whether the difference is within rounding. */
  readonly equal: boolean;
}

/** Runs a few operations on a device and on the CPU reference. */
export async function probeParity(backend: Backend): Promise<Parity[]> {
  const reference = new CpuBackend();
  const compute = (on: Backend, name: string) => {
    const draw: Draw = (input, ...shape) => {
      const random = new Random(1, input), tensor = on.allocate(shape);
      on.write(tensor, Float32Array.from({ length: tensor.size }, () => random.normal()));
      return tensor;
    };
    return on.read(on.scope(() => OPERATIONS[name](draw, on)));
  };
  const results: Parity[] = [];
  for (const name of Object.keys(OPERATIONS)) {
    const expected = await compute(reference, name), actual = await compute(backend, name);
    let difference = 0, largest = 0;
    for (let i = 0; i < expected.length; i++) {
      const apart = Math.abs(actual[i] - expected[i]);
      difference = Math.max(difference, Number.isNaN(apart) ? Infinity : apart);
      largest = Math.max(largest, Math.abs(expected[i]));
    }
    results.push({ name, difference: difference / largest, equal: difference <= 5e-5 * largest });
  }
  return results;
}
