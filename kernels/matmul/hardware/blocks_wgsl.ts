/**
 * How the shaders of matrix products for GPUs read their operands and write their results: four numbers at a time.
 *
 * A matrix is read in blocks: four rows of a, or four columns of b, by four steps along the inner dimension. A block does not
 * depend on how the matrix is stored; what differs is which of its numbers are contiguous in memory and can be read as one
 * vector:
 *
 *     a (rows, inner)              a (inner, rows), transposed
 *
 *              step 0 1 2 3               row 0 1 2 3
 *     row 0     [  ───────►  ]    step 0  [  ───────►  ]        Vector j of a block has step k + j of all four rows.
 *     row 1     [  ───────►  ]    step 1  [  ───────►  ]        On the right that is how the vectors are read; on
 *     row 2     [  ───────►  ]    step 2  [  ───────►  ]        the left the block is transposed, in registers.
 *     row 3     [  ───────►  ]    step 3  [  ───────►  ]
 *
 * Vectors can only be read where every contiguous line of the matrix begins at a multiple of four; otherwise the numbers are
 * read one by one. Reading past the last row or column is harmless: WebGPU confines it to the buffer, and the results are
 * never stored. Numbers past the end of the inner dimension would be added to sums, so zeros replace them.
 *
 * @module
 */

import type { DataType } from "../../../core/backend.ts";
import { declareBindings, readSizes, storeOrAdd } from "../../../core/webgpu/shader.ts";
import { elementWgsl } from "../half.ts";
import { MATMUL_SIZES, type MatmulConstants, STEPS } from "../matmul_plan.ts";
import { unroll } from "../unroll.ts";

/** Which of four steps from k on are within the inner dimension. */
export const WITHIN = "k + vec4u(0, 1, 2, 3) < vec4u(inner)";

/** How one of the two matrices is stored. */
export interface Operand {
  /** Its name in the shader. */
  readonly name: "a" | "b";
  /** Its other dimension, besides the inner one. */
  readonly lines: "rows" | "columns";
  /** Whether numbers side by side in memory are steps along the inner dimension. */
  readonly alongInner: boolean;
  /** Whether it can be read four numbers at a time. */
  readonly vectors: boolean;
  /** What it holds: f32 or f16. */
  readonly type: DataType;
}

/**
 * How the matrices of a product are stored.
 *
 * @param constants Sizes and layout.
 * @param type What they hold; f32 unless given.
 * @returns Both operands.
 */
export function operandsOf(
  { rows, columns, inner, transposeA, transposeB }: MatmulConstants,
  type: DataType = "f32",
): readonly [a: Operand, b: Operand] {
  const operand = (
    name: "a" | "b",
    lines: "rows" | "columns",
    count: number,
    alongInner: boolean,
  ): Operand => {
    return { name, lines, alongInner, vectors: (alongInner ? inner : count) % 4 === 0, type };
  };
  return [operand("a", "rows", rows, transposeA === 0), operand("b", "columns", columns, transposeB === 1)];
}

/** What a shader does with its results. */
export interface Outputs {
  /** Whether a vector `bias` is bound between `b` and `y` and added to every row. */
  readonly biased: boolean;
  /** 1 to add to `y`. */
  readonly accumulate: number;
}

/**
 * The type of a block.
 *
 * @param type What its matrix holds.
 * @returns WGSL.
 */
export const matrixWgsl = (type: DataType): string => type === "f16" ? "mat4x4h" : "mat4x4f";

/**
 * Declares the matrices, and the bias if there is one.
 *
 * @param operands How a and b are stored.
 * @param columns The columns of y.
 * @param biased Whether there is a bias.
 * @returns WGSL.
 */
export function declareMatrices(operands: readonly Operand[], columns: number, biased: boolean): string {
  const elements = new Map<string, string>(
    operands.map(({ name, type, vectors }) => [name, elementWgsl(type, vectors ? 4 : 1)]),
  );
  const reads = biased ? ["a", "b", "bias"] : ["a", "b"];
  return declareBindings(
    reads,
    ["y"],
    (name) => elements.get(name) ?? elementWgsl("f32", columns % 4 === 0 ? 4 : 1),
  );
}

/**
 * Writes the functions that read a block of a matrix. `fetchA` (or `fetchB`) reads its four vectors as they are in memory,
 * for four rows (columns) from `line` on and four steps from `k` on; `start` is where the matrix begins in the batch.
 * `stepsOfA` (or `stepsOfB`) turns them into the block, whose vector j has step k + j. Both are of halves where the matrix is.
 *
 * There are two functions because memory has a long latency: an invocation waits where it first uses what it has read, so
 * between the two calls it can multiply.
 *
 * @param operand How the matrix is stored.
 * @param inner The inner dimension.
 * @returns WGSL.
 */
export function blockWgsl({ name, lines, alongInner, vectors, type }: Operand, inner: number): string {
  const letter = name.toUpperCase(), vectorType = elementWgsl(type, 4), matrixType = matrixWgsl(type);
  const four = (at: string): string =>
    vectors ? `${name}[(${at}) / 4]` : `${vectorType}(${unroll(4, (i) => `${name}[${at} + ${i}]`, ", ")})`;
  const vector = (i: number): string =>
    four(alongInner ? `start + (line + ${i}) * inner + k` : `start + (k + ${i}) * ${lines} + line`);
  const within = (i: number): string => {
    if (inner % STEPS === 0) return `read[${i}]`;
    return `select(${vectorType}(), read[${i}], ${alongInner ? WITHIN : `k + ${i} < inner`})`;
  };
  const block = `${matrixType}(${unroll(4, within, ", ")})`;
  return `
fn fetch${letter}(start: u32, line: u32, k: u32) -> ${matrixType} {
  ${readSizes(MATMUL_SIZES)}
  return ${matrixType}(${unroll(4, vector, ", ")});
}
fn stepsOf${letter}(read: ${matrixType}, k: u32) -> ${matrixType} {
  ${readSizes(MATMUL_SIZES)}
  return ${alongInner ? `transpose(${block})` : block};
}`;
}

/**
 * Writes the function `store`, which stores four neighbouring results of a row, leaving out those outside the matrix; `start`
 * is where the matrix begins in the batch.
 *
 * @param constants Sizes.
 * @param outputs Whether a bias is added to the results, and whether they are added to what y holds.
 * @returns WGSL.
 */
export function storeWgsl({ columns }: MatmulConstants, { biased, accumulate }: Outputs): string {
  const write = storeOrAdd(accumulate);
  const number = (i: number): string =>
    `if (column + ${i} < columns) { y[at + ${i}] ${write} value[${i}]${
      biased ? ` + bias[column + ${i}]` : ""
    }; }`;
  return `
fn store(start: u32, row: u32, column: u32, value: vec4f) {
  ${readSizes(MATMUL_SIZES)}
  if (row >= rows || column >= columns) { return; }
  let at = start + row * columns + column;
  ${
    columns % 4 === 0
      ? `y[at / 4] ${write} value${biased ? " + bias[column / 4]" : ""};`
      : unroll(4, number, "\n  ")
  }
}`;
}
