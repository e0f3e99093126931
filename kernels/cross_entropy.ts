/**
 * Cross-entropy: the negative log-probability that the model gave to the right token, in nats.
 *
 *     loss = mean over positions of  logSumExp(logits) − logits[target]
 *
 * which is −log softmax(logits)[target] without ever forming a probability that could round to 0. Positions whose
 * target is {@linkcode IGNORE_INDEX} (−1) are left out of the sum, of the count and of the gradient. Where each position has a
 * weight, the loss is the weighted sum instead of the mean: for classes that are rarer than others, and for batches that
 * are computed in pieces, where a mean of means would count small pieces too much.
 *
 * The derivative is the predicted probability minus the true one, which is 1 for the target and 0 for all others:
 *
 *     dLogits[v] = (softmax(logits)[v] − [v = target]) / count · dLoss
 *
 * Kept: logSumExp, one number per row, from which each probability is exp(logit − logSumExp).
 *
 * Reference: PyTorch `torch.nn.functional.cross_entropy` with `ignore_index`.
 *
 * @module
 */

import { kernel } from "../core/backend.ts";
import { exp, log } from "../core/math.ts";
import { storeOrAdd } from "../core/webgpu/shader.ts";
import { formatShape, gradientOf, gradientToWrite, outputOf, type Tensor } from "../core/tensor.ts";
import { exp4, log4 } from "../core/wasm/wasm_math.ts";
import { forRowsOfPiece, rowPieces } from "../core/wasm/wasm_pass.ts";
import { F32x4, I32x4 } from "../core/wasm/wasm_vectors.ts";
import { maxWasm, rowLanes, sumWasm } from "./reduce.ts";

/**
 * The target of a position that is left out of the loss: −1 as an unsigned integer.
 *
 * @category Operations
 */
export const IGNORE_INDEX = 0xffffffff;

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
      const start = row * columns, label = targets[row];
      let m = logits[start], sum = 0;
      for (let column = 0; column < columns; column++) m = Math.max(m, logits[start + column]);
      for (let column = 0; column < columns; column++) sum += exp(logits[start + column] - m);
      const logSum = m + log(sum);
      logSumExp[row] = logSum;
      losses[row] = label === IGNORE_INDEX ? 0 : logSum - logits[start + label];
    }
  },
  wgsl: `
fn run(row: u32, lane: u32) {
  let start = row * columns;
  var laneMax = logits[start];
  for (var column = lane; column < columns; column += lanes) { laneMax = max(laneMax, logits[start + column]); }
  let m = maxOverGroup(lane, laneMax);
  var laneSum = 0.0;
  for (var column = lane; column < columns; column += lanes) { laneSum += exp(logits[start + column] - m); }
  let sum = sumOverGroup(lane, laneSum);
  if (lane == 0) {
    let logSum = m + log(sum);
    logSumExp[row] = logSum;
    let label = targets[row]; // "target" is a reserved word of WGSL
    if (label == ${IGNORE_INDEX}u) { losses[row] = 0; } else { losses[row] = logSum - logits[start + label]; }
  }
}`,
  wasm: [{
    pieces: rowPieces,
    body({ logits, targets, losses, logSumExp }, code) {
      forRowsOfPiece(code, (row, columns) => {
        const logitsRow = logits.from(row.times(columns)), label = code.let(targets.load(row));
        const m = maxWasm(code, 0, columns, (column) => logitsRow.load4(column));
        const sum = sumWasm(code, 0, columns, (column) => exp4(code, logitsRow.load4(column).minus(m)));
        const logSum = code.let(m.plus(log4(code, sum)).lane(0));
        logSumExp.store(row, logSum);
        code.if(
          label.equals(IGNORE_INDEX),
          () => losses.store(row, 0),
          () => losses.store(row, logSum.minus(logitsRow.load(label))),
        );
      });
    },
  }],
});

/** The mean of the losses of rows with a target, and 1 / their number; or the sum of losses times weights, and 1. */
export const crossEntropyMean = kernel({
  name: "crossEntropyMean",
  reads: { losses: "f32", targets: "u32", weights: "f32" },
  writes: { loss: "f32", weight: "f32" },
  constants: ["rows", "weighted"],
  groups: () => 1,
  lanes: () => 256,
  cpu({ losses, targets, weights, loss, weight }, { rows, weighted }) {
    let sum = 0, count = 0;
    for (let row = 0; row < rows; row++) {
      sum += weighted ? losses[row] * weights[row] : losses[row];
      if (targets[row] !== IGNORE_INDEX) count++;
    }
    weight[0] = weighted ? 1 : 1 / Math.max(1, count);
    loss[0] = sum * weight[0];
  },
  wgsl: `
fn run(group: u32, lane: u32) {
  var laneSum = 0.0;
  var laneCount = 0.0;
  for (var row = lane; row < rows; row += lanes) {
    laneSum += losses[row] * select(1.0, weights[select(0, row, weighted == 1)], weighted == 1);
    laneCount += select(1.0, 0.0, targets[row] == ${IGNORE_INDEX}u);
  }
  let sum = sumOverGroup(lane, laneSum);
  let count = sumOverGroup(lane, laneCount);
  if (lane == 0) {
    let divisor = select(max(1, count), 1.0, weighted == 1);
    weight[0] = 1 / divisor;
    loss[0] = sum / divisor;
  }
}`,
});

/** dLogits += (softmax − one-hot) · weight · dLoss, or dLogits = …, where each row has a weight or all share one. */
export const crossEntropyBackward = kernel({
  name: "crossEntropyBackward",
  reads: { logits: "f32", targets: "u32", logSumExp: "f32", weight: "f32", dLoss: "f32" },
  writes: { dLogits: "f32" },
  constants: ["rows", "columns", "weighted", "accumulate"],
  elements: ({ rows, columns }) => rows * columns,
  cpu({ logits, targets, logSumExp, weight, dLoss, dLogits }, { rows, columns, weighted, accumulate }) {
    if (!accumulate) dLogits.fill(0);
    for (let row = 0; row < rows; row++) {
      if (targets[row] === IGNORE_INDEX) continue;
      const start = row * columns, scale = weight[weighted ? row : 0] * dLoss[0];
      for (let column = 0; column < columns; column++) {
        const oneHot = column === targets[row] ? 1 : 0;
        dLogits[start + column] += (exp(logits[start + column] - logSumExp[row]) - oneHot) * scale;
      }
    }
  },
  wgsl: ({ accumulate }) => `
fn each(index: u32) {
  let row = index / columns;
  if (targets[row] == ${IGNORE_INDEX}u) {
    dLogits[index] ${storeOrAdd(accumulate)} 0;
    return;
  }
  let oneHot = select(0.0, 1.0, index % columns == targets[row]);
  let scale = weight[select(0, row, weighted == 1)] * dLoss[0];
  dLogits[index] ${storeOrAdd(accumulate)} (exp(logits[index] - logSumExp[row]) - oneHot) * scale;
}`,
  wasm: [{
    switches: ["weighted", "accumulate"],
    pieces: rowPieces,
    body({ logits, targets, logSumExp, weight, dLoss, dLogits }, code, { weighted, accumulate }) {
      forRowsOfPiece(code, (row, columns) => {
        const [logitsRow, dLogitsRow] = [logits, dLogits].map((array) => array.from(row.times(columns)));
        const label = code.let(targets.load(row));
        code.if(label.differsFrom(IGNORE_INDEX), () => {
          const labels = code.let(I32x4.of(label)), logSum = code.let(logSumExp.splat(row));
          const scale = code.let(F32x4.of(weight.load(weighted ? row : 0).times(dLoss.load(0))));
          code.forFours(0, columns, (column) => {
            const isLabel = I32x4.from(column).equals(labels);
            const oneHot = isLabel.select(F32x4.of(1), F32x4.of(0));
            const value = exp4(code, logitsRow.load4(column).minus(logSum)).minus(oneHot).times(scale);
            dLogitsRow.storeOrAdd4(accumulate, column, value);
          });
        }, () => {
          if (!accumulate) code.forFours(0, columns, (column) => dLogitsRow.store4(column, F32x4.of(0)));
        });
      });
    },
  }],
});

/**
 * Options of {@linkcode crossEntropy}.
 *
 * @category Operations
 */
export interface CrossEntropyOptions {
  /**
   * f32, one for each row: the loss is the sum of losses times weights, not divided by their number. For a batch that is
   * computed in pieces, give each row 1 / the number of targets of the whole batch.
   */
  weights?: Tensor;
  /** f32, one for each row: receives the loss of the row, in nats; 0 where the target is left out. */
  losses?: Tensor;
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
 * @param targets u32, one for each row: below V, or {@linkcode IGNORE_INDEX}.
 * @param options The weight of each row, all the same unless given; a tensor that receives the loss of each row.
 * @returns One number, shape (1).
 * @throws {TypeError} If the targets, the weights or the tensor for losses are not one for each row.
 * @category Operations
 */
export function crossEntropy(logits: Tensor, targets: Tensor, options: CrossEntropyOptions = {}): Tensor {
  const { backend } = logits, columns = logits.shape.at(-1)!, rows = logits.size / columns;
  if (targets.size !== rows || targets.dataType !== "u32") {
    throw new TypeError(
      `Cannot compare logits ${formatShape(logits.shape)} with targets ${formatShape(targets.shape)} of ` +
        `${targets.dataType}: expected ${rows} of u32`,
    );
  }
  const { weights } = options, weighted = Number(weights !== undefined);
  if (weights && weights.size !== rows) {
    throw new TypeError(`Cannot weight ${rows} losses with ${weights.size} weights: expected one for each`);
  }
  const losses = options.losses ?? backend.allocate([rows]);
  if (losses.size !== rows) {
    throw new TypeError(
      `Cannot store ${rows} losses in a tensor of ${losses.size}: expected one for each row`,
    );
  }
  const loss = outputOf([1], [logits]), mean = backend.allocate([1]), unused = backend.allocate([1]);
  const logSumExp = backend.allocate([rows]), weight = weights ?? mean;
  backend.run(crossEntropyForward, { logits, targets, losses, logSumExp }, { rows, columns });
  backend.run(crossEntropyMean, { losses, targets, weights: weights ?? unused, loss, weight: mean }, {
    rows,
    weighted,
  });
  loss.tape?.record(() => {
    // loss = Σ weight (logSumExp − logits[target])   →   dLogits = (softmax − one-hot) · weight · dLoss
    const dLoss = gradientOf(loss), { gradient: dLogits, accumulate } = gradientToWrite(logits);
    backend.run(crossEntropyBackward, { logits, targets, logSumExp, weight, dLoss, dLogits }, {
      rows,
      columns,
      weighted,
      accumulate,
    });
  });
  return loss;
}
