/** The naive product: its values against PyTorch's, and as the twin of what matmul does for its gradients. */

import type { Floats } from "../core/backend.ts";
import { CpuBackend } from "../core/cpu_backend.ts";
import { matmul } from "../kernels/matmul/matmul.ts";
import { naiveMatmulBackward, naiveMultiply } from "../kernels/matmul/matmul_naive.ts";
import { golden } from "./_golden.ts";
import { assertClose, evaluate, normals, type Operation, TOLERANCES } from "./_testing.ts";

Deno.test("naiveMultiply equals PyTorch, whether matrices are stored transposed or not", () => {
  for (const { name, options, inputs, y } of golden("matmul")) {
    const { transposeA, transposeB } = options, [a, b] = [inputs.a, inputs.b];
    const [rows, columns] = y.shape.slice(-2), inner = a.shape.at(transposeA ? -2 : -1)!;
    const batch = y.data.length / (rows * columns), actual = new Float64Array(y.data.length);
    const constants = { batch, rows, columns, inner, transposeA, transposeB, accumulate: 0 };
    naiveMultiply(a.data as Floats, b.data as Floats, undefined, actual, constants);
    assertClose(actual, y, TOLERANCES.golden64, name);
  }
});

Deno.test("matmul's gradients equal the naive twin's, however the matrices are stored", async () => {
  const [rows, inner, columns] = [5, 7, 3], exact = { rtol: 1e-14, atol: 1e-14 };
  const a = normals("a", [rows, inner]),
    b = normals("b", [inner, columns]),
    dy = normals("dy", [rows, columns]);
  const expected = naiveMatmulBackward(a.data, b.data, dy.data, { rows, columns, inner });
  /** The transpose of a matrix of `width` columns. */
  const transpose = (data: ArrayLike<number>, width: number) => {
    const height = data.length / width;
    return Float64Array.from(data, (_, at) => data[at % height * width + Math.floor(at / height)]);
  };
  for (const transposeA of [false, true]) {
    for (const transposeB of [false, true]) {
      const stored = {
        a: transposeA ? { shape: [inner, rows], data: transpose(a.data, inner) } : a,
        b: transposeB ? { shape: [columns, inner], data: transpose(b.data, columns) } : b,
      };
      const product: Operation = ({ a, b }) => matmul(a, b, { transposeA, transposeB });
      const { gradients } = await evaluate(new CpuBackend({ floats: Float64Array }), stored, product, dy);
      const da = transposeA ? transpose(gradients.a.data, rows) : gradients.a.data;
      const db = transposeB ? transpose(gradients.b.data, inner) : gradients.b.data;
      assertClose(da, { shape: a.shape, data: expected.da }, exact, `da, transposed ${transposeA}`);
      assertClose(db, { shape: b.shape, data: expected.db }, exact, `db, transposed ${transposeB}`);
    }
  }
});
