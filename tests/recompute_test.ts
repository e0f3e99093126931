import { assert, assertEquals, assertThrows } from "@std/assert";
import type { Backend } from "../core/backend.ts";
import { CpuBackend } from "../core/cpu_backend.ts";
import { countParameters } from "../core/module.ts";
import { Tape } from "../core/tape.ts";
import type { Tensor } from "../core/tensor.ts";
import { WasmBackend } from "../core/wasm/wasm_backend.ts";
import { WebGpuBackend } from "../core/webgpu/webgpu_backend.ts";
import { causalBatches } from "../data/batches.ts";
import { gelu } from "../kernels/activations.ts";
import { dropout } from "../kernels/dropout.ts";
import { add, scale } from "../kernels/elementwise.ts";
import { inScope, recompute } from "../kernels/recompute.ts";
import { Gpt } from "../models/gpt.ts";
import { TrainingRun } from "../training/train.ts";
import { smallRuns, startSmallRun } from "../training/verification/small_runs.ts";
import { everyBackend, hasAdapter, normals } from "./_testing.ts";
import { settings, small, stateOf } from "./_training.ts";

// dropout, accumulation, causal and masked models, classifiers, padding; sizes that fit no tile
for (const small of smallRuns()) {
  everyBackend(
    `a run computes the same bits when it computes blocks again: ${small.name}`,
    async (backend) => {
      const states: unknown[] = [];
      for (const recompute of [false, true]) {
        const run = startSmallRun(backend, { ...small, settings: { ...small.settings, recompute } });
        run.advance();
        run.advance();
        states.push([await run.report(2), await stateOf(run)]);
      }
      assertEquals(states[1], states[0]);
    },
  );
}

/** The result of a function of x and the gradient of x, with or without computing again what `recompute` marks. */
async function differentiate(
  backend: Backend,
  again: boolean,
  operation: (x: Tensor) => Tensor,
): Promise<unknown[]> {
  const { data, shape } = normals("x", [5, 77]);
  const results = backend.scope(() => {
    const tape = new Tape(backend.from(Uint32Array.of(1, 2, 3, 4)), { recompute: again });
    const x = tape.watch(backend.from(data, shape)), y = operation(x);
    tape.backward(y, 3);
    return [y, x.gradient!, x];
  });
  return await Promise.all(results.map((tensor) => backend.read(tensor)));
}

/** Functions of x in which some block is marked. */
const cases: Readonly<Record<string, (x: Tensor) => Tensor>> = {
  "one block": (x) => recompute(x, gelu),
  "dropout before, in and after": (x) => {
    const block = (x: Tensor) => dropout(gelu(dropout(x, 0.5)), 0.3);
    return dropout(recompute(recompute(dropout(x, 0.4), block), block), 0.2);
  },
  // the gradient of x is there already when the block is differentiated
  "an input with a later use": (x) => add(recompute(x, (x) => add(gelu(x), scale(x, 0.7))), scale(x, 0.1)),
  "an input with an earlier use": (x) => add(scale(x, 0.1), recompute(x, (x) => add(gelu(x), scale(x, 0.7)))),
  "a block that returns its input": (x) => add(recompute(x, (x) => x), scale(x, 0.1)),
  "a block that returns its input, in another shape": (x) =>
    gelu(recompute(gelu(x), (x) => x.reshape([77, 5]).reshape([5, 77]))),
  "a block in a block": (x) => recompute(x, (x) => gelu(recompute(x, (x) => gelu(dropout(x, 0.3))))),
  "an input that is another shape of x": (x) => recompute(x.reshape([77, 5]), gelu).reshape([5, 77]),
};

for (const [name, operation] of Object.entries(cases)) {
  everyBackend(`recompute changes no bit: ${name}`, async (backend) => {
    assertEquals(
      await differentiate(backend, true, operation),
      await differentiate(backend, false, operation),
    );
  });
}

Deno.test("recompute calls the block again in the backward pass, and only where the tape says so", () => {
  const backend = new CpuBackend(), calls: (Tape | undefined)[] = [];
  const block = (x: Tensor) => {
    calls.push(x.tape);
    return gelu(x);
  };
  const x = backend.from([1, 2]);
  recompute(x, block);
  const tape = new Tape();
  tape.backward(recompute(tape.watch(x), block));
  assertEquals(calls, [undefined, tape]);
  const again = new Tape(undefined, { recompute: true });
  again.backward(recompute(again.watch(x), block));
  assertEquals(calls.length, 4);
  assert(calls.slice(2).every((inner) => inner && inner !== again && !inner.options.recompute));
});

Deno.test("recompute refuses a block that returns another shape", () => {
  const x = new Tape(undefined, { recompute: true }).watch(new CpuBackend().from([1, 2]));
  assertThrows(
    () => recompute(x, (x) => x.reshape([1, 2])),
    TypeError,
    "Cannot compute again what returns (1, 2) for (2): expected the same shape",
  );
});

/** Bytes that a backend holds after some steps of a model with so many layers. */
function bytesOf(backend: Backend, layers: number, recompute: boolean, steps = 1): number {
  const sizes = { contextLength: 32, batchSize: 8, seed: 1 };
  const config = { ...small, contextLength: 32, layers },
    batches = causalBatches(new Uint32Array(2000), sizes);
  const run = new TrainingRun(backend, new Gpt(config), batches, { ...settings, accumulation: 2, recompute });
  for (let step = 0; step < steps; step++) run.advance();
  const { bytes } = backend;
  backend.close();
  return bytes;
}

for (
  const [name, open] of Object.entries({
    cpu: () => Promise.resolve(new CpuBackend()),
    wasm: () => WasmBackend.open({ threads: 1 }),
    webgpu: () => WebGpuBackend.open(),
  })
) {
  Deno.test(`of a block two tensors are kept, its result and the gradient [${name}]`, {
    ignore: name === "webgpu" && !hasAdapter,
  }, async () => {
    const bytes = async (layers: number, recompute: boolean, steps?: number) =>
      bytesOf((await open())!, layers, recompute, steps);
    const perLayer = (await bytes(9, true) - await bytes(3, true)) / 6;
    const { modelDim, heads, feedForwardDim } = small, rows = 8 * 32;
    const parameters = 4 * countParameters(new Gpt({ ...small, layers: 2 }).blocks[1]);
    const slack = 4 * 12 * 4 * 64; // every parameter begins at a multiple of 256 bytes, in each of the flat buffers
    const kept = perLayer - 4 * parameters;
    assert(Math.abs(kept - 2 * 4 * rows * modelDim) <= slack, `${kept} bytes are kept of a block`);
    const whole = (await bytes(9, false) - await bytes(3, false)) / 6 - 4 * parameters;
    const channels = name === "webgpu" ? 18 : 26; // there attention does not move heads
    assert(
      whole > 4 * rows * (channels * modelDim + 4 * feedForwardDim + 2 * heads),
      `${whole} bytes without`,
    );
    assertEquals(await bytes(3, true, 4), await bytes(3, true));
  });
}

Deno.test("inScope keeps the result of a block, and nothing else that it allocates", async () => {
  const block = (x: Tensor) => gelu(scale(gelu(scale(x, 2)), 3)), { data, shape } = normals("x", [5, 77]);
  const compute = (block: (x: Tensor) => Tensor) => {
    const backend = new CpuBackend();
    const y = backend.scope(() => [1, 2, 3].reduce(block, backend.from(data, shape)));
    return { read: () => backend.read(y), tensors: backend.bytes / data.byteLength };
  };
  const kept = compute(block), scoped = compute((x) => inScope(x, block));
  assertEquals(await scoped.read(), await kept.read());
  assertEquals(kept.tensors, 1 + 3 * 4);
  assertEquals(scoped.tensors, 1 + 3 + 4);
  assertThrows(
    () => inScope(new CpuBackend().allocate([2, 2]), (x) => x.reshape([4])),
    TypeError,
    "Cannot compute again what returns (4) for (2, 2): expected the same shape",
  );
});
