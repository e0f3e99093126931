import { assertAlmostEquals, assertEquals } from "@std/assert";
import { ACTIVATIONS } from "../kernels/activation_formulas.ts";

Deno.test("activations: the derivative is that of the value, and both end where the gate is open or closed", () => {
  for (const [name, { value, derivative }] of Object.entries(ACTIVATIONS)) {
    for (let x = -9.95; x < 10; x += 0.3) {
      const slope = (value(x + 1e-5) - value(x - 1e-5)) / 2e-5;
      assertAlmostEquals(derivative(x), slope, 1e-8, `${name} at ${x}`);
    }
    const end = name === "tanh" ? [1, 0, -1, 0] : [1e6, 1, 0, 0];
    const found = [value(1e6), derivative(1e6), value(-1e6), derivative(-1e6)].map((number) => number + 0);
    assertEquals(found, end, name);
  }
});
