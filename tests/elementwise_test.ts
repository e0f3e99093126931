import { assertThrows } from "@std/assert";
import { CpuBackend } from "../core/cpu_backend.ts";
import { add, scale } from "../kernels/elementwise.ts";
import { testGolden } from "./_golden.ts";
import {
  checkGradients,
  normals,
  type Operation,
  testNeededGradients,
  testParity,
  TOLERANCES,
} from "./_testing.ts";

testGolden(
  "elementwise",
  ({ a, b, x }, { operation, factor }) => operation === "add" ? add(a, b) : scale(x, factor),
);

const operations: Record<string, Operation> = {
  add: ({ a, b }) => add(a, b),
  scale: ({ a }) => scale(a, -0.3),
  "add of a tensor to itself": ({ a }) => add(a, a),
};

const sized = (size: number) => ({ a: normals("a", [size]), b: normals("b", [size]) });

for (const [name, operation] of Object.entries(operations)) {
  Deno.test(`${name}: gradients equal central differences`, async () => {
    await checkGradients(sized(13), operation);
  });

  testParity(
    name,
    Object.fromEntries([1, 3, 63, 64, 65, 70_001].map((size) => [`${size} elements`, sized(size)])),
    operation,
    TOLERANCES.products,
  );
}

testNeededGradients("add", sized(13), operations.add, { a: ["scaleForward"], b: ["scaleForward"] });

Deno.test("add refuses unequal shapes", () => {
  const backend = new CpuBackend();
  assertThrows(
    () => add(backend.allocate([2, 3]), backend.allocate([3, 2])),
    TypeError,
    "Cannot add (2, 3) and (3, 2): expected equal shapes",
  );
});
