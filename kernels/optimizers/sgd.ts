/**
 * SGD: stochastic gradient descent with momentum.
 *
 *     g ← g + decay · p          weight decay, as the gradient of ½ · decay · p²
 *     v ← μ v + g                the velocity: a sum of past gradients, the older the smaller
 *     p ← p − lr · v
 *
 * "Stochastic" means that g is the gradient of one batch, an estimate of the gradient over the whole text. Momentum
 * averages the noise of many batches out: where gradients agree, v grows to g / (1 − μ), which is ten times g for
 * μ = 0.9; where they alternate in sign, as across a narrow valley of the loss, they cancel. With μ = 0 this is plain
 * gradient descent.
 *
 * Unlike AdamW (`adamw.ts`), one learning rate serves all parameters, and a step is proportional to the gradient. In a
 * transformer gradients differ by orders of magnitude between embeddings, attention and norms, so a rate that suits one
 * is too small for another: that is why transformers are trained with AdamW. In return SGD keeps one number for each
 * parameter, AdamW two. Rates differ, too: `bench/LOG.md` has those that train the preset `tiny`.
 *
 * One pass over memory does everything, as for AdamW: it scales the gradient down when its norm is above `clipNorm`,
 * before weight decay is added to it, updates, and sets the gradient to zero for the next step.
 *
 * Reference: Sutskever, Martens, Dahl, Hinton, "On the importance of initialization and momentum in deep learning", 2013;
 * PyTorch `torch.optim.SGD` with dampening 0, whose velocity does not contain the learning rate.
 *
 * @module
 */

import { kernel } from "../../core/backend.ts";
import { wasmElements } from "../../core/wasm/wasm_pass.ts";
import { F32 } from "../../core/wasm/wasm_numbers.ts";
import { F32x4 } from "../../core/wasm/wasm_vectors.ts";

/** One update. `schedule` is (learning rate); `norm` the gradient's norm; a `clipNorm` of 0 does not clip. */
export const sgd = kernel({
  name: "sgd",
  reads: { schedule: "f32", norm: "f32" },
  writes: { parameter: "f32", gradient: "f32", velocity: "f32" },
  constants: ["size", "momentum", "weightDecay", "clipNorm"],
  elements: ({ size }) => size,
  cpu({ schedule, norm, parameter, gradient, velocity }, { size, momentum, weightDecay, clipNorm }) {
    const [learningRate] = schedule;
    const clip = clipNorm > 0 ? Math.min(1, clipNorm / (norm[0] + 1e-6)) : 1;
    for (let at = 0; at < size; at++) {
      const g = gradient[at] * clip + weightDecay * parameter[at];
      velocity[at] = momentum * velocity[at] + g;
      parameter[at] -= learningRate * velocity[at];
      gradient[at] = 0;
    }
  },
  wgsl: `
fn each(at: u32) {
  let learningRate = schedule[0];
  var clip = 1.0;
  if (clipNorm > 0) { clip = min(1, clipNorm / (norm[0] + 1e-6)); }
  let g = gradient[at] * clip + weightDecay * parameter[at];
  velocity[at] = momentum * velocity[at] + g;
  parameter[at] -= learningRate * velocity[at];
  gradient[at] = 0;
}`,
  wasm: wasmElements(({ schedule, norm, parameter, gradient, velocity }, code, settings) => {
    const { momentum, weightDecay, clipNorm } = settings;
    const learningRate = code.let(schedule.splat(0));
    const clip = code.let(
      F32x4.of(clipNorm > 0 ? F32.of(clipNorm).over(norm.load(0).plus(1e-6)).min(1) : 1),
    );
    return (at) => {
      const p = code.let(parameter.load4(at));
      const g = gradient.load4(at).times(clip).plus(p.times(weightDecay));
      const v = code.let(velocity.load4(at).times(momentum).plus(g));
      velocity.store4(at, v);
      parameter.store4(at, p.minus(learningRate.times(v)));
      gradient.store4(at, F32x4.of(0));
    };
  }, ["momentum", "weightDecay", "clipNorm"]),
});
