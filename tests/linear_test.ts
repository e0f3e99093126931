import { assertThrows } from "@std/assert";
import { CpuBackend } from "../core/cpu_backend.ts";
import { linear } from "../kernels/matmul/linear.ts";
import { testGolden } from "./_golden.ts";
import {
  assertClose,
  checkGradients,
  evaluate,
  everyBackend,
  type Inputs,
  normals,
  type Operation,
  testNeededGradients,
  testParity,
  TOLERANCES,
} from "./_testing.ts";

const apply: Operation = ({ x, weight, bias }) => linear(x, weight, bias);

const sized = (rows: number, inputs: number, outputs: number): Inputs => ({
  x: normals("x", [rows, inputs]),
  weight: normals("weight", [inputs, outputs]),
  bias: normals("bias", [outputs]),
});

testGolden("linear", apply);

Deno.test("linear: gradients equal central differences", async () => {
  await checkGradients({ ...sized(6, 3, 5), x: normals("x", [2, 3, 3]) }, apply);
});

testParity(
  "linear",
  Object.fromEntries(
    [[1, 3, 65], [8, 65, 63], [65, 64, 36], [68, 256, 260]].map(([rows, inputs, outputs]) => [
      `${rows} rows, ${inputs} to ${outputs}`,
      sized(rows, inputs, outputs),
    ]),
  ),
  apply,
  TOLERANCES.products,
);

testParity("linear of many rows", { "60,001 rows": sized(60_001, 3, 5) }, apply, TOLERANCES.longSums);

const transposed: Operation = ({ x, weight, bias }) => linear(x, weight, bias, { transposed: true });

const turned = (rows: number, inputs: number, outputs: number): Inputs => ({
  ...sized(rows, inputs, outputs),
  weight: normals("weight", [outputs, inputs]),
});

Deno.test("linear with a transposed weight: gradients equal central differences", async () => {
  await checkGradients(turned(6, 3, 5), transposed);
});

testParity(
  "linear with a transposed weight",
  { "3 to 65": turned(1, 3, 65), "65 to 63": turned(8, 65, 63), "256 to 260": turned(68, 256, 260) },
  transposed,
  TOLERANCES.products,
);

everyBackend("linear with a transposed weight equals linear with the weight", async (backend) => {
  const { x, weight, bias } = turned(7, 3, 5), columns = new Float32Array(15);
  for (let at = 0; at < 15; at++) columns[at % 3 * 5 + Math.floor(at / 3)] = weight.data[at];
  const expected = await evaluate(backend, { x, bias, weight: { shape: [3, 5], data: columns } }, apply);
  const { y } = await evaluate(backend, { x, weight, bias }, transposed);
  assertClose(y.data, expected.y, TOLERANCES.products, "linear");
});

testNeededGradients("linear", sized(7, 3, 5), apply, {
  x: ["matmul"],
  weight: ["matmul"],
  bias: ["fill", "linearBackwardBias"],
});

Deno.test("linear refuses shapes that do not fit", () => {
  const backend = new CpuBackend();
  const x = backend.allocate([2, 3]), weight = backend.allocate([4, 5]), bias = backend.allocate([5]);
  assertThrows(
    () => linear(x, weight, bias),
    TypeError,
    "Cannot apply linear to (2, 3): weight is (4, 5), bias (5), expected (3, N) and (N)",
  );
  assertThrows(
    () => linear(x, weight, bias, { transposed: true }),
    TypeError,
    "Cannot apply linear to (2, 3): weight is (4, 5), bias (5), expected (N, 3) and (N)",
  );
});
