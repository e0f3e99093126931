import { assertEquals, assertStrictEquals, assertThrows } from "@std/assert";
import { CpuBackend } from "../core/cpu_backend.ts";
import { initialize } from "../core/module.ts";
import { Tape } from "../core/tape.ts";
import type { Tensor } from "../core/tensor.ts";
import { type ForwardContext, patchedHeads } from "../models/forward_context.ts";
import { SelfAttention } from "../models/layers.ts";
import { normals } from "./_testing.ts";

Deno.test("SelfAttention refuses what a path through it would ignore", () => {
  const backend = new CpuBackend(), weights: Tensor[] = [], lengths = backend.from(Uint32Array.of(3, 5));
  const position = backend.from(Uint32Array.of(0)), shape = [2, 3, 5, 4];
  const cache = { key: backend.allocate(shape), value: backend.allocate(shape), position };
  const refuse = (
    context: ForwardContext,
    message: string,
    { causal = true, tape = new Array<Tape>() } = {},
  ) => {
    const layer = new SelfAttention({ modelDim: 12, heads: 3, causal, dropoutRate: 0, std: 0.3 });
    initialize(backend, layer, 1);
    const x = backend.from(normals("x", [2, 5, 12]).data, [2, 5, 12]);
    for (const one of tape) one.watch(x);
    assertThrows(() => layer.forward(x, context), TypeError, `Cannot ${message}`);
  };
  refuse({ weights, lengths }, "collect attention weights of padded sequences: give one without padding");
  refuse({ weights, cache }, "collect attention weights with a cache");
  refuse({ cache, lengths }, "skip padding with a cache");
  refuse({ cache }, "attend to later positions with a cache", { causal: false });
  refuse({ cache }, "train with a cache", { tape: [new Tape()] });
  assertEquals(weights, []);
});

Deno.test("a patch replaces heads by others of the same shape", () => {
  const backend = new CpuBackend(), heads = backend.allocate([1, 2, 4]), other = backend.allocate([1, 2, 4]);
  assertStrictEquals(patchedHeads(heads, {}), heads);
  assertStrictEquals(patchedHeads(heads, { patch: () => other }), other);
  assertThrows(
    () => patchedHeads(heads, { patch: () => backend.allocate([2, 4]) }),
    TypeError,
    "Cannot replace heads (1, 2, 4) by (2, 4): expected the same shape",
  );
});
