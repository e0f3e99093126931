/**
 * The shader of a matrix product on a GPU, in tiles staged in workgroup memory.
 *
 * A multiplication needs two numbers, and in the time in which memory delivers one, a GPU multiplies tens of times. So each
 * number that is loaded is used many times, at three levels (figures are those of the largest tile):
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
 *        16 steps  128 columns             1. every invocation stores the block that it has fetched, 4 × 4 numbers, in
 *      ┌──┐        ┌───────────┐              workgroup memory: the first 128 store those of a, the others those of b
 *      │  │        │           │           2. it starts to fetch its next block into registers, where it is not needed
 *    a │  │ 128    │  a group  │              before the next round: the latency of memory is hidden while
 *   ──►│  │ rows   │           │           3. it multiplies: 16 times 8 × 8 products
 *      └──┘        └───────────┘
 *
 * The 8 × 8 results of an invocation are two times four rows, half a tile apart, by two times four columns, so that it loads
 * whole vectors. The 32 invocations that a GPU runs in lockstep (a warp) form a rectangle of 8 × 4: together they load 8
 * neighbouring vectors of a and 4 of b.
 *
 *     lane    0  1  2  3 │  32 33 34 35 │ …
 *             4  5  6  7 │  36 37 38 39 │
 *             …          │  …           │
 *            28 29 30 31 │  60 61 62 63 │
 *
 * **Bank conflicts.** Workgroup memory has 32 banks of 4 bytes, each of which serves one address at a time; eight neighbouring
 * vectors occupy all of them. Loads are of one step, so they do not conflict. Where a matrix is stored along the inner
 * dimension, though, neighbouring lanes store blocks of different steps, each of which begins in the same bank, one after the
 * other. So the vectors of a step are permuted ("swizzled"): vector v of the steps 4 q … 4 q + 3 is at v ^ 2 q (exclusive or).
 *
 * **Halves.** Operands of half precision are fetched as halves, two in a register, and multiplied in f32. Tiles of 32 and 64 hold
 * halves, too: 32 steps at a time in the same memory, so that each invocation fetches two blocks, 16 steps apart, and waits half
 * as often. The sums are the same to the last bit.
 *
 * Sums are formed in the order of the inner dimension, one fused multiply-add after the other.
 *
 * References: Volkov and Demmel, "Benchmarking GPUs to tune dense linear algebra" (2008); Boehm, "How to optimize a CUDA
 * matmul kernel for cuBLAS-like performance" (2022); NVIDIA CUTLASS, "Efficient GEMM in CUDA".
 *
 * @module
 */

import type { DataType } from "../../../core/backend.ts";
import { readSizes } from "../../../core/webgpu/shader.ts";
import { elementWgsl, loadWgsl } from "../half.ts";
import {
  MATMUL_SIZES,
  type MatmulConstants,
  STEPS,
  TILES,
  type TileSize,
  type TilesPlan,
} from "../matmul_plan.ts";
import { component, unroll } from "../unroll.ts";
import {
  blockWgsl,
  declareMatrices,
  matrixWgsl,
  type Operand,
  operandsOf,
  storeWgsl,
} from "./blocks_wgsl.ts";

/** The rectangle of the invocations that a GPU runs in lockstep. */
const RECTANGLE_ROWS = 8, RECTANGLE_COLUMNS = 4, RECTANGLE = RECTANGLE_ROWS * RECTANGLE_COLUMNS;

/** What a shader of tiles does besides multiplying. */
export interface TilesOptions {
  /** Whether a vector `bias` is bound between `b` and `y` and added to every row. */
  readonly biased?: boolean;
  /** Whether sums are split: there is a size `sliceLength`, and y is (slices, batch, rows, columns). */
  readonly sliced?: boolean;
  /** What a and b hold: f32 unless given, or f16. */
  readonly type?: DataType;
}

/**
 * Writes the shader.
 *
 * @param constants Sizes and layout.
 * @param plan The size of the tiles.
 * @param options Whether there is a bias, whether sums are split, and what the matrices hold.
 * @returns WGSL with its own bindings.
 */
export function tilesWgsl(
  constants: MatmulConstants,
  { tile }: TilesPlan,
  { biased = false, sliced = false, type = "f32" }: TilesOptions,
): string {
  const { columns, inner, accumulate } = constants, [a, b] = operandsOf(constants, type);
  const { laneRows, laneColumns } = TILES[tile], aVectors = laneRows / 4, bVectors = laneColumns / 4;
  const staged = stagedType(tile, type);
  const blocks = staged === "f16" ? 2 : 1, steps = STEPS * blocks; // of a lane, and in workgroup memory, at a time
  const store = (letter: "A" | "B"): string =>
    unroll(blocks, (i) => storeBlock(letter, i, type !== staged), "\n      ");
  const fetch = (letter: "A" | "B"): string =>
    unroll(blocks, (i) => `next${i} = fetch${letter}(start, line, k + ${i * STEPS});`, " ");
  const fetchNext = `if (isOfB) { ${fetch("B")} } else { ${fetch("A")} }`;
  // a slice may end between two blocks
  const quads = blocks === 1 ? STEPS / 4 : `min(${steps / 4}, (end - k0 + 3) / 4)`;
  return `${declareMatrices([a, b], columns, biased)}
${blockWgsl(a, inner)}
${blockWgsl(b, inner)}
${storeWgsl(constants, { biased, accumulate })}
// tiles[0] has vectors of four rows of a, tiles[1] of four columns of b: [q][j] those of step 4 q + j
var<workgroup> tiles: array<array<array<array<${elementWgsl(staged, 4)}, ${tile / 4}>, 4>, ${steps / 4}>, 2>;
fn run(group: u32, lane: u32) {
  ${readSizes(sliced ? [...MATMUL_SIZES, "sliceLength"] : MATMUL_SIZES)}
  ${tileOfGroup(tile, sliced)}
  ${blockOfLane(tile, a, b, sliced)}
  ${resultsOfLane(tile / laneColumns)}
  ${unroll(laneRows, (i) => unroll(bVectors, (j) => `var c${i}_${j} = vec4f();`, " "), "\n  ")}
  var k = first + 4 * quad; // the first step of this lane's block
  ${unroll(blocks, (i) => `var next${i}: ${matrixWgsl(type)};`, " ")}
  ${fetchNext}
  for (var k0 = first; k0 < end; k0 += ${steps}) {
    workgroupBarrier(); // all lanes have read the tiles before they are overwritten
    if (isOfB) {
      ${store("B")}
    } else {
      ${store("A")}
    }
    workgroupBarrier(); // the tiles are complete before any lane reads them
    k += ${steps};
    if (k0 + ${steps} < end) { ${fetchNext} }
    for (var q = 0u; q < ${quads}; q++) {
      let swizzle = 2 * ${blocks === 1 ? "q" : "(q % 4)"};
      let aVector = down ^ swizzle;
      let bVector = across ^ swizzle;
      ${unroll(4, (j) => `{\n${multiplyStep(j, tile, aVectors, bVectors, staged)}\n}`)}
    }
  }
  let yStart = matrix * (rows * columns);
  ${
    unroll(laneRows, (i) =>
      unroll(bVectors, (j) => {
        const row = `row0 + 4 * down + ${i % 4 + (i >> 2) * tile / 2}`;
        return `store(yStart, ${row}, column0 + 4 * across + ${j * tile / 2}, c${i}_${j});`;
      }, "\n  "), "\n  ")
  }
}`;
}

/**
 * What workgroup memory holds of operands of a type. An invocation widens each half that it loads from there: 8 for 16
 * multiply-adds where tiles are smallest, 16 for 64 where they are largest. Many GPUs widen within the multiply-add (RDNA 2
 * does); others need an instruction. What it saves is a part of the loads from workgroup memory, of which large tiles have
 * fewest: they widen when a block is stored, once for the whole group.
 */
const stagedType = (tile: TileSize, type: DataType): DataType => tile === 128 ? "f32" : type;

/** Which tile of which matrix a group computes, and over which steps. All matrices of a slice come before those of the next slice. */
function tileOfGroup(tile: TileSize, sliced: boolean): string {
  const steps = sliced
    ? `let first = matrix / batch * sliceLength;
  if (first >= inner) { return; }
  let end = min(first + sliceLength, inner);`
    : `if (matrix >= batch) { return; }
  let first = 0u;
  let end = inner;`;
  return `let tilesAcross = (columns + ${tile - 1}) / ${tile};
  let groups = tilesAcross * ((rows + ${tile - 1}) / ${tile}); // of one matrix
  let matrix = group / groups;
  ${steps}
  let row0 = group % groups / tilesAcross * ${tile};
  let column0 = group % groups % tilesAcross * ${tile};`;
}

/** Which block a lane fetches (neighbouring lanes fetch contiguous memory), and its index in workgroup memory. */
function blockOfLane(tile: TileSize, a: Operand, b: Operand, sliced: boolean): string {
  const fours = tile / 4; // vectors of a step
  const four = ({ alongInner }: Operand): string => alongInner ? `own / 4` : `own % ${fours}`;
  const quad = ({ alongInner }: Operand): string => alongInner ? `own % 4` : `own / ${fours}`;
  return `let isOfB = lane >= ${tile};
  let own = lane % ${tile};
  let four = select(${four(a)}, ${four(b)}, isOfB);
  let quad = select(${quad(a)}, ${quad(b)}, isOfB); // of four steps
  let start = matrix${sliced ? " % batch" : ""} * select(rows * inner, inner * columns, isOfB);
  let line = select(row0, column0, isOfB) + 4 * four;
  let vector = four ^ (2 * quad);`;
}

/** Stores the vectors of a block in the tile of a or of b; the second block of a lane is {@linkcode STEPS} steps further. */
function storeBlock(letter: "A" | "B", block: number, widened: boolean): string {
  const quad = block === 0 ? "quad" : `quad + ${block * STEPS / 4}`;
  const value = (j: number) => loadWgsl(widened ? "f16" : "f32", 4, `block${block}[${j}]`);
  const vector = (j: number) => `tiles[${letter === "A" ? 0 : 1}][${quad}][${j}][vector] = ${value(j)};`;
  return `let block${block} = stepsOf${letter}(next${block}, k + ${block * STEPS});
      ${unroll(4, vector, "\n      ")}`;
}

/** Where a lane's results are: rows from 4 · down on and columns from 4 · across on, and again half a tile further. */
function resultsOfLane(lanesAcross: number): string {
  const rectanglesAcross = lanesAcross / RECTANGLE_COLUMNS;
  return `let rectangle = lane / ${RECTANGLE};
  let inside = lane % ${RECTANGLE};
  let down = rectangle / ${rectanglesAcross} * ${RECTANGLE_ROWS} + inside / ${RECTANGLE_COLUMNS};
  let across = rectangle % ${rectanglesAcross} * ${RECTANGLE_COLUMNS} + inside % ${RECTANGLE_COLUMNS};`;
}

/** Step 4 q + j: every number of a that a lane loads times every vector of b. */
function multiplyStep(
  j: number,
  tile: TileSize,
  aVectors: number,
  bVectors: number,
  staged: DataType,
): string {
  const half = tile / 8; // in vectors
  return [
    unroll(
      aVectors,
      (i) => `let a${i} = ${loadWgsl(staged, 4, `tiles[0][q][${j}][aVector + ${i * half}]`)};`,
    ),
    unroll(
      bVectors,
      (i) => `let b${i} = ${loadWgsl(staged, 4, `tiles[1][q][${j}][bVector + ${i * half}]`)};`,
    ),
    unroll(4 * aVectors, (row) => {
      const number = component(`a${row >> 2}`, row);
      return unroll(bVectors, (i) => `c${row}_${i} = fma(vec4f(${number}), b${i}, c${row}_${i});`);
    }),
  ].join("\n");
}
