/**
 * Where the rows of a head stand: by heads, as `attention` takes them, or packed, as linear layers write and read them.
 *
 *     by heads    query, key, value, y    (B, H, T, D)    the rows of a head one after the other
 *     packed      x                       (B, T, 3C)      at each position query, key and value of all heads
 *                 y                       (B, T, C)       at each position all heads
 *
 * Since C = H · D, all of these are matrices with rows of D numbers. If each position has P parts, three in x and one in y, then
 * part p of position t, for head h of sequence b, is the row
 *
 *     by heads    (b · H + h) · T + t
 *     packed      ((b · T + t) · P + p) · H + h
 *
 * In both the rows of a head are equally far apart, by 1 or by P · H. So the bodies of attention serve for both: they ask here
 * for the number of a row, and compute the same from it in the same order.
 *
 * What has one number for each query, such as logSumExp, is always by heads.
 *
 * @module
 */

/** Sizes that the number of a row depends on. */
interface Sizes {
  readonly heads: number;
  readonly time: number;
}

/** A part of each position of a tensor. */
interface PartOfPosition {
  readonly tensor: string;
  /** P. */
  readonly parts: number;
  /** p. */
  readonly part: number;
}

/** Rows of a head that are equally far apart. */
export interface HeadRows {
  /** Number of the first one in its tensor. */
  readonly first: number;
  /** From one to the next. */
  readonly step: number;
}

/** Says for the operands, results and gradients of attention in which tensor, and in which rows of it, they stand. */
export class HeadLayout {
  readonly #packed: Readonly<Record<string, PartOfPosition>>;

  /**
   * Makes a layout.
   *
   * @param packed Operands that are packed; all others are tensors of their own, by heads.
   */
  constructor(packed: Readonly<Record<string, PartOfPosition>>) {
    this.#packed = packed;
  }

  /** The tensor that holds an operand. */
  tensorOf(operand: string): string {
    return this.#packed[operand]?.tensor ?? operand;
  }

  /** The tensors that hold the operands, each once, in their order. */
  tensorsOf(operands: readonly string[]): string[] {
    return [...new Set(operands.map((operand) => this.tensorOf(operand)))];
  }

  /** The rows of a head, which is counted over the whole batch. */
  rowsOf(operand: string, head: number, { heads, time }: Sizes): HeadRows {
    const place = this.#packed[operand];
    if (!place) return { first: head * time, step: 1 };
    const { parts, part } = place, sequence = Math.floor(head / heads);
    return { first: (sequence * time * parts + part) * heads + head % heads, step: parts * heads };
  }

  /** Declares, in WGSL, what the other texts use besides constants, once there is `head`. */
  get declarations(): string {
    const start = "let start = head * time;";
    if (Object.keys(this.#packed).length === 0) return start;
    return `${start}
  let sequenceStart = head / heads * time;
  let headOfSequence = head % heads;`;
  }

  /** The number of the row of a position, both as WGSL. */
  rowWgsl(operand: string, position: string): string {
    const place = this.#packed[operand];
    if (!place) return `start + ${position}`;
    return `((sequenceStart + ${position}) * ${place.parts} + ${place.part}) * heads + headOfSequence`;
  }

  /** Four channels of the row of a position, all as WGSL: see `readRowWgsl` of `../rows.ts`. */
  readWgsl(operand: string, position: string, part: string | number): string {
    return `${this.tensorOf(operand)}At(${this.rowWgsl(operand, position)}, ${part})`;
  }
}

/** Query, key, value, result and their gradients are (B, H, T, D). */
export const BY_HEADS: HeadLayout = new HeadLayout({});

/** Query, key and value are x (B, T, 3C), the result is (B, T, C), and so are their gradients. */
export const PACKED: HeadLayout = new HeadLayout({
  query: { tensor: "x", parts: 3, part: 0 },
  key: { tensor: "x", parts: 3, part: 1 },
  value: { tensor: "x", parts: 3, part: 2 },
  y: { tensor: "y", parts: 1, part: 0 },
  dQuery: { tensor: "dx", parts: 3, part: 0 },
  dKey: { tensor: "dx", parts: 3, part: 1 },
  dValue: { tensor: "dx", parts: 3, part: 2 },
  dy: { tensor: "dy", parts: 1, part: 0 },
});
