/**
 * Matrix products with few results and long sums on a GPU: the sums are split, too ("split-K").
 *
 * The gradient of a weight of 256 × 256 from 2,048 positions is 16 tiles of 64 × 64, each a sum of 2,048 products: 16 groups,
 * where a large GPU runs a hundred at once. So the inner dimension is cut into slices, whose length `matmul_plan.ts` chooses;
 * each group sums one slice of one tile, and a second kernel adds the slices:
 *
 *     parts[s, i, j] = Σ a[i, k] · b[k, j]     k in s · length … (s + 1) · length − 1
 *     y[i, j] = parts[0, i, j] + parts[1, i, j] + …
 *
 * One invocation adds the slices of four results in their order, without atomics, so results repeat bit for bit. The bias, and
 * what y holds when accumulating, are added last, as in products that are not split.
 *
 * Reference: NVIDIA CUTLASS, "Efficient GEMM in CUDA", parallelized reductions ("split-K").
 *
 * @module
 */

import { kernel } from "../../../core/backend.ts";
import type { Tensor } from "../../../core/tensor.ts";
import { declareBindings, readSizes, storeOrAdd } from "../../../core/webgpu/shader.ts";
import { readingHalves } from "../half.ts";
import { MATMUL_SIZES, type MatmulConstants, planMatmul, type TilesPlan } from "../matmul_plan.ts";
import { tilesWgsl } from "./tiles_wgsl.ts";

/** The constants of the first kernel; `accumulate` belongs to the second. */
type SlicesConstants = Omit<MatmulConstants, "accumulate"> & Readonly<Record<"sliceLength", number>>;

/** The tiles are those of the unsplit product; the backend runs these kernels on hardware only. */
const tilesOf = (constants: SlicesConstants): TilesPlan =>
  planMatmul({ ...constants, accumulate: 0 }, "hardware") as TilesPlan;

/** The number of slices. */
const countSlices = ({ inner, sliceLength }: SlicesConstants): number => Math.ceil(inner / sliceLength);

/** parts = the sums of a · b over each slice of the inner dimension, (slices, batch, rows, columns). */
export const matmulSlices = kernel({
  name: "matmulSlices",
  reads: { a: "f32", b: "f32" },
  writes: { parts: "f32" },
  constants: [...MATMUL_SIZES, "sliceLength", "transposeA", "transposeB"],
  sizes: [...MATMUL_SIZES, "sliceLength"],
  groups: (constants) => countSlices(constants) * constants.batch * tilesOf(constants).groups,
  lanes: (constants) => tilesOf(constants).lanes,
  cpu({ a, b, parts }, { batch, rows, columns, inner, sliceLength, transposeA, transposeB }) {
    let at = 0;
    for (let first = 0; first < inner; first += sliceLength) {
      for (let matrix = 0; matrix < batch; matrix++) {
        const aStart = matrix * rows * inner, bStart = matrix * inner * columns;
        for (let i = 0; i < rows; i++) {
          for (let j = 0; j < columns; j++) {
            let sum = 0;
            for (let k = first; k < Math.min(first + sliceLength, inner); k++) {
              const aik = a[aStart + (transposeA ? k * rows + i : i * inner + k)];
              const bkj = b[bStart + (transposeB ? j * inner + k : k * columns + j)];
              sum += aik * bkj;
            }
            parts[at++] = sum;
          }
        }
      }
    }
  },
  wgsl: (constants, _, { a: type }) =>
    tilesWgsl({ ...constants, accumulate: 0 }, tilesOf(constants), { sliced: true, type }),
});

/** The same of operands in half precision. */
export const matmulSlicesHalf = readingHalves(matmulSlices, ["a", "b"]);

/** Invocations in a group that adds slices. */
const LANES = 64;

/** The sizes of the kernels that add slices: numbers in y, its columns, and how many slices there are. */
const ADD_SIZES = ["size", "columns", "slices"] as const;

/** The shader that adds slices: four results for each invocation, or one where rows do not begin at multiples of four. */
function addSlicesWgsl(columns: number, accumulate: number, biased: boolean): string {
  const width = columns % 4 === 0 ? 4 : 1, type = width === 4 ? "vec4f" : "f32";
  return `${declareBindings(biased ? ["parts", "bias"] : ["parts"], ["y"], () => type)}
fn run(group: u32, lane: u32) {
  ${readSizes(ADD_SIZES)}
  let index = group * ${LANES} + lane;
  let count = size / ${width};
  if (index >= count) { return; }
  var sum = parts[index];
  for (var slice = 1u; slice < slices; slice++) { sum += parts[slice * count + index]; }
  y[index] ${storeOrAdd(accumulate)} sum${biased ? ` + bias[index % (columns / ${width})]` : ""};
}`;
}

/** y = the sum of all slices, in their order, or y += that sum. */
export const addSlices = kernel({
  name: "addSlices",
  reads: { parts: "f32" },
  writes: { y: "f32" },
  constants: [...ADD_SIZES, "accumulate"],
  sizes: ADD_SIZES,
  groups: ({ size, columns }) => Math.ceil(size / (columns % 4 === 0 ? 4 : 1) / LANES),
  lanes: () => LANES,
  cpu({ parts, y }, { size, slices, accumulate }) {
    for (let index = 0; index < size; index++) {
      let sum = 0;
      for (let slice = 0; slice < slices; slice++) sum += parts[slice * size + index];
      y[index] = accumulate ? y[index] + sum : sum;
    }
  },
  wgsl: ({ columns, accumulate }) => addSlicesWgsl(columns, accumulate, false),
});

/** y = the sum of all slices + bias, or y += …, the bias being added to every row. */
export const addSlicesBiased = kernel({
  ...addSlices,
  name: "addSlicesBiased",
  reads: { parts: "f32", bias: "f32" },
  cpu({ parts, bias, y }, { size, columns, slices, accumulate }) {
    for (let index = 0; index < size; index++) {
      let sum = 0;
      for (let slice = 0; slice < slices; slice++) sum += parts[slice * size + index];
      sum += bias[index % columns];
      y[index] = accumulate ? y[index] + sum : sum;
    }
  },
  wgsl: ({ columns, accumulate }) => addSlicesWgsl(columns, accumulate, true),
});

/**
 * Runs a product whose sums are split.
 *
 * @param y Receives (batch, rows, columns).
 * @param a (batch, rows, inner), or its transpose.
 * @param b (batch, inner, columns), or its transpose.
 * @param constants Sizes and layout.
 * @param sliceLength Terms of a slice, from the plan.
 * @param bias (columns), added to every row, if there is one.
 */
export function multiplySlices(
  y: Tensor,
  a: Tensor,
  b: Tensor,
  constants: MatmulConstants,
  sliceLength: number,
  bias?: Tensor,
): void {
  const { backend } = y, { accumulate, ...sizes } = constants, sliced = { ...sizes, sliceLength };
  const { batch, rows, columns } = constants, size = batch * rows * columns, slices = countSlices(sliced);
  backend.scope(() => {
    const parts = backend.allocate([slices, size]);
    backend.run(a.dataType === "f16" ? matmulSlicesHalf : matmulSlices, { a, b, parts }, sliced);
    const sums = { size, columns, slices, accumulate };
    if (bias) backend.run(addSlicesBiased, { parts, bias, y }, sums);
    else backend.run(addSlices, { parts, y }, sums);
  });
}
