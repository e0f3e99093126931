/**
 * How a matrix product is cut into tiles for the kind of processor.
 *
 * A product of 1024 × 1024 matrices uses every number 1024 times; it is fast when each is read from memory once and used
 * many times. How depends on the processor:
 *
 * - A GPU shares: 256 invocations copy a 64 × 16 piece of each matrix to workgroup memory, and each of them computes
 *   4 × 4 results from it.
 * - A CPU that runs shaders (lavapipe) has caches but no fast shared memory: every invocation computes a large tile of
 *   up to 32 × 16 results, straight from storage. Eight invocations are one vector instruction.
 * - A product with few rows (generation computes one position at a time) cannot reuse much: an invocation computes a
 *   few columns of all rows.
 *
 * @module
 */

import type { AdapterClass } from "../../core/backend.ts";

/** The constants of a product that its shader reads when it runs, see `sizes` of a kernel. */
export const MATMUL_SIZES = ["batch", "rows", "columns", "inner"] as const;

/** The names of the constants of a product. */
export const MATMUL_CONSTANTS = [...MATMUL_SIZES, "transposeA", "transposeB", "accumulate"] as const;

/**
 * The sizes and layout of a product: `batch` times (rows, inner) by (inner, columns). The flags `transposeA`, `transposeB`
 * and `accumulate` are 0 or 1; a transposed matrix is stored columns first.
 */
export type MatmulConstants = Readonly<Record<typeof MATMUL_CONSTANTS[number], number>>;

/** How a shader is cut: results for each invocation, and invocations for each group. */
export interface Plan {
  /** Whether tiles go through the memory that a group shares, or each invocation reads what it needs. */
  readonly kind: "shared" | "direct";
  /** Rows of the results that one invocation computes. */
  readonly tileRows: number;
  /** Their columns. */
  readonly tileColumns: number;
  /** Invocations in a group. */
  readonly lanes: number;
  /** Groups for one matrix of the batch. */
  readonly groups: number;
}

/**
 * Chooses tile sizes.
 *
 * @param constants Sizes and layout.
 * @param adapter The kind of processor.
 * @returns The plan.
 */
export function planMatmul(
  { rows, columns, inner, transposeA }: MatmulConstants,
  adapter: AdapterClass,
): Plan {
  if (adapter === "hardware" && rows > 8) {
    const groups = Math.ceil(rows / 64) * Math.ceil(columns / 64);
    return { kind: "shared", tileRows: 4, tileColumns: 4, lanes: 256, groups };
  }
  if (rows <= 8) {
    const tileColumns = adapter === "hardware" ? 1 : 4;
    return {
      kind: "direct",
      tileRows: rows,
      tileColumns,
      lanes: 64,
      groups: Math.ceil(Math.ceil(columns / tileColumns) / 64),
    };
  }
  // A tile that fits exactly needs no guards: guards are branches, and hundreds of them take seconds to compile. Large
  // tiles pay in large products, and are long in the direction in which memory is read.
  const large = rows * columns * inner >= 2 ** 24;
  const fits = (height: number, width: number) => rows % height === 0 && columns % width === 0;
  const sizes = large && transposeA === 1 && fits(32, 16)
    ? [32, 16]
    : large && transposeA === 0 && fits(16, 32)
    ? [16, 32]
    : fits(16, 16)
    ? [16, 16]
    : columns % 4 === 0
    ? [16, 8]
    : [16, 4];
  const lanes = 16, [tileRows, tileColumns] = sizes;
  const tiles = Math.ceil(rows / tileRows) * Math.ceil(columns / tileColumns);
  return { kind: "direct", tileRows, tileColumns, lanes, groups: Math.ceil(tiles / lanes) };
}
