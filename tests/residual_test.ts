import { assertEquals, assertThrows } from "@std/assert";
import { CpuBackend } from "../core/cpu_backend.ts";
import { add } from "../kernels/elementwise.ts";
import { residual } from "../kernels/residual.ts";
import {
  assertSame,
  checkGradients,
  evaluate,
  everyBackend,
  type Inputs,
  normals,
  type Operation,
  RecordingBackend,
  testNeededGradients,
  TOLERANCES,
} from "./_testing.ts";

const random = Uint32Array.of(3, 0, 5, 0);

const sized = (...shape: number[]): Inputs => ({ x: normals("x", shape), branch: normals("branch", shape) });

const plain: Operation = ({ x, branch }) => residual(x, branch, 0.4);

/** The ways in which the two gradients are written. */
const uses: Record<string, Operation> = {
  plain,
  "x has a gradient already": (tensors) => add(plain(tensors), tensors.x),
  "branch has a gradient already": (tensors) => add(plain(tensors), tensors.branch),
  "both have": (tensors) => add(add(plain(tensors), tensors.branch), tensors.x),
  "of a tensor and itself": ({ x, branch }) => add(residual(x, x, 0.4), branch),
  "of a tensor and itself in another shape": ({ x, branch }) =>
    add(residual(x, x.reshape([x.size]).reshape(x.shape), 0.4), branch),
};

Deno.test("residual: gradients equal central differences", async () => {
  for (const operation of Object.values(uses)) {
    for (const shape of [[3, 8], [3, 7]]) await checkGradients(sized(...shape), operation, random);
  }
});

everyBackend(
  "residual equals its decomposed twin, on the CPU and WebAssembly bit for bit, and the CPU reference",
  async (backend) => {
    for (const size of [1, 3, 4, 60, 65, 4100, 70_001, 280_004]) {
      for (const [use, operation] of Object.entries(size < 5000 ? uses : { plain })) {
        const inputs = sized(size), what = `${use}, ${size} elements`;
        const fused = await evaluate(backend, inputs, operation, undefined, random);
        const twin = await evaluate(backend, inputs, operation, undefined, random, { decomposed: true });
        // a GPU may round a product and a sum at once
        if (backend.name === "webgpu") assertSame(fused, twin, TOLERANCES.products, what);
        else assertEquals(fused, twin, what);
        const expected = await evaluate(new CpuBackend(), inputs, operation, undefined, random);
        assertSame(fused, expected, TOLERANCES.products, `${what}, CPU`);
      }
    }
  },
);

Deno.test("residual is one kernel forward and one backward; at rate 0 and in inference a sum", async () => {
  const run = async (operation: Operation, state?: Uint32Array) => {
    const backend = new RecordingBackend();
    await evaluate(backend, sized(2, 4), operation, undefined, state);
    return backend.kernels.filter((name) => !/fill|addScaled/.test(name));
  };
  assertEquals(await run(plain, random), ["residualForward", "residualBackward"]);
  assertEquals(await run(plain), ["addForward", "addBackward"]);
  assertEquals(await run(({ x, branch }) => residual(x, branch, 0), random), ["addForward", "addBackward"]);
});

testNeededGradients("residual", sized(3, 8), plain, { x: ["scaleForward"], branch: ["scaleForward"] });

Deno.test("residual refuses unequal shapes and rates that are none", () => {
  const backend = new CpuBackend(), x = backend.allocate([2, 4]);
  const shapes = "Cannot add (2, 4) and (4, 2): expected equal shapes";
  assertThrows(() => residual(x, backend.allocate([4, 2]), 0), TypeError, shapes);
  assertThrows(() => residual(x, x, 1), RangeError, "Cannot drop at rate 1: expected 0 <= rate < 1");
});
