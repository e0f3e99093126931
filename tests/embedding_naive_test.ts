/** The naive backward pass of an embedding: against PyTorch, and as the twin of the chains. */

import { CpuBackend } from "../core/cpu_backend.ts";
import type { Floats } from "../core/backend.ts";
import { embedding } from "../kernels/embedding.ts";
import { naiveEmbeddingBackward } from "../kernels/embedding_naive.ts";
import { golden } from "./_golden.ts";
import { assertClose, evaluate, integers, normals, TOLERANCES } from "./_testing.ts";

Deno.test("naiveEmbeddingBackward equals PyTorch", () => {
  for (const { name, inputs: { ids, table }, dy, gradients } of golden("embedding")) {
    const dTable = new Float64Array(table.data.length);
    naiveEmbeddingBackward(ids.data as Uint32Array, dy.data as Floats, dTable, table.shape[1]);
    assertClose(dTable, gradients.table, TOLERANCES.golden64, name);
  }
});

Deno.test("embedding's chains add up what the naive twin does", async () => {
  for (const [count, rows, columns] of [[1, 1, 1], [40, 7, 5], [9, 100, 2]]) {
    const ids = integers("ids", [count], rows), table = normals("table", [rows, columns]);
    const backend = new CpuBackend({ floats: Float64Array, poison: true });
    const { gradients } = await evaluate(backend, { ids, table }, ({ ids, table }) => embedding(ids, table));
    const dTable = new Float64Array(rows * columns);
    naiveEmbeddingBackward(ids.data, normals("dy", [count, columns]).data, dTable, columns);
    assertClose(
      gradients.table.data,
      { shape: table.shape, data: dTable },
      { rtol: 1e-14, atol: 1e-14 },
      "dTable",
    );
  }
});
