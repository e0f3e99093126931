/**
 * AdamW: gradient descent with a step size of its own for every parameter.
 *
 *     m ← β₁ m + (1 − β₁) g             first moment: a running mean of the gradient
 *     v ← β₂ v + (1 − β₂) g²            second moment: a running mean of its square
 *     p ← p − lr · decay · p            weight decay, decoupled from the gradient
 *     p ← p − lr · m̂ / (√v̂ + ε)         m̂ = m / (1 − β₁ᵗ),  v̂ = v / (1 − β₂ᵗ)
 *
 * Both moments start at zero and are too small at first; dividing by 1 − βᵗ corrects that. Since m̂/√v̂ is about ±1 where
 * gradients agree and near 0 where they cancel, lr is about the largest step of any parameter. Only a large gradient after
 * many small ones can make it (1 − β₁)/√(1 − β₂) times as large.
 *
 * One pass over memory does everything: it scales the gradient down when its norm is above `clipNorm`, updates, and
 * sets the gradient to zero for the next step. What changes every step is in a tensor, so that the shader is compiled
 * once.
 *
 * Reference: Loshchilov and Hutter, "Decoupled weight decay regularization", 2019, algorithm 2; PyTorch
 * `torch.optim.AdamW`.
 *
 * @module
 */

import { kernel } from "../../core/backend.ts";
import { wasmElements } from "../../core/wasm/wasm_pass.ts";
import { F32 } from "../../core/wasm/wasm_numbers.ts";
import { F32x4 } from "../../core/wasm/wasm_vectors.ts";

/**
 * One update. `schedule` is (learning rate, 1 − β₁ᵗ, 1 − β₂ᵗ); `norm` the gradient's norm; `mean` and `square` are the two
 * moments; a `clipNorm` of 0 does not clip.
 */
export const adamw = kernel({
  name: "adamw",
  reads: { schedule: "f32", norm: "f32" },
  writes: { parameter: "f32", gradient: "f32", mean: "f32", square: "f32" },
  constants: ["size", "beta1", "beta2", "epsilon", "weightDecay", "clipNorm"],
  elements: ({ size }) => size,
  cpu({ schedule, norm, parameter, gradient, mean, square }, settings) {
    const { size, beta1, beta2, epsilon, weightDecay, clipNorm } = settings;
    const [learningRate, correction1, correction2] = schedule; // (lr, 1 − β₁ᵗ, 1 − β₂ᵗ)
    const clip = clipNorm > 0 ? Math.min(1, clipNorm / (norm[0] + 1e-6)) : 1;
    for (let at = 0; at < size; at++) {
      const g = gradient[at] * clip;
      mean[at] = beta1 * mean[at] + (1 - beta1) * g;
      square[at] = beta2 * square[at] + (1 - beta2) * g * g;
      const decayed = parameter[at] * (1 - learningRate * weightDecay);
      const denominator = Math.sqrt(square[at] / correction2) + epsilon;
      parameter[at] = decayed - learningRate * (mean[at] / correction1) / denominator;
      gradient[at] = 0;
    }
  },
  wgsl: `
fn each(at: u32) {
  let learningRate = schedule[0];
  let correction1 = schedule[1];
  let correction2 = schedule[2];
  var clip = 1.0;
  if (clipNorm > 0) { clip = min(1, clipNorm / (norm[0] + 1e-6)); }
  let g = gradient[at] * clip;
  mean[at] = beta1 * mean[at] + (1 - beta1) * g;
  square[at] = beta2 * square[at] + (1 - beta2) * g * g;
  let decayed = parameter[at] * (1 - learningRate * weightDecay);
  let denominator = sqrt(square[at] / correction2) + epsilon;
  parameter[at] = decayed - learningRate * (mean[at] / correction1) / denominator;
  gradient[at] = 0;
}`,
  wasm: wasmElements(({ schedule, norm, parameter, gradient, mean, square }, code, settings) => {
    const { beta1, beta2, epsilon, weightDecay, clipNorm } = settings;
    const [learningRate, correction1, correction2] = [0, 1, 2].map((at) => code.let(schedule.splat(at)));
    const clip = code.let(
      F32x4.of(clipNorm > 0 ? F32.of(clipNorm).over(norm.load(0).plus(1e-6)).min(1) : 1),
    );
    const kept = code.let(F32x4.of(1).minus(learningRate.times(weightDecay)));
    return (at) => {
      const g = code.let(gradient.load4(at).times(clip));
      const m = code.let(mean.load4(at).times(beta1).plus(g.times(1 - beta1)));
      const v = code.let(square.load4(at).times(beta2).plus(g.times(1 - beta2).times(g)));
      const decayed = parameter.load4(at).times(kept);
      const denominator = v.over(correction2).sqrt().plus(epsilon);
      mean.store4(at, m);
      square.store4(at, v);
      parameter.store4(at, decayed.minus(learningRate.times(m.over(correction1)).over(denominator)));
      gradient.store4(at, F32x4.of(0));
    };
  }, ["beta1", "beta2", "epsilon", "weightDecay", "clipNorm"]),
});
