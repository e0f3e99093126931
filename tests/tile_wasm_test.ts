/** One tile of a product: its sums bit for bit, and what of it is stored. */

import { assertEquals } from "@std/assert";
import { kernel } from "../core/backend.ts";
import { multiplyTile, storeTile } from "../kernels/matmul/tile_wasm.ts";
import { blockedSum } from "./_blocked_sums.ts";
import { normals, wasm } from "./_testing.ts";

/** Numbers around the results, which must stay as they are. */
const MARGIN = 64;

const tile = kernel({
  name: "tile",
  reads: { a: "f32", b: "f32", bias: "f32" },
  writes: { y: "f32" },
  constants: ["rows", "vectors", "inner", "stride", "rowsLeft", "columnsLeft", "columns", "plain"],
  cpu() {},
  wgsl: "",
  wasm: [{
    switches: ["rows", "vectors", "plain"],
    pieces: () => 1,
    scratch: ({ rows, vectors }) => 16 * rows * vectors,
    body({ a, b, bias, y }, code, { rows, vectors, plain }) {
      const bStride = plain ? undefined : code.i32("stride");
      const sums = multiplyTile(code, rows, vectors, {
        a,
        b,
        bStride,
        inner: code.i32("inner"),
      });
      storeTile(code, sums, vectors, {
        y: y.from(MARGIN),
        bias: plain ? undefined : bias,
        accumulate: plain ? 0 : 1,
        columns: code.i32("columns"),
        rowsLeft: code.i32("rowsLeft"),
        columnsLeft: code.i32("columnsLeft"),
      });
    },
  }],
});

/** Runs a tile; `plain` is y = a · b of two panels, else b is read with a stride, and y += a · b + bias. */
async function run(rows: number, vectors: number, inner: number, left: readonly number[], plain: boolean) {
  const [rowsLeft, columnsLeft] = left, width = 4 * vectors, columns = width + 3;
  const step = plain ? width : width + 5;
  const a = normals("a", [inner * rows]).data, b = normals("b", [inner * step]).data;
  const bias = normals("bias", [width]).data, y = normals("y", [rows * columns + 2 * MARGIN]).data;
  const backend = await wasm(1);
  const tensors = { a: backend.from(a), b: backend.from(b), bias: backend.from(bias), y: backend.from(y) };
  const constants = {
    rows,
    vectors,
    inner,
    stride: 4 * step,
    rowsLeft,
    columnsLeft,
    columns,
    plain: Number(plain),
  };
  backend.run(tile, tensors, constants);
  const expected = y.slice();
  for (let i = 0; i < Math.min(rows, rowsLeft); i++) {
    for (let j = 0; j < Math.min(width, columnsLeft); j++) {
      const sum = blockedSum(inner, (k) => a[k * rows + i], (k) => b[k * step + j]),
        at = MARGIN + i * columns + j;
      expected[at] = plain ? sum : y[at] + Math.fround(sum + bias[j]);
    }
  }
  assertEquals(
    await backend.read(tensors.y),
    expected,
    `${rows} × ${width}, inner ${inner}, ${left}, plain ${plain}`,
  );
  backend.free(...Object.values(tensors));
}

for (const [rows, vectors] of [[4, 2], [1, 8]]) {
  Deno.test(`a tile of ${rows} × ${4 * vectors} adds up blocks of 128 terms, bit for bit`, async () => {
    for (const inner of [0, 1, 3, 4, 5, 127, 128, 129, 131, 300]) {
      for (const plain of [true, false]) await run(rows, vectors, inner, [rows, 4 * vectors], plain);
    }
  });

  Deno.test(`a tile of ${rows} × ${4 * vectors} stores only what lies within the results`, async () => {
    for (let rowsLeft = 1; rowsLeft <= rows + 1; rowsLeft++) {
      for (let columnsLeft = 1; columnsLeft <= 4 * vectors + 1; columnsLeft++) {
        for (const plain of [true, false]) await run(rows, vectors, 5, [rowsLeft, columnsLeft], plain);
      }
    }
  });
}
