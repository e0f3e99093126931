import { assert, assertEquals } from "@std/assert";
import { CpuBackend } from "../core/cpu_backend.ts";
import { Tape } from "../core/tape.ts";
import { fill, gradientOf, outputOf, type Tensor } from "../core/tensor.ts";
import { gelu, geluErf, quickGelu, relu, silu, tanh } from "../kernels/activations.ts";
import { attention } from "../kernels/attention/attention.ts";
import { crossEntropy, IGNORE_INDEX } from "../kernels/cross_entropy.ts";
import { add, addScaled, scale, scaleForward } from "../kernels/elementwise.ts";
import { boundaryIndices, embedding, positionsOf } from "../kernels/embedding.ts";
import { mergeHeads, splitHeads } from "../kernels/attention/heads.ts";
import { addNorm } from "../kernels/norm/add_norm.ts";
import { layerNorm } from "../kernels/norm/layer_norm.ts";
import { selfAttention } from "../kernels/attention/self_attention.ts";
import { meanPooling } from "../kernels/mean_pooling.ts";
import { linear } from "../kernels/matmul/linear.ts";
import { matmul } from "../kernels/matmul/matmul.ts";
import { residual } from "../kernels/residual.ts";
import { softmax } from "../kernels/softmax.ts";
import { sourcesIn } from "./_sources.ts";
import {
  assertSame,
  evaluate,
  everyBackend,
  ids,
  type Inputs,
  normals,
  type Operation,
  TOLERANCES,
} from "./_testing.ts";

Deno.test("Tape runs what was recorded backwards, once", () => {
  const backend = new CpuBackend(), tape = new Tape(), order: number[] = [];
  for (const step of [1, 2, 3]) tape.record(() => order.push(step));
  tape.backward(backend.allocate([1]));
  tape.backward(backend.allocate([1]));
  assertEquals(order, [3, 2, 1]);
});

Deno.test("Tape.backward starts from its scale", async () => {
  const backend = new CpuBackend(), tape = new Tape(), x = tape.watch(backend.from([5, 7]));
  tape.backward(scale(x, 3), 0.5);
  assertEquals([...await backend.read(x.gradient!)], [1.5, 1.5]);
});

Deno.test("Tape: gradients of all uses of a tensor add up", async () => {
  const backend = new CpuBackend(), tape = new Tape(), x = tape.watch(backend.from([5]));
  // x + 3 (x + x) = 7 x
  tape.backward(add(x, scale(add(x, x), 3)));
  assertEquals([...await backend.read(x.gradient!)], [7]);
});

everyBackend("Tape: a kernel that only adds goes together with those that store", async (backend) => {
  /** A function as a user may write it: the derivative of 3x adds into a gradient of zeros. */
  const triple = (x: Tensor): Tensor => {
    const y = outputOf(x.shape, [x]), size = x.size;
    backend.run(scaleForward, { x, y }, { size, factor: 3 });
    y.tape?.record(() => backend.run(addScaled, { x: gradientOf(y), y: gradientOf(x) }, { size, factor: 3 }));
    return y;
  };
  for (
    const join of [(x: Tensor) => add(triple(x), scale(x, 4)), (x: Tensor) => add(scale(x, 4), triple(x))]
  ) {
    const x = backend.scope(() => {
      const tape = new Tape(), x = tape.watch(backend.from([5, 6]));
      tape.backward(join(x));
      return x;
    });
    assertEquals([...await backend.read(x.gradient!)], [7, 7]);
  }
});

Deno.test("Tape: without one, nothing is recorded and no gradient is made", () => {
  const backend = new CpuBackend(), x = backend.from([1, 2], [1, 2]);
  const y = softmax(add(gelu(x), x));
  assertEquals([y.tape, y.gradient, x.gradient], [undefined, undefined, undefined]);
});

Deno.test("Tape.nextStream counts", () => {
  const tape = new Tape();
  assertEquals([tape.nextStream(), tape.nextStream(), tape.nextStream()], [0, 1, 2]);
});

const square = { a: normals("a", [3, 3]), b: normals("b", [3, 3]) };
const vectors = { weight: normals("weight", [3]), bias: normals("bias", [3]) };
const wide = {
  ...{ a: normals("a", [3, 4]), b: normals("b", [3, 4]) },
  ...{ weight: normals("weight", [4]), bias: normals("bias", [4]) },
};
const split: Operation = ({ x }) => splitHeads(x, 1).reduce(add);

/**
 * Every differentiable function of the library; dropout, which draws anew each time, has a test of its own. In the tests of
 * single operations each gradient is written once, so a backward kernel that writes `=` where it must add with `+=` fails in
 * the last test but one of this file, and often in no other. On a GPU one that leaves out elements when it stores fails in
 * the last test.
 */
const operations: Record<string, [inputs: Inputs, operation: Operation]> = {
  add: [square, ({ a, b }) => add(a, b)],
  scale: [square, ({ a }) => scale(a, 2)],
  gelu: [square, ({ a }) => gelu(a)],
  geluErf: [square, ({ a }) => geluErf(a)],
  relu: [square, ({ a }) => relu(a)],
  silu: [square, ({ a }) => silu(a)],
  quickGelu: [square, ({ a }) => quickGelu(a)],
  tanh: [square, ({ a }) => tanh(a)],
  softmax: [square, ({ a }) => softmax(a)],
  "softmax, causal": [square, ({ a }) => softmax(a, { causal: true })],
  matmul: [square, ({ a, b }) => matmul(a, b)],
  "matmul transposed": [square, ({ a, b }) => matmul(a, b, { transposeA: true, transposeB: true })],
  linear: [{ ...square, ...vectors }, ({ a, b, bias }) => linear(a, b, bias)],
  layerNorm: [{ ...square, ...vectors }, ({ a, weight, bias }) => layerNorm(a, weight, bias)],
  residual: [
    { a: normals("a", [3, 4]), b: normals("b", [3, 4]) },
    ({ a, b }) => residual(a, b, 0),
  ],
  addNorm: [wide, ({ a, b, weight, bias }) => addNorm(a, b, weight, bias).normalized],
  "addNorm and its sum": [wide, ({ a, b, weight, bias }) => {
    const { sum, normalized } = addNorm(a, b, weight, bias);
    return add(sum, normalized);
  }],
  attention: [
    { q: normals("q", [1, 1, 3, 2]), k: normals("k", [1, 1, 3, 2]), v: normals("v", [1, 1, 3, 2]) },
    ({ q, k, v }) => attention(q, k, v),
  ],
  "attention with padding": [
    {
      q: normals("q", [3, 1, 3, 2]),
      k: normals("k", [3, 1, 3, 2]),
      v: normals("v", [3, 1, 3, 2]),
      lengths: ids(3, 1, 0),
    },
    ({ q, k, v, lengths }) => attention(q, k, v, { lengths }),
  ],
  splitHeads: [{ x: normals("x", [1, 3, 6]) }, split],
  selfAttention: [{ x: normals("x", [1, 5, 96]) }, ({ x }) => selfAttention(x, 2)],
  mergeHeads: [{ x: normals("x", [1, 2, 3, 2]) }, ({ x }) => mergeHeads(x)],
  embedding: [
    { ids: ids(2, 0, 2), table: normals("table", [3, 2]) },
    ({ ids, table }) => embedding(ids, table),
  ],
  meanPooling: [
    { x: normals("x", [2, 3, 2]), lengths: ids(3, 1) },
    ({ x, lengths }) => meanPooling(x, lengths),
  ],
  crossEntropy: [{ ...square, ids: ids(2, 0, 1) }, ({ a, ids }) => crossEntropy(a, ids)],
  "crossEntropy of two": [{ ...square, ids: ids(2, IGNORE_INDEX, 1) }, ({ a, ids }) => crossEntropy(a, ids)],
};

/** Functions that give integers: what is looked up by them is learned, so they pass the tape on. */
const integerOperations: Record<string, Operation> = {
  positionsOf: ({ ids }) => positionsOf(ids),
  boundaryIndices: ({ ids, lengths }) => boundaryIndices(ids, lengths, "last"),
};

/**
 * `recompute` is what its block is, `inScope` is for no tape. Cached attention refuses a tape; decomposed attention gives the result of other
 * operations; operands are on no tape.
 */
const otherOperations = [
  "dropout",
  "recompute",
  "inScope",
  "cachedAttention",
  "cachedSelfAttention",
  "decomposedAttention",
  "operandIn",
  "operandOn",
];

Deno.test("Tape: every operation is in the lists of this test, and passes the tape on from each of its inputs", async () => {
  const found = new Set<string>();
  for (const path of await sourcesIn("kernels")) {
    const text = await Deno.readTextFile(new URL(`../${path}`, import.meta.url));
    const functions = text.matchAll(/^export function (\w+)\([^]*?\)(?:: ([^{]*))? \{$/gm);
    for (const [, name, type] of functions) {
      if (/Tensor|DecomposedAttention|AddNorm/.test(type)) found.add(name);
    }
  }
  const tested = Object.keys({ ...operations, ...integerOperations }).map((name) => name.match(/\w+/)![0]);
  const listed = new Set([...tested, ...otherOperations]);
  const missing = [...found.difference(listed)].join(", "), gone = [...listed.difference(found)].join(", ");
  const howToAdd =
    `add ${missing} to \`operations\` in tests/tape_test.ts, with inputs, which tests that its backward ` +
    "kernels add to a gradient; or to `integerOperations` if its result is integers";
  assertEquals(missing, "", howToAdd);
  assertEquals(
    gone,
    "",
    `remove ${gone} from the lists in tests/tape_test.ts: kernels/ no longer exports it`,
  );

  const backend = new CpuBackend();
  const check = (name: string, inputs: Inputs, operation: Operation, watched: string) => {
    const tape = new Tape(), tensors: Record<string, Tensor> = {};
    for (const [input, { data, shape }] of Object.entries(inputs)) tensors[input] = backend.from(data, shape);
    tape.watch(tensors[watched]);
    assert(operation(tensors).tape === tape, `${name} loses the tape of ${watched}`);
  };
  for (const [name, [inputs, operation]] of Object.entries(operations)) {
    const { gradients } = await evaluate(backend, inputs, operation);
    for (const input in gradients) check(name, inputs, operation, input);
  }
  const sequences = { ids: { shape: [2, 3], data: new Uint32Array(6) }, lengths: ids(3, 1) };
  for (const name in integerOperations) check(name, sequences, integerOperations[name], "ids");
});

everyBackend("every operation adds to a gradient that is there, instead of replacing it", async (backend) => {
  for (const [name, [inputs, operation]] of Object.entries(operations)) {
    const once = await evaluate(backend, inputs, operation);
    const twice = await evaluate(backend, inputs, (tensors) => add(operation(tensors), operation(tensors)));
    for (const [input, { data }] of Object.entries(once.gradients)) {
      assertEquals(
        twice.gradients[input].data,
        data.map((value) => 2 * value),
        `${name}: gradient of ${input}`,
      );
    }
  }
});

everyBackend("every operation stores all of a gradient that it is the first to write", async (backend) => {
  const { allocate } = backend;
  backend.allocate = (shape, dataType = "f32") => {
    const y = allocate.call(backend, shape, dataType);
    if (dataType === "f32") backend.run(fill, { y }, { size: y.size, value: 1e30 });
    return y;
  };
  try {
    for (const [name, [inputs, operation]] of Object.entries(operations)) {
      const expected = await evaluate(new CpuBackend(), inputs, operation);
      assertSame(await evaluate(backend, inputs, operation), expected, TOLERANCES.rows, name);
    }
  } finally {
    backend.allocate = allocate;
  }
});
