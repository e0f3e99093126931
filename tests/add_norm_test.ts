import { assert, assertEquals, assertThrows } from "@std/assert";
import { CpuBackend } from "../core/cpu_backend.ts";
import { Tape } from "../core/tape.ts";
import { add } from "../kernels/elementwise.ts";
import { addNorm } from "../kernels/norm/add_norm.ts";
import {
  assertClose,
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

const sized = (rows: number, columns: number): Inputs => ({
  x: normals("x", [rows, columns]),
  branch: normals("branch", [rows, columns]),
  weight: normals("weight", [columns]),
  bias: normals("bias", [columns]),
});

/** Both results, and all the ways in which gradients arrive and are written. */
const uses = (dropoutRate: number): Record<string, Operation> => {
  const run = ({ x, branch, weight, bias }: Parameters<Operation>[0]) =>
    addNorm(x, branch, weight, bias, { dropoutRate });
  return {
    "the normalized rows alone": (tensors) => run(tensors).normalized,
    "the sum, too": (tensors) => {
      const { sum, normalized } = run(tensors);
      return add(normalized, sum);
    },
    "the sum alone": (tensors) => run(tensors).sum,
    "x and branch have a gradient already": (tensors) => {
      const { sum, normalized } = run(tensors);
      return add(add(normalized, sum), add(tensors.x, tensors.branch));
    },
  };
};

Deno.test("addNorm: gradients equal central differences", async () => {
  for (const rate of [0, 0.4]) {
    for (const columns of [8, 7]) {
      for (const use of Object.values(uses(rate))) await checkGradients(sized(3, columns), use, random);
    }
  }
});

/** Among them a row that no lane's variables hold, and a length that no vector fits. */
const SIZES = [[1, 4], [3, 60], [65, 64], [17, 260], [5, 66], [3, 8200]];

everyBackend("addNorm equals the CPU reference", async (backend) => {
  for (const [rows, columns] of SIZES) {
    for (const rate of [0, 0.3]) {
      for (const [use, operation] of Object.entries(uses(rate))) {
        const inputs = sized(rows, columns), what = `${use}, ${rows} × ${columns}, rate ${rate}`;
        const expected = await evaluate(new CpuBackend(), inputs, operation, undefined, random);
        const actual = await evaluate(backend, inputs, operation, undefined, random);
        assertSame(actual, expected, TOLERANCES.rows, what);
      }
    }
  }
});

everyBackend(
  "addNorm equals its decomposed twin, on the CPU and WebAssembly bit for bit",
  async (backend) => {
    for (const [rows, columns] of SIZES) {
      for (const rate of [0, 0.3]) {
        for (const [use, operation] of Object.entries(uses(rate))) {
          const inputs = sized(rows, columns), what = `${use}, ${rows} × ${columns}, rate ${rate}`;
          const fused = await evaluate(backend, inputs, operation, undefined, random);
          const twin = await evaluate(backend, inputs, operation, undefined, random, { decomposed: true });
          if (backend.name === "webgpu") assertSame(fused, twin, TOLERANCES.rows, what);
          else assertEquals(fused, twin, what);
        }
      }
    }
  },
);

everyBackend("addNorm of many rows equals the CPU reference", async (backend) => {
  const inputs = sized(70_001, 4), operation = uses(0.3)["the sum, too"];
  const expected = await evaluate(new CpuBackend(), inputs, operation, undefined, random);
  // the gradients of weight and bias are long sums
  assertSame(
    await evaluate(backend, inputs, operation, undefined, random),
    expected,
    TOLERANCES.longSums,
    "rows",
  );
});

everyBackend("addNorm: dropout has the streams and masks of its twin", async (backend) => {
  const tape = (options = {}) => new Tape(backend.from(random), options);
  const { x, branch, weight, bias } = sized(9, 12), sums = [];
  for (const decomposed of [false, true]) {
    const tensors = backend.scope(() => {
      const own = tape({ decomposed }), input = own.watch(backend.from(new Float32Array(108), [9, 12]));
      const dropped = own.watch(backend.from(branch.data, [9, 12]));
      const vectors = [backend.from(weight.data), backend.from(bias.data)] as const;
      const first = addNorm(input, dropped, ...vectors, { dropoutRate: 0.5 });
      const second = addNorm(first.sum, dropped, ...vectors, { dropoutRate: 0.5 });
      assertEquals(own.streams, 2);
      addNorm(first.sum, dropped, ...vectors);
      assertEquals(own.streams, 2, "rate 0 draws nothing");
      return [first.sum, second.sum];
    });
    sums.push(await Promise.all(tensors.map((tensor) => backend.read(tensor))));
  }
  assertEquals(sums[0], sums[1]);
  assert(x.data.length > 0 && sums[0][0].includes(0));
});

Deno.test("addNorm is one kernel forward, and one for x and branch backward", async () => {
  const backend = new RecordingBackend();
  await evaluate(backend, sized(2, 8), uses(0.3)["the normalized rows alone"], undefined, random);
  assertEquals(backend.kernels.filter((name) => !/fill|addScaled/.test(name)), [
    "addNormForward",
    "addNormBackward",
    "layerNormBackwardWeight",
  ]);
  const inference = new RecordingBackend(), { x, branch, weight, bias } = sized(2, 8);
  const [a, b, c, d] = [x, branch, weight, bias].map(({ data, shape }) => inference.from(data, shape));
  const { sum, normalized } = addNorm(a, b, c, d, { dropoutRate: 0.3 });
  assertEquals([inference.kernels, sum.tape, normalized.tape], [["addNormForward"], undefined, undefined]);
  const expected = { shape: [2, 8], data: x.data.map((value, at) => value + branch.data[at]) };
  assertClose(await inference.read(sum), expected, TOLERANCES.products, "nothing is dropped without a tape");
});

testNeededGradients("addNorm", sized(3, 8), uses(0)["the normalized rows alone"], {
  x: ["layerNormBackward", "scaleForward"],
  branch: ["layerNormBackward", "scaleForward"],
  weight: ["fill", "fill", "layerNormBackwardWeight"],
  bias: ["fill", "fill", "layerNormBackwardWeight"],
});

Deno.test("addNorm of a tensor and itself adds both gradients", async () => {
  const { x, weight, bias } = sized(3, 8);
  await checkGradients({ x, weight, bias }, ({ x, weight, bias }) => addNorm(x, x, weight, bias).normalized);
  await checkGradients(
    { x, weight, bias },
    ({ x, weight, bias }) => addNorm(x, x.reshape([3, 8]), weight, bias, { dropoutRate: 0.3 }).normalized,
    random,
  );
});

Deno.test("addNorm refuses unequal shapes, weights of another length and rates that are none", () => {
  const backend = new CpuBackend(), tensor = (...shape: number[]) => backend.allocate(shape);
  const call = (...[x, branch, weight]: number[][]) => () =>
    addNorm(tensor(...x), tensor(...branch), tensor(...weight), tensor(4));
  assertThrows(call([2, 4], [4, 2], [4]), TypeError, "Cannot add (2, 4) and (4, 2): expected equal shapes");
  assertThrows(
    call([2, 4], [2, 4], [3]),
    TypeError,
    "Cannot normalize (2, 4): weight has length 3 and bias 4, expected 4",
  );
  const rated = () => addNorm(tensor(2, 4), tensor(2, 4), tensor(4), tensor(4), { dropoutRate: 1 });
  assertThrows(rated, RangeError, "Cannot drop at rate 1: expected 0 <= rate < 1");
});
