import { assertEquals } from "@std/assert";
import { addNorm } from "../kernels/norm/add_norm.ts";
import { layerNorm } from "../kernels/norm/layer_norm.ts";
import { evaluate, normals, type Operation, wasm } from "./_testing.ts";

Deno.test("rows in WebAssembly: 1, 2 and 3 threads give the same bits, alone and with the residual connection", async () => {
  const random = Uint32Array.of(1, 0, 5, 0),
    inputs = {
      x: normals("x", [170, 100]),
      branch: normals("branch", [170, 100]),
      weight: normals("weight", [100]),
      bias: normals("bias", [100]),
    };
  const operations: Record<string, Operation> = {
    layerNorm: ({ x, weight, bias }) => layerNorm(x, weight, bias),
    addNorm: ({ x, branch, weight, bias }) =>
      addNorm(x, branch, weight, bias, { dropoutRate: 0.3 }).normalized,
  };
  for (const [name, operation] of Object.entries(operations)) {
    const results = [];
    for (const threads of [1, 2, 3]) {
      results.push(await evaluate(await wasm(threads), inputs, operation, undefined, random));
    }
    assertEquals(results[1], results[0], name);
    assertEquals(results[2], results[0], name);
  }
});

Deno.test("rows in WebAssembly: the columns after the last four count neither in the mean nor in the variance", async () => {
  const backend = await wasm(1), x = backend.from([1, 2, 3, 4, 5, 100], [2, 3]);
  const weight = backend.from([1, 1, 1]), bias = backend.from([0, 0, 0]);
  const [first, , third] = await backend.read(layerNorm(x, weight, bias, 0));
  assertEquals([first, third].map((value) => value.toFixed(4)), ["-1.2247", "1.2247"]); // ±√1.5
});
