/**
 * How a matrix product is cut into tiles for the kind of processor.
 *
 * A product of 1024 × 1024 matrices uses every number 1024 times; it is fast when each is read from memory once and used
 * many times. How depends on the processor:
 *
 * - A GPU shares: a group copies pieces of both matrices to its workgroup memory, and computes a square tile of results
 *   from them (`hardware/tiles_wgsl.ts`). The larger the tile, the more often each number is used; the smaller, the more
 *   groups there are, and a large GPU computes a hundred of them at once. So the largest tile is chosen that still makes
 *   enough groups. Where few results have long sums, such as gradients of weights, the sums are cut, too
 *   (`hardware/split.ts`).
 * - A CPU that runs shaders (lavapipe) has caches but no fast shared memory: every invocation computes a large tile of
 *   up to 32 × 16 results, straight from storage. Eight invocations are one vector instruction.
 * - A product with few rows (generation computes one position at a time) cannot reuse much. On a GPU its sums are shared
 *   out among the invocations of a group (`hardware/rows_wgsl.ts`); on a CPU an invocation computes four columns of all
 *   rows.
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

/** For hardware: a group computes a square tile through the memory that it shares. */
export interface TilesPlan {
  /** Distinguishes the plans. */
  readonly kind: "tiles";
  /** Rows and columns of the results that a group computes. */
  readonly tile: TileSize;
  /** Invocations in a group. */
  readonly lanes: number;
  /** Groups for one matrix of the batch, where sums are not cut. */
  readonly groups: number;
  /** Terms of a sum that a group adds up: all of them, or fewer where it pays to cut the sums, a multiple of {@linkcode STEPS}. */
  readonly sliceLength: number;
}

/** For hardware and few rows: the invocations of a group share out the terms of each sum. */
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

/** Products of at most so many rows have a shader of their own. */
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
  /** Groups that keep a large GPU busy: about one on each multiprocessor; of large ones twice as many, as the last run alone. */
  readonly busyGroups: number;
  /** The fewest terms in a slice of a sum. A slice is written and read once more, which takes longer where tiles are fast. */
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

/** A sum is cut into at most so many slices, because their memory grows with them. */
const MAX_SLICES = 16;

/** Columns that a group computes for few rows: so many floats are a cache line. */
export const ROWS_COLUMNS = 32;

/** The largest tile of which there are enough groups, where sums may be cut to make more of them. */
function planTiles({ batch, rows, columns, inner }: MatmulConstants): TilesPlan {
  const groups = (tile: TileSize) => Math.ceil(rows / tile) * Math.ceil(columns / tile);
  const wanted = (tile: TileSize) => Math.ceil(TILES[tile].busyGroups / (batch * groups(tile)));
  const most = (tile: TileSize) =>
    Math.min(Math.max(1, Math.floor(inner / TILES[tile].minSliceLength)), MAX_SLICES);
  const tile = ([128, 64] as const).find((tile) => wanted(tile) <= most(tile)) ?? 32;
  const slices = Math.min(wanted(tile), most(tile));
  const sliceLength = slices === 1 ? inner : Math.ceil(inner / slices / STEPS) * STEPS;
  return { kind: "tiles", tile, lanes: TILES[tile].lanes, groups: groups(tile), sliceLength };
}

/** Few rows: as many invocations share a sum as have at least eight terms each. */
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
 * Chooses tile sizes.
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
function planDirect({ rows, columns, inner, transposeA }: MatmulConstants): DirectPlan {
  if (rows <= FEW_ROWS) {
    const groups = Math.ceil(Math.ceil(columns / 4) / 64);
    return { kind: "direct", tileRows: rows, tileColumns: 4, lanes: 64, groups };
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
