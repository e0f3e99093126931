/**
 * The innermost loop of a product in WebAssembly: one tile of results, in registers.
 *
 * Of a panel of a and a panel of b, every step along the inner dimension takes a few numbers each, and multiplies all of the
 * one by all of the other. In a tile of 4 × 8, twelve numbers are loaded for 32 products:
 *
 *                        b[k, 0 … 3]  b[k, 4 … 7]
 *     a[0, k] four times   sum 0 0      sum 0 1        sum i j += a[i, k] · b[k, 4 j … 4 j + 3]
 *     a[1, k] four times   sum 1 0      sum 1 1
 *     a[2, k] four times   sum 2 0      sum 2 1
 *     a[3, k] four times   sum 3 0      sum 3 1
 *
 * The eight sums, two vectors of b, one of a and one product fit into the sixteen vector registers of x86. A tile of 6 × 8
 * does not fit, and is half as fast: some of its sums go to memory and back in every step. Fewer than eight sums would have
 * to wait for each other: an addition ends a few cycles after it began, and two begin in each cycle.
 *
 * The terms of a sum are added in an order that depends on its length alone: 128 of them from zero on, then the next 128,
 * and the sums of the blocks one after the other. So a result is the same, bit for bit, in whichever tile it is computed,
 * and its error grows with the length of a block and the number of blocks, not with the product of both.
 *
 * @module
 */

import { WasmFloats } from "../../core/wasm/wasm_arrays.ts";
import type { Variable, WasmCode } from "../../core/wasm/wasm_code.ts";
import type { I32 } from "../../core/wasm/wasm_numbers.ts";
import { F32x4 } from "../../core/wasm/wasm_vectors.ts";

/** Terms that are added up from zero on, before they are added to the terms before them. */
export const BLOCK_TERMS = 128;

/** Steps that are written out in the innermost loop, so that counting costs little beside them. */
export const UNROLLED_STEPS = 16;

/** Where a tile's numbers are, from the first step on, and how far it is from one step to the next. */
export interface TileOperands {
  /** In each step, one number for each row of the tile. */
  readonly a: WasmFloats;
  /** Numbers from one step of a to the next; as many as the tile has rows unless given. */
  readonly aStride?: number;
  /** In each step, four numbers for each vector of the tile. */
  readonly b: WasmFloats;
  /** Bytes from one step of b to the next, if there is something between them: then it is no panel, but b itself. */
  readonly bStride?: I32;
  /** Steps. */
  readonly inner: I32;
  /** Whether all terms are one block: 3 % faster for attention, whose sums are short or weighted by numbers that add up to 1. */
  readonly unblocked?: boolean;
  /** What the terms of one block are added to; zeros unless given. */
  readonly sums?: readonly Variable<F32x4>[];
}

/**
 * Writes the loop that computes a tile.
 *
 * @param code The function to write.
 * @param rows Rows of the tile.
 * @param vectors Vectors of four columns in each row.
 * @param operands Where its numbers are.
 * @returns The sums, row by row.
 */
export function multiplyTile(
  code: WasmCode,
  rows: number,
  vectors: number,
  { a, aStride = rows, b, bStride, inner, unblocked, sums: begun }: TileOperands,
): readonly Variable<F32x4>[] {
  const aAddress = code.variable(a.base), bAddress = code.variable(b.base);
  const aNow = new WasmFloats(code, aAddress.value), bNow = new WasmFloats(code, bAddress.value);
  const zeros = () => Array.from({ length: rows * vectors }, () => code.variable(F32x4.of(0)));
  const sums = begun ?? zeros();
  const advance = (address: Variable<I32>, by: I32 | number) => address.set(address.value.plus(by));
  /**
   * One step. The addresses move on in each, so that loads have the same few distances from them in all: V8 in Deno compares
   * each address with the end of the memory less that distance, and the fewer these are, the more of them stay in registers.
   */
  const step = () => {
    const bVectors = Array.from({ length: vectors }, (_, j) => {
      const four = bNow.load4(0, 4 * j);
      return rows > 1 ? code.let(four) : four;
    });
    for (let i = 0; i < rows; i++) {
      const aFour = code.let(aNow.splat(0, i));
      bVectors.forEach((bFour, j) => {
        const sum = sums[i * vectors + j];
        sum.set(sum.value.plus(aFour.times(bFour)));
      });
    }
    advance(aAddress, 4 * aStride);
    advance(bAddress, bStride ?? 16 * vectors);
  };
  const addTerms = (count: I32) => {
    code.for(0, count.minus(UNROLLED_STEPS - 1), UNROLLED_STEPS, () => {
      for (let unrolled = 0; unrolled < UNROLLED_STEPS; unrolled++) step();
    });
    code.for(0, count.modulo(UNROLLED_STEPS), 1, step);
  };
  if (unblocked) {
    addTerms(inner);
    return sums;
  }
  const totals = zeros();
  code.for(0, inner, BLOCK_TERMS, (start) => {
    for (const sum of sums) sum.set(F32x4.of(0));
    addTerms(code.let(inner.minus(start).min(BLOCK_TERMS)));
    totals.forEach((total, index) => total.set(total.value.plus(sums[index].value)));
  });
  return totals;
}

/** Where the results of a tile go. */
export interface TileResults {
  /** From the first of them on. */
  readonly y: WasmFloats;
  /** Added to each row, from the first column of the tile on. */
  readonly bias?: WasmFloats;
  /** 1 to add to y. */
  readonly accumulate: number;
  /** Columns of y. */
  readonly columns: I32;
  /** Rows of y from the first of the tile on: if they are fewer than it has, only those are stored. */
  readonly rowsLeft: I32;
  /** Columns of y from the first of the tile on. */
  readonly columnsLeft: I32;
}

/**
 * Writes what stores a tile, as far as it lies within y: y = sum + bias, or y += sum + bias.
 *
 * @param code The function to write.
 * @param sums The tile, row by row.
 * @param vectors Vectors of four columns in each row.
 * @param results Where they go.
 */
export function storeTile(
  code: WasmCode,
  sums: readonly Variable<F32x4>[],
  vectors: number,
  results: TileResults,
): void {
  const { y, bias, accumulate, columns, rowsLeft, columnsLeft } = results;
  const rows = sums.length / vectors, width = vectors * 4;
  const store = (row: WasmFloats, column: I32 | number, sum: F32x4) => {
    row.storeOrAdd4(accumulate, column, bias ? sum.plus(bias.load4(column)) : sum);
  };
  code.if(rowsLeft.isLess(rows).or(columnsLeft.isLess(width)), () => {
    // by way of memory, because a register cannot be chosen when the function runs
    sums.forEach((sum, index) => code.scratch.store4(4 * index, sum.value));
    code.for(0, rowsLeft.min(rows), 1, (row) => {
      const tileRow = code.scratch.from(row.times(width)), yRow = y.from(row.times(columns));
      code.forFours(0, columnsLeft.min(width), (column) => store(yRow, column, tileRow.load4(column)));
    });
  }, () => {
    for (let row = 0; row < rows; row++) {
      const yRow = y.from(columns.times(row));
      for (let vector = 0; vector < vectors; vector++) {
        store(yRow, 4 * vector, sums[row * vectors + vector].value);
      }
    }
  });
}
