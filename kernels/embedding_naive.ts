/**
 * The backward pass of an embedding in two loops: the naive twin of the chains in `embedding.ts`, which are tested against
 * it.
 *
 * Reference: Karpathy, llm.c, `encoder_backward`.
 *
 * @module
 */

import type { Floats } from "../core/backend.ts";

/**
 * dTable[ids[i]] += dy[i].
 *
 * @example An id that occurs twice collects two gradients
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { naiveEmbeddingBackward } from "./embedding_naive.ts";
 *
 * const dTable = new Float64Array(2);
 * naiveEmbeddingBackward(Uint32Array.of(1, 0, 1), Float64Array.of(5, 6, 7), dTable, 1);
 * assertEquals([...dTable], [6, 12]);
 * ```
 *
 * @param ids Any number of them, each below the number of rows of the table.
 * @param dy The gradient of the result: a row for each id.
 * @param dTable Receives the gradient of the table.
 * @param columns Length of a row.
 */
export function naiveEmbeddingBackward(ids: Uint32Array, dy: Floats, dTable: Floats, columns: number): void {
  for (let row = 0; row < ids.length; row++) {
    for (let column = 0; column < columns; column++) {
      // in the forward pass this was y[row] = table[ids[row]], so now dTable[ids[row]] += dy[row]
      dTable[ids[row] * columns + column] += dy[row * columns + column];
    }
  }
}
