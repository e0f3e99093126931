import { assertEquals } from "@std/assert";
import { CpuBackend } from "../core/cpu_backend.ts";
import { initialize, namedParameters } from "../core/module.ts";
import { geluErf } from "../kernels/activations.ts";
import { linear } from "../kernels/matmul/linear.ts";
import { LanguageHead } from "../models/language_head.ts";

const sizes = {
  vocabSize: 5,
  contextLength: 4,
  layers: 1,
  heads: 1,
  modelDim: 4,
  feedForwardDim: 4,
  dropoutRate: 0,
};

Deno.test("a language head uses the token embedding, or a table of its own; its GELU is always the exact one", async () => {
  for (const tied of [true, false]) {
    const head = new LanguageHead({ ...sizes, tied, activation: "relu", normEpsilon: 0.5 });
    const names = namedParameters(head).map(({ name }) => name);
    assertEquals(names.includes("decoder"), !tied);
    const backend = new CpuBackend();
    initialize(backend, head, 1);
    const numbers = (count: number) =>
      Float32Array.from({ length: count }, (_, index) => (index * 7 % 5 - 2) / 4);
    const states = backend.from(numbers(8), [2, 4]), embedding = backend.from(numbers(20), [5, 4]);
    const h = head.norm.forward(geluErf(head.dense.forward(states)));
    const expected = linear(h, tied ? embedding : head.decoder!, head.bias, { transposed: true });
    assertEquals(await backend.read(head.forward(states, embedding)), await backend.read(expected));
  }
});
