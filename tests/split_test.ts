/** Products whose sums are split: each kernel alone, and both together. */

import { assertEquals } from "@std/assert";
import {
  addSlices,
  addSlicesBiased,
  matmulSlices,
  multiplySlices,
} from "../kernels/matmul/hardware/split.ts";
import { multiplyInto } from "../kernels/matmul/matmul.ts";
import { multiply } from "../kernels/matmul/matmul_cpu.ts";
import { productArrays, productTensors } from "./_random_tensors.ts";
import { assertClose, everyBackend, hasAdapter, normals, TOLERANCES, webGpu } from "./_testing.ts";

everyBackend("matmulSlices computes each slice as if all other steps of a were zero", async (backend) => {
  const [batch, rows, columns, inner, sliceLength] = [2, 9, 5, 40, 16];
  const { a, b } = productArrays({ batch, rows, columns, inner });
  for (const [transposeA, transposeB] of [[0, 0], [0, 1], [1, 0], [1, 1]]) {
    const constants = { batch, rows, columns, inner, transposeA, transposeB };
    const parts = backend.scope(() => {
      const parts = backend.allocate([3, batch, rows, columns]),
        tensors = { a: backend.from(a), b: backend.from(b) };
      backend.run(matmulSlices, { ...tensors, parts }, { ...constants, sliceLength });
      return parts;
    });
    const actual = await backend.read(parts), expected: number[] = [];
    for (const slice of [0, 1, 2]) {
      const step = (at: number) => transposeA ? Math.floor(at / rows) % inner : at % inner;
      const alone = a.map((value, at) => Math.floor(step(at) / sliceLength) === slice ? value : 0);
      const product = new Float32Array(batch * rows * columns);
      multiply(alone, b, undefined, product, { ...constants, accumulate: 0 });
      expected.push(...product);
    }
    const what = `layout ${transposeA}${transposeB}`, data = Float32Array.from(expected);
    assertClose(actual, { shape: parts.shape, data }, TOLERANCES.products, what);
  }
});

for (const columns of [6, 8]) {
  everyBackend(`addSlices adds slices in their order, ${columns} columns`, async (backend) => {
    const size = 70 * columns, slices = 5;
    const random = normals("parts", [slices + 1, size]).data; // what follows the last slice is not added
    const [start, bias] = [normals("y", [size]).data, normals("bias", [columns]).data];
    for (const accumulate of [0, 1]) {
      for (const biased of [false, true]) {
        const y = backend.scope(() => {
          const y = backend.from(start),
            parts = backend.from(random),
            sizes = { size, columns, slices, accumulate };
          if (biased) backend.run(addSlicesBiased, { parts, bias: backend.from(bias), y }, sizes);
          else backend.run(addSlices, { parts, y }, sizes);
          return y;
        });
        const expected = Float32Array.from(start, (value, at) => {
          let sum = biased ? bias[at % columns] : 0;
          for (let slice = 0; slice < slices; slice++) sum += random[slice * size + at];
          return accumulate ? value + sum : sum;
        });
        const what = `accumulate ${accumulate}, bias ${biased}`;
        assertClose(
          await backend.read(y),
          { shape: [70, columns], data: expected },
          TOLERANCES.products,
          what,
        );
      }
    }
  });
}

Deno.test("the order of slices is that of the inner dimension", { ignore: !hasAdapter }, async () => {
  const backend = await webGpu("hardware"), sizes = { size: 4, columns: 4, slices: 3, accumulate: 0 };
  const parts = [1e8, 1, -1e8].flatMap((value) => new Array<number>(4).fill(value));
  const y = backend.scope(() => {
    const y = backend.allocate([4]);
    backend.run(addSlices, { parts: backend.from(parts), y }, sizes);
    return y;
  });
  assertEquals(await backend.read(y), new Float32Array(4)); // (1e8 + 1) − 1e8 in single precision
});

// tiles of 32 and 64; a last slice that ends within a step; single numbers and vectors
const shapes = [[1, 65, 1030, 63], [2, 36, 528, 40], [32, 64, 512, 64]];

// a linear layer and the gradient of its weight
for (const [transposeA, transposeB] of [[0, 1], [1, 0]]) {
  const name = `products whose sums are cut, layout ${transposeA}${transposeB}, equal the CPU reference`;
  Deno.test(`${name} [webgpu, hardware shaders]`, { ignore: !hasAdapter }, async () => {
    const backend = await webGpu("hardware");
    for (const [index, [batch, rows, inner, columns]] of shapes.entries()) {
      const accumulate = index % 2 === 0 ? 1 : 0, biased = (index + transposeB) % 2 === 1;
      const constants = { batch, rows, columns, inner, transposeA, transposeB, accumulate };
      const { a, b, bias, y } = productTensors(constants), expected = y.data.slice();
      multiply(a.data, b.data, biased ? bias.data : undefined, expected, constants);
      const run = () => {
        const [aTensor, bTensor, result] = [a, b, y].map(({ data }) => backend.from(data));
        const biasTensor = biased ? backend.from(bias.data) : undefined;
        multiplySlices(result, aTensor, bTensor, constants, 272, biasTensor);
        return result;
      };
      const actual = await backend.read(backend.scope(run)), what = `${name}: ${JSON.stringify(constants)}`;
      assertClose(actual, { shape: y.shape, data: expected }, TOLERANCES.products, what);
      assertEquals(await backend.read(backend.scope(run)), actual, `${what}, repeated`);
    }
  });
}

Deno.test(
  "multiplyInto cuts sums where the plan does, on hardware only",
  { ignore: !hasAdapter },
  async () => {
    const options = { rows: 64, columns: 64, inner: 512, transposeA: true };
    for (
      const [adapterClass, expected] of [["hardware", ["matmulSlices", "addSlices"]], ["software", [
        "matmul",
      ]]] as const
    ) {
      const backend = await webGpu(adapterClass), run = backend.run, kernels: string[] = [];
      backend.run = (kernel) => void kernels.push(kernel.name);
      try {
        backend.scope(() => {
          const [a, b, y] = [[512, 64], [512, 64], [64, 64]].map((shape) => backend.allocate(shape));
          multiplyInto(y, a, b, options);
        });
      } finally {
        backend.run = run;
      }
      assertEquals(kernels, [...expected], adapterClass);
    }
  },
);
