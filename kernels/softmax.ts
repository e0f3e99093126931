/**
 * Softmax: turns a row of scores into probabilities.
 *
 *     p[j] = exp(x[j] − m) / Σₖ exp(x[k] − m)        m = max x, so that nothing overflows
 *
 * The derivative of p[j] by x[k] is p[j] (δ[jk] − p[k]), so
 *
 *     dx = p · (dp − Σₖ p[k] dp[k])
 *
 * and the result itself is all that is kept. The causal form reads a row as the scores of one position and lets
 * position i see only the first i + 1 of them; the others get probability 0. It stops its loops there: no −∞ is added,
 * because shaders may assume that infinities do not occur.
 *
 * Reference: Milakov and Gimelshein, "Online normalizer calculation for softmax", 2018, equation 2.
 *
 * @module
 */

import { kernel } from "../core/backend.ts";
import { exp } from "../core/math.ts";
import { storeOrAdd } from "../core/webgpu/shader.ts";
import { gradientOf, gradientToWrite, outputOf, type Tensor } from "../core/tensor.ts";
import type { WasmCode } from "../core/wasm/wasm_code.ts";
import { exp4 } from "../core/wasm/wasm_math.ts";
import { forRowsOfPiece, rowPieces } from "../core/wasm/wasm_pass.ts";
import type { I32 } from "../core/wasm/wasm_numbers.ts";
import { F32x4 } from "../core/wasm/wasm_vectors.ts";
import { maxWasm, rowLanes, sumWasm } from "./reduce.ts";

/** How many columns of a row are visible: all, or in the causal form those up to the row's own position. */
const visible = (row: number, columns: number, causal: number) => causal ? row % columns + 1 : columns;

const VISIBLE_WGSL =
  `fn visible(row: u32) -> u32 { return select(u32(columns), row % columns + 1, causal == 1); }`;

/** The same for WebAssembly. */
const visibleWasm = (code: WasmCode, row: I32, columns: I32, causal: number) =>
  causal ? code.let(row.modulo(columns).plus(1)) : columns;

/** p = softmax(x), row by row. */
export const softmaxForward = kernel({
  name: "softmaxForward",
  reads: { x: "f32" },
  writes: { p: "f32" },
  constants: ["rows", "columns", "causal"],
  groups: ({ rows }) => rows,
  lanes: (_, adapter) => rowLanes(adapter),
  cpu({ x, p }, { rows, columns, causal }) {
    for (let row = 0; row < rows; row++) {
      const start = row * columns, end = visible(row, columns, causal);
      let m = x[start], sum = 0;
      for (let column = 0; column < end; column++) m = Math.max(m, x[start + column]);
      for (let column = 0; column < end; column++) sum += exp(x[start + column] - m);
      for (let column = 0; column < columns; column++) {
        p[start + column] = column < end ? exp(x[start + column] - m) / sum : 0;
      }
    }
  },
  wgsl: `${VISIBLE_WGSL}
fn run(row: u32, lane: u32) {
  let start = row * columns;
  let end = visible(row);
  var laneMax = x[start];
  for (var column = lane; column < end; column += lanes) { laneMax = max(laneMax, x[start + column]); }
  let m = maxOverGroup(lane, laneMax);
  var laneSum = 0.0;
  for (var column = lane; column < end; column += lanes) { laneSum += exp(x[start + column] - m); }
  let sum = sumOverGroup(lane, laneSum);
  for (var column = lane; column < columns; column += lanes) {
    if (column < end) { p[start + column] = exp(x[start + column] - m) / sum; } else { p[start + column] = 0; }
  }
}`,
  wasm: [{
    switches: ["causal"],
    pieces: rowPieces,
    body({ x, p }, code, { causal }) {
      forRowsOfPiece(code, (row, columns) => {
        const end = visibleWasm(code, row, columns, causal);
        const [xRow, pRow] = [x, p].map((array) => array.from(row.times(columns)));
        const m = maxWasm(code, 0, end, (column) => xRow.load4(column));
        const sum = sumWasm(code, 0, end, (column) => {
          const power = code.let(exp4(code, xRow.load4(column).minus(m)));
          pRow.store4(column, power);
          return power;
        });
        code.forFours(0, end, (column) => pRow.store4(column, pRow.load4(column).over(sum)));
        if (causal) code.forFours(end, columns, (column) => pRow.store4(column, F32x4.of(0)));
      });
    },
  }],
});

/** dx += p · (dp − Σ p dp), or dx = …, row by row. */
export const softmaxBackward = kernel({
  name: "softmaxBackward",
  reads: { p: "f32", dp: "f32" },
  writes: { dx: "f32" },
  constants: ["rows", "columns", "causal", "accumulate"],
  groups: ({ rows }) => rows,
  lanes: (_, adapter) => rowLanes(adapter),
  cpu({ p, dp, dx }, { rows, columns, causal, accumulate }) {
    if (!accumulate) dx.fill(0);
    for (let row = 0; row < rows; row++) {
      const start = row * columns, end = visible(row, columns, causal);
      let sum = 0;
      for (let column = 0; column < end; column++) sum += p[start + column] * dp[start + column];
      for (let column = 0; column < end; column++) {
        dx[start + column] += p[start + column] * (dp[start + column] - sum);
      }
    }
  },
  wgsl: ({ accumulate }) =>
    `${VISIBLE_WGSL}
fn run(row: u32, lane: u32) {
  let start = row * columns;
  let end = visible(row);
  var laneSum = 0.0;
  for (var column = lane; column < end; column += lanes) { laneSum += p[start + column] * dp[start + column]; }
  let sum = sumOverGroup(lane, laneSum);
  for (var column = lane; column < columns; column += lanes) {
    let value = select(0.0, p[start + column] * (dp[start + column] - sum), column < end);
    dx[start + column] ${storeOrAdd(accumulate)} value;
  }
}`,
  wasm: [{
    switches: ["causal", "accumulate"],
    pieces: rowPieces,
    body({ p, dp, dx }, code, { causal, accumulate }) {
      forRowsOfPiece(code, (row, columns) => {
        const end = visibleWasm(code, row, columns, causal);
        const [pRow, dpRow, dxRow] = [p, dp, dx].map((array) => array.from(row.times(columns)));
        const sum = sumWasm(code, 0, end, (column) => pRow.load4(column).times(dpRow.load4(column)));
        code.forFours(0, end, (column) => {
          dxRow.storeOrAdd4(accumulate, column, pRow.load4(column).times(dpRow.load4(column).minus(sum)));
        });
        if (causal && !accumulate) {
          code.forFours(end, columns, (column) => dxRow.store4(column, F32x4.of(0)));
        }
      });
    },
  }],
});

/**
 * Options of {@linkcode softmax}.
 *
 * @category Operations
 */
export interface SoftmaxOptions {
  /** Whether row i of each square matrix sees only its first i + 1 elements. */
  causal?: boolean;
}

/**
 * Softmax over the last dimension.
 *
 * @example
 * ```ts
 * import { CpuBackend, softmax } from "@miniformer/miniformer";
 * import { assertEquals } from "@std/assert";
 *
 * const backend = new CpuBackend();
 * assertEquals(await backend.read(softmax(backend.from([5, 5], [1, 2]))), new Float32Array([0.5, 0.5]));
 * ```
 *
 * @param x (…, N); in the causal form (…, N, N).
 * @param options Whether it is causal.
 * @returns The same shape; rows add up to 1.
 * @category Operations
 */
export function softmax(x: Tensor, options: SoftmaxOptions = {}): Tensor {
  const columns = x.shape.at(-1)!,
    sizes = { rows: x.size / columns, columns, causal: Number(options.causal ?? false) };
  const p = outputOf(x.shape, [x]);
  x.backend.run(softmaxForward, { x, p }, sizes);
  // p = softmax(x)   →   dx = p · (dp − Σ p dp)
  p.tape?.record(() => {
    const { gradient: dx, accumulate } = gradientToWrite(x);
    x.backend.run(softmaxBackward, { p, dp: gradientOf(p), dx }, { ...sizes, accumulate });
  });
  return p;
}
