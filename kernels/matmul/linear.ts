/**
 * The linear layer: every position's vector times a matrix, plus a bias.
 *
 *     y = x · W + b            x (…, K)    W (K, N)    b (N)    y (…, N)
 *
 * The weight is stored (in, out), as GPT's checkpoints do, so the formula reads as it is computed. All dimensions of x
 * before the last are rows of one matrix. The derivatives are those of the product (see `matmul.ts`); the bias is added
 * to every row, so its gradient is the sum of dy over the rows:
 *
 *     dx = dy · Wᵀ        dW = xᵀ · dy        db = Σ dy
 *
 * The sum over rows is split over 16 invocations for each column, combined in a fixed order.
 *
 * Reference: PyTorch `torch.nn.functional.linear` (whose weight is stored (out, in)).
 *
 * @module
 */

import { kernel } from "../../core/backend.ts";
import {
  formatShape,
  gradientOf,
  gradientToWrite,
  needsGradient,
  outputOf,
  type Tensor,
} from "../../core/tensor.ts";
import { sumRowsWasm } from "../reduce.ts";
import { operandIn, operandOn } from "./half.ts";
import { multiplyInto } from "./matmul.ts";

/** dBias += the sum of the rows of dy. */
export const linearBackwardBias = kernel({
  name: "linearBackwardBias",
  reads: { dy: "f32" },
  writes: { dBias: "f32" },
  constants: ["rows", "columns"],
  groups: ({ columns }) => Math.ceil(columns / 16),
  lanes: () => 256,
  cpu({ dy, dBias }, { rows, columns }) {
    const sum = new Float64Array(columns);
    for (let row = 0; row < rows; row++) {
      for (let column = 0; column < columns; column++) sum[column] += dy[row * columns + column];
    }
    for (let column = 0; column < columns; column++) dBias[column] += sum[column];
  },
  wgsl: `
var<workgroup> partial: array<f32, 256>;
fn run(group: u32, lane: u32) {
  let column = group * 16 + lane % 16;
  var laneSum = 0.0;
  if (column < columns) {
    for (var row = lane / 16; row < rows; row += 16) { laneSum += dy[row * columns + column]; }
  }
  partial[lane] = laneSum;
  workgroupBarrier(); // the 16 partial sums of each column are stored before they are added up
  if (lane < 16 && column < columns) {
    var sum = 0.0;
    for (var slice = 0u; slice < 16; slice++) { sum += partial[slice * 16 + lane]; }
    dBias[column] += sum;
  }
}`,
  wasm: sumRowsWasm(["dBias"], ({ dy }, code, row) => {
    const dyRow = dy.from(row.times(code.i32("columns")));
    return (column) => [dyRow.load4(column)];
  }),
});

/**
 * How {@linkcode linear} reads its weight.
 *
 * @category Operations
 */
export interface LinearOptions {
  /** Whether the weight is stored as (N, K): a token embedding that also scores tokens. */
  transposed?: boolean;
}

/**
 * Linear layer: x · weight + bias.
 *
 * @example
 * ```ts
 * import { CpuBackend, linear } from "@miniformer/miniformer";
 * import { assertEquals } from "@std/assert";
 *
 * const backend = new CpuBackend();
 * const x = backend.from([1, 2], [1, 2]), weight = backend.from([1, 0, 0, 1], [2, 2]), bias = backend.from([10, 20]);
 * assertEquals(await backend.read(linear(x, weight, bias)), new Float32Array([11, 22]));
 * ```
 *
 * @param x (…, K).
 * @param weight (K, N).
 * @param bias (N).
 * @param options How the weight is stored.
 * @returns (…, N).
 * @throws {TypeError} If the shapes do not fit.
 * @category Operations
 */
export function linear(x: Tensor, weight: Tensor, bias: Tensor, options: LinearOptions = {}): Tensor {
  const { transposed = false } = options, inner = x.shape.at(-1)!, rows = x.size / inner;
  const [expected, columns] = transposed ? weight.shape.toReversed() : weight.shape;
  if (inner !== expected || bias.size !== columns) {
    throw new TypeError(
      `Cannot apply linear to ${formatShape(x.shape)}: weight is ${formatShape(weight.shape)}, ` +
        `bias ${formatShape(bias.shape)}, expected ${transposed ? `(N, ${inner})` : `(${inner}, N)`} and (N)`,
    );
  }
  const y = outputOf([...x.shape.slice(0, -1), columns], [x, weight, bias]);
  const { precision } = y.tape?.options ?? {};
  const [xOperand, weightOperand] = [x, weight].map((input) => operandOn(y.tape, input));
  multiplyInto(y, xOperand, weightOperand, { rows, columns, inner, bias, transposeB: transposed });
  y.tape?.record(() => {
    const dy = gradientOf(y);
    // y = x · W + b   →   dx = dy · Wᵀ,   dW = xᵀ · dy, transposed as W is stored,   db = Σ dy
    const [dx, dWeight] = [x, weight].map((input) =>
      needsGradient(input) ? gradientToWrite(input) : undefined
    );
    x.backend.scope(() => {
      const operand = dx || dWeight ? operandIn(dy, precision) : dy;
      if (dx) {
        const sizes = { rows, columns: inner, inner: columns, accumulate: dx.accumulate };
        multiplyInto(dx.gradient, operand, weightOperand, { ...sizes, transposeB: !transposed });
      }
      if (!dWeight) return;
      const { gradient, accumulate } = dWeight, product = { inner: rows, transposeA: true, accumulate };
      if (transposed) {
        multiplyInto(gradient, operand, xOperand, { ...product, rows: columns, columns: inner });
      } else multiplyInto(gradient, xOperand, operand, { ...product, rows: inner, columns });
    });
    if (needsGradient(bias)) {
      x.backend.run(linearBackwardBias, { dy, dBias: gradientOf(bias) }, { rows, columns });
    }
  });
  return y;
}
