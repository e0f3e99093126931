/**
 * "Add & Norm": the residual connection and the layer normalization that follows it, in one pass.
 *
 *     sum = x + mask · branch / (1 − p)        normalized = weight · x̂ + bias,   x̂ = (sum − mean) · r
 *
 * `layerNorm(residual(x, branch, rate), weight, bias)` computes the same, on WebAssembly bit for bit, and explains the
 * formulas; a decomposed tape runs it. Both are bound by memory, not by arithmetic: normalized where it is made, the sum
 * need not be read again. A post-norm block goes on with the normalized rows alone, a pre-norm block with the sum as well.
 * Read `../residual.ts` and `layer_norm.ts` first; `add_norm_wgsl.ts` has the shaders.
 *
 * Backward, the gradient of the sum has two parts: what comes back through the normalization, and `dSum` where the sum was
 * used elsewhere. Their total is the gradient of x, and, behind the mask, that of the branch:
 *
 *     total = dSum + r · (g − mean(g) − x̂ · mean(g · x̂)),   g = weight · dy
 *     dx = total        dBranch = mask · total / (1 − p)
 *
 * Kept for the backward pass: the sum, and its mean and r. The total is never stored, so afterwards `sum.gradient` holds
 * the part of the other uses only.
 *
 * Reference: Vaswani et al., "Attention is all you need", NeurIPS 2017, figure 1.
 *
 * @module
 */

import { kernel } from "../../core/backend.ts";
import { gradientOf, gradientToWrite, needsGradient, outputOf, type Tensor } from "../../core/tensor.ts";
import { forRowsOfPiece, rowPieces } from "../../core/wasm/wasm_pass.ts";
import { dropoutScratch, droppedWasm, dropThreshold } from "../dropout.ts";
import { addBackward, addForward, checkEqualShapes } from "../elementwise.ts";
import { rowLanes } from "../reduce.ts";
import { isFusible, residual, residualBackward, residualForward } from "../residual.ts";
import { addNormBackwardWgsl, addNormForwardWgsl } from "./add_norm_wgsl.ts";
import {
  addWeightGradients,
  columnsOf,
  layerNorm,
  layerNormBackward,
  layerNormForward,
} from "./layer_norm.ts";
import { normalizeRowWasm, rowGradientWasm } from "./layer_norm_wasm.ts";

/** Adds and normalizes rows whose length is a multiple of 4. Where the threshold is 0, `random` is not read. */
export const addNormForward = kernel({
  name: "addNormForward",
  reads: { x: "f32", branch: "f32", weight: "f32", bias: "f32", random: "u32" },
  writes: { sum: "f32", y: "f32", statistics: "f32" },
  constants: ["rows", "columns", "epsilon", "stream", "threshold", "keepScale"],
  groups: ({ rows }) => rows,
  lanes: (_, adapter) => rowLanes(adapter),
  cpu({ x, branch, weight, bias, random, sum, y, statistics }, constants) {
    const size = constants.rows * constants.columns;
    if (constants.threshold === 0) addForward.cpu({ a: x, b: branch, y: sum }, { size });
    else residualForward.cpu({ x, branch, random, y: sum }, { ...constants, size });
    layerNormForward.cpu({ x: sum, weight, bias, y, statistics }, constants);
  },
  wgsl: ({ columns, threshold }, adapter) => addNormForwardWgsl(columns, adapter, threshold > 0),
  wasm: [{
    switches: ["threshold"],
    pieces: rowPieces,
    scratch: ({ columns }) => dropoutScratch(columns),
    body({ x, branch, random, sum, y, ...vectors }, code, { threshold }) {
      const draw = threshold === 0 ? undefined : droppedWasm(code, random);
      forRowsOfPiece(code, (row, columns) => {
        const start = code.let(row.times(columns));
        const [xRow, branchRow, sumRow] = [x, branch, sum].map((array) => array.from(start));
        const dropped = draw?.(start, start.plus(columns));
        normalizeRowWasm(code, row, sumRow, y.from(start), vectors, (column) => {
          const added = branchRow.load4(column);
          const value = code.let(xRow.load4(column).plus(dropped?.(column, added) ?? added));
          sumRow.store4(column, value);
          return value;
        });
      });
    },
  }],
});

/**
 * dx += the gradient of the sum, dBranch += the same behind the mask, or dx = …, dBranch = …. `dSum` is read if `joined`,
 * `random` if the threshold is above 0.
 */
export const addNormBackward = kernel({
  name: "addNormBackward",
  reads: { dy: "f32", dSum: "f32", sum: "f32", weight: "f32", statistics: "f32", random: "u32" },
  writes: { dx: "f32", dBranch: "f32" },
  constants: [
    ...["rows", "columns", "stream", "threshold", "keepScale"] as const,
    ...["joined", "accumulate", "accumulateBranch"] as const,
  ],
  groups: ({ rows }) => rows,
  lanes: (_, adapter) => rowLanes(adapter),
  cpu({ dy, dSum, sum, weight, statistics, random, dx, dBranch }, constants) {
    const { joined, accumulate, accumulateBranch, ...sizes } = constants, size = sizes.rows * sizes.columns;
    const total = dSum.slice();
    layerNormBackward.cpu({ dy, x: sum, weight, statistics, dx: total }, { ...sizes, accumulate: joined });
    if (constants.threshold > 0) {
      residualBackward.cpu({ dy: total, random, dx, dBranch }, { ...constants, size });
    } else {
      const switches = { accumulateA: accumulate, accumulateB: accumulateBranch };
      addBackward.cpu({ dy: total, da: dx, db: dBranch }, { size, ...switches });
    }
  },
  wgsl: ({ columns, threshold, joined, accumulate, accumulateBranch }, adapter) =>
    addNormBackwardWgsl(columns, adapter, {
      isDropped: threshold > 0,
      isJoined: joined === 1,
      accumulate,
      accumulateBranch,
    }),
  wasm: [{
    switches: ["threshold", "joined", "accumulate", "accumulateBranch"],
    pieces: rowPieces,
    scratch: ({ columns }) => dropoutScratch(columns),
    body({ dy, dSum, sum, random, dx, dBranch, ...vectors }, code, switches) {
      const { threshold, joined, accumulate, accumulateBranch } = switches;
      const draw = threshold === 0 ? undefined : droppedWasm(code, random);
      forRowsOfPiece(code, (row, columns) => {
        const start = code.let(row.times(columns));
        const [dSumRow, dxRow, dBranchRow] = [dSum, dx, dBranch].map((array) => array.from(start));
        const gradient = rowGradientWasm(code, row, sum.from(start), dy.from(start), vectors);
        const dropped = draw?.(start, start.plus(columns));
        code.forFours(0, columns, (column) => {
          const value = joined ? dSumRow.load4(column).plus(gradient(column)) : gradient(column);
          const total = code.let(value);
          dxRow.storeOrAdd4(accumulate, column, total);
          dBranchRow.storeOrAdd4(accumulateBranch, column, dropped?.(column, total) ?? total);
        });
      });
    },
  }],
});

/**
 * What {@linkcode addNorm} returns.
 *
 * @category Operations
 */
export interface AddNorm {
  /** The residual stream with the branch added, (…, C). */
  readonly sum: Tensor;
  /** Its rows, normalized, (…, C). */
  readonly normalized: Tensor;
}

/**
 * Settings of {@linkcode addNorm}.
 *
 * @category Operations
 */
export interface AddNormOptions {
  /** Probability to drop an element of the branch, in training; 0 unless given. */
  readonly dropoutRate?: number;
  /** Keeps the division finite; 1e-5 unless given, as in GPT and RoBERTa. */
  readonly epsilon?: number;
}

/**
 * Adds a branch to the residual stream, in training after dropout, and normalizes the sum.
 *
 * @example
 * ```ts
 * import { addNorm, CpuBackend } from "@miniformer/miniformer";
 * import { assertEquals } from "@std/assert";
 *
 * const backend = new CpuBackend(), x = backend.from([1, 0], [1, 2]), branch = backend.from([0, 3], [1, 2]);
 * const weight = backend.from([1, 1]), bias = backend.from([0, 10]);
 * const { sum, normalized } = addNorm(x, branch, weight, bias, { epsilon: 0 });
 * assertEquals(await backend.read(sum), new Float32Array([1, 3]));
 * assertEquals(await backend.read(normalized), new Float32Array([-1, 11]));
 * ```
 *
 * @param x (…, C).
 * @param branch (…, C).
 * @param weight (C).
 * @param bias (C).
 * @param options Dropout, epsilon.
 * @returns The sum, and its normalized rows.
 * @throws {TypeError} If the shapes of x and branch differ, or weight or bias has another length than the rows.
 * @throws {RangeError} If the rate is negative, or 1 or more.
 * @category Operations
 */
export function addNorm(
  x: Tensor,
  branch: Tensor,
  weight: Tensor,
  bias: Tensor,
  { dropoutRate = 0, epsilon = 1e-5 }: AddNormOptions = {},
): AddNorm {
  checkEqualShapes(x, branch);
  const { backend, shape } = x, columns = columnsOf(x, weight, bias), rows = x.size / columns;
  if (columns % 4 !== 0 || !isFusible(x, branch)) {
    const sum = residual(x, branch, dropoutRate);
    return { sum, normalized: layerNorm(sum, weight, bias, epsilon) };
  }
  const { tape } = branch, thresholdInTraining = dropThreshold(dropoutRate); // refuses a wrong rate in inference, too
  const threshold = tape?.random ? thresholdInTraining : 0;
  const stream = threshold > 0 ? tape!.nextStream() : 0;
  const random = tape?.random ?? backend.allocate([4], "u32"); // bound, but not read, where the threshold is 0
  const constants = { rows, columns, stream, threshold, keepScale: 1 / (1 - dropoutRate) };
  const inputs = [x, branch, weight, bias];
  const sum = outputOf(shape, inputs), normalized = outputOf(shape, inputs);
  const statistics = backend.allocate([rows, 2]);
  const tensors = { x, branch, weight, bias, random, sum, y: normalized, statistics };
  backend.run(addNormForward, tensors, { ...constants, epsilon });
  normalized.tape?.record(() => {
    const dy = gradientOf(normalized), dSum = sum.gradient, joined = dSum ? 1 : 0;
    // normalized = weight · x̂ + bias,   sum = x + mask · branch / (1 − p)
    if (needsGradient(x)) {
      const { gradient: dx, accumulate } = gradientToWrite(x);
      const { gradient: dBranch, accumulate: accumulateBranch } = gradientToWrite(branch);
      const reads = { dy, dSum: dSum ?? dy, sum, weight, statistics, random };
      const switches = { joined, accumulate, accumulateBranch };
      backend.run(addNormBackward, { ...reads, dx, dBranch }, { ...constants, ...switches });
    }
    addWeightGradients(weight, bias, { dy, x: sum, statistics });
  });
  return { sum, normalized };
}
