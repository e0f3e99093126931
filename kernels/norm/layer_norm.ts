/**
 * Layer normalization: every row is brought to mean 0 and variance 1, then scaled and shifted by learned vectors.
 *
 *     x̂ = (x − mean) · r        r = 1 / √(variance + epsilon)        y = weight · x̂ + bias
 *
 * The variance is the mean of squares around the mean (divided by C, not C − 1).
 *
 * Backward, for one row. With g = weight · dy, the gradient with respect to x̂, and since x̂ depends on x directly,
 * through the mean (each element weighs 1/C) and through r (dr/dxᵢ = −r² x̂ᵢ / C):
 *
 *     dx = r · (g − mean(g) − x̂ · mean(g · x̂))
 *     dWeight = Σ dy · x̂        dBias = Σ dy        (sums over rows)
 *
 * The two means subtract from g its components along (1, …, 1) and along x̂: shifting or scaling a row changes nothing
 * after normalization. Kept for the backward pass: x itself, and the statistics of every row, mean and r, side by side in one
 * tensor; x̂ is cheap to recompute. Where x is a sum with the residual stream, `add_norm.ts` does all this in one pass with it.
 *
 * Reference: Ba, Kiros, Hinton, "Layer normalization", 2016.
 *
 * @module
 */

import { kernel } from "../../core/backend.ts";
import { storeOrAdd } from "../../core/webgpu/shader.ts";
import {
  formatShape,
  gradientOf,
  gradientToWrite,
  needsGradient,
  outputOf,
  type Tensor,
} from "../../core/tensor.ts";
import { forRowsOfPiece, rowPieces } from "../../core/wasm/wasm_pass.ts";
import { rowLanes, sumRowsWasm } from "../reduce.ts";
import { normalizeRowWasm, rowGradientWasm } from "./layer_norm_wasm.ts";

/** Normalizes rows. */
export const layerNormForward = kernel({
  name: "layerNormForward",
  reads: { x: "f32", weight: "f32", bias: "f32" },
  writes: { y: "f32", statistics: "f32" },
  constants: ["rows", "columns", "epsilon"],
  groups: ({ rows }) => rows,
  lanes: (_, adapter) => rowLanes(adapter),
  cpu({ x, weight, bias, y, statistics }, { rows, columns, epsilon }) {
    for (let row = 0; row < rows; row++) {
      const start = row * columns;
      let sum = 0, squares = 0;
      for (let column = 0; column < columns; column++) sum += x[start + column];
      const m = sum / columns;
      for (let column = 0; column < columns; column++) {
        const centered = x[start + column] - m;
        squares += centered * centered;
      }
      const r = 1 / Math.sqrt(squares / columns + epsilon);
      for (let column = 0; column < columns; column++) {
        y[start + column] = weight[column] * (x[start + column] - m) * r + bias[column];
      }
      statistics[2 * row] = m;
      statistics[2 * row + 1] = r;
    }
  },
  wgsl: `
fn run(row: u32, lane: u32) {
  let start = row * columns;
  var laneSum = 0.0;
  var laneSquares = 0.0;
  for (var column = lane; column < columns; column += lanes) { laneSum += x[start + column]; }
  let m = sumOverGroup(lane, laneSum) / columns;
  for (var column = lane; column < columns; column += lanes) {
    let centered = x[start + column] - m;
    laneSquares += centered * centered;
  }
  let r = 1 / sqrt(sumOverGroup(lane, laneSquares) / columns + epsilon);
  for (var column = lane; column < columns; column += lanes) {
    y[start + column] = weight[column] * (x[start + column] - m) * r + bias[column];
  }
  if (lane == 0) {
    statistics[2 * row] = m;
    statistics[2 * row + 1] = r;
  }
}`,
  wasm: [{
    pieces: rowPieces,
    body({ x, y, ...vectors }, code) {
      forRowsOfPiece(code, (row, columns) => {
        const start = code.let(row.times(columns));
        normalizeRowWasm(code, row, x.from(start), y.from(start), vectors);
      });
    },
  }],
});

/** dx += the gradient of every row, or dx = …. */
export const layerNormBackward = kernel({
  name: "layerNormBackward",
  reads: { dy: "f32", x: "f32", weight: "f32", statistics: "f32" },
  writes: { dx: "f32" },
  constants: ["rows", "columns", "accumulate"],
  groups: ({ rows }) => rows,
  lanes: (_, adapter) => rowLanes(adapter),
  cpu({ dy, x, weight, statistics, dx }, { rows, columns, accumulate }) {
    if (!accumulate) dx.fill(0);
    for (let row = 0; row < rows; row++) {
      const start = row * columns, m = statistics[2 * row], r = statistics[2 * row + 1];
      let sumG = 0, sumGx = 0;
      for (let column = 0; column < columns; column++) {
        const g = weight[column] * dy[start + column];
        sumG += g;
        sumGx += g * (x[start + column] - m) * r;
      }
      const meanG = sumG / columns, meanGx = sumGx / columns;
      for (let column = 0; column < columns; column++) {
        const g = weight[column] * dy[start + column], normalized = (x[start + column] - m) * r;
        dx[start + column] += r * (g - meanG - normalized * meanGx);
      }
    }
  },
  wgsl: ({ accumulate }) => `
fn run(row: u32, lane: u32) {
  let start = row * columns;
  let m = statistics[2 * row];
  let r = statistics[2 * row + 1];
  var laneG = 0.0;
  var laneGx = 0.0;
  for (var column = lane; column < columns; column += lanes) {
    let g = weight[column] * dy[start + column];
    laneG += g;
    laneGx += g * (x[start + column] - m) * r;
  }
  let meanG = sumOverGroup(lane, laneG) / columns;
  let meanGx = sumOverGroup(lane, laneGx) / columns;
  for (var column = lane; column < columns; column += lanes) {
    let g = weight[column] * dy[start + column];
    let normalized = (x[start + column] - m) * r;
    dx[start + column] ${storeOrAdd(accumulate)} r * (g - meanG - normalized * meanGx);
  }
}`,
  wasm: [{
    switches: ["accumulate"],
    pieces: rowPieces,
    body({ dy, x, dx, ...vectors }, code, { accumulate }) {
      forRowsOfPiece(code, (row, columns) => {
        const start = code.let(row.times(columns)), dxRow = dx.from(start);
        const gradient = rowGradientWasm(code, row, x.from(start), dy.from(start), vectors);
        code.forFours(0, columns, (column) => dxRow.storeOrAdd4(accumulate, column, gradient(column)));
      });
    },
  }],
});

/** dWeight += Σ dy · x̂ and dBias += Σ dy, over the rows; 16 invocations share a column. */
export const layerNormBackwardWeight = kernel({
  name: "layerNormBackwardWeight",
  reads: { dy: "f32", x: "f32", statistics: "f32" },
  writes: { dWeight: "f32", dBias: "f32" },
  constants: ["rows", "columns"],
  groups: ({ columns }) => Math.ceil(columns / 16),
  lanes: () => 256,
  cpu({ dy, x, statistics, dWeight, dBias }, { rows, columns }) {
    const weightSum = new Float64Array(columns), biasSum = new Float64Array(columns);
    for (let row = 0; row < rows; row++) {
      for (let column = 0; column < columns; column++) {
        const at = row * columns + column;
        weightSum[column] += dy[at] * (x[at] - statistics[2 * row]) * statistics[2 * row + 1];
        biasSum[column] += dy[at];
      }
    }
    for (let column = 0; column < columns; column++) {
      dWeight[column] += weightSum[column];
      dBias[column] += biasSum[column];
    }
  },
  wgsl: `
var<workgroup> partial: array<vec2f, 256>;
fn run(group: u32, lane: u32) {
  let column = group * 16 + lane % 16;
  var laneSum = vec2f(); // for weight and bias
  if (column < columns) {
    for (var row = lane / 16; row < rows; row += 16) {
      let at = row * columns + column;
      laneSum += dy[at] * vec2f((x[at] - statistics[2 * row]) * statistics[2 * row + 1], 1);
    }
  }
  partial[lane] = laneSum;
  workgroupBarrier(); // the 16 partial sums of each column are stored before they are added up
  if (lane < 16 && column < columns) {
    var sum = vec2f();
    for (var slice = 0u; slice < 16; slice++) { sum += partial[slice * 16 + lane]; }
    dWeight[column] += sum.x;
    dBias[column] += sum.y;
  }
}`,
  wasm: sumRowsWasm(["dWeight", "dBias"], ({ dy, x, statistics }, code, row) => {
    const m = code.let(statistics.splat(row.times(2))), r = code.let(statistics.splat(row.times(2), 1));
    const columns = code.i32("columns");
    const [dyRow, xRow] = [dy, x].map((array) => array.from(row.times(columns)));
    return (column) => {
      const slope = code.let(dyRow.load4(column));
      return [slope.times(xRow.load4(column).minus(m)).times(r), slope];
    };
  }),
});

/**
 * The length of the rows that are to be normalized.
 *
 * @param x (…, C).
 * @param weight (C).
 * @param bias (C).
 * @returns C.
 * @throws {TypeError} If weight or bias has another length than the rows.
 */
export function columnsOf(x: Tensor, weight: Tensor, bias: Tensor): number {
  const columns = x.shape.at(-1)!;
  if (weight.size === columns && bias.size === columns) return columns;
  throw new TypeError(
    `Cannot normalize ${formatShape(x.shape)}: weight has length ${weight.size} and bias ${bias.size}, ` +
      `expected ${columns}`,
  );
}

/**
 * Adds to the gradients of weight and bias, if they are needed.
 *
 * @param weight (C).
 * @param bias (C).
 * @param rows What was normalized, x (…, C), its statistics (rows, 2), and the gradient of the result, dy (…, C).
 */
export function addWeightGradients(
  weight: Tensor,
  bias: Tensor,
  { dy, x, statistics }: Readonly<Record<"dy" | "x" | "statistics", Tensor>>,
): void {
  if (!needsGradient(weight) && !needsGradient(bias)) return;
  const [dWeight, dBias] = [gradientOf(weight), gradientOf(bias)], columns = weight.size;
  const sizes = { rows: x.size / columns, columns };
  x.backend.run(layerNormBackwardWeight, { dy, x, statistics, dWeight, dBias }, sizes);
}

/**
 * Normalizes the last dimension.
 *
 * @example
 * ```ts
 * import { CpuBackend, layerNorm } from "@miniformer/miniformer";
 * import { assertEquals } from "@std/assert";
 *
 * const backend = new CpuBackend();
 * const x = backend.from([1, 3], [1, 2]), weight = backend.from([1, 1]), bias = backend.from([0, 10]);
 * assertEquals(await backend.read(layerNorm(x, weight, bias, 0)), new Float32Array([-1, 11]));
 * ```
 *
 * @param x (…, C).
 * @param weight (C).
 * @param bias (C).
 * @param epsilon Keeps the division finite; 1e-5 in GPT and RoBERTa.
 * @returns (…, C).
 * @throws {TypeError} If weight or bias has another length than the rows.
 * @category Operations
 */
export function layerNorm(x: Tensor, weight: Tensor, bias: Tensor, epsilon = 1e-5): Tensor {
  const { backend } = x, columns = columnsOf(x, weight, bias), rows = x.size / columns;
  const y = outputOf(x.shape, [x, weight, bias]);
  const statistics = backend.allocate([rows, 2]);
  backend.run(layerNormForward, { x, weight, bias, y, statistics }, { rows, columns, epsilon });
  y.tape?.record(() => {
    const dy = gradientOf(y), sizes = { rows, columns };
    // y = weight · x̂ + bias
    if (needsGradient(x)) {
      const { gradient: dx, accumulate } = gradientToWrite(x);
      backend.run(layerNormBackward, { dy, x, weight, statistics, dx }, { ...sizes, accumulate });
    }
    addWeightGradients(weight, bias, { dy, x, statistics });
  });
  return y;
}
