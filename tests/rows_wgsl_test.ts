/** Products of few rows on GPUs. */

import { assertEquals } from "@std/assert";
import { multiplyInto } from "../kernels/matmul/matmul.ts";
import { multiply } from "../kernels/matmul/matmul_cpu.ts";
import { matmulWgsl } from "../kernels/matmul/matmul_wgsl.ts";
import { productTensors } from "./_random_tensors.ts";
import { assertClose, hasAdapter, TOLERANCES, webGpu } from "./_testing.ts";

// few slices and many; vectors and single numbers of each matrix; ends of steps, of columns and of the batch
const shapes = [
  [2, 1, 65, 3],
  [1, 1, 256, 132],
  [1, 3, 301, 33],
  [3, 4, 68, 63],
  [1, 8, 258, 68],
];

for (const [transposeA, transposeB] of [[0, 0], [0, 1], [1, 0], [1, 1]]) {
  const name = `few rows, layout ${transposeA}${transposeB}, equal the CPU reference`;
  Deno.test(`${name} [webgpu, hardware shaders]`, { ignore: !hasAdapter }, async () => {
    const backend = await webGpu("hardware");
    for (const [index, [batch, rows, inner, columns]] of shapes.entries()) {
      const accumulate = index % 2 === 0 ? 1 : 0, biased = (index + transposeB) % 2 === 1;
      const constants = { batch, rows, columns, inner, transposeA, transposeB, accumulate };
      const { a, b, bias, y } = productTensors(constants), expected = y.data.slice();
      multiply(a.data, b.data, biased ? bias.data : undefined, expected, constants);
      const run = () => {
        const result = backend.from(y.data);
        multiplyInto(result, backend.from(a.data), backend.from(b.data), {
          ...constants,
          transposeA: transposeA === 1,
          transposeB: transposeB === 1,
          accumulate,
          bias: biased ? backend.from(bias.data) : undefined,
        });
        return result;
      };
      const actual = await backend.read(backend.scope(run)), what = `${name}: ${JSON.stringify(constants)}`;
      assertClose(actual, { shape: y.shape, data: expected }, TOLERANCES.products, what);
      assertEquals(await backend.read(backend.scope(run)), actual, `${what}, repeated`);
    }
  });
}

/** Numbers of b that a lane reads first, by the formulas of the shader. */
function firstOf(transposeB: number, lane: number): number {
  const constants = {
    batch: 1,
    rows: 1,
    columns: 1024,
    inner: 1024,
    transposeA: 0,
    transposeB,
    accumulate: 0,
  };
  const code = matmulWgsl(constants, "hardware", false);
  const [slice, column] = ["slice", "column"].map((name) => code.match(`let ${name} = ([^;]+);`)![1]);
  const floor = (formula: string) => formula.replaceAll(/lane \/ (\d+)/g, "Math.floor(lane / $1)");
  const evaluate = new Function("lane", "group", "groups", `return [${floor(slice)}, ${floor(column)}];`);
  const [sliceOfLane, columnOfLane] = evaluate(lane, 0, 32);
  return transposeB ? columnOfLane * 1024 + sliceOfLane * 4 : sliceOfLane * 4 * 1024 + columnOfLane;
}

Deno.test("neighbouring lanes read what is side by side in memory", () => {
  // stored along the columns: eight lanes read a line of 32 floats, the next eight begin four steps further
  assertEquals([0, 1, 7, 8].map((lane) => firstOf(0, lane)), [0, 4, 28, 4096]);
  // stored along the inner dimension: 32 lanes read 128 floats of a column, the next 32 begin four columns further
  assertEquals([0, 1, 31, 32].map((lane) => firstOf(1, lane)), [0, 4, 124, 4096]);
});
