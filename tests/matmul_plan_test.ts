/** The tiles of a product cover it, and the shader counts them as the plan does. */

import { assert, assertEquals } from "@std/assert";
import { type MatmulConstants, planMatmul } from "../kernels/matmul/matmul_plan.ts";
import { matmulWgsl } from "../kernels/matmul/matmul_wgsl.ts";

/** The groups of one matrix, by the formulas in the shader: u32 divides as BigInt does. */
function groupsInShader(code: string, { rows, columns }: MatmulConstants): number {
  const formula = (name: string): string =>
    code.match(`let ${name} = ([^;]+);`)![1].replaceAll(/\b(\d+)u?\b/g, "$1n");
  const evaluate = new Function(
    "rows",
    "columns",
    `const tilesAcross = ${formula("tilesAcross")}; return ${formula("groups")};`,
  );
  return Number(evaluate(BigInt(rows), BigInt(columns)));
}

for (const adapter of ["software", "hardware"] as const) {
  Deno.test(`planMatmul covers every result, and the shader counts alike [${adapter} shaders]`, () => {
    for (const rows of [1, 3, 8, 9, 16, 33, 64, 1000, 2048]) {
      for (const columns of [1, 4, 16, 17, 65, 256, 1000]) {
        for (const transposeA of [0, 1]) {
          const constants = { batch: 1, rows, columns, inner: 512, transposeA, transposeB: 0, accumulate: 0 };
          const { kind, tileRows, tileColumns, lanes, groups } = planMatmul(constants, adapter);
          // lanes of a shared tile stand in a square; those of direct tiles walk along the rows of tiles
          const across = kind === "shared" ? 16 * tileColumns : tileColumns;
          const down = kind === "shared" ? 16 * tileRows : tileRows;
          const tiles = Math.ceil(rows / down) * Math.ceil(columns / across);
          const tilesInGroup = kind === "shared" ? 1 : lanes, what = `${rows} × ${columns}: ${groups} groups`;
          assert(groups * tilesInGroup >= tiles, what);
          assert((groups - 1) * tilesInGroup < tiles, `${what}, one of them without work`);
          assertEquals(groupsInShader(matmulWgsl(constants, adapter, false), constants), groups, what);
          assert(lanes <= 256);
        }
      }
    }
  });
}
