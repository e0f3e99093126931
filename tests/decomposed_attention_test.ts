/** Attention from its parts; that the fused operation equals it is tested in `attention_test.ts`. */

import { assert, assertAlmostEquals, assertEquals } from "@std/assert";
import { CpuBackend } from "../core/cpu_backend.ts";
import { decomposedAttention } from "../kernels/attention/decomposed_attention.ts";
import { golden } from "./_golden.ts";
import {
  assertSame,
  checkGradients,
  evaluate,
  everyBackend,
  normals,
  type Operation,
  TOLERANCES,
} from "./_testing.ts";

Deno.test("decomposedAttention: values and gradients equal PyTorch's", async () => {
  const unpadded = golden("attention").filter(({ inputs }) => inputs.lengths === undefined);
  assert(unpadded.length > 2);
  for (const { name, options, inputs, dy, y, gradients } of unpadded) {
    const attend: Operation = ({ query, key, value }) =>
      decomposedAttention(query, key, value, { causal: options.causal === 1 }).y;
    const actual = await evaluate(new CpuBackend({ floats: Float64Array }), inputs, attend, dy);
    assertSame(actual, { y, gradients }, TOLERANCES.golden64, name);
  }
});

Deno.test("decomposedAttention: gradients equal central differences", async () => {
  const shape = [1, 2, 5, 3], [query, key, value] = ["q", "k", "v"].map((name) => normals(name, shape));
  for (const causal of [false, true]) {
    await checkGradients(
      { query, key, value },
      ({ query, key, value }) => decomposedAttention(query, key, value, { causal }).y,
    );
  }
});

everyBackend(
  "decomposedAttention shows its weights: rows add up to 1, and the future weighs nothing",
  async (backend) => {
    const shape = [2, 3, 7, 5], time = 7;
    for (const causal of [false, true]) {
      const weights = backend.scope(() => {
        const [query, key, value] = ["q", "k", "v"].map((name) =>
          backend.from(normals(name, shape).data, shape)
        );
        return decomposedAttention(query, key, value, { causal }).weights;
      });
      assertEquals(weights.shape, [2, 3, time, time]);
      const data = await backend.read(weights);
      for (let row = 0; row < 2 * 3 * time; row++) {
        const p = [...data.subarray(row * time, (row + 1) * time)], seen = causal ? row % time + 1 : time;
        assertAlmostEquals(p.reduce((sum, weight) => sum + weight), 1, 1e-6);
        assertEquals(p.map((weight) => weight > 0), p.map((_, j) => j < seen), `row ${row}`);
      }
    }
  },
);
