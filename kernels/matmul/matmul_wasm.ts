/**
 * The matrix product in WebAssembly.
 *
 * The plan is that of `matmul_cpu.ts`, with vectors of four: both matrices are copied into panels (`panels_wasm.ts`), and of
 * a panel of four rows and one of eight columns the innermost loop (`tile_wasm.ts`) computes 4 × 8 results.
 *
 *                 b: panels of 8 columns
 *                 │   0   │   1   │   2   │
 *               ──┼───────┼───────┼───────┤
 *     a:        0 │ tile  │ tile  │ tile  │      a piece of the work: 16 × 8 tiles, 64 × 64 results,
 *     panels    1 │ tile  │ tile  │ tile  │      one panel of b after the other: it stays in the first cache
 *     of 4 rows 2 │ tile  │ tile  │ tile  │      while it meets the panels of a
 *
 * Copying is a pass of its own, because all pieces that follow read the same panels.
 *
 * With few rows, as when a text is generated position by position, copying b would take longer than multiplying it: every
 * number of it is used only a few times. There a tile is one row of 32 results, and b is read where it is; only where b is
 * transposed, or fewer than 32 columns are left, 32 columns are copied just before they are used.
 *
 * Every sum has the same order in both ways, see `tile_wasm.ts`: a row of results has the same bits whether it was computed
 * alone or among a thousand.
 *
 * Reference: Goto and van de Geijn, "Anatomy of high-performance matrix multiplication", ACM TOMS 34 (2008).
 *
 * @module
 */

import type { Bindings } from "../../core/backend.ts";
import type { WasmCode, WasmFloats } from "../../core/wasm/wasm_code.ts";
import type { WasmPass } from "../../core/wasm/wasm_pass.ts";
import { type F32x4, I32 } from "../../core/wasm/wasm_values.ts";
import type { MATMUL_CONSTANTS, MatmulConstants } from "./matmul_plan.ts";
import { copyPanel, panelSteps, type PanelSource } from "./panels_wasm.ts";
import { multiplyTile } from "./tile_wasm.ts";

/** Rows and columns of a tile. */
const TILE_ROWS = 4, TILE_COLUMNS = 8;

/** Rows and columns of a piece of the work. */
const PIECE_SIZE = 64;

/** Up to so many rows, b is not copied as a whole. */
const FEW_ROWS = 8;

/** Columns of a tile where there are few rows. */
const WIDE_COLUMNS = 32;

/** Products in a piece where there are few rows: enough that taking it costs little beside it. */
const PRODUCTS_PER_PIECE = 2 ** 16;

type Name = typeof MATMUL_CONSTANTS[number];

/** The tensors of a product. */
interface Arrays extends Bindings {
  readonly a: "f32";
  readonly b: "f32";
  readonly y: "f32";
}

/** Whether a product takes the way for few rows. */
const hasFewRows = ({ rows, transposeA }: MatmulConstants) => rows <= FEW_ROWS && !transposeA;

const ceilTo = (size: number, multiple: number) => Math.ceil(size / multiple) * multiple;

/** The next multiple, of a size that is known when the function runs. */
const ceilOf = (size: I32, multiple: number) => size.plus(multiple - 1).over(multiple).times(multiple);

/** Copies 64 rows of a, or 64 columns of b, into panels. The panels of all matrices of a stand before those of b. */
const copyBoth: WasmPass<Arrays, Name> = {
  switches: ["transposeA", "transposeB"],
  pieces: (constants) =>
    hasFewRows(constants) ? 0 : constants.batch * (piecesAlong(constants.rows) + piecesAlong(constants.columns)),
  shared: (constants) => {
    if (hasFewRows(constants)) return 0;
    const { batch, rows, columns, inner } = constants;
    return 4 * batch * panelSteps(inner) * (ceilTo(rows, TILE_ROWS) + ceilTo(columns, TILE_COLUMNS));
  },
  body({ a, b }, code, { transposeA, transposeB }) {
    const { batch, rows, columns, inner, aPanels, bPanels } = sizes(code);
    const copy = (source: PanelSource, width: number, piece: I32, panels: (matrix: I32) => WasmFloats) => {
      const { length, matrix } = source, across = code.let(length.plus(PIECE_SIZE - 1).over(PIECE_SIZE));
      const number = code.let(piece.over(across)), start = code.let(piece.modulo(across).times(PIECE_SIZE));
      const from = matrix.from(number.times(length).times(inner)), to = panels(number);
      code.for(start, start.plus(PIECE_SIZE).min(length), width, (first) => {
        const panel = to.from(first.times(ceilOf(inner, 4)));
        copyPanel(code, { ...source, matrix: from }, first, width, panel);
      });
    };
    const piecesOfA = code.let(batch.times(rows.plus(PIECE_SIZE - 1).over(PIECE_SIZE)));
    code.if(code.piece.isLess(piecesOfA), () => {
      copy({ matrix: a, length: rows, inner, innerFirst: !transposeA }, TILE_ROWS, code.piece, aPanels);
    }, () => {
      const piece = code.let(code.piece.minus(piecesOfA));
      copy({ matrix: b, length: columns, inner, innerFirst: !!transposeB }, TILE_COLUMNS, piece, bPanels);
    });
  },
};

/** Pieces along one dimension. */
const piecesAlong = (length: number) => Math.ceil(length / PIECE_SIZE);

/** The sizes of a product, and where the panels of a matrix begin. */
function sizes(code: WasmCode<Name>) {
  const batch = code.i32("batch"), rows = code.i32("rows"), columns = code.i32("columns"), inner = code.i32("inner");
  const panels = code.shared(), steps = code.let(ceilOf(inner, 4));
  const aSize = code.let(ceilOf(rows, TILE_ROWS).times(steps)), bSize = code.let(ceilOf(columns, TILE_COLUMNS).times(steps));
  return {
    batch,
    rows,
    columns,
    inner,
    aPanels: (matrix: I32) => panels.from(aSize.times(matrix)),
    bPanels: (matrix: I32) => panels.from(aSize.times(batch).plus(bSize.times(matrix))),
  };
}

/** Where the results of a tile go, and how many of its rows and columns exist. */
interface Destination {
  readonly y: WasmFloats;
  readonly bias?: WasmFloats;
  readonly accumulate: boolean;
  /** Columns of y. */
  readonly columns: I32;
  readonly rowsLeft: I32;
  readonly columnsLeft: I32;
}

/** Stores a tile, as much of it as there is: y = sum + bias, or y += sum + bias. */
function storeTile(code: WasmCode, sums: readonly F32x4[], vectors: number, to: Destination): void {
  const { y, bias, accumulate, columns, rowsLeft, columnsLeft } = to;
  const rows = sums.length / vectors, width = vectors * 4;
  const store = (row: WasmFloats, column: I32 | number, sum: F32x4) => {
    const value = bias ? sum.plus(bias.load4(column)) : sum;
    row.store4(column, accumulate ? row.load4(column).plus(value) : value);
  };
  code.if(rowsLeft.isLess(rows).or(columnsLeft.isLess(width)), () => {
    // at the edge: by way of memory, because a register cannot be chosen while the function runs
    sums.forEach((sum, index) => code.scratch.store4(4 * index, sum));
    code.for(0, rowsLeft.min(rows), 1, (row) => {
      const tileRow = code.scratch.from(row.times(width)), yRow = y.from(row.times(columns));
      code.forFours(0, columnsLeft.min(width), (column) => store(yRow, column, tileRow.load4(column)));
    });
  }, () => {
    for (let row = 0; row < rows; row++) {
      const yRow = y.from(columns.times(row));
      for (let j = 0; j < vectors; j++) store(yRow, 4 * j, sums[row * vectors + j]);
    }
  });
}

/** Multiplies panels: 64 × 64 results. */
const multiplyPanels: WasmPass<Arrays, Name> = {
  switches: ["accumulate"],
  pieces: (constants) =>
    hasFewRows(constants) ? 0 : constants.batch * piecesAlong(constants.rows) * piecesAlong(constants.columns),
  scratch: () => 4 * TILE_ROWS * TILE_COLUMNS,
  body(arrays, code, { accumulate }) {
    const { y, bias } = arrays as typeof arrays & { bias?: WasmFloats };
    const { rows, columns, inner, aPanels, bPanels } = sizes(code), steps = code.let(ceilOf(inner, 4));
    const down = code.let(rows.plus(PIECE_SIZE - 1).over(PIECE_SIZE));
    const across = code.let(columns.plus(PIECE_SIZE - 1).over(PIECE_SIZE));
    const matrix = code.let(code.piece.over(down.times(across)));
    const column0 = code.let(code.piece.modulo(across).times(PIECE_SIZE));
    const row0 = code.let(code.piece.over(across).modulo(down).times(PIECE_SIZE));
    const aOfMatrix = aPanels(matrix), bOfMatrix = bPanels(matrix);
    const yOfMatrix = y.from(matrix.times(rows).times(columns));
    code.for(column0, column0.plus(PIECE_SIZE).min(columns), TILE_COLUMNS, (column) => {
      const b = bOfMatrix.from(column.times(steps)).base;
      code.for(row0, row0.plus(PIECE_SIZE).min(rows), TILE_ROWS, (row) => {
        const a = aOfMatrix.from(row.times(steps)).base;
        const sums = multiplyTile(code, TILE_ROWS, TILE_COLUMNS / 4, { a, b, inner });
        storeTile(code, sums, TILE_COLUMNS / 4, {
          y: yOfMatrix.from(row.times(columns).plus(column)),
          bias: bias?.from(column),
          accumulate: !!accumulate,
          columns,
          rowsLeft: code.let(rows.minus(row)),
          columnsLeft: code.let(columns.minus(column)),
        });
      });
    });
  },
};

/** How many times 32 columns a piece has where there are few rows. */
const chunksOfPiece = ({ rows, inner }: MatmulConstants) =>
  Math.floor(PRODUCTS_PER_PIECE / WIDE_COLUMNS / (rows * inner + 1)) + 1;

/** Multiplies few rows by b, 32 columns after the other. */
const multiplyFewRows: WasmPass<Arrays, Name> = {
  switches: ["transposeB", "accumulate"],
  pieces(constants) {
    if (!hasFewRows(constants)) return 0;
    return constants.batch * Math.ceil(constants.columns / WIDE_COLUMNS / chunksOfPiece(constants));
  },
  scratch: (constants) =>
    hasFewRows(constants) ? 4 * WIDE_COLUMNS * (1 + panelSteps(constants.inner)) : 0,
  body(arrays, code, { transposeB, accumulate }) {
    const { a, b, y, bias } = arrays as typeof arrays & { bias?: WasmFloats };
    const rows = code.i32("rows"), columns = code.i32("columns"), inner = code.i32("inner");
    const perPiece = code.let(
      I32.of(PRODUCTS_PER_PIECE / WIDE_COLUMNS).over(rows.times(inner).plus(1)).plus(1).times(WIDE_COLUMNS),
    );
    const across = code.let(columns.plus(perPiece).minus(1).over(perPiece));
    const matrix = code.let(code.piece.over(across)), start = code.let(code.piece.modulo(across).times(perPiece));
    const aOfMatrix = a.from(matrix.times(rows).times(inner)), bOfMatrix = b.from(matrix.times(inner).times(columns));
    const yOfMatrix = y.from(matrix.times(rows).times(columns));
    const copy = code.scratch.from(WIDE_COLUMNS);
    code.for(start, start.plus(perPiece).min(columns), WIDE_COLUMNS, (column) => {
      const columnsLeft = code.let(columns.minus(column));
      const from = code.variable(bOfMatrix.from(column).base), stride = code.variable(columns.times(4));
      code.if(columnsLeft.isLess(WIDE_COLUMNS).or(transposeB), () => {
        const source = { matrix: bOfMatrix, length: columns, inner, innerFirst: !!transposeB };
        copyPanel(code, source, column, WIDE_COLUMNS, copy);
        from.set(copy.base);
        stride.set(I32.of(WIDE_COLUMNS * 4));
      });
      code.for(0, rows, 1, (row) => {
        const tile = { a: aOfMatrix.from(row.times(inner)).base, b: from.value, stride: stride.value, inner };
        storeTile(code, multiplyTile(code, 1, WIDE_COLUMNS / 4, tile), WIDE_COLUMNS / 4, {
          y: yOfMatrix.from(row.times(columns).plus(column)),
          bias: bias?.from(column),
          accumulate: !!accumulate,
          columns,
          rowsLeft: I32.of(1),
          columnsLeft,
        });
      });
    });
  },
};

/** The passes of a product, with or without a bias: those for few rows and for many rows have no pieces for the others. */
export const MATMUL_PASSES: readonly WasmPass<Arrays, Name>[] = [multiplyFewRows, copyBoth, multiplyPanels];
