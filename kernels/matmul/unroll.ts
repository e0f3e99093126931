/**
 * Loops unrolled as text, so that variables of a shader stay in registers.
 *
 * An invocation that computes 4 × 4 results needs sixteen registers. Written as an array with a loop over it, the results
 * would be in memory, because a register cannot be selected by an index known only at run time. So TypeScript runs the
 * loop when it writes the shader, and every element becomes a variable of its own:
 *
 *     unroll(3, (i) => `sum${i} += x${i};`)        sum0 += x0;
 *                                                  sum1 += x1;
 *                                                  sum2 += x2;
 *
 * @module
 */

/**
 * A piece of text for each of 0, 1, …, count − 1, one below the other.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { unroll } from "./unroll.ts";
 *
 * assertEquals(unroll(2, (i) => `let x${i} = x[${i}];`), "let x0 = x[0];\nlet x1 = x[1];");
 * ```
 *
 * @param count How many pieces.
 * @param text Writes the piece of a number.
 * @param separator Stands between the pieces; a new line unless given.
 * @returns The text.
 */
export function unroll(count: number, text: (index: number) => string, separator = "\n"): string {
  return Array.from({ length: count }, (_, index) => text(index)).join(separator);
}

/**
 * A sum written out: the terms of 0, 1, …, count − 1 with plus signs between them.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { unrollSum } from "./unroll.ts";
 *
 * assertEquals(unrollSum(3, (i) => `a${i} * b${i}`), "a0 * b0 + a1 * b1 + a2 * b2");
 * ```
 *
 * @param count How many terms.
 * @param term Writes the term of a number.
 * @returns The expression.
 */
export function unrollSum(count: number, term: (index: number) => string): string {
  return unroll(count, term, " + ");
}

/**
 * One of the four numbers of a vector.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { component } from "./unroll.ts";
 *
 * assertEquals([component("sum", 1), component("sum", 6)], ["sum.y", "sum.z"]);
 * ```
 *
 * @param vector The name of a vector of four.
 * @param index Which number, modulo 4.
 * @returns The expression.
 */
export function component(vector: string, index: number): string {
  return `${vector}.${"xyzw"[index % 4]}`;
}
