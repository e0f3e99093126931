/** Random operands of products and of attention. Their numbers depend on their names only, so that they are the same everywhere. */

import type { MatmulConstants } from "../kernels/matmul/matmul_plan.ts";
import { normals, type Values } from "./_testing.ts";

/** The operands of a product, and what its result holds before: with these constants a and b may be stored transposed. */
export function productTensors(
  { batch, rows, columns, inner }: Pick<MatmulConstants, "batch" | "rows" | "columns" | "inner">,
): Record<"a" | "b" | "bias" | "y", Values<Float32Array>> {
  return {
    a: normals("a", [batch, rows, inner]),
    b: normals("b", [batch, inner, columns]),
    bias: normals("bias", [columns]),
    y: normals("y", [batch, rows, columns]),
  };
}

/** The same without shapes. */
export function productArrays(constants: Parameters<typeof productTensors>[0]) {
  const { a, b, bias, y } = productTensors(constants);
  return { a: a.data, b: b.data, bias: bias.data, y: y.data };
}

/** The operands of attention, all of one shape: batch, heads, positions, and the width of a head. */
export const attentionTensors = (...shape: number[]): Record<"query" | "key" | "value", Values> => ({
  query: normals("query", shape),
  key: normals("key", shape),
  value: normals("value", shape),
});
