/**
 * How a matrix product is cut into tiles for the kind of processor.
 *
 * A product of 1024 × 1024 matrices uses every number 1024 times; it is fast when each is read from memory once and used
 * many times. How depends on the processor:
 *
 * - A GPU shares: a group copies pieces of both matrices to its workgroup memory, and computes a square tile of results
 *   from them (`hardware/tiles_wgsl.ts`). The larger the tile, the more often each number is used; the smaller, the more
 *   groups there are, and a large GPU computes a hundred of them at once. So the largest tile is chosen that still makes
 *   enough groups. Where there are few results with long sums, as in gradients of weights, the sums are split, too
 *   (`hardware/split.ts`).
 * - A CPU that runs shaders (lavapipe) has caches but no fast shared memory: every invocation computes a large tile of
 *   up to 32 × 16 results, straight from storage. Eight invocations are one vector instruction.
 * - A product with few rows (generation computes one position at a time) cannot reuse much. On a GPU the invocations of a
 *   group divide the terms of each sum among themselves (`hardware/rows_wgsl.ts`); on a CPU an invocation computes
 *   sixteen columns of all rows.
 *
 * Everything follows from the shape and the class of the adapter, nothing from timing: the order of a sum decides its last
 * bits.
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

/** For software: every invocation reads what it needs, straight from storage. */
export interface DirectPlan {
  /** Distinguishes the plans. */
  readonly kind: "direct";
  /** Rows of the results that one invocation computes. */
  readonly tileRows: number;
  /** Their columns. */
  readonly tileColumns: number;
  /** Invocations in a group. */
  readonly lanes: number;
  /** Groups for one matrix of the batch. */
  readonly groups: number;
}

/** For hardware: a group computes a square tile through its workgroup memory. */
export interface TilesPlan {
  /** Distinguishes the plans. */
  readonly kind: "tiles";
  /** Rows and columns of the results that a group computes. */
  readonly tile: TileSize;
  /** Invocations in a group. */
  readonly lanes: number;
  /** Groups for one matrix of the batch and one slice of the sums. */
  readonly groups: number;
  /** Terms of a sum that one group adds: all of them, or, where sums are split, a multiple of {@linkcode STEPS}. */
  readonly sliceLength: number;
}

/** For hardware and few rows: the invocations of a group divide the terms of each sum. */
export interface RowsPlan {
  /** Distinguishes the plans. */
  readonly kind: "rows";
  /** Invocations that share a sum. */
  readonly slices: number;
  /** Invocations in a group. */
  readonly lanes: number;
  /** Groups for one matrix of the batch. */
  readonly groups: number;
}

/** How a shader is cut into groups and invocations. */
export type Plan = DirectPlan | TilesPlan | RowsPlan;

/** Products of at most this many rows have a shader of their own. */
const FEW_ROWS = 8;

/** Rows and columns of a tile. */
export type TileSize = 32 | 64 | 128;

/** What a tile size means for the groups. */
interface Tile {
  /** Invocations in a group: each fetches one of the blocks of 4 × 4 that are in workgroup memory at a time. */
  readonly lanes: number;
  /** Rows of the results of an invocation. */
  readonly laneRows: number;
  /** Their columns. */
  readonly laneColumns: number;
  /** Groups that keep a large GPU busy: about one for each multiprocessor, or two of the largest tiles (`bench/LOG.md`). */
  readonly busyGroups: number;
  /** The fewest terms in a slice of a sum. Writing and reading the slices costs relatively more where tiles are fast. */
  readonly minSliceLength: number;
}

/** The tile sizes. */
export const TILES: Readonly<Record<TileSize, Tile>> = {
  128: { lanes: 256, laneRows: 8, laneColumns: 8, busyGroups: 256, minSliceLength: 1024 },
  64: { lanes: 128, laneRows: 8, laneColumns: 4, busyGroups: 128, minSliceLength: 256 },
  32: { lanes: 64, laneRows: 4, laneColumns: 4, busyGroups: 128, minSliceLength: 256 },
};

/** Steps along the inner dimension that are in workgroup memory at a time. */
export const STEPS = 16;

/** The most slices of a sum: each needs memory for all results. */
const MAX_SLICES = 16;

/** Columns that a group computes for few rows: 32 floats fill a cache line of 128 bytes. */
export const ROWS_COLUMNS = 32;

/** Chooses the largest tile with enough groups; splitting the sums makes more of them. */
function planTiles({ batch, rows, columns, inner }: MatmulConstants): TilesPlan {
  const groups = (tile: TileSize) => Math.ceil(rows / tile) * Math.ceil(columns / tile);
  const wantedSlices = (tile: TileSize) => Math.ceil(TILES[tile].busyGroups / (batch * groups(tile)));
  const maxSlices = (tile: TileSize) =>
    Math.min(Math.max(1, Math.floor(inner / TILES[tile].minSliceLength)), MAX_SLICES);
  const tile = ([128, 64] as const).find((tile) => wantedSlices(tile) <= maxSlices(tile)) ?? 32;
  const slices = Math.min(wantedSlices(tile), maxSlices(tile));
  const sliceLength = slices === 1 ? inner : Math.ceil(inner / slices / STEPS) * STEPS;
  return { kind: "tiles", tile, lanes: TILES[tile].lanes, groups: groups(tile), sliceLength };
}

/** Few rows: 32 invocations share a sum if each has at least eight terms, else 4. */
function planRows({ columns, inner }: MatmulConstants): RowsPlan {
  const slices = inner >= 256 ? 32 : 4;
  return {
    kind: "rows",
    slices,
    lanes: ROWS_COLUMNS / 4 * slices,
    groups: Math.ceil(columns / ROWS_COLUMNS),
  };
}

/**
 * Chooses how a product is cut into groups and invocations.
 *
 * @param constants Sizes and layout.
 * @param adapter The kind of processor.
 * @returns The plan.
 */
export function planMatmul(constants: MatmulConstants, adapter: AdapterClass): Plan {
  if (adapter === "software") return planDirect(constants);
  return constants.rows <= FEW_ROWS ? planRows(constants) : planTiles(constants);
}

/** Tiles in the registers of a CPU. */
function planDirect({ rows, columns, inner, transposeA, transposeB }: MatmulConstants): DirectPlan {
  if (rows <= FEW_ROWS) {
    // Eight invocations, one vector instruction, walk down b together. Each row of b is on another page of memory, so they
    // read as much of it at a time as fits in registers.
    const tileColumns = transposeB === 0 && columns % 16 === 0 ? 16 : 4, lanes = 8;
    const groups = Math.ceil(Math.ceil(columns / tileColumns) / lanes);
    return { kind: "direct", tileRows: rows, tileColumns, lanes, groups };
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
