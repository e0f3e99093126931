import { assert, assertAlmostEquals, assertEquals, assertRejects } from "@std/assert";
import { CpuBackend } from "../core/cpu_backend.ts";
import { initialize } from "../core/module.ts";
import { attentionStack } from "../models/families.ts";
import { Gpt } from "../models/gpt.ts";
import { GptClassifier } from "../models/classifiers/gpt_classifier.ts";
import { MaskedLanguageModel } from "../models/masked_language_model.ts";
import { RobertaClassifier } from "../models/classifiers/roberta_classifier.ts";
import { attentionMaps, attentionWeights } from "../inference/attention_maps.ts";
import { assertClose, everyBackend, TOLERANCES } from "./_testing.ts";

const sizes = { contextLength: 8, layers: 2, heads: 3, modelDim: 12, feedForwardDim: 24, vocabSize: 16 };
const config = { ...sizes, dropoutRate: 0.1, initialStd: 0.5 }, ids = Uint32Array.of(3, 7, 7, 9, 1);

everyBackend("attentionMaps: a map for each head of each layer, whose rows add up to 1", async (backend) => {
  const gpt = new Gpt({ ...config, architecture: "gpt2" });
  const masked = new MaskedLanguageModel({ ...config, architecture: "roberta" });
  for (const model of [gpt, masked]) {
    initialize(backend, model, 1);
    const maps = await attentionMaps(backend, attentionStack(model), ids);
    assertEquals(maps.map(({ layer, head }) => [layer, head]), [[0, 0], [0, 1], [0, 2], [1, 0], [1, 1], [
      1,
      2,
    ]]);
    for (const { weights } of maps) {
      assertEquals(weights.length, 25);
      for (let row = 0; row < 5; row++) {
        const seen = weights.subarray(row * 5, row * 5 + 5);
        assertAlmostEquals(seen.reduce((sum, weight) => sum + weight, 0), 1, 1e-6);
        const future = seen.subarray(row + 1);
        assertEquals(
          future.every((weight) => weight === 0),
          model === gpt || row === 4,
          "only a GPT is causal",
        );
      }
    }
    assert(maps.every(({ weights }) => weights.some((weight) => weight < 0.1)), "heads choose");
    const distinct = new Set(maps.map(({ weights }) => weights.join()));
    assertEquals(distinct.size, 6, "each head is another");
  }
});

everyBackend("attentionMaps: equal on every backend", async (backend) => {
  const reference = new CpuBackend();
  const read = (on: typeof backend) => {
    const model = new Gpt({ ...config, architecture: "gpt1" });
    initialize(on, model, 2);
    return attentionMaps(on, model, ids);
  };
  const expected = await read(reference), actual = await read(backend);
  for (const [index, { weights }] of actual.entries()) {
    assertClose(weights, { shape: [5, 5], data: expected[index].weights }, TOLERANCES.rows, `map ${index}`);
  }
});

everyBackend("attentionWeights: those of each sequence of a batch, for each layer", async (backend) => {
  const model = new Gpt({ ...config, architecture: "gpt2" });
  initialize(backend, model, 1);
  const both = Uint32Array.of(...ids, 9, 9, 2, 1, 5);
  const layers = backend.scope(() =>
    attentionWeights(model, backend.from(both, [2, 5])).map((layer) => {
      assertEquals(layer.shape, [2, 3, 5, 5]);
      return backend.read(layer);
    })
  );
  const maps = await attentionMaps(backend, model, ids),
    first = (await Promise.all(layers)).map((layer) => layer.slice(0, 75));
  assertEquals(first.length, 2);
  for (const [index, { weights }] of maps.entries()) {
    const layer = first[Math.floor(index / 3)], start = index % 3 * 25;
    assertClose(
      layer.slice(start, start + 25),
      { shape: [5, 5], data: weights },
      TOLERANCES.rows,
      `map ${index}`,
    );
  }
});

Deno.test("attentionMaps refuses what the model cannot read", async () => {
  const backend = new CpuBackend(), model = new Gpt({ ...config, architecture: "gpt2" });
  initialize(backend, model, 1);
  const read = (...tokens: number[]) => attentionMaps(backend, model, Uint32Array.from(tokens));
  await assertRejects(() => read(), RangeError, "has 0 tokens, the model reads from 1 to 8");
  await assertRejects(() => read(...new Array(9).fill(1)), RangeError, "has 9 tokens");
  await assertRejects(() => read(1, 16), RangeError, "Token 16 is outside the vocabulary of 16");
});

Deno.test("attentionStack: the part with the blocks, of a classifier as of its language model", () => {
  const labels = ["a", "b"], gpt = new GptClassifier({ ...config, architecture: "gpt1", labels, padId: 1 });
  const roberta = new RobertaClassifier({ ...config, architecture: "roberta", labels });
  assertEquals([attentionStack(gpt) === gpt.gpt, attentionStack(roberta) === roberta.encoder], [true, true]);
});
