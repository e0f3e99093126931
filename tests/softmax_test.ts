import { assertAlmostEquals, assertEquals } from "@std/assert";
import { add } from "../kernels/elementwise.ts";
import { softmax } from "../kernels/softmax.ts";
import { testGolden } from "./_golden.ts";
import { checkGradients, everyBackend, type Inputs, normals, testParity, TOLERANCES } from "./_testing.ts";

testGolden("softmax", ({ x }, { causal }) => softmax(x, { causal: causal === 1 }), TOLERANCES.rows);

for (const causal of [false, true]) {
  const name = causal ? "causal softmax" : "softmax";

  Deno.test(`${name}: gradient equals central differences`, async () => {
    await checkGradients({ x: normals("x", [2, 5, 5]) }, ({ x }) => softmax(x, { causal }));
  });

  const cases: Record<string, Inputs> = {};
  for (const size of [1, 3, 63, 64, 65]) cases[`${size} × ${size}`] = { x: normals("x", [2, size, size], 3) };
  if (!causal) cases["a long row"] = { x: normals("x", [2, 70_001], 3) };
  cases["large scores"] = { x: normals("x", [5, 5], 100) };
  testParity(name, cases, ({ x }) => softmax(x, { causal }), TOLERANCES.rows);

  // where x has a gradient already, that of softmax is added
  testParity(
    `${name} of a tensor used twice`,
    { "65 × 65": cases["65 × 65"] },
    ({ x }) => add(softmax(x, { causal }), x),
    TOLERANCES.rows,
  );
}

everyBackend("softmax: rows add up to 1, and causal ones are 0 above the diagonal", async (backend) => {
  const time = 65, { data } = normals("x", [time, time], 10);
  const p = await backend.read(
    backend.scope(() => softmax(backend.from(data, [1, time, time]), { causal: true })),
  );
  for (let row = 0; row < time; row++) {
    const values = p.subarray(row * time, (row + 1) * time);
    assertAlmostEquals([...values].reduce((sum, value) => sum + value, 0), 1, 1e-6);
    assertEquals([...values.subarray(row + 1)], Array(time - row - 1).fill(0));
  }
});
