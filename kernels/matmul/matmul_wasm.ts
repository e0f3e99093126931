/**
 * The matrix product in WebAssembly.
 *
 * The plan is that of `matmul_cpu.ts`, with vectors of four: both matrices are copied into panels (`panels_wasm.ts`), and of
 * a panel of four rows and one of eight columns the innermost loop (`tile_wasm.ts`) computes 4 × 8 results.
 *
 *                      panels of b, 8 columns each
 *                       0       1       2      …
 *                   ┌───────┬───────┬───────┬──
 *     panels      0 │ tile  │ tile  │ tile  │
 *     of a,       1 │ tile  │ tile  │ tile  │        y
 *     4 rows each 2 │ tile  │ tile  │ tile  │
 *                 …
 *
 * A piece of the work is 16 × 8 tiles, 64 × 64 results. It takes one panel of b after the other: each stays in the first
 * cache while it meets the sixteen panels of a, which stay in the second. Copying is a pass of its own, in pieces of 64 rows
 * or columns, because each panel is read in many pieces.
 *
 * With few rows, as when a text is generated position by position, copying b would take longer than multiplying it: each
 * of its numbers is used only a few times. So a tile is one row of 32 results there, and b is read where it is, or, where it
 * is transposed, 32 of its columns are copied just before they are used. Where fewer than 32 columns are left, a tile reads
 * what stands behind them, and does not store what comes of it. A large b is read row by row instead (`stream_wasm.ts`).
 *
 * All of these add up in the same order, see `tile_wasm.ts`: a row of y has the same bits, computed alone or among a thousand.
 *
 * Reference: Goto and van de Geijn, "Anatomy of high-performance matrix multiplication", ACM TOMS 34 (2008).
 *
 * @module
 */

import type { WasmFloats } from "../../core/wasm/wasm_arrays.ts";
import type { WasmCode } from "../../core/wasm/wasm_code.ts";
import type { WasmPass } from "../../core/wasm/wasm_pass.ts";
import { I32 } from "../../core/wasm/wasm_numbers.ts";
import { type MATMUL_CONSTANTS, MATMUL_SIZES, type MatmulConstants } from "./matmul_plan.ts";
import { COPIED_TOGETHER, copyIntoPanels, type PanelSource } from "./panels_wasm.ts";
import { isStreamed, streamRows } from "./stream_wasm.ts";
import { multiplyTile, storeTile } from "./tile_wasm.ts";

/** Rows and columns of a tile. */
const TILE_ROWS = 4, TILE_COLUMNS = 8;

/** Rows of results in a piece of the work, and columns. */
const PIECE_SIZE = 64;

/** Up to so many rows are few. */
const FEW_ROWS = 8;

/** Columns of a tile, and the least in a piece, where there are few rows. */
const WIDE_COLUMNS = 32;

/** Products in a piece where there are few rows, at least: taking it then costs little beside it. */
const PRODUCTS_PER_PIECE = 2 ** 16;

/** A pass of a product, with a bias or without. */
type Pass = WasmPass<
  { readonly a: "f32"; readonly b: "f32"; readonly y: "f32"; readonly bias?: "f32" },
  typeof MATMUL_CONSTANTS[number]
>;

const hasFewRows = ({ rows, transposeA }: MatmulConstants): boolean => rows <= FEW_ROWS && !transposeA;

const piecesAlong = (length: number): number => Math.ceil(length / PIECE_SIZE);

/** A quotient, rounded up. */
const ceilOver = (size: I32, divisor: I32 | number): I32 => size.plus(divisor).minus(1).over(divisor);

/** Elements of the panels of a matrix: `length` rows or columns, of `inner` numbers each. */
const panelElements = (length: number, inner: number): number =>
  Math.ceil(length / COPIED_TOGETHER) * COPIED_TOGETHER * Math.ceil(inner / 4) * 4;

/** The sizes of a product, and where the panels are: those of all matrices of a, then those of b. */
function layOut(code: WasmCode) {
  const [batch, rows, columns, inner] = MATMUL_SIZES.map((name) => code.i32(name));
  const panelInner = code.let(ceilOver(inner, 4).times(4)), shared = code.shared();
  const elements = (length: I32) =>
    code.let(ceilOver(length, COPIED_TOGETHER).times(COPIED_TOGETHER).times(panelInner));
  const aElements = elements(rows), bElements = elements(columns);
  const aPanels = (matrix: I32) => shared.from(aElements.times(matrix));
  const bPanels = (matrix: I32) => shared.from(aElements.times(batch).plus(bElements.times(matrix)));
  return { batch, rows, columns, inner, panelInner, aPanels, bPanels };
}

/** Copies a and b into panels. */
const copyBoth: Pass = {
  switches: ["transposeA", "transposeB"],
  pieces: (constants) =>
    hasFewRows(constants)
      ? 0
      : constants.batch * (piecesAlong(constants.rows) + piecesAlong(constants.columns)),
  shared: (constants) => {
    const { batch, rows, columns, inner } = constants;
    return hasFewRows(constants)
      ? 0
      : 4 * batch * (panelElements(rows, inner) + panelElements(columns, inner));
  },
  body({ a, b }, code, { transposeA, transposeB }) {
    const { batch, rows, columns, inner, panelInner, aPanels, bPanels } = layOut(code);
    const copy = (piece: I32, source: PanelSource, width: number, panelsOf: (matrix: I32) => WasmFloats) => {
      const { length } = source, across = code.let(ceilOver(length, PIECE_SIZE));
      const number = code.let(piece.over(across)), start = code.let(piece.modulo(across).times(PIECE_SIZE));
      const matrix = source.matrix.from(number.times(length).times(inner)), panels = panelsOf(number);
      code.for(start, start.plus(PIECE_SIZE).min(length), COPIED_TOGETHER, (first) => {
        const to = panels.from(first.times(panelInner));
        copyIntoPanels(code, { ...source, matrix }, first, width, to, panelInner);
      });
    };
    const aPieces = code.let(batch.times(ceilOver(rows, PIECE_SIZE)));
    code.if(code.piece.isLess(aPieces), () => {
      const source = { matrix: a, length: rows, inner, isInnerFirst: transposeA === 0 };
      copy(code.piece, source, TILE_ROWS, aPanels);
    }, () => {
      const source = { matrix: b, length: columns, inner, isInnerFirst: transposeB === 1 };
      copy(code.let(code.piece.minus(aPieces)), source, TILE_COLUMNS, bPanels);
    });
  },
};

/** Multiplies panels: 64 × 64 results a piece. */
const multiplyPanels: Pass = {
  switches: ["accumulate"],
  pieces: (constants) =>
    hasFewRows(constants)
      ? 0
      : constants.batch * piecesAlong(constants.rows) * piecesAlong(constants.columns),
  scratch: () => 4 * TILE_ROWS * TILE_COLUMNS,
  body({ y, bias }, code, { accumulate }) {
    const { rows, columns, inner, panelInner, aPanels, bPanels } = layOut(code), vectors = TILE_COLUMNS / 4;
    const across = code.let(ceilOver(columns, PIECE_SIZE)), down = code.let(ceilOver(rows, PIECE_SIZE));
    const row0 = code.let(code.piece.over(across).modulo(down).times(PIECE_SIZE));
    const column0 = code.let(code.piece.modulo(across).times(PIECE_SIZE));
    const matrix = code.let(code.piece.over(down.times(across)));
    const aStart = aPanels(matrix),
      bStart = bPanels(matrix),
      yStart = y.from(matrix.times(rows).times(columns));
    code.for(column0, column0.plus(PIECE_SIZE).min(columns), TILE_COLUMNS, (column) => {
      const b = bStart.from(column.times(panelInner));
      code.for(row0, row0.plus(PIECE_SIZE).min(rows), TILE_ROWS, (row) => {
        const a = aStart.from(row.times(panelInner));
        storeTile(code, multiplyTile(code, TILE_ROWS, vectors, { a, b, inner }), vectors, {
          y: yStart.from(row.times(columns).plus(column)),
          bias: bias?.from(column),
          accumulate,
          columns,
          rowsLeft: code.let(rows.minus(row)),
          columnsLeft: code.let(columns.minus(column)),
        });
      });
    });
  },
};

/** Multiplies few rows by b: 32 columns, or several times as many, a piece. */
const multiplyFewRows: Pass = {
  switches: ["transposeB", "accumulate"],
  pieces(constants) {
    if (!hasFewRows(constants) || isStreamed(constants)) return 0;
    const { batch, rows, columns, inner } = constants;
    const columnsOfPiece = (Math.floor(PRODUCTS_PER_PIECE / WIDE_COLUMNS / (rows * inner + 1)) + 1) *
      WIDE_COLUMNS;
    return batch * Math.ceil(columns / columnsOfPiece);
  },
  scratch: (constants) =>
    hasFewRows(constants) ? 4 * (WIDE_COLUMNS + panelElements(WIDE_COLUMNS, constants.inner)) : 0,
  body({ a, b, y, bias }, code, { transposeB, accumulate }) {
    const { rows, columns, inner, panelInner } = layOut(code), vectors = WIDE_COLUMNS / 4;
    const columnsOfPiece = code.let(
      I32.of(PRODUCTS_PER_PIECE / WIDE_COLUMNS).over(rows.times(inner).plus(1)).plus(1).times(WIDE_COLUMNS),
    );
    const across = code.let(ceilOver(columns, columnsOfPiece));
    const matrix = code.let(code.piece.over(across));
    const column0 = code.let(code.piece.modulo(across).times(columnsOfPiece));
    const aStart = a.from(matrix.times(rows).times(inner)),
      yStart = y.from(matrix.times(rows).times(columns));
    const bStart = b.from(matrix.times(inner).times(columns)), bStride = code.let(columns.times(4));
    const panel = code.scratch.from(WIDE_COLUMNS); // after the tile that `storeTile` puts there
    code.for(column0, column0.plus(columnsOfPiece).min(columns), WIDE_COLUMNS, (column) => {
      const columnsLeft = code.let(columns.minus(column)), bThere = bStart.from(column);
      if (transposeB) {
        const source = { matrix: bStart, length: columns, inner, isInnerFirst: true };
        code.for(0, columnsLeft.min(WIDE_COLUMNS), COPIED_TOGETHER, (first) => {
          copyIntoPanels(code, source, column.plus(first), WIDE_COLUMNS, panel.from(first), panelInner);
        });
      }
      const source = transposeB ? { b: panel } : { b: bThere, bStride };
      code.for(0, rows, 1, (row) => {
        const operands = { ...source, a: aStart.from(row.times(inner)), inner };
        storeTile(code, multiplyTile(code, 1, vectors, operands), vectors, {
          y: yStart.from(row.times(columns).plus(column)),
          bias: bias?.from(column),
          accumulate,
          columns,
          rowsLeft: I32.of(1),
          columnsLeft,
        });
      });
    });
  },
};

/** The passes of a product: two for few rows, then two for many. Each has no pieces where it is not needed. */
export const MATMUL_PASSES: readonly Pass[] = [
  multiplyFewRows,
  streamRows(hasFewRows),
  copyBoth,
  multiplyPanels,
];
