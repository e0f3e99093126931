/** What the shaders of a product look like; what they compute is tested in `matmul_test.ts`. */

import { assertEquals } from "@std/assert";
import { matmulWgsl } from "../kernels/matmul/matmul_wgsl.ts";

const constants = {
  batch: 1,
  rows: 64,
  columns: 64,
  inner: 64,
  transposeA: 1,
  transposeB: 0,
  accumulate: 0,
};

/** What the arrays of a shader are made of, by name. */
const elementsOf = (code: string): Record<string, string> =>
  Object.fromEntries([...code.matchAll(/var<storage, \w+> (\w+): array<(\w+)>/g)].map(([, ...pair]) => pair));

Deno.test("matmulWgsl reads vectors where rows run along a tile and begin at fours", () => {
  const all = { a: "vec4f", b: "vec4f", bias: "vec4f", y: "vec4f" };
  assertEquals(elementsOf(matmulWgsl(constants, "software", true)), all);
  assertEquals(elementsOf(matmulWgsl({ ...constants, transposeA: 0 }, "software", true)), {
    ...all,
    a: "f32",
  });
  assertEquals(elementsOf(matmulWgsl({ ...constants, transposeB: 1 }, "software", true)), {
    ...all,
    b: "f32",
  });
  assertEquals(elementsOf(matmulWgsl({ ...constants, columns: 65 }, "software", false)), {
    a: "vec4f",
    b: "f32",
    y: "f32",
  });
});

Deno.test("matmulWgsl guards what it stores only where tiles do not fit", () => {
  const guards = (rows: number, columns: number) =>
    matmulWgsl({ ...constants, rows, columns }, "software", false).match(/if \((row|column)0 \+ \d+ </g) ??
      [];
  assertEquals(guards(64, 64), []);
  assertEquals(guards(65, 64).length, 16); // one for each row of a tile
  assertEquals(guards(64, 68).length, 16 * 2); // one for each four of its columns
});
