/**
 * Cross-entropy: how surprised the model is by the token that came, in nats.
 *
 *     loss = mean over positions of  logSumExp(logits) − logits[target]
 *
 * which is −log softmax(logits)[target] without ever forming a probability that could round to 0. Positions whose
 * target is {@linkcode IGNORED} (−1) take no part, exactly: neither in the sum nor in the count nor in the gradient.
 *
 * The derivative is the famous one: predicted probability minus what happened,
 *
 *     dLogits[v] = (softmax(logits)[v] − [v = target]) / count · dLoss
 *
 * Kept: logSumExp, one number a row, from which each probability is exp(logit − logSumExp).
 *
 * Reference: PyTorch `torch.nn.functional.cross_entropy` with `ignore_index`.
 *
 * @module
 */

import { kernel } from "../core/backend.ts";
import { formatShape, gradientOf, outputOf, type Tensor } from "../core/tensor.ts";
import { groupReduction, maxOverGroup, rowLanes, sumOverGroup } from "./reduce.ts";

/** The target of a position that takes no part: −1 as an unsigned integer. */
export const IGNORED = 0xffffffff;

/** The loss and log-sum-exp of every row. */
export const crossEntropyForward = kernel({
  name: "crossEntropyForward",
  reads: { logits: "f32", targets: "u32" },
  writes: { losses: "f32", logSumExp: "f32" },
  constants: ["rows", "columns"],
  groups: ({ rows }) => rows,
  lanes: (_, adapter) => rowLanes(adapter),
  cpu({ logits, targets, losses, logSumExp }, { rows, columns }) {
    for (let row = 0; row < rows; row++) {
      const start = row * columns, end = start + columns;
      let max = logits[start], sum = 0;
      for (let at = start; at < end; at++) max = Math.max(max, logits[at]);
      for (let at = start; at < end; at++) sum += Math.exp(logits[at] - max);
      const total = max + Math.log(sum);
      logSumExp[row] = total;
      losses[row] = targets[row] === IGNORED ? 0 : total - logits[start + targets[row]];
    }
  },
  wgsl: `${maxOverGroup}${sumOverGroup}
fn run(row: u32, lane: u32) {
  let start = row * columns;
  var largest = logits[start];
  for (var column = lane; column < columns; column += lanes) { largest = max(largest, logits[start + column]); }
  let m = maxOverGroup(lane, largest);
  var sum = 0.0;
  for (var column = lane; column < columns; column += lanes) { sum += exp(logits[start + column] - m); }
  let total = m + log(sumOverGroup(lane, sum));
  if (lane == 0) {
    logSumExp[row] = total;
    let answer = targets[row];
    if (answer == ${IGNORED}u) { losses[row] = 0; } else { losses[row] = total - logits[start + answer]; }
  }
}`,
});

/** The mean of the losses of rows that take part, and 1 / their number; `count` above 0 replaces that number. */
export const crossEntropyMean = kernel({
  name: "crossEntropyMean",
  reads: { losses: "f32", targets: "u32" },
  writes: { loss: "f32", weight: "f32" },
  constants: ["rows", "count"],
  groups: () => 1,
  lanes: () => 256,
  cpu({ losses, targets, loss, weight }, { rows, count }) {
    let sum = 0, counted = 0;
    for (let row = 0; row < rows; row++) {
      sum += losses[row];
      if (targets[row] !== IGNORED) counted++;
    }
    weight[0] = 1 / Math.max(1, count > 0 ? count : counted);
    loss[0] = sum * weight[0];
  },
  wgsl: `${groupReduction("sumOverRows", "left + right")}
fn run(group: u32, lane: u32) {
  var sum = 0.0;
  var counted = 0.0;
  for (var row = lane; row < rows; row += lanes) {
    sum += losses[row];
    counted += select(1.0, 0.0, targets[row] == ${IGNORED}u);
  }
  let total = sumOverRows(lane, sum);
  let number = sumOverRows(lane, counted);
  if (lane == 0) {
    let divisor = max(1, select(number, f32(count), count > 0));
    weight[0] = 1 / divisor;
    loss[0] = total / divisor;
  }
}`,
});

/** dLogits += (softmax − one-hot) · weight · dLoss. */
export const crossEntropyBackward = kernel({
  name: "crossEntropyBackward",
  reads: { logits: "f32", targets: "u32", logSumExp: "f32", weight: "f32", dLoss: "f32" },
  writes: { dLogits: "f32" },
  constants: ["rows", "columns"],
  elements: ({ rows, columns }) => rows * columns,
  cpu({ logits, targets, logSumExp, weight, dLoss, dLogits }, { rows, columns }) {
    const scale = weight[0] * dLoss[0];
    for (let row = 0; row < rows; row++) {
      if (targets[row] === IGNORED) continue;
      const start = row * columns;
      for (let column = 0; column < columns; column++) {
        const happened = column === targets[row] ? 1 : 0;
        dLogits[start + column] += (Math.exp(logits[start + column] - logSumExp[row]) - happened) * scale;
      }
    }
  },
  wgsl: `
fn each(index: u32) {
  let row = index / columns;
  if (targets[row] == ${IGNORED}u) { return; }
  let happened = select(0.0, 1.0, index % columns == targets[row]);
  dLogits[index] += (exp(logits[index] - logSumExp[row]) - happened) * weight[0] * dLoss[0];
}`,
});

/** Options of {@linkcode crossEntropy}. */
export interface CrossEntropyOptions {
  /** Divides the sum of losses instead of the number of targets that take part: for a batch that comes in pieces. */
  count?: number;
}

/**
 * Mean cross-entropy of targets under logits, in nats.
 *
 * @example
 * ```ts
 * import { CpuBackend, crossEntropy } from "@miniformer/miniformer";
 * import { assertAlmostEquals } from "@std/assert";
 *
 * const backend = new CpuBackend();
 * const logits = backend.from([0, 0, 7, 7], [2, 2]), targets = backend.from(Uint32Array.of(0, 1));
 * assertAlmostEquals((await backend.read(crossEntropy(logits, targets)))[0], Math.log(2), 1e-6);
 * ```
 *
 * @param logits (…, V).
 * @param targets u32, one for each row: below V, or {@linkcode IGNORED}.
 * @param options What to divide by.
 * @returns One number, shape (1).
 * @throws {TypeError} If there are not as many targets as rows.
 */
export function crossEntropy(logits: Tensor, targets: Tensor, options: CrossEntropyOptions = {}): Tensor {
  const { backend } = logits, columns = logits.shape.at(-1)!, rows = logits.size / columns;
  if (targets.size !== rows || targets.dataType !== "u32") {
    throw new TypeError(
      `Cannot compare logits ${formatShape(logits.shape)} with targets ${formatShape(targets.shape)} of ` +
        `${targets.dataType}: expected ${rows} of u32`,
    );
  }
  const loss = outputOf([1], [logits]), weight = backend.allocate([1]);
  const losses = backend.allocate([rows]), logSumExp = backend.allocate([rows]);
  backend.run(crossEntropyForward, { logits, targets, losses, logSumExp }, { rows, columns });
  backend.run(crossEntropyMean, { losses, targets, loss, weight }, { rows, count: options.count ?? 0 });
  loss.tape?.record(() => {
    // loss = mean(logSumExp − logits[target])   →   dLogits = (softmax − one-hot) / count · dLoss
    const dLoss = gradientOf(loss), dLogits = gradientOf(logits);
    backend.run(crossEntropyBackward, { logits, targets, logSumExp, weight, dLoss, dLogits }, {
      rows,
      columns,
    });
  });
  return loss;
}
