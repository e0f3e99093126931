/** The tiles of a product cover it. */

import { assert } from "@std/assert";
import { planMatmul } from "../kernels/matmul_plan.ts";

for (const adapter of ["software", "hardware"] as const) {
  Deno.test(`planMatmul covers every result [${adapter} shaders]`, () => {
    for (const rows of [1, 3, 8, 9, 16, 33, 64, 1000, 2048]) {
      for (const columns of [1, 4, 16, 17, 65, 256, 1000]) {
        for (const transposeA of [0, 1]) {
          const constants = { batch: 1, rows, columns, inner: 512, transposeA, transposeB: 0, accumulate: 0 };
          const { kind, tileRows, tileColumns, lanes, groups } = planMatmul(constants, adapter);
          // lanes of a shared tile stand in a square; those of direct tiles walk along the rows of tiles
          const across = kind === "shared" ? 16 * tileColumns : tileColumns;
          const down = kind === "shared" ? 16 * tileRows : tileRows;
          const tiles = Math.ceil(rows / down) * Math.ceil(columns / across);
          assert(groups * (kind === "shared" ? 1 : lanes) >= tiles, `${rows} × ${columns}: ${groups} groups`);
          assert(lanes <= 256);
        }
      }
    }
  });
}
