/** What is rounded in a pass in half precision: each operand once, and never read after it has changed. */

import { assert, assertEquals, assertNotEquals } from "@std/assert";
import type { Backend } from "../core/backend.ts";
import { CpuBackend } from "../core/cpu_backend.ts";
import { Tape, type TapeOptions } from "../core/tape.ts";
import type { Tensor } from "../core/tensor.ts";
import { attention } from "../kernels/attention/attention.ts";
import { add } from "../kernels/elementwise.ts";
import { operandOn } from "../kernels/matmul/half.ts";
import { linear } from "../kernels/matmul/linear.ts";
import { matmul } from "../kernels/matmul/matmul.ts";
import { recompute } from "../kernels/recompute.ts";
import { everyBackend, normals, RecordingBackend } from "./_testing.ts";

/** Keeps nothing, so that every use of an operand is rounded anew. */
class Forgetful extends Map<Tensor, Tensor> {
  override set(): this {
    return this;
  }
}

interface Model {
  readonly x: Tensor;
  readonly weight: Tensor;
  readonly bias: Tensor;
}

const SIZE = 8, ROWS = 6;

/** A model whose tensors live as long as the backend, with gradients as parameters have them. */
function modelOn(backend: Backend): Model {
  const tensor = (name: string, shape: readonly number[]) => {
    const tensor = backend.from(normals(name, shape).data, shape);
    tensor.gradient = backend.from(new Float32Array(tensor.size), shape);
    return tensor;
  };
  return {
    x: tensor("x", [ROWS, SIZE]),
    weight: tensor("weight", [SIZE, SIZE]),
    bias: tensor("bias", [SIZE]),
  };
}

/** Each tensor is an operand of several products, and most gradients are sums: the weight is used five times. */
function forward({ x, weight, bias }: Model): Tensor {
  const h = linear(x, weight, bias);
  const sum = recompute(h, (h) => add(h, linear(h, weight, bias)));
  const heads = sum.reshape([1, 2, 3, SIZE]);
  const mixed = attention(heads, heads, heads, { causal: true }).reshape([ROWS, SIZE]);
  const scores = linear(sum, weight, bias, { transposed: true });
  return add(matmul(mixed, weight, { transposeB: true }), add(scores, matmul(sum, weight)));
}

/** Result and gradients of a pass, which are set back to zeros. */
async function pass(backend: Backend, model: Model, tape: Tape): Promise<readonly Float32Array[]> {
  tape.watch(model.x);
  const y = backend.scope(() => {
    const y = forward(model);
    tape.backward(y);
    return y;
  });
  const tensors = [y, model.x.gradient!, model.weight.gradient!, model.bias.gradient!];
  const values: Float32Array[] = [];
  for (const tensor of tensors) values.push((await backend.read(tensor)).slice() as Float32Array);
  for (const { gradient } of [model.weight, model.bias]) {
    backend.write(gradient!, new Float32Array(gradient!.size));
  }
  return values;
}

const inHalf = (options: TapeOptions = {}) => new Tape(undefined, { ...options, precision: "f16" });
const forgetful = (options: TapeOptions = {}) => Object.assign(inHalf(options), { halves: new Forgetful() });

everyBackend(
  "operands that are rounded once a pass have the bits of those rounded for each product",
  async (backend) => {
    const model = modelOn(backend);
    for (const recompute of [false, true]) {
      const once = await pass(backend, model, inHalf({ recompute }));
      assertEquals(once, await pass(backend, model, forgetful({ recompute })), `recompute: ${recompute}`);
      assert(once.every((values) => values.every(Number.isFinite)));
      assertNotEquals(once, await pass(backend, model, new Tape(undefined, { recompute })));
    }
  },
  { halves: true },
);

everyBackend("a weight that changes between passes is rounded again", async (backend) => {
  const changed = normals("changed", [SIZE, SIZE]).data,
    [model, other] = [modelOn(backend), modelOn(backend)];
  backend.write(other.weight, changed);
  const expected = await pass(backend, other, inHalf()), tape = inHalf();
  const first = await pass(backend, model, tape);
  backend.write(model.weight, changed);
  assertNotEquals(first, expected);
  assertEquals(await pass(backend, model, tape), expected, "on the tape of the pass before");
  assertEquals(await pass(backend, model, inHalf()), expected, "on another tape");
}, { halves: true });

Deno.test("a pass rounds each operand once, and each gradient once for all products with it", async () => {
  const casts = async (tape: Tape) => {
    const backend = new RecordingBackend();
    await pass(backend, modelOn(backend), tape);
    return backend.kernels.filter((name) => name === "castToHalf").length;
  };
  // x, weight, h, heads, mixed and sum; six gradients
  assertEquals(await casts(inHalf()), 12);
  // what is computed again is a pass of its own, forward and backward: it rounds h and weight twice
  assertEquals(await casts(inHalf({ recompute: true })), 12 + 2 * 2 - 1);
  assertEquals(await casts(new Tape()), 0);
});

Deno.test("operandOn rounds on a tape in half precision only, and forgets when the pass ends", () => {
  const backend = new CpuBackend(), x = backend.from([0.1]), tape = inHalf();
  for (const without of [undefined, new Tape()]) assertEquals(operandOn(without, x), x);
  const half = operandOn(tape, x);
  assertEquals([half.dataType, operandOn(tape, x) === half, x.tape], ["f16", true, undefined]);
  tape.unwind();
  assertEquals([tape.halves.size, operandOn(tape, x) === half], [0, false]);
});
