/**
 * The product of few rows with a large matrix in WebAssembly: what generating a token with a large model consists of.
 *
 * Each number of b is used once for each row, so the product takes as long as reading b does. A tile of 32 columns that runs
 * down all of b reads a little of every row: memory is read ahead along a row only, and each row is on another page. So
 * sixteen rows of b are read side by side, from the first column of the piece to its last, before the next sixteen:
 *
 *                       columns of the piece
 *             0 … 15   ────────────────────────▶
 *     steps  16 … 31   ────────────────────────▶       sums += a[k] · b[k, …]
 *             …
 *
 * The sums of all columns are kept in memory meanwhile, where they are loaded and stored once in sixteen steps. Their terms
 * are added in the order of `tile_wasm.ts`, so the bits are those of the other passes.
 *
 * @module
 */

import type { WasmFloats } from "../../core/wasm/wasm_arrays.ts";
import { I32 } from "../../core/wasm/wasm_numbers.ts";
import type { WasmPass } from "../../core/wasm/wasm_pass.ts";
import { F32x4 } from "../../core/wasm/wasm_vectors.ts";
import { type MATMUL_CONSTANTS, MATMUL_SIZES, type MatmulConstants } from "./matmul_plan.ts";
import { BLOCK_TERMS, multiplyTile, storeTile, UNROLLED_STEPS } from "./tile_wasm.ts";

/** Columns of a tile. */
const TILE_COLUMNS = 32;

/** Columns of a piece: long enough to be read ahead, and few enough for several threads. */
const PIECE_COLUMNS = 128;

/** The fewest numbers in b: a smaller one stays in the L2 cache, where tiles that run down it are as fast. */
const LARGE = 2 ** 18;

/** The fewest columns: with fewer there are not enough pieces. */
const FEWEST_COLUMNS = 4 * PIECE_COLUMNS;

/** Whether a product of few rows is computed here: b is large and read along its rows. */
export const isStreamed = ({ columns, inner, transposeB }: MatmulConstants): boolean =>
  transposeB === 0 && columns >= FEWEST_COLUMNS && columns * inner >= LARGE;

/**
 * The pass of such products.
 *
 * @param hasFewRows Whether a product has few rows.
 * @returns The pass; it has no pieces for other products.
 */
export function streamRows(hasFewRows: (constants: MatmulConstants) => boolean): WasmPass<
  { readonly a: "f32"; readonly b: "f32"; readonly y: "f32"; readonly bias?: "f32" },
  typeof MATMUL_CONSTANTS[number]
> {
  const applies = (constants: MatmulConstants) => hasFewRows(constants) && isStreamed(constants);
  return {
    switches: ["accumulate"],
    pieces: (constants) =>
      applies(constants) ? constants.batch * Math.ceil(constants.columns / PIECE_COLUMNS) : 0,
    scratch: (constants) => applies(constants) ? 4 * (TILE_COLUMNS + 2 * constants.rows * PIECE_COLUMNS) : 0,
    body({ a, b, y, bias }, code, { accumulate }) {
      const [, rows, columns, inner] = MATMUL_SIZES.map((name) => code.i32(name)), vectors = TILE_COLUMNS / 4;
      const across = code.let(columns.plus(PIECE_COLUMNS - 1).over(PIECE_COLUMNS));
      const matrix = code.let(code.piece.over(across));
      const column0 = code.let(code.piece.modulo(across).times(PIECE_COLUMNS));
      const width = code.let(columns.minus(column0).min(PIECE_COLUMNS));
      const aStart = a.from(matrix.times(rows).times(inner));
      const bStart = b.from(matrix.times(inner).times(columns).plus(column0));
      const yStart = y.from(matrix.times(rows).times(columns).plus(column0));
      // after the tile that `storeTile` puts there: of each row, the sums of the block, and those of all blocks before it
      const blockSums = code.scratch.from(TILE_COLUMNS), totals = blockSums.from(rows.times(PIECE_COLUMNS));
      const forTiles = (body: (column: I32, row: I32, at: I32) => void) =>
        code.for(0, width, TILE_COLUMNS, (column) => {
          code.for(0, rows, 1, (row) => body(column, row, code.let(row.times(PIECE_COLUMNS).plus(column))));
        });
      const load = (array: WasmFloats, at: I32) =>
        Array.from({ length: vectors }, (_, j) => code.variable(array.load4(at, 4 * j)));
      forTiles((_column, _row, at) => {
        for (let j = 0; j < vectors; j++) totals.store4(at, F32x4.of(0), 4 * j);
      });
      code.for(0, inner, UNROLLED_STEPS, (start) => {
        const end = code.let(start.plus(UNROLLED_STEPS));
        const isFirst = code.let(start.modulo(BLOCK_TERMS).equals(0));
        const isLast = code.let(end.modulo(BLOCK_TERMS).equals(0).or(end.isLess(inner).equals(0)));
        const count = code.let(inner.minus(start).min(UNROLLED_STEPS)),
          bRow = bStart.from(start.times(columns));
        forTiles((column, row, at) => {
          const sums = load(blockSums, at);
          code.if(isFirst, () => sums.forEach((sum) => sum.set(F32x4.of(0))));
          multiplyTile(code, 1, vectors, {
            a: aStart.from(row.times(inner).plus(start)),
            b: bRow.from(column),
            bStride: columns.times(4),
            inner: count,
            unblocked: true,
            sums,
          });
          code.if(isLast, () => {
            sums.forEach((sum, j) => totals.store4(at, totals.load4(at, 4 * j).plus(sum.value), 4 * j));
          }, () => sums.forEach((sum, j) => blockSums.store4(at, sum.value, 4 * j)));
        });
      });
      forTiles((column, row, at) =>
        storeTile(code, load(totals, at), vectors, {
          y: yStart.from(row.times(columns).plus(column)),
          bias: bias?.from(column0.plus(column)),
          accumulate,
          columns,
          rowsLeft: I32.of(1),
          columnsLeft: code.let(width.minus(column)),
        })
      );
    },
  };
}
