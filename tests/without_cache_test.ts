import { assert, assertEquals, assertRejects } from "@std/assert";
import type { Backend } from "../core/backend.ts";
import { CpuBackend } from "../core/cpu_backend.ts";
import { initialize } from "../core/module.ts";
import { seedWords } from "../core/random.ts";
import type { Tensor } from "../core/tensor.ts";
import { sampleForward } from "../kernels/sample.ts";
import { PostNormBlock, PreNormBlock } from "../models/blocks.ts";
import type { Experiment } from "../models/experiment.ts";
import { Gpt, type GptConfig } from "../models/gpt.ts";
import type { ForwardContext } from "../models/forward_context.ts";
import { Identity } from "../models/layers.ts";
import { NoPositions } from "../models/positions.ts";
import { generate, type GenerateOptions } from "../inference/generate.ts";
import { cachesAgree } from "../inference/without_cache.ts";
import { everyBackend } from "./_testing.ts";
import { small, text } from "./_training.ts";
import { block as withoutNorm } from "./_without_norm.ts";

/** GPT-2's block, with a part of its context only. */
const passing = (kept: (context: ForwardContext) => ForwardContext): Experiment => ({
  name: "passing",
  block: (config, _layer, options) =>
    new class extends PreNormBlock {
      override forward(x: Tensor, context: ForwardContext = {}): Tensor {
        return super.forward(x, kept(context));
      }
    }(config, options),
});

const ignoring = passing(({ weights }) => ({ weights }));
const refusing = passing((context) => {
  if (context.cache) throw new TypeError("This block has no cache");
  return context;
});
const acausal: Experiment = {
  name: "acausal",
  block: (config) => new PostNormBlock(config, { causal: false }),
};

function modelOf(backend: Backend, experiment?: Experiment, changes: Partial<GptConfig> = {}): Gpt {
  const model = new Gpt({ ...small, initialStd: 0.5, layers: 2, ...changes }, experiment);
  initialize(backend, model, 1);
  return model;
}

async function write(
  backend: Backend,
  model: Gpt,
  options: Partial<GenerateOptions> = {},
): Promise<number[][]> {
  const all = { prompt: text.subarray(0, 3), maxNewTokens: 20, ...options };
  const written: number[][] = Array.from({ length: options.samples ?? 1 }, () => []);
  for await (const part of generate(backend, model, all)) {
    for (const [sample, ids] of part.entries()) written[sample].push(...ids);
  }
  return written;
}

/** The same by definition, on the CPU: every token from a forward pass over the whole window, and nothing but it. */
async function writeSlowly(
  experiment: Experiment,
  contextLength: number,
  { prompt, seed }: { prompt: Uint32Array; seed: number },
): Promise<number[]> {
  const backend = new CpuBackend(), model = modelOf(backend, experiment, { contextLength });
  const { vocabSize } = model.config, tokens = [...prompt];
  const used = backend.from(new Uint32Array(vocabSize)), drawn = backend.allocate([1], "u32");
  let start = Math.max(0, tokens.length - contextLength);
  for (let written = 0; written < 20; written++) {
    if (tokens.length - start > contextLength) start = tokens.length - 1 - (contextLength >> 1);
    const window = Uint32Array.from(tokens.slice(start));
    const logits = await backend.read(model.forward(backend.from(window, [1, window.length])));
    const tensors = {
      logits: backend.from([...logits].slice(-vocabSize)),
      used,
      counters: backend.from(Uint32Array.of(tokens.length - 1, 0, 0)),
      seed: backend.from(Uint32Array.of(...seedWords(seed))),
      drawn,
      scores: backend.allocate([1, vocabSize]),
    };
    const sampling = { temperature: 1, topK: 0, topP: 1, repetitionPenalty: 1 };
    backend.run(sampleForward, tensors, { rows: 1, columns: vocabSize, ...sampling });
    tokens.push((await backend.read(drawn))[0]);
  }
  return tokens.slice(prompt.length);
}

everyBackend(
  "generate: a block without a cache writes what forward computes, also past the context",
  async (backend) => {
    const cases: [Experiment, number, number][] = [
      [refusing, 8, 3],
      [ignoring, 8, 3],
      [ignoring, 8, 30],
      [ignoring, 5, 1],
      [ignoring, 1, 4],
    ];
    for (const [experiment, contextLength, length] of cases) {
      const model = modelOf(backend, experiment, { contextLength });
      const options = { prompt: text.subarray(0, length), seed: 3 };
      const expected = await writeSlowly(experiment, contextLength, options);
      assertEquals(await write(backend, model, options), [expected], `${contextLength} ${length}`);
      if (length === 30) assertEquals(await write(backend, model, { ...options, chunk: 3 }), [expected]);
    }
  },
);

everyBackend(
  "generate: a block without a cache writes the text of the same block with one",
  async (backend) => {
    const plain = modelOf(backend, undefined, { architecture: "gpt2" });
    const ignored = modelOf(backend, { ...ignoring }, { architecture: "gpt2" });
    const options = { samples: 3, seed: 4, temperature: 0.8, topK: 7, repetitionPenalty: 1.3 };
    assertEquals(await write(backend, ignored, options), await write(backend, plain, options));
  },
);

everyBackend("caches agree where a block passes them on, whatever its other parts are", async (backend) => {
  const agreeing: Experiment[] = [
    { name: "nothing" },
    { name: "without_norm", block: withoutNorm },
    { name: "positions", positions: () => new NoPositions() },
    { name: "final_norm", finalNorm: () => new Identity() },
    { name: "mlp", block: (config, _layer, options) => new PreNormBlock(config, options).mlp },
    passing((context) => context),
  ];
  for (const architecture of ["gpt1", "gpt2"] as const) {
    for (const initialStd of [0.02, 0.5]) {
      for (const contextLength of [1, 40]) {
        const changes = { architecture, contextLength, initialStd };
        for (const experiment of agreeing) {
          assert(await cachesAgree(backend, modelOf(backend, experiment, changes)), experiment.name);
        }
        if (contextLength === 1) continue;
        for (const experiment of [ignoring, refusing]) {
          assert(!await cachesAgree(backend, modelOf(backend, experiment, changes)), `${initialStd}`);
        }
      }
    }
  }
});

Deno.test("generate refuses a block that sees later tokens", async () => {
  const backend = new CpuBackend(), model = modelOf(backend, acausal);
  const error = await assertRejects(() => write(backend, model), TypeError);
  assertEquals(
    error.message,
    'Cannot generate with the experiment "acausal": hidden states change with later tokens, so it is not causal; make ' +
      "its attention causal, where the options of its block factory ask for it",
  );
});

Deno.test("generate: a block without a cache gives all memory back", async () => {
  const backend = new CpuBackend(), model = modelOf(backend, ignoring), prompt = text.slice(0, 3);
  const start = async () => {
    for await (const _ of generate(backend, model, { prompt, maxNewTokens: 100, samples: 2 })) break;
    return backend.bytes;
  };
  const bytes = await start();
  assertEquals(await start(), bytes);
});
