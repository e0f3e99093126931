/** The two loops of attention's CPU bodies, against the obvious ones. */

import { dotRows, sumRows } from "../kernels/rows.ts";
import { assertClose, normals } from "./_testing.ts";

const exact = { rtol: 1e-14, atol: 1e-14 };

for (const [count, width] of [[0, 3], [1, 1], [3, 5], [4, 4], [9, 12]]) {
  const matrix = Float64Array.from(normals("matrix", [(2 + count) * width]).data); // rows 2 and following are used
  const vectors = Float64Array.from(normals("vectors", [2 * width]).data); // row 1 is used
  const weights = Float64Array.from(normals("weights", [count]).data);
  const at = (row: number, d: number) => matrix[(2 + row) * width + d];

  Deno.test(`dotRows multiplies a vector with ${count} rows of ${width}`, () => {
    const products = new Float64Array(count);
    dotRows(products, count, vectors, 1, matrix, 2, width);
    const expected = Float64Array.from({ length: count }, (_, row) => {
      let sum = 0;
      for (let d = 0; d < width; d++) sum += vectors[width + d] * at(row, d);
      return sum;
    });
    assertClose(products, { shape: [count], data: expected }, exact, "dotRows");
  });

  Deno.test(`sumRows adds ${count} weighted rows of ${width}`, () => {
    const sum = new Float64Array(width).fill(7); // what was there is overwritten
    sumRows(sum, weights, count, matrix, 2, width);
    const expected = Float64Array.from({ length: width }, (_, d) => {
      let total = 0;
      for (let row = 0; row < count; row++) total += weights[row] * at(row, d);
      return total;
    });
    assertClose(sum, { shape: [width], data: expected }, exact, "sumRows");
  });
}
