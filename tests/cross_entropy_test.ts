import { assertAlmostEquals, assertEquals, assertThrows } from "@std/assert";
import { CpuBackend } from "../core/cpu_backend.ts";
import { crossEntropy, IGNORE_INDEX } from "../kernels/cross_entropy.ts";
import { add } from "../kernels/elementwise.ts";
import { testGolden } from "./_golden.ts";
import {
  checkGradients,
  evaluate,
  everyBackend,
  ids,
  type Inputs,
  integers,
  normals,
  type Operation,
  testParity,
  TOLERANCES,
} from "./_testing.ts";

const loss: Operation = ({ logits, targets }) => crossEntropy(logits, targets);

const weighted: Operation = ({ logits, targets, weights }) => {
  weights.tape = undefined; // they are no parameters
  return crossEntropy(logits, targets, { weights });
};

const weights = { shape: [5], data: Float32Array.of(0.5, 2, 0, 1, -1) };

const sized = (rows: number, columns: number, scale = 1): Inputs => ({
  logits: normals("logits", [rows, columns], scale),
  targets: integers("targets", [rows], columns),
});

// some cases divide by a number of their own: then every row weighs 1 / count
testGolden("cross_entropy", ({ logits, targets }, { count }) => {
  const weights = count ? logits.backend.from(new Float64Array(targets.size).fill(1 / count)) : undefined;
  return crossEntropy(logits, targets, { weights });
});

Deno.test("crossEntropy: gradient equals central differences", async () => {
  await checkGradients(sized(5, 7), loss);
  await checkGradients(
    { logits: normals("logits", [4, 3]), targets: ids(2, IGNORE_INDEX, 0, IGNORE_INDEX) },
    loss,
  );
  await checkGradients({ ...sized(5, 7), targets: ids(2, IGNORE_INDEX, 0, 6, 1) }, ({ logits, targets }) => {
    return crossEntropy(logits, targets, { weights: logits.backend.from(weights.data) });
  });
});

testParity("crossEntropy with weights", { five: { ...sized(5, 7), weights } }, weighted, TOLERANCES.rows);

everyBackend(
  "crossEntropy: weights multiply losses, and equal ones that add up to 1 make the mean",
  async (backend) => {
    const { logits, targets } = sized(5, 7), losses: number[] = [];
    for (let row = 0; row < 5; row++) {
      const inputs = {
        logits: { shape: [1, 7], data: logits.data.slice(row * 7, row * 7 + 7) },
        targets: { shape: [1], data: targets.data.slice(row, row + 1) },
      };
      losses.push((await evaluate(backend, inputs, loss)).y.data[0]);
    }
    const sum = losses.reduce((sum, loss, row) => sum + loss * weights.data[row], 0);
    const { y } = await evaluate(backend, { logits, targets, weights }, weighted);
    assertAlmostEquals(y.data[0], sum, 1e-5);
    const fifths = { shape: [5], data: new Float32Array(5).fill(0.2) };
    const [mean, same] = [
      await evaluate(backend, { logits, targets }, loss),
      await evaluate(backend, { logits, targets, weights: fifths }, weighted),
    ];
    assertAlmostEquals(same.y.data[0], mean.y.data[0], 1e-6);
    assertEquals(same.gradients.logits.data, mean.gradients.logits.data);
  },
);

testParity(
  "crossEntropy",
  {
    "one of one": sized(1, 1),
    "3 of 63": sized(3, 63),
    "65 of 65": sized(65, 65, 5),
    "a large vocabulary": sized(2, 50_257),
    "many rows": sized(70_001, 3),
    "some ignored": { logits: normals("logits", [5, 3]), targets: ids(0, IGNORE_INDEX, 2, 1, IGNORE_INDEX) },
  },
  loss,
  TOLERANCES.rows,
);

// where the logits have a gradient already, the second is added
testParity(
  "crossEntropy twice of the same logits",
  {
    "some ignored": { logits: normals("logits", [5, 67]), targets: ids(0, IGNORE_INDEX, 2, 66, 1), weights },
  },
  (inputs) => add(loss(inputs), weighted(inputs)),
  TOLERANCES.rows,
);

everyBackend("crossEntropy of targets that are all ignored is 0, its gradient too", async (backend) => {
  const inputs = { logits: normals("logits", [2, 3]), targets: ids(IGNORE_INDEX, IGNORE_INDEX) };
  const { y, gradients } = await evaluate(backend, inputs, loss);
  assertEquals([...y.data], [0]);
  assertEquals([...gradients.logits.data], Array(6).fill(0));
});

everyBackend("crossEntropy: ignored rows take no part, exactly", async (backend) => {
  const { data } = normals("logits", [3, 5]);
  const all = await evaluate(
    backend,
    { logits: { shape: [3, 5], data }, targets: ids(4, IGNORE_INDEX, 1) },
    loss,
  );
  const changed = data.slice().fill(1e3, 5, 10);
  const other = { logits: { shape: [3, 5], data: changed }, targets: ids(4, IGNORE_INDEX, 1) };
  const { y, gradients } = await evaluate(backend, other, loss);
  assertEquals(y.data, all.y.data);
  assertEquals(gradients.logits.data, all.gradients.logits.data);
  assertEquals([...gradients.logits.data.subarray(5, 10)], Array(5).fill(0));
});

Deno.test("crossEntropy refuses a wrong number of targets or weights", () => {
  const backend = new CpuBackend();
  assertThrows(
    () => crossEntropy(backend.allocate([2, 3]), backend.allocate([3], "u32")),
    TypeError,
    "Cannot compare logits (2, 3) with targets (3) of u32: expected 2 of u32",
  );
  assertThrows(
    () => {
      const weights = backend.allocate([3]);
      crossEntropy(backend.allocate([2, 3]), backend.allocate([2], "u32"), { weights });
    },
    TypeError,
    "Cannot weight 2 losses with 3 weights: expected one for each",
  );
});

everyBackend("crossEntropy: losses of rows are stored where they are asked for", async (backend) => {
  const { logits } = sized(5, 7), targets = Uint32Array.of(2, IGNORE_INDEX, 0, 6, 1);
  const losses = backend.allocate([5]), input = backend.from(logits.data, [5, 7]);
  const loss = crossEntropy(input, backend.from(targets), { losses }),
    stored = [...await backend.read(losses)];
  targets.forEach((target, row) => {
    const values = [...logits.data.slice(row * 7, row * 7 + 7)];
    const expected = Math.log(values.reduce((sum, logit) => sum + Math.exp(logit), 0)) - values[target];
    assertAlmostEquals(stored[row], target === IGNORE_INDEX ? 0 : expected, 1e-5);
  });
  assertAlmostEquals((await backend.read(loss))[0], stored.reduce((sum, loss) => sum + loss, 0) / 4, 1e-6);
  assertThrows(
    () => crossEntropy(input, backend.from(targets), { losses: backend.allocate([4]) }),
    TypeError,
    "Cannot store 5 losses in a tensor of 4: expected one for each row",
  );
});
