/**
 * The shader of a matrix product on a GPU, in tiles that go through workgroup memory.
 *
 * A multiplication needs two numbers, and memory delivers one number in the time of tens of multiplications. So each
 * number that is loaded is used many times, at three levels:
 *
 *     memory              a group of 256 computes 128 × 128 results. 16 steps of 128 rows of a and of 128 columns of b come
 *                         into workgroup memory at a time, and each number is used 128 times from there
 *     workgroup memory    an invocation computes 8 × 8 results. Of each step it loads 8 numbers of a and 8 of b, and uses
 *                         each of them 8 times
 *     registers           64 sums, and those 16 numbers
 *
 *                    b   │  16 steps
 *                        ▼
 *                  ┌───────────┐           For each 16 steps:
 *                  └───────────┘
 *        16 steps  128 columns             1. every invocation stores the block that it has fetched, 4 × 4 numbers, into
 *      ┌──┐        ┌───────────┐              workgroup memory: the first 128 those of a, the others those of b
 *      │  │        │           │           2. it begins to fetch its next block, into registers, which memory may take
 *    a │  │ 128    │  a group  │              its time to deliver, because
 *   ──►│  │ rows   │           │           3. it multiplies: 16 times 8 × 8 products
 *      └──┘        └───────────┘
 *
 * Where 8 × 8 results are: two times four rows, half a tile apart, by two times four columns. The 32 invocations that a GPU
 * runs as one stand in a rectangle of 8 × 4, so that they load 8 vectors of a and 4 of b from places side by side:
 *
 *     lane    0  1  2  3 │  32 33 34 35 │ …
 *             4  5  6  7 │  36 37 38 39 │
 *             …          │  …           │
 *            28 29 30 31 │  60 61 62 63 │
 *
 * **Banks.** Workgroup memory is 32 banks, each of which serves one address at a time; eight vectors are a line of all
 * banks. Invocations that load from one step are at vectors side by side, in different banks. Where a matrix is stored along the
 * inner dimension, though, neighbours store blocks of different steps, which begin in the same bank. So the places within a step
 * are permuted: vector v of the steps 4 s … 4 s + 3 is at v ^ 2 s.
 *
 * Sums are formed in the order of the inner dimension, one fused multiply-add after the other.
 *
 * References: Volkov and Demmel, "Benchmarking GPUs to tune dense linear algebra" (2008); Boehm, "How to optimize a CUDA
 * matmul kernel for cuBLAS-like performance" (2022); NVIDIA CUTLASS, "Efficient GEMM in CUDA".
 *
 * @module
 */

import { readSizes } from "../../../core/webgpu/shader.ts";
import { MATMUL_SIZES, type MatmulConstants, STEPS, TILES, type TilesPlan } from "../matmul_plan.ts";
import { component, unroll } from "../unroll.ts";
import { blockWgsl, declareMatrices, operandsOf, storeWgsl } from "./blocks_wgsl.ts";

/** Invocations that stand in a rectangle of 8 × 4. */
const RECTANGLE = 32, RECTANGLE_ROWS = 8, RECTANGLE_COLUMNS = 4;

/** What a shader of tiles does besides multiplying. */
export interface TilesOptions {
  /** Whether a vector `bias` is bound between `b` and `y` and added to every row. */
  readonly biased?: boolean;
  /** Whether sums are cut: there is a size `sliceLength`, and y is (slices, batch, rows, columns). */
  readonly sliced?: boolean;
}

/**
 * Writes the shader.
 *
 * @param constants Sizes and layout.
 * @param plan The size of tiles.
 * @param options Bias, and slices of sums.
 * @returns WGSL with its own bindings.
 */
export function tilesWgsl(
  constants: MatmulConstants,
  { tile }: TilesPlan,
  { biased = false, sliced = false }: TilesOptions,
): string {
  const { laneRows, laneColumns } = TILES[tile], [a, b] = operandsOf(constants);
  const fours = tile / 4; // vectors of one step
  const lanesAcross = tile / laneColumns, rectanglesAcross = lanesAcross / RECTANGLE_COLUMNS;
  // which block of its matrix a lane fetches: neighbouring lanes fetch what is side by side in memory
  const [aStep, bStep] = [a, b].map(({ alongInner }) => alongInner ? `own % 4` : `own / ${fours}`);
  const [aFour, bFour] = [a, b].map(({ alongInner }) => alongInner ? `own / 4` : `own % ${fours}`);
  return `${declareMatrices(constants, biased)}
${blockWgsl(a, constants.inner)}
${blockWgsl(b, constants.inner)}
${storeWgsl(constants, { biased, accumulate: constants.accumulate })}
var<workgroup> tiles: array<vec4f, ${
    2 * STEPS * fours
  }>; // ${STEPS} steps of ${tile} rows of a, then of as many columns of b
fn run(group: u32, lane: u32) {
  ${readSizes(sliced ? [...MATMUL_SIZES, "sliceLength"] : MATMUL_SIZES)}
  let tilesAcross = (columns + ${tile - 1}) / ${tile};
  let groups = tilesAcross * ((rows + ${tile - 1}) / ${tile}); // of one matrix
  let matrix = group / groups;${sliced ? " // of all slices, one after the other" : ""}
  ${
    sliced
      ? `let first = matrix / batch * sliceLength;
  if (first >= inner) { return; }
  let end = min(first + sliceLength, inner);`
      : `if (matrix >= batch) { return; }
  let first = 0u;
  let end = inner;`
  }
  let row0 = group % groups / tilesAcross * ${tile};
  let column0 = group % groups % tilesAcross * ${tile};

  // the block that this lane fetches, and its place in workgroup memory
  let isOfB = lane >= ${tile};
  let own = lane % ${tile};
  let four = select(${aFour}, ${bFour}, isOfB);
  let step = select(${aStep}, ${bStep}, isOfB); // in fours
  let line = select(row0, column0, isOfB) + four * 4;
  let start = matrix${sliced ? " % batch" : ""} * select(rows * inner, inner * columns, isOfB);
  let place = select(0u, ${STEPS * fours}u, isOfB) + step * ${4 * fours} + (four ^ (step * 2));

  // the results of this lane: four rows from down * 4 on, four columns from across * 4 on, ${
    laneColumns === 8 ? "and both again" : "and rows again"
  } half a tile further
  let rectangle = lane / ${RECTANGLE};
  let down = rectangle / ${rectanglesAcross} * ${RECTANGLE_ROWS} + lane % ${RECTANGLE} / ${RECTANGLE_COLUMNS};
  let across = rectangle % ${rectanglesAcross} * ${RECTANGLE_COLUMNS} + lane % ${RECTANGLE_COLUMNS};
  ${unroll(laneRows, (i) => unroll(laneColumns / 4, (j) => `var c${i}_${j} = vec4f();`, " "), "\n  ")}

  var next = blockOf(isOfB, start, line, first + step * 4);
  for (var k = first; k < end; k += ${STEPS}) {
    workgroupBarrier(); // all lanes have read the tiles before they are overwritten
    ${unroll(4, (j) => `tiles[place + ${j * fours}] = next[${j}];`, " ")}
    workgroupBarrier(); // the tiles are complete before any lane reads them
    if (k + ${STEPS} < end) { next = blockOf(isOfB, start, line, k + ${STEPS} + step * 4); }
    for (var s = 0u; s < ${STEPS / 4}; s++) {
      let aPlace = s * ${4 * fours} + (down ^ (s * 2));
      let bPlace = ${STEPS * fours} + s * ${4 * fours} + (across ^ (s * 2));
      ${
    unroll(4, (step) => `{\n${multiplyStep(laneRows / 4, laneColumns / 4, fours, step)}\n      }`, "\n      ")
  }
    }
  }
  let yStart = matrix * (rows * columns);
  ${
    unroll(laneRows, (i) =>
      unroll(laneColumns / 4, (j) => {
        const row = `row0 + down * 4 + ${i % 4 + (i >> 2) * tile / 2}`;
        return `store(yStart, ${row}, column0 + across * 4 + ${j * tile / 2}, c${i}_${j});`;
      }, "\n  "), "\n  ")
  }
}
fn blockOf(isOfB: bool, start: u32, line: u32, k: u32) -> mat4x4f {
  if (isOfB) { return blockOfB(start, line, k); }
  return blockOfA(start, line, k);
}`;
}

/** One step of the inner dimension: every number of a that the lane has loaded times every vector of b. */
function multiplyStep(aVectors: number, bVectors: number, fours: number, step: number): string {
  const load = (name: string) => (i: number) =>
    `        let ${name}${i} = tiles[${name}Place + ${step * fours + i * fours / 2}];`;
  const multiply = (i: number) => (j: number) =>
    `        c${i}_${j} = fma(vec4f(${component(`a${i >> 2}`, i)}), b${j}, c${i}_${j});`;
  return [
    unroll(aVectors, load("a")),
    unroll(bVectors, load("b")),
    unroll(4 * aVectors, (i) => unroll(bVectors, multiply(i))),
  ].join("\n");
}
