/** The packed product against its naive twin. */

import { assertEquals } from "@std/assert";
import { multiply } from "../kernels/matmul/matmul_cpu.ts";
import { naiveMultiply } from "../kernels/matmul/matmul_naive.ts";
import { assertClose, normals } from "./_testing.ts";

const exact = { rtol: 1e-14, atol: 1e-14 };

/** Normal numbers in double precision. */
const draw = (name: string, size: number): Float64Array => Float64Array.from(normals(name, [size]).data);

// around tiles of 3 × 4, and large after small, so that panels are used again
for (const [rows, inner, columns] of [[1, 1, 1], [3, 5, 4], [2, 7, 9], [7, 6, 13], [4, 1, 3]]) {
  Deno.test(`multiply: ${rows} × ${inner} times ${inner} × ${columns} equals its naive twin`, () => {
    const batch = 2, bias = draw("bias", columns);
    const a = draw("a", batch * rows * inner), b = draw("b", batch * inner * columns);
    for (const [transposeA, transposeB, accumulate] of [[0, 0, 0], [0, 1, 1], [1, 0, 1], [1, 1, 0]]) {
      const y = draw("y", batch * rows * columns), expected = Float64Array.from(y);
      const constants = { batch, rows, columns, inner, transposeA, transposeB, accumulate };
      naiveMultiply(a, b, bias, expected, constants);
      multiply(a, b, bias, y, constants);
      assertClose(y, { shape: [batch, rows, columns], data: expected }, exact, "multiply");
    }
  });
}

Deno.test("multiply without a bias, over an empty inner dimension, is zero", () => {
  const y = Float64Array.of(7, 7), constants = { batch: 1, rows: 1, columns: 2, inner: 0 };
  const empty = new Float64Array(0);
  multiply(empty, empty, undefined, y, { ...constants, transposeA: 0, transposeB: 0, accumulate: 0 });
  assertEquals([...y], [0, 0]);
});
