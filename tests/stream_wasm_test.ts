/** Products of few rows with a large matrix, in WebAssembly: bit for bit as specified, where tiles, pieces and blocks end. */

import { assert, assertEquals } from "@std/assert";
import { matmulBiased, matmulForward } from "../kernels/matmul/matmul.ts";
import { isStreamed } from "../kernels/matmul/stream_wasm.ts";
import { blockedMultiply } from "./_blocked_sums.ts";
import { normals, wasm } from "./_testing.ts";

Deno.test("few rows times a large matrix are the sum of blocks, bit for bit, with any number of threads", async () => {
  const sizes = [[1, 512, 512, 1], [2, 513, 545, 2], [8, 419, 641, 1], [3, 128, 2049, 1]];
  for (const [rows, inner, columns, batch] of sizes) {
    for (const accumulate of [0, 1]) {
      const constants = { batch, rows, columns, inner, transposeA: 0, transposeB: 0, accumulate };
      assert(isStreamed(constants));
      const a = normals("a", [batch * rows * inner]).data, b = normals("b", [batch * inner * columns]).data;
      const bias = normals("bias", [columns]).data, y = normals("y", [batch * rows * columns]).data;
      for (const added of [undefined, bias]) {
        const expected = y.slice(), what = `${rows} × ${inner} × ${columns}, accumulate ${accumulate}`;
        blockedMultiply(a, b, added, expected, constants);
        for (const threads of [1, 2, 3]) {
          const backend = await wasm(threads), margin = 64, around = new Float32Array(y.length + 2 * margin);
          around.fill(NaN).set(y, margin);
          const memory = backend.from(around), result = backend.view(memory, margin, [y.length]);
          const inputs = { a: backend.from(a), b: backend.from(b), bias: backend.from(bias) };
          if (added) backend.run(matmulBiased, { ...inputs, y: result }, constants);
          else backend.run(matmulForward, { a: inputs.a, b: inputs.b, y: result }, constants);
          around.set(expected, margin); // and NaN around it, as before
          assertEquals(await backend.read(memory), around, `${what}, ${threads} threads`);
          backend.free(memory, inputs.a, inputs.b, inputs.bias);
        }
      }
    }
  }
});

Deno.test("only large matrices that are not transposed are streamed", () => {
  const constants = {
    batch: 1,
    rows: 1,
    columns: 512,
    inner: 512,
    transposeA: 0,
    transposeB: 0,
    accumulate: 0,
  };
  assert(isStreamed(constants));
  assert(!isStreamed({ ...constants, inner: 511 }));
  assert(!isStreamed({ ...constants, columns: 511, inner: 1024 }));
  assert(!isStreamed({ ...constants, transposeB: 1 }));
});
