/**
 * How the shaders of attention divide the rows of a head among groups, and how a group multiplies tiles. The division depends
 * on the kind of processor and on sizes, never on timing:
 *
 * - Software: an invocation computes four rows alone (`../attention_wgsl.ts`). A CPU that runs shaders gains nothing from copying
 *   to workgroup memory, and loses time at every barrier.
 * - Hardware, heads of 16, 20, … 128 channels: a group computes a block of 64 rows together (`attention_blocks_wgsl.ts`).
 * - Hardware, other widths (rows that cannot be read as vectors, very narrow or very wide ones): an invocation computes one row
 *   alone.
 *
 * A group has two tiles in workgroup memory. All its products are sums of one step, `sum += tall × wide`:
 *
 *     tall   64 rows × 32 columns, 8 KiB        wide   32 × 32, 4 KiB        sum   64 × 32, in registers
 *
 *     Q Kᵀ    a step for every 32 channels: tall holds those of 64 queries, wide those of 32 keys
 *     P V     a step for every 32 channels, each with a sum of its own: tall holds P, wide the channels of 32 values
 *
 * Each invocation computes 4 × 4 numbers of a sum, or 8 × 4 if registers suffice and there are many groups: for every column
 * of tall it reads 4 or 8 rows of that column and 4 columns of wide, and adds their outer product. Four consecutive rows are a
 * *quad*. They are one vector, in tall as in registers, so tiles are read four numbers at a time, by neighbouring lanes:
 *
 *              laneColumn 0   1   2 … 7        A lane has the quad laneRow, or the quads laneRow and laneRow + 8.
 *     quad  0        lane 0   1   2 … 7        Variables are numbered: `s1_2` are the scores of its second quad with
 *     quad  1        lane 8   9  10 … 15       the third of its keys, `sum0_1_2` the sums of its first quad in the
 *     …                                        second step, the third of its channels.
 *
 * Rows beyond the last one of a head are read as copies of it; their results are not used.
 *
 * @module
 */

import type { AdapterClass } from "../../../core/backend.ts";
import type { AttentionConstants } from "../attention_mask.ts";
import { BY_HEADS, type HeadLayout } from "../head_layout.ts";
import { component, unroll } from "../../matmul/unroll.ts";

/** Rows of the tall tile: those that a group computes. */
export const BLOCK_ROWS = 64;

/** Columns of the tall tile, and both sides of the wide one: rows of the other operand that are multiplied at a time, and channels. */
export const BLOCK_COLUMNS = 32;

/** Vectors of four in a column of the tall tile, and in a row of the wide one. */
const ROW_QUADS = BLOCK_ROWS / 4, COLUMN_QUADS = BLOCK_COLUMNS / 4;

/** The kernels of attention that walk over keys or queries. */
export type AttentionPass = "forward" | "backwardQuery" | "backwardKeyValue";

/** How many sums a group has in registers: of 64 × 32 numbers, for pairs of query and key, and of 64 × D, for results. */
const SUMS: Readonly<Record<AttentionPass, readonly [pairs: number, channels: number]>> = {
  forward: [1, 1], // s; y
  backwardQuery: [2, 1], // s, dWeight; dQuery
  backwardKeyValue: [2, 2], // s, dWeight; dKey, dValue
};

/** The most numbers of sums that an invocation should hold: GPUs have 128 to 255 registers for it, for everything. */
const HELD_NUMBERS = 128;

/** With at least this many groups a large GPU is busy, though each has half as many invocations. */
const MANY_GROUPS = 512;

/** How a kernel is divided. */
export interface AttentionPlan {
  /** Whether an invocation computes its rows alone, or a group a block of rows together. */
  readonly kind: "rows" | "blocks";
  /** Rows of the result that one invocation, or one group, computes. */
  readonly blockRows: number;
  /** Quads that an invocation has in a block. */
  readonly laneQuads: number;
  /** Invocations in a group. */
  readonly lanes: number;
  /** Groups that cover all rows of all heads. */
  readonly groups: number;
}

/**
 * Chooses how a kernel is divided.
 *
 * @example GPT-2's heads: 64 × 32 scores for a group of 64 invocations, 8 × 4 for each of them
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { planAttention } from "./attention_tiles_wgsl.ts";
 *
 * const { kind, lanes, groups } = planAttention({ batch: 8, heads: 12, time: 1024, headDim: 64 }, "hardware", "forward");
 * assertEquals([kind, lanes, groups], ["blocks", 64, 1536]);
 * ```
 *
 * @param sizes Those of the heads.
 * @param adapter The kind of processor.
 * @param pass The kernel.
 * @returns The plan.
 */
export function planAttention(
  { batch, heads, time, headDim }: Pick<AttentionConstants, "batch" | "heads" | "time" | "headDim">,
  adapter: AdapterClass,
  pass: AttentionPass,
): AttentionPlan {
  if (adapter === "software" || headDim % 4 !== 0 || headDim < 16 || headDim > 128) {
    const [blockRows, lanes] = adapter === "software" ? [4, 16] : [1, 64];
    const groups = Math.ceil(batch * heads * Math.ceil(time / blockRows) / lanes);
    return { kind: "rows", blockRows, laneQuads: 0, lanes, groups };
  }
  const groups = batch * heads * Math.ceil(time / BLOCK_ROWS);
  const [pairs, channels] = SUMS[pass], sums = pairs + channels * Math.ceil(headDim / BLOCK_COLUMNS);
  // a sum is 4 × 4 numbers for a quad
  const laneQuads = groups >= MANY_GROUPS && sums * 32 <= HELD_NUMBERS ? 2 : 1;
  const lanes = ROW_QUADS / laneQuads * COLUMN_QUADS;
  return { kind: "blocks", blockRows: BLOCK_ROWS, laneQuads, lanes, groups };
}

/** Rows of a head: the operand, and the position of the first of them, as WGSL. */
export type RowsOf = readonly [operand: string, first: string];

/** Writes what a group does with its tiles: `lane`, `first` and `start` are declared by the shader. */
export class AttentionTiles {
  /** Steps of 32 channels that a row takes. */
  readonly steps: number;
  readonly #headDim: number;
  readonly #laneQuads: number;
  readonly #layout: HeadLayout;

  /** For heads of a width, which stand in tensors by a layout, and invocations that have one or two quads each. */
  constructor(headDim: number, laneQuads: number, layout: HeadLayout = BY_HEADS) {
    this.steps = Math.ceil(headDim / BLOCK_COLUMNS);
    this.#headDim = headDim;
    this.#laneQuads = laneQuads;
    this.#layout = layout;
  }

  /** Both tiles, and `partial`, a vector for each lane and quad: 14 KiB of the 16 that every device has. */
  readonly memory = `
var<workgroup> tall: array<vec4f, 512>; // column after column, each of 16 quads
var<workgroup> wide: array<vec4f, 256>; // row after row, each of 8 times 4 columns
var<workgroup> partial: array<vec4f, 128>;`;

  /** Declares the column and the quads of a lane, and their rows in the head, and over all heads, where rows beyond the last are copies of it. */
  get position(): string {
    return `
  let laneColumn = lane % ${COLUMN_QUADS};
  ${
      this.quads((a) => `
  let quad${a} = lane / ${COLUMN_QUADS} + ${a * ROW_QUADS / this.#laneQuads};
  let rows${a} = first + 4 * quad${a} + vec4u(0, 1, 2, 3);
  let batchRows${a} = start + min(rows${a}, vec4u(time - 1));`)
    }`;
  }

  /** Text for each quad of a lane. */
  quads(text: (quad: number) => string): string {
    return unroll(this.#laneQuads, text);
  }

  /** Text for each quad of a lane and each of its four columns. */
  numbers(text: (quad: number, column: number) => string): string {
    return this.quads((a) => unroll(4, (x) => text(a, x)));
  }

  /** Combines a vector of four rows over the 8 lanes that share these rows, in the order of the lanes. */
  combine(name: string, combination: (left: string, right: string) => string): string {
    const of = (a: number, column: number | string) => `partial[${column} * ${ROW_QUADS} + quad${a}]`;
    const all = (a: number) =>
      Array.from({ length: COLUMN_QUADS }, (_, column) => of(a, column)).reduce(combination);
    return `
    ${this.quads((a) => `${of(a, "laneColumn")} = ${name}${a};`)}
    workgroupBarrier(); // every lane of a row has stored its part
    ${this.quads((a) => `${name}${a} = ${all(a)};`)}`;
  }

  /** `s0_0`, … for `s`: products of the rows of the block with 32 rows of the other operand, over all channels. */
  multiplyRows(products: string, rows: RowsOf, others: RowsOf): string {
    const channels = this.#headDim % BLOCK_COLUMNS === 0
      ? `${BLOCK_COLUMNS}`
      : `min(${BLOCK_COLUMNS}, ${this.#headDim} - ${BLOCK_COLUMNS} * step)`;
    return `
    ${this.numbers((a, x) => `var ${products}${a}_${x} = vec4f();`)}
    for (var step = 0u; step < ${this.steps}; step++) {
      ${this.#copyTransposed("tall", ROW_QUADS, rows)}
      ${this.#copyTransposed("wide", COLUMN_QUADS, others)}
      ${this.#step((a, x) => `${products}${a}_${x}`, channels)}
    }`;
  }

  /** Declares the sums of {@linkcode addRows}: `y0_0_0`, … for `y`. */
  sums(sums: string): string {
    return unroll(this.steps, (step) => this.numbers((a, x) => `var ${sums}${a}_${step}_${x} = vec4f();`));
  }

  /** Adds 32 rows of the other operand to sums of the block, each weighted by `p0_0`, … for `p`. */
  addRows(sums: string, weights: string, others: RowsOf): string {
    const step = (step: number) => `
    ${this.#copy(others, step)}
    ${this.#step((a, x) => `${sums}${a}_${step}_${x}`, `${BLOCK_COLUMNS}`)}`;
    return `
    ${
      this.numbers((a, x) => `tall[(4 * laneColumn + ${x}) * ${ROW_QUADS} + quad${a}] = ${weights}${a}_${x};`)
    }
    ${unroll(this.steps, step)}`;
  }

  /** Stores four channels of each row in each step, or adds them to what is there: `value` is the expression for a row of a quad. */
  store(
    operand: string,
    operator: string,
    value: (quad: number, row: number, step: number) => string,
  ): string {
    const parts = this.#headDim / 4, tensor = this.#layout.tensorOf(operand);
    const write = (a: number, i: number, step: number) => {
      const part = `${step * COLUMN_QUADS} + laneColumn`, line = `${tensor}[row * ${parts} + ${part}]`;
      const code = `${line} ${operator} ${value(a, i, step)};`;
      return (step + 1) * COLUMN_QUADS <= parts ? code : `if (${part} < ${parts}) { ${code} }`;
    };
    return this.quads((a) =>
      unroll(4, (i) => `
  if (${component(`rows${a}`, i)} < time) {
    let row = ${this.#layout.rowWgsl(operand, component(`rows${a}`, i))};
    ${unroll(this.steps, (step) => write(a, i, step))}
  }`)
    );
  }

  /** sum += tall × wide, over the first columns of tall. */
  #step(sum: (quad: number, column: number) => string, columns: string): string {
    return `
      workgroupBarrier(); // both tiles are complete before any lane reads them
      for (var k = 0u; k < ${columns}; k++) {
        let across = wide[k * ${COLUMN_QUADS} + laneColumn];
        ${this.quads((a) => `let down${a} = tall[k * ${ROW_QUADS} + quad${a}];`)}
        ${
      this.numbers((a, x) => `${sum(a, x)} = fma(down${a}, vec4f(${component("across", x)}), ${sum(a, x)});`)
    }
      }
      workgroupBarrier(); // all lanes have read the tiles before they are overwritten`;
  }

  /** Copies 32 channels of 32 rows to the wide tile. */
  #copy([operand, first]: RowsOf, step: number): string {
    return `
    for (var at = lane; at < ${BLOCK_COLUMNS * COLUMN_QUADS}; at += lanes) {
      let position = min(${first} + at / ${COLUMN_QUADS}, time - 1);
      let part = ${this.#part(`${step * COLUMN_QUADS} + at % ${COLUMN_QUADS}`)};
      wide[at] = ${this.#layout.readWgsl(operand, "position", "part")};
    }`;
  }

  /** Copies 32 channels of `4 · quads` rows to a tile, transposed: the tile has a row for each channel. */
  #copyTransposed(tile: string, quads: number, [operand, first]: RowsOf): string {
    const position = (i: number) => `min(${first} + 4 * quad + ${i}, time - 1)`;
    const read = (i: number) => `let x${i} = ${this.#layout.readWgsl(operand, position(i), "part")};`;
    const transposed = (x: number) => `vec4f(${unroll(4, (i) => component(`x${i}`, x), ", ")})`;
    return `
      for (var piece = lane; piece < ${quads * COLUMN_QUADS}; piece += lanes) { // of 4 × 4 numbers
        let quad = piece / ${COLUMN_QUADS};
        let channel = 4 * (piece % ${COLUMN_QUADS});
        let part = ${this.#part(`step * ${COLUMN_QUADS} + piece % ${COLUMN_QUADS}`)};
        ${unroll(4, read)}
        ${unroll(4, (x) => `${tile}[(channel + ${x}) * ${quads} + quad] = ${transposed(x)};`)}
      }`;
  }

  /** Four channels of a row: the last step of a row may have fewer than eight times four. */
  #part(part: string): string {
    return this.#headDim % BLOCK_COLUMNS === 0 ? part : `min(${part}, ${this.#headDim / 4 - 1})`;
  }
}
