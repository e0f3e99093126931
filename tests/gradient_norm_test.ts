import { assertEquals } from "@std/assert";
import { gradientNorm } from "../kernels/optimizers/gradient_norm.ts";
import { assertClose, everyBackend, normals, TOLERANCES } from "./_testing.ts";

everyBackend("gradientNorm is the root of the sum of squares over all tensors", async (backend) => {
  // around the 16,384 elements that one group adds up, and far beyond
  for (const sizes of [[1], [3, 65], [16_383], [16_384, 16_385], [2_000_003]]) {
    const values = sizes.map((size) => normals(`gradient of ${size}`, [size]).data);
    let sum = 0;
    for (const data of values) for (const value of data) sum += value * value;
    const expected = { shape: [1], data: Float64Array.of(Math.sqrt(sum)) };
    const norm = backend.allocate([1]);
    backend.scope(() => gradientNorm(values.map((data) => backend.from(data)), norm));
    assertClose(await backend.read(norm), expected, TOLERANCES.products, `norm of ${sizes}`);
  }
});

everyBackend("gradientNorm is added up the same way every time", async (backend) => {
  const x = backend.from(normals("x", [40_000]).data), norms = [1, 2].map(() => backend.allocate([1]));
  for (const norm of norms) backend.scope(() => gradientNorm([x], norm));
  assertEquals(await backend.read(norms[0]), await backend.read(norms[1]));
});
