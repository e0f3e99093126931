/**
 * The shader of a matrix product with few rows on a GPU, such as those of generation, which computes one position at a time.
 *
 * With one row, each number of b is used once: the product takes as long as reading b does. So b is read once for all rows, in
 * whole cache lines, by as many invocations as possible. The columns alone do not keep a GPU busy, so the terms of each sum
 * are divided as well, into 32 interleaved *slices* (4 where the inner dimension is short). Slice s takes the steps 4 s … 4 s + 3
 * of every 128. Neighbouring lanes read neighbouring blocks of four columns by four steps:
 *
 *     b (inner, columns)                            b (columns, inner), transposed
 *
 *                32 columns                                     steps
 *     step 0…3   lane 0  lane 1  …  lane 7          column 0…3  lane 0  lane 1  …  lane 31  lane 0  …
 *     step 4…7   lane 8  lane 9  …  lane 15         column 4…7  lane 32 lane 33 …  lane 63  lane 32 …
 *     …                                             …
 *
 * The next block is loaded while one is multiplied. At the end the 32 sums of each column are added in workgroup memory by a
 * tree: the upper half to the lower half, and so on. The order is always the same, so results repeat bit for bit.
 *
 * Reference: NVIDIA, "Optimizing parallel reduction in CUDA" (Harris, 2007), for the sums at the end.
 *
 * @module
 */

import type { DataType } from "../../../core/backend.ts";
import { readSizes } from "../../../core/webgpu/shader.ts";
import { loadWgsl } from "../half.ts";
import { MATMUL_SIZES, type MatmulConstants, ROWS_COLUMNS, type RowsPlan } from "../matmul_plan.ts";
import { unroll } from "../unroll.ts";
import { blockWgsl, declareMatrices, type Operand, operandsOf, storeWgsl, WITHIN } from "./blocks_wgsl.ts";

/**
 * Writes the shader.
 *
 * @param constants Sizes and layout.
 * @param plan How many invocations share a sum.
 * @param biased Whether a vector `bias` is bound between `b` and `y` and added to every row.
 * @param type What a and b hold.
 * @returns WGSL with its own bindings.
 */
export function rowsWgsl(
  constants: MatmulConstants,
  { slices, lanes }: RowsPlan,
  biased: boolean,
  type: DataType,
): string {
  const { rows, columns, inner, accumulate } = constants, [a, b] = rowOperandsOf(constants, type);
  const fours = ROWS_COLUMNS / 4;
  const [slice, four] = b.alongInner
    ? [`lane % ${slices}`, `lane / ${slices}`]
    : [`lane / ${fours}`, `lane % ${fours}`];
  return `${declareMatrices([a, b], columns, biased)}
${blockWgsl(b, inner)}
${storeWgsl(constants, { biased, accumulate })}
var<workgroup> partial: array<vec4f, ${lanes}>;
fn run(group: u32, lane: u32) {
  ${readSizes(MATMUL_SIZES)}
  let groups = (columns + ${ROWS_COLUMNS - 1}) / ${ROWS_COLUMNS}; // of one matrix
  let matrix = group / groups;
  if (matrix >= batch) { return; }
  let aStart = matrix * (rows * inner);
  let bStart = matrix * (inner * columns);
  let slice = ${slice};
  let column = group % groups * ${ROWS_COLUMNS} + ${four} * 4;
  ${unroll(rows, (row) => `var sum${row} = vec4f();`, "\n  ")}
  var next = fetchB(bStart, column, slice * 4);
  for (var k = slice * 4; k < inner; k += ${slices * 4}) {
    let block = ${type === "f16" ? "mat4x4f(stepsOfB(next, k))" : "stepsOfB(next, k)"};
    if (k + ${slices * 4} < inner) { next = fetchB(bStart, column, k + ${slices * 4}); }
    // four columns, each the sum of four products
    ${unroll(rows, (row) => `sum${row} += block * ${fourOfRow(row, a, inner)};`, "\n    ")}
  }
  let yStart = matrix * (rows * columns);
  ${
    unroll(rows, (row) =>
      `sum${row} = addSlices(lane, slice, sum${row});
  if (slice == 0) { store(yStart, ${row}, column, sum${row}); }`, "\n  ")
  }
}
fn addSlices(lane: u32, slice: u32, value: vec4f) -> vec4f {
  workgroupBarrier(); // all lanes have read the sums of the row before
  partial[lane] = value;
  for (var half = ${slices / 2}u; half > 0; half /= 2) {
    workgroupBarrier(); // the sums of all slices, or of the half before, are stored
    if (slice < half) { partial[lane] += partial[lane + half * ${b.alongInner ? 1 : fours}]; }
  }
  return partial[lane]; // the complete sum where slice is 0; no other lane has written that element
}`;
}

/** How the matrices are stored: a is read as vectors only along the inner dimension. */
function rowOperandsOf(constants: MatmulConstants, type: DataType): readonly [a: Operand, b: Operand] {
  const [a, b] = operandsOf(constants, type);
  return [{ ...a, vectors: a.vectors && a.alongInner }, b];
}

/** Four numbers of a row of a, from step k on. */
function fourOfRow(row: number, { alongInner, vectors, type }: Operand, inner: number): string {
  if (vectors) return loadWgsl(type, 4, `a[(aStart + ${row} * inner + k) / 4]`);
  const at = (i: number) => alongInner ? `${row} * inner + k + ${i}` : `(k + ${i}) * rows + ${row}`;
  const numbers = `vec4f(${unroll(4, (i) => loadWgsl(type, 1, `a[aStart + ${at(i)}]`), ", ")})`;
  return inner % 4 === 0 ? numbers : `select(vec4f(), ${numbers}, ${WITHIN})`;
}
