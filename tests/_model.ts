/** One training step of a language model, for tests. */

import type { ParameterStore } from "../core/module.ts";
import { Tape } from "../core/tape.ts";
import type { Tensor } from "../core/tensor.ts";
import { crossEntropy } from "../kernels/cross_entropy.ts";
import type { LanguageModel } from "../training/train.ts";

/** Computes a loss and adds its gradients to those of the parameters. */
export function differentiate(
  store: ParameterStore,
  model: LanguageModel,
  ids: Tensor,
  targets: Tensor,
  random?: Tensor,
) {
  const tape = new Tape(random);
  for (const parameter of store.parameters) tape.watch(parameter);
  const logits = model.forward(ids), loss = crossEntropy(logits, targets);
  tape.backward(loss);
  for (const parameter of store.parameters) parameter.tape = undefined;
  return { logits, loss };
}
