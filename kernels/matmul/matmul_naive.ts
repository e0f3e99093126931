/**
 * The matrix product, forward and backward, in three nested loops: the naive twin of `matmul_cpu.ts` and of the calls that
 * `matmul.ts` makes for its gradients, which are tested against it.
 *
 * References: Karpathy, llm.c, `matmul_forward_naive` and `matmul_backward`.
 *
 * @module
 */

import type { Floats } from "../../core/backend.ts";
import type { MatmulConstants } from "./matmul_plan.ts";

/**
 * The product, for a batch of matrices: y = a · b + bias, or y += a · b + bias.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { naiveMultiply } from "./matmul_naive.ts";
 *
 * const a = Float64Array.of(1, 2, 3, 4), b = Float64Array.of(1, 0, 1, 1), y = new Float64Array(4);
 * const sizes = { batch: 1, rows: 2, columns: 2, inner: 2 };
 * naiveMultiply(a, b, undefined, y, { ...sizes, transposeA: 0, transposeB: 0, accumulate: 0 });
 * assertEquals([...y], [3, 2, 7, 4]);
 * ```
 *
 * @param a (batch, rows, inner), or its transpose.
 * @param b (batch, inner, columns), or its transpose.
 * @param bias (columns), added to every row, if there is one.
 * @param y Receives (batch, rows, columns).
 * @param constants Sizes and layout.
 */
export function naiveMultiply(
  a: Floats,
  b: Floats,
  bias: Floats | undefined,
  y: Floats,
  { batch, rows, columns, inner, transposeA, transposeB, accumulate }: MatmulConstants,
): void {
  for (let matrix = 0; matrix < batch; matrix++) {
    const aStart = matrix * rows * inner, bStart = matrix * inner * columns, yStart = matrix * rows * columns;
    for (let i = 0; i < rows; i++) {
      for (let j = 0; j < columns; j++) {
        let sum = 0;
        for (let k = 0; k < inner; k++) {
          const aik = a[aStart + (transposeA ? k * rows + i : i * inner + k)];
          const bkj = b[bStart + (transposeB ? j * inner + k : k * columns + j)];
          sum += aik * bkj;
        }
        const value = sum + (bias === undefined ? 0 : bias[j]), at = yStart + i * columns + j;
        y[at] = accumulate ? y[at] + value : value;
      }
    }
  }
}

/**
 * The gradients of a product of one matrix by another, neither of them stored transposed.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { naiveMatmulBackward } from "./matmul_naive.ts";
 *
 * const a = Float64Array.of(2), b = Float64Array.of(5), sizes = { rows: 1, columns: 1, inner: 1 };
 * const { da, db } = naiveMatmulBackward(a, b, Float64Array.of(1), sizes); // of 2 · 5
 * assertEquals([...da, ...db], [5, 2]);
 * ```
 *
 * @param a (rows, inner).
 * @param b (inner, columns).
 * @param dy The gradient of the product, (rows, columns).
 * @param sizes Rows, columns and inner dimension.
 * @returns The gradients of a and b.
 */
export function naiveMatmulBackward(
  a: Floats,
  b: Floats,
  dy: Floats,
  { rows, columns, inner }: Readonly<Record<"rows" | "columns" | "inner", number>>,
): { da: Float64Array; db: Float64Array } {
  const da = new Float64Array(a.length), db = new Float64Array(b.length);
  for (let i = 0; i < rows; i++) {
    for (let j = 0; j < columns; j++) {
      for (let k = 0; k < inner; k++) {
        // in the forward pass this was y[i, j] += a[i, k] b[k, j], so now each factor gets dy times the other one
        da[i * inner + k] += dy[i * columns + j] * b[k * columns + j];
        db[k * columns + j] += a[i * inner + k] * dy[i * columns + j];
      }
    }
  }
  return { da, db };
}
