import { assertEquals, assertThrows } from "@std/assert";
import { CpuBackend } from "../core/cpu_backend.ts";
import { layerNorm } from "../kernels/layer_norm.ts";
import { testGolden } from "./_golden.ts";
import {
  checkGradients,
  evaluate,
  type Inputs,
  normals,
  type Operation,
  testParity,
  TOLERANCES,
} from "./_testing.ts";

const normalize: Operation = ({ x, weight, bias }) => layerNorm(x, weight, bias);

const sized = (rows: number, columns: number): Inputs => ({
  x: normals("x", [rows, columns]),
  weight: normals("weight", [columns]),
  bias: normals("bias", [columns]),
});

testGolden("layer_norm", normalize);

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

Deno.test("layerNorm computes no gradient that nobody looks at", async () => {
  const inputs = sized(3, 5), all = await evaluate(new CpuBackend(), inputs, normalize), runs: string[] = [];
  const backend = new class extends CpuBackend {
    override run(...[kernel, tensors, constants]: Parameters<CpuBackend["run"]>): void {
      if (kernel.name.startsWith("layerNormBackward")) runs.push(kernel.name);
      super.run(kernel, tensors, constants);
    }
  }();
  const needed = {
    x: "layerNormBackward",
    weight: "layerNormBackwardWeight",
    bias: "layerNormBackwardWeight",
  };
  for (const [name, kernel] of Object.entries(needed)) {
    runs.length = 0;
    const { gradients } = await evaluate(backend, inputs, (tensors) => {
      for (const other in tensors) if (other !== name) tensors[other].tape = undefined;
      return normalize(tensors);
    });
    assertEquals([Object.keys(gradients), runs], [[name], [kernel]]);
    assertEquals(gradients[name].data, all.gradients[name].data);
  }
});

Deno.test("layerNorm refuses weights of another length", () => {
  const backend = new CpuBackend();
  assertThrows(
    () => layerNorm(backend.allocate([2, 3]), backend.allocate([4]), backend.allocate([3])),
    TypeError,
    "Cannot normalize (2, 3): weight has length 4 and bias 3, expected 3",
  );
});
