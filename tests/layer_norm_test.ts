import { assertThrows } from "@std/assert";
import { CpuBackend } from "../core/cpu_backend.ts";
import { layerNorm } from "../kernels/norm/layer_norm.ts";
import { testGolden } from "./_golden.ts";
import {
  checkGradients,
  type Inputs,
  normals,
  type Operation,
  testNeededGradients,
  testParity,
  TOLERANCES,
} from "./_testing.ts";

const normalize: Operation = ({ x, weight, bias }) => layerNorm(x, weight, bias);

const sized = (rows: number, columns: number): Inputs => ({
  x: normals("x", [rows, columns]),
  weight: normals("weight", [columns]),
  bias: normals("bias", [columns]),
});

testGolden("layer_norm", normalize, TOLERANCES.rows);

Deno.test("layerNorm: gradients equal central differences", async () => {
  await checkGradients(sized(4, 7), normalize);
  await checkGradients(sized(3, 3), ({ x, weight, bias }) => layerNorm(x, weight, bias, 0.5));
});

testParity(
  "layerNorm",
  Object.fromEntries(
    [[1, 3], [3, 63], [63, 64], [65, 65], [2, 4099]].map(([rows, columns]) => [
      `${rows} × ${columns}`,
      sized(rows, columns),
    ]),
  ),
  normalize,
  TOLERANCES.rows,
);

testParity("layerNorm of many rows", { "70001 rows": sized(70_001, 3) }, normalize, TOLERANCES.rows);

testParity("layerNorm of one column is its bias", { "3 rows": sized(3, 1) }, normalize, TOLERANCES.rows);

testNeededGradients("layerNorm", sized(3, 5), normalize, {
  x: ["layerNormBackward"],
  weight: ["fill", "fill", "layerNormBackwardWeight"],
  bias: ["fill", "fill", "layerNormBackwardWeight"],
});

Deno.test("layerNorm refuses weights of another length", () => {
  const backend = new CpuBackend();
  assertThrows(
    () => layerNorm(backend.allocate([2, 3]), backend.allocate([4]), backend.allocate([3])),
    TypeError,
    "Cannot normalize (2, 3): weight has length 4 and bias 3, expected 3",
  );
});
