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
 * after normalization. Kept for the backward pass: x itself, and mean and r, two numbers per row; x̂ is cheap to recompute.
 *
 * Reference: Ba, Kiros, Hinton, "Layer normalization", 2016.
 *
 * @module
 */

import { kernel } from "../core/backend.ts";
import { storeOrAdd } from "../core/webgpu/shader.ts";
import {
  formatShape,
  gradientOf,
  gradientToWrite,
  needsGradient,
  outputOf,
  type Tensor,
} from "../core/tensor.ts";
import { forRowsOfPiece, rowPieces } from "../core/wasm/wasm_pass.ts";
import type { I32 } from "../core/wasm/wasm_numbers.ts";
import { F32x4 } from "../core/wasm/wasm_vectors.ts";
import { rowLanes, sumRowsWasm, sumWasm } from "./reduce.ts";

/** Normalizes rows. */
export const layerNormForward = kernel({
  name: "layerNormForward",
  reads: { x: "f32", weight: "f32", bias: "f32" },
  writes: { y: "f32", mean: "f32", reciprocalStd: "f32" },
  constants: ["rows", "columns", "epsilon"],
  groups: ({ rows }) => rows,
  lanes: (_, adapter) => rowLanes(adapter),
  cpu({ x, weight, bias, y, mean, reciprocalStd }, { rows, columns, epsilon }) {
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
      mean[row] = m;
      reciprocalStd[row] = r;
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
    mean[row] = m;
    reciprocalStd[row] = r;
  }
}`,
  wasm: [{
    pieces: rowPieces,
    body({ x, weight, bias, y, mean, reciprocalStd }, code) {
      const count = code.let(F32x4.of(code.f32("columns"))), epsilon = code.f32("epsilon");
      forRowsOfPiece(code, (row, columns) => {
        const xRow = x.from(row.times(columns)), yRow = y.from(row.times(columns));
        const m = code.let(sumWasm(code, 0, columns, (column) => xRow.load4(column)).over(count));
        const squares = sumWasm(code, 0, columns, (column) => {
          const centered = code.let(xRow.load4(column).minus(m));
          return centered.times(centered);
        });
        const r = code.let(F32x4.of(1).over(squares.over(count).plus(epsilon).sqrt()));
        code.forFours(0, columns, (column) => {
          const scaled = weight.load4(column).times(xRow.load4(column).minus(m)).times(r);
          yRow.store4(column, scaled.plus(bias.load4(column)));
        });
        mean.store(row, m.lane(0));
        reciprocalStd.store(row, r.lane(0));
      });
    },
  }],
});

/** dx += the gradient of every row, or dx = …. */
export const layerNormBackward = kernel({
  name: "layerNormBackward",
  reads: { dy: "f32", x: "f32", weight: "f32", mean: "f32", reciprocalStd: "f32" },
  writes: { dx: "f32" },
  constants: ["rows", "columns", "accumulate"],
  groups: ({ rows }) => rows,
  lanes: (_, adapter) => rowLanes(adapter),
  cpu({ dy, x, weight, mean, reciprocalStd, dx }, { rows, columns, accumulate }) {
    if (!accumulate) dx.fill(0);
    for (let row = 0; row < rows; row++) {
      const start = row * columns, m = mean[row], r = reciprocalStd[row];
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
  let m = mean[row];
  let r = reciprocalStd[row];
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
    body({ dy, x, weight, mean, reciprocalStd, dx }, code, { accumulate }) {
      const count = code.let(F32x4.of(code.f32("columns")));
      forRowsOfPiece(code, (row, columns) => {
        const [dyRow, xRow, dxRow] = [dy, x, dx].map((array) => array.from(row.times(columns)));
        const m = code.let(mean.splat(row)), r = code.let(reciprocalStd.splat(row));
        const g = (column: I32) => weight.load4(column).times(dyRow.load4(column));
        const normalized = (column: I32) => xRow.load4(column).minus(m).times(r);
        const sumG = sumWasm(code, 0, columns, g);
        const sumGx = sumWasm(code, 0, columns, (column) => g(column).times(normalized(column)));
        const meanG = code.let(sumG.over(count)), meanGx = code.let(sumGx.over(count));
        code.forFours(0, columns, (column) => {
          const value = r.times(g(column).minus(meanG).minus(normalized(column).times(meanGx)));
          dxRow.storeOrAdd4(accumulate, column, value);
        });
      });
    },
  }],
});

/** dWeight += Σ dy · x̂ and dBias += Σ dy, over the rows; 16 invocations share a column. */
export const layerNormBackwardWeight = kernel({
  name: "layerNormBackwardWeight",
  reads: { dy: "f32", x: "f32", mean: "f32", reciprocalStd: "f32" },
  writes: { dWeight: "f32", dBias: "f32" },
  constants: ["rows", "columns"],
  groups: ({ columns }) => Math.ceil(columns / 16),
  lanes: () => 256,
  cpu({ dy, x, mean, reciprocalStd, dWeight, dBias }, { rows, columns }) {
    const weightSum = new Float64Array(columns), biasSum = new Float64Array(columns);
    for (let row = 0; row < rows; row++) {
      for (let column = 0; column < columns; column++) {
        const at = row * columns + column;
        weightSum[column] += dy[at] * (x[at] - mean[row]) * reciprocalStd[row];
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
      laneSum += dy[at] * vec2f((x[at] - mean[row]) * reciprocalStd[row], 1);
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
  wasm: sumRowsWasm(["dWeight", "dBias"], ({ dy, x, mean, reciprocalStd }, code, row) => {
    const m = code.let(mean.splat(row)),
      r = code.let(reciprocalStd.splat(row)),
      columns = code.i32("columns");
    const [dyRow, xRow] = [dy, x].map((array) => array.from(row.times(columns)));
    return (column) => {
      const slope = code.let(dyRow.load4(column));
      return [slope.times(xRow.load4(column).minus(m)).times(r), slope];
    };
  }),
});

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
  const { backend } = x, columns = x.shape.at(-1)!, rows = x.size / columns;
  if (weight.size !== columns || bias.size !== columns) {
    throw new TypeError(
      `Cannot normalize ${formatShape(x.shape)}: weight has length ${weight.size} and bias ${bias.size}, ` +
        `expected ${columns}`,
    );
  }
  const y = outputOf(x.shape, [x, weight, bias]);
  const mean = backend.allocate([rows]), reciprocalStd = backend.allocate([rows]);
  backend.run(layerNormForward, { x, weight, bias, y, mean, reciprocalStd }, { rows, columns, epsilon });
  y.tape?.record(() => {
    const dy = gradientOf(y), sizes = { rows, columns };
    // y = weight · x̂ + bias
    if (needsGradient(x)) {
      const { gradient: dx, accumulate } = gradientToWrite(x);
      backend.run(layerNormBackward, { dy, x, weight, mean, reciprocalStd, dx }, { ...sizes, accumulate });
    }
    if (needsGradient(weight) || needsGradient(bias)) {
      const [dWeight, dBias] = [gradientOf(weight), gradientOf(bias)];
      backend.run(layerNormBackwardWeight, { dy, x, mean, reciprocalStd, dWeight, dBias }, sizes);
    }
  });
  return y;
}
