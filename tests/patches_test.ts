import {
  assert,
  assertAlmostEquals,
  assertEquals,
  assertNotEquals,
  assertRejects,
  assertThrows,
} from "@std/assert";
import type { Backend } from "../core/backend.ts";
import { CpuBackend } from "../core/cpu_backend.ts";
import { initialize } from "../core/module.ts";
import { type Tensor, zeros } from "../core/tensor.ts";
import { meanHeads, patchedModel, replaceHeads } from "../inference/heads/patches.ts";
import { generate } from "../inference/generate.ts";
import { attentionStack, buildModel, type ModelConfig } from "../models/families.ts";
import type { Block, PostNormBlock } from "../models/blocks.ts";
import { Gpt, type GptConfig } from "../models/gpt.ts";
import type { HeadPatch } from "../models/forward_context.ts";
import { MaskedLanguageModel } from "../models/masked_language_model.ts";
import { evaluate } from "../training/evaluate.ts";
import { everyBackend } from "./_testing.ts";

const sizes = { contextLength: 8, layers: 2, heads: 3, modelDim: 12, feedForwardDim: 24, vocabSize: 16 };
const config: GptConfig = { ...sizes, dropoutRate: 0.1, initialStd: 0.5, architecture: "gpt2" };
const labels = ["a", "b"], windows = [Uint32Array.of(3, 7, 7, 9, 1), Uint32Array.of(2, 9)];

/** Models of every family and kind. */
const CONFIGS: readonly ModelConfig[] = [
  config,
  { ...config, architecture: "gpt1" },
  { ...config, architecture: "roberta" },
  { ...config, architecture: "gpt2", labels, padId: 1 },
  { ...config, architecture: "roberta", labels },
];

/** The hidden states of the first window. */
const statesOf = async (backend: Backend, stack: ReturnType<typeof attentionStack>, patch?: HeadPatch) =>
  await backend.read(backend.scope(() => stack.states(backend.from(windows[0], [1, 5]), { patch })));

function build(backend: Backend, config: ModelConfig) {
  const model = buildModel(config);
  initialize(backend, model, 1);
  return attentionStack(model) as ReturnType<typeof attentionStack> & { blocks: readonly Block[] };
}

everyBackend("a patch that returns its argument changes no bit, in any family", async (backend) => {
  for (const config of CONFIGS) {
    const stack = build(backend, config), expected = await statesOf(backend, stack), seen: string[] = [];
    const patched = await statesOf(backend, stack, (layer, heads) => {
      seen.push(`${layer}: ${heads.shape}`);
      return heads;
    });
    assertEquals(patched, expected, config.architecture);
    assertEquals(seen, ["0: 1,5,12", "1: 1,5,12"], config.architecture);
  }
});

everyBackend(
  "all heads of a layer replaced by zeros: as if its output projection read zeros",
  async (backend) => {
    for (const config of CONFIGS) {
      for (const layer of [0, 1]) {
        const stack = build(backend, config), heads = [0, 1, 2].map((head) => ({ layer, head }));
        const values = [new Float32Array(12), new Float32Array(12)];
        const patched = await statesOf(backend, stack, replaceHeads(config, heads, values));
        const { weight } = (stack.blocks[layer] as PostNormBlock).attention.projection;
        backend.write(weight, new Float32Array(weight.size));
        assertEquals(patched, await statesOf(backend, stack), `${config.architecture}, layer ${layer}`);
      }
    }
  },
);

everyBackend(
  "replaceHeads replaces the channels of its heads, and leaves the others bit for bit",
  async (backend) => {
    const values = [new Float32Array(12), Float32Array.from({ length: 12 }, (_, channel) => 100 + channel)];
    const patch = replaceHeads(config, [{ layer: 1, head: 0 }, { layer: 1, head: 2 }], values);
    const data = Float32Array.from({ length: 36 }, (_, index) => Math.fround(index / 7 - 2));
    const read = (layer: number) =>
      backend.read(backend.scope(() => patch(layer, backend.from(data, [1, 3, 12]))));
    assertEquals(await read(0), data);
    const expected = data.map((value, index) => index % 12 >= 4 && index % 12 < 8 ? value : 100 + index % 12);
    assertEquals(await read(1), expected);
  },
);

everyBackend("meanHeads is the mean over all positions of all windows", async (backend) => {
  for (const config of CONFIGS) {
    const stack = build(backend, config), sums = [0, 1].map(() => new Float64Array(12));
    for (const ids of windows) {
      const kept: Tensor[] = [];
      const patch: HeadPatch = (layer, heads) => kept[layer] = heads;
      const reads = backend.scope(() => {
        stack.states(backend.from(ids, [1, ids.length]), { patch });
        return kept.map((heads) => backend.read(heads));
      });
      for (const [layer, heads] of (await Promise.all(reads)).entries()) {
        heads.forEach((value, index) => sums[layer][index % 12] += value);
      }
    }
    const means = await meanHeads(backend, stack, windows);
    assertEquals(means.length, 2);
    for (const [layer, mean] of means.entries()) {
      mean.forEach((value, channel) => {
        assertAlmostEquals(value, sums[layer][channel] / 7, 1e-5, `layer ${layer}, channel ${channel}`);
      });
      assert(mean.some((value) => Math.abs(value) > 0.1), "the means are no zeros");
    }
  }
});

everyBackend(
  "patchedModel patches every forward pass of a language model, whatever calls it",
  async (backend) => {
    const masked = new MaskedLanguageModel({ ...config, architecture: "roberta" }), gpt = new Gpt(config);
    const inputs = Uint32Array.of(3, 7, 7, 9, 1, 2),
      batch = { inputs, targets: inputs, batchSize: 2, contextLength: 3 };
    for (const model of [gpt, masked]) {
      initialize(backend, model, 1);
      const none = patchedModel(model, (_layer, heads) => heads);
      const heads = [{ layer: 0, head: 1 }],
        values = await meanHeads(backend, attentionStack(model), windows);
      const patch = replaceHeads(config, heads, values), patched = patchedModel(model, patch);
      const loss = await evaluate(backend, model, [batch]);
      assertEquals(await evaluate(backend, none, [batch]), loss);
      assert(Math.abs(await evaluate(backend, patched, [batch]) - loss) > 1e-3, "the patch matters");
      assertEquals(await evaluate(backend, model, [batch]), loss, "the model itself is as before");
      assertEquals([patched.config, patched.experiment], [model.config, undefined]);
      const read = (run: (ids: Tensor, weights: Tensor[]) => Tensor) =>
        backend.read(backend.scope(() => run(backend.from(windows[0], [1, 5]), [])));
      assertEquals(
        await read((ids, weights) => patched.forward(ids, { weights })),
        await read((ids, weights) => model.forward(ids, { patch, weights })),
      );
    }
  },
);

Deno.test("patchedModel generates text, one token at a time", async () => {
  const backend = new CpuBackend(), model = new Gpt({ ...config, architecture: "gpt1" });
  initialize(backend, model, 4);
  const ids = async (one: Gpt) => {
    const options = { prompt: windows[1], maxNewTokens: 5, temperature: 0 }, texts: number[] = [];
    for await (const [tokens] of generate(backend, one, options)) texts.push(...tokens);
    return texts;
  };
  const every = [0, 1].flatMap((layer) => [0, 1, 2].map((head) => ({ layer, head })));
  const patch = replaceHeads(config, every, [new Float32Array(12).fill(3), new Float32Array(12).fill(-3)]);
  assertEquals(await ids(patchedModel(model, (_layer, heads) => heads)), await ids(model));
  assertNotEquals(await ids(patchedModel(model, patch)), await ids(model));
});

Deno.test("patches refuse heads that there are not, and blocks that ignore them", async () => {
  const backend = new CpuBackend(), model = new Gpt(config), none = [new Float32Array(12)];
  initialize(backend, model, 1);
  for (
    const one of [{ layer: 2, head: 0 }, { layer: 0, head: 3 }, { layer: 0, head: -1 }, { layer: 1, head: 0 }]
  ) {
    assertThrows(
      () => replaceHeads(config, [one], none),
      RangeError,
      `Cannot replace head ${one.head} of layer`,
    );
  }
  await assertRejects(() => meanHeads(backend, model, []), RangeError, "over no tokens");
  const deaf = new Gpt(config, {
    name: "deaf",
    block: () => ({ forward: (x: Tensor) => x }),
  });
  initialize(backend, deaf, 1);
  const message = "Of the 2 blocks of the model 0 gave their heads to the patch";
  await assertRejects(() => meanHeads(backend, deaf, windows), TypeError, message);
  const patched = patchedModel(deaf, (_layer, heads) => heads), ids = backend.from(windows[0], [1, 5]);
  assertThrows(() => patched.forward(ids), TypeError, message);
  assertEquals(patched.experiment, deaf.experiment);
});

Deno.test("SelfAttention refuses a patch that returns another shape", () => {
  const backend = new CpuBackend(), model = new Gpt(config), ids = backend.from(windows[0], [1, 5]);
  initialize(backend, model, 1);
  const patch = () => zeros(backend, [5, 12]);
  assertThrows(() => model.forward(ids, { patch }), TypeError, "Cannot replace heads (1, 5, 12) by (5, 12)");
});
