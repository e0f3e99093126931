import { assertEquals, assertThrows } from "@std/assert";
import { CpuBackend } from "../core/cpu_backend.ts";
import type { Tensor } from "../core/tensor.ts";
import { add, scale } from "../kernels/elementwise.ts";
import { mergeHeads, splitHeads } from "../kernels/attention/heads.ts";
import { testGolden } from "./_golden.ts";
import { checkGradients, everyBackend, normals, testParity, TOLERANCES } from "./_testing.ts";

/** All three results of splitHeads in one: query + 2 key + 3 value. */
function split(x: Tensor, heads: number): Tensor {
  const [query, key, value] = splitHeads(x, heads);
  return add(query, add(scale(key, 2), scale(value, 3)));
}

testGolden("heads", ({ x }, { operation, heads }) => operation === "split" ? split(x, heads) : mergeHeads(x));

Deno.test("splitHeads and mergeHeads: gradients equal central differences", async () => {
  await checkGradients({ x: normals("x", [2, 3, 12]) }, ({ x }) => split(x, 2));
  await checkGradients({ x: normals("x", [2, 3, 2, 2]) }, ({ x }) => mergeHeads(x));
});

testParity(
  "splitHeads",
  {
    odd: { x: normals("x", [3, 65, 63]) },
    one: { x: normals("x", [1, 1, 21]) },
    wide: { x: normals("x", [2, 5, 189]) },
  },
  ({ x }) => split(x, 7),
  TOLERANCES.products,
);

testParity(
  "mergeHeads",
  {
    odd: { x: normals("x", [3, 7, 65, 3]) },
    one: { x: normals("x", [1, 1, 1, 1]) },
    wide: { x: normals("x", [2, 3, 5, 9]) },
  },
  ({ x }) => mergeHeads(x),
  { rtol: 0, atol: 0 },
);

everyBackend("mergeHeads undoes splitHeads, for each of its parts", async (backend) => {
  const [batch, time, width, heads] = [2, 3, 8, 4], { data } = normals("x", [batch, time, 3 * width]);
  for (const part of [0, 1, 2]) {
    const merged = await backend.read(
      backend.scope(() => mergeHeads(splitHeads(backend.from(data, [batch, time, 3 * width]), heads)[part])),
    );
    const rows = Array.from({ length: batch * time }, (_, row) => (row * 3 + part) * width);
    assertEquals([...merged], rows.flatMap((start) => [...data.subarray(start, start + width)]));
  }
});

Deno.test("splitHeads refuses a width that cannot be divided", () => {
  assertThrows(
    () => splitHeads(new CpuBackend().allocate([1, 2, 12]), 3),
    TypeError,
    "Cannot split (1, 2, 12) into 3 heads: expected a multiple of 9",
  );
});
