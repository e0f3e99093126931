import { assertEquals } from "@std/assert";
import { kernel } from "../core/backend.ts";
import { zeros } from "../core/tensor.ts";
import { sumRowsWasm, sumWasm } from "../kernels/reduce.ts";
import { normals, wasm } from "./_testing.ts";

/** `sums` += Σ over rows of x, `squares` += Σ of x²; `totals[row]` = Σ of a row of x. */
const sumBoth = kernel({
  name: "sumBoth",
  reads: { x: "f32" },
  writes: { sums: "f32", squares: "f32", totals: "f32" },
  constants: ["rows", "columns"],
  elements: () => 1,
  cpu({ x, sums, squares, totals }, { rows, columns }) {
    for (let at = 0; at < rows * columns; at++) {
      sums[at % columns] += x[at];
      squares[at % columns] += x[at] * x[at];
      totals[Math.floor(at / columns)] += x[at];
    }
  },
  wgsl: "fn each(index: u32) {}",
  wasm: [
    ...sumRowsWasm(["sums", "squares"], ({ x }, code, row) => {
      const xRow = x.from(row.times(code.i32("columns")));
      return (column) => [xRow.load4(column), xRow.load4(column).times(xRow.load4(column))];
    }),
    {
      pieces: ({ rows }) => rows,
      body({ x, totals }, code) {
        const columns = code.i32("columns"), xRow = x.from(code.piece.times(columns));
        totals.store(code.piece, sumWasm(code, 0, columns, (column) => xRow.load4(column)).lane(3));
      },
    },
  ],
});

Deno.test("sums for WebAssembly have a fixed order, and take nothing from beyond a row", async () => {
  const backend = await wasm(2);
  for (const [rows, columns] of [[1, 1], [3, 3], [64, 4], [65, 63], [2, 65], [129, 257], [1000, 2]]) {
    const { data } = normals("x", [rows, columns]), f = Math.fround;
    const tensors = backend.scope(() => {
      const x = backend.from(data), [sums, squares] = [0, 0].map(() => zeros(backend, [columns]));
      const totals = backend.allocate([rows]);
      backend.run(sumBoth, { x, sums, squares, totals }, { rows, columns });
      return { sums, squares, totals };
    });
    const expected = { sums: new Float32Array(columns), squares: new Float32Array(columns) };
    for (let first = 0; first < rows; first += 64) {
      const block = { sums: new Float32Array(columns), squares: new Float32Array(columns) };
      for (let at = first * columns; at < Math.min(first + 64, rows) * columns; at++) {
        block.sums[at % columns] += data[at];
        block.squares[at % columns] += f(data[at] * data[at]);
      }
      for (const name of ["sums", "squares"] as const) {
        for (let column = 0; column < columns; column++) expected[name][column] += block[name][column];
      }
    }
    const totals = Float32Array.from({ length: rows }, (_, row) => {
      const [a, b, c, d] = [0, 1, 2, 3].map((lane) => {
        let sum = 0;
        for (let column = lane; column < columns; column += 4) sum = f(sum + data[row * columns + column]);
        return sum;
      });
      return f(f(a + b) + f(c + d));
    });
    for (const [name, values] of Object.entries({ ...expected, totals })) {
      const read = await backend.read(tensors[name as keyof typeof tensors]);
      assertEquals(read, values, `${name} of ${rows} × ${columns}`);
    }
  }
});
