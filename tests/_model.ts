/** One training step of a language model, for tests. */

import { Tape } from "../core/tape.ts";
import type { Tensor } from "../core/tensor.ts";
import { crossEntropy } from "../kernels/cross_entropy.ts";

/** Computes a loss and, as training does from the ids alone, adds its gradients to those of the parameters. */
export function differentiate(
  model: { forward(ids: Tensor): Tensor },
  ids: Tensor,
  targets: Tensor,
  random?: Tensor,
): { logits: Tensor; loss: Tensor } {
  const tape = new Tape(random),
    logits = model.forward(tape.watch(ids)),
    loss = crossEntropy(logits, targets);
  tape.backward(loss);
  return { logits, loss };
}
