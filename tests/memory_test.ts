import { assert, assertEquals, assertMatch, assertThrows } from "@std/assert";
import {
  checkEvaluationMemory,
  checkGenerationMemory,
  checkMemory,
  type MemoryLimits,
  memoryLimits,
} from "../commands/cost/memory.ts";
import type { Backend } from "../core/backend.ts";
import { CpuBackend } from "../core/cpu_backend.ts";
import { initialize } from "../core/module.ts";
import { WasmBackend } from "../core/wasm/wasm_backend.ts";
import { WebGpuBackend } from "../core/webgpu/webgpu_backend.ts";
import { RobertaClassifier } from "../models/classifiers/roberta_classifier.ts";
import { Gpt, type GptConfig } from "../models/gpt.ts";
import { MaskedLanguageModel } from "../models/masked_language_model.ts";
import type { RobertaConfig } from "../models/roberta.ts";
import { generate } from "../inference/generate.ts";
import { estimateMemory } from "../training/memory.ts";
import { PRESETS } from "../training/presets/gpt_presets.ts";
import { causalBatches } from "../data/batches.ts";
import { labelledBatches } from "../data/labelled_batches.ts";
import { maskedBatches } from "../data/masked_batches.ts";
import { TrainingRun } from "../training/train.ts";
import { CpuLikeGpu, hasAdapter } from "./_testing.ts";

const tiny: GptConfig = {
  ...{ architecture: "gpt1", vocabSize: 60, contextLength: 24, layers: 2, heads: 2, modelDim: 32 },
  ...{ feedForwardDim: 128, dropoutRate: 0 },
};

Deno.test("the estimate is what training takes", () => {
  const changes: Partial<GptConfig>[] = [
    {},
    { layers: 4 },
    { architecture: "gpt2", dropoutRate: 0.1 },
    { vocabSize: 500, feedForwardDim: 64 },
    { contextLength: 48, heads: 8 },
  ];
  for (const change of changes) {
    for (
      const [precision, backend] of [
        ["f32", new CpuBackend()],
        ["f16", new CpuBackend()],
        ["f32", new CpuLikeGpu()],
      ] as const
    ) {
      const config = { ...tiny, ...change }, { adapterClass } = backend as Backend;
      const ids = new Uint32Array(2000), sizes = { contextLength: config.contextLength, batchSize: 4 };
      const batches = causalBatches(ids, { ...sizes, seed: 1 });
      const settings = { ...PRESETS.tiny.training, precision, seed: 1 };
      new TrainingRun(backend, new Gpt(config), batches, settings).advance();
      const { parameterBytes, activationBytes } = estimateMemory(config, 4, { precision, adapterClass });
      const ratio = (parameterBytes + activationBytes) / backend.bytes;
      assert(
        ratio > 0.95 && ratio < 1.05,
        `${precision} ${adapterClass} ${JSON.stringify(change)}: ${ratio} of what it took`,
      );
    }
  }
});

Deno.test(
  "on a GPU the estimate has the slices of products whose sums are split [webgpu, hardware shaders]",
  { ignore: !hasAdapter },
  async () => {
    const changes: Partial<GptConfig>[] = [
      { modelDim: 128, feedForwardDim: 512 },
      { modelDim: 32, feedForwardDim: 512, contextLength: 128, vocabSize: 300 },
      { modelDim: 64, feedForwardDim: 256, contextLength: 20 }, // too few tokens to be cut
    ];
    for (const change of changes) {
      const config = { ...tiny, layers: 1, contextLength: 64, ...change }, { contextLength } = config;
      const backend = (await WebGpuBackend.open("hardware"))!;
      const batches = causalBatches(new Uint32Array(2000), { contextLength, batchSize: 12, seed: 1 });
      new TrainingRun(backend, new Gpt(config), batches, { ...PRESETS.tiny.training, seed: 1 }).advance();
      const [without, { parameterBytes, activationBytes }] = (["software", "hardware"] as const).map(
        (adapterClass) => estimateMemory(config, 12, { adapterClass }),
      );
      const ratio = (parameterBytes + activationBytes) / backend.bytes;
      assert(ratio > 0.98 && ratio < 1.02, `${JSON.stringify(change)}: ${ratio} of what it took`);
      assertEquals(activationBytes > without.activationBytes, contextLength > 20, JSON.stringify(change));
    }
  },
);

Deno.test("SGD takes a number less for each parameter than AdamW", () => {
  const optimizer = "sgd", backend = new CpuBackend(), config = { ...tiny, vocabSize: 3000 };
  const batches = causalBatches(new Uint32Array(2000), { contextLength: 24, batchSize: 1, seed: 1 });
  const settings = { ...PRESETS.tiny.training, optimizer, seed: 1 } as const;
  new TrainingRun(backend, new Gpt(config), batches, settings).advance();
  const { parameters, parameterBytes, activationBytes } = estimateMemory(config, 1, { optimizer });
  assertEquals(estimateMemory(config, 1).parameterBytes - parameterBytes, 4 * parameters);
  const ratio = (parameterBytes + activationBytes) / backend.bytes;
  assert(ratio > 0.95 && ratio < 1.05, `${ratio} of what it took`);
  const limits = { total: parameterBytes + activationBytes, buffer: Infinity, binding: Infinity };
  checkMemory(config, { batchSize: 1, accumulation: 1, optimizer }, limits);
  assertThrows(
    () => checkMemory(config, { batchSize: 1, accumulation: 1 }, limits),
    RangeError,
    "it needs about",
  );
});

Deno.test("a masked language model scores only where it is asked", () => {
  const tokens = { vocabSize: 1000, maskId: 999, specialIds: [0, 1, 2, 3, 999] }, backend = new CpuBackend();
  const config: RobertaConfig = { ...tiny, architecture: "roberta", vocabSize: 1000, contextLength: 64 };
  const sequences = Array.from({ length: 50 }, () => Uint32Array.from({ length: 64 }, (_, i) => 4 + i));
  const batches = maskedBatches(sequences, { ...tokens, contextLength: 64, batchSize: 16, seed: 1 });
  const settings = { ...PRESETS.tiny.training, seed: 1 };
  new TrainingRun(backend, new MaskedLanguageModel(config), batches, settings).advance();
  const { parameterBytes, activationBytes } = estimateMemory(config, 16);
  const ratio = (parameterBytes + activationBytes) / backend.bytes;
  assert(ratio > 0.93 && ratio < 1.07, `${ratio} of what it took`);
});

Deno.test("a classifier made from a RoBERTa scores no tokens", () => {
  const config = { ...tiny, architecture: "roberta", vocabSize: 1000, labels: ["a", "b"] } as const;
  const backend = new CpuBackend(), examples = [0, 1].map((label) => ({ ids: new Uint32Array(24), label }));
  const batches = labelledBatches(examples, { contextLength: 24, batchSize: 16, padId: 1, seed: 1 });
  const settings = { ...PRESETS.tiny.training, seed: 1 };
  new TrainingRun(backend, new RobertaClassifier(config), batches, settings).advance();
  const { parameterBytes, activationBytes } = estimateMemory(config, 16);
  const ratio = (parameterBytes + activationBytes) / backend.bytes;
  assert(ratio > 0.93 && ratio < 1.07, `${ratio} of what it took`);
});

Deno.test("what does not fit is refused with the limit it meets and the flag that helps", () => {
  const free = { total: Infinity, buffer: Infinity, binding: Infinity };
  checkMemory(tiny, { batchSize: 4, accumulation: 1 }, free);
  const refused = (limits: Partial<typeof free>, message: string) =>
    assertThrows(
      () => checkMemory(tiny, { batchSize: 64, accumulation: 3 }, { ...free, ...limits }),
      RangeError,
      message,
    );
  refused({ total: 5e6 }, "it needs about 19 MB where 5 MB are free; --batch-size 8 --accumulation 24 fits");
  refused(
    { binding: 4e5 },
    "where 1 MB can be bound at once on the device; --batch-size 32 --accumulation 6 fits",
  );
  refused(
    { buffer: 1e5 },
    "fit into one buffer of the device; give a smaller --model-dim, --layers or --context-length",
  );
});

Deno.test("what WebAssembly cannot address is refused, however much memory is free", async () => {
  const backend = await WasmBackend.open({ threads: 1 }),
    config = { ...tiny, contextLength: 1000, layers: 8 };
  const limits = async () => ({ ...await memoryLimits(backend), total: Infinity });
  const check = (batchSize: number, limits: MemoryLimits) =>
    checkMemory(config, { batchSize, accumulation: 1 }, limits);
  const empty = await limits();
  assertThrows(
    () => check(256, empty),
    RangeError,
    "where 4.3 GB can be addressed by WebAssembly; --batch-size 64 --accumulation 4 fits",
  );
  check(64, empty);
  check(256, { ...empty, addresses: undefined });
  backend.allocate([2 ** 28]);
  assertEquals((await limits()).addresses, 2 ** 32 - backend.bytes);
  backend.close();
});

Deno.test("on WebAssembly a step takes no more than the estimate and twice the largest tensor", async () => {
  const wide = { ...tiny, vocabSize: 3000 },
    long = { ...tiny, contextLength: 200, heads: 8, dropoutRate: 0.1 };
  for (const config of [tiny, wide, long]) {
    const backend = await WasmBackend.open({ threads: 2 }), { contextLength } = config;
    const batches = causalBatches(new Uint32Array(2000), { contextLength, batchSize: 4, seed: 1 });
    new TrainingRun(backend, new Gpt(config), batches, { ...PRESETS.tiny.training, seed: 1 }).advance();
    const { parameterBytes, activationBytes, tensorBytes } = estimateMemory(config, 4);
    const most = 1.05 * (parameterBytes + activationBytes) + 2 * tensorBytes;
    assert(backend.bytes <= most, `${JSON.stringify(config)}: ${backend.bytes} of ${most} bytes`);
    backend.close();
  }
});

Deno.test("what is advised is not refused in its turn", () => {
  const config = { ...PRESETS["shakespeare-char-cpu"].model, vocabSize: 65 };
  const limits = { total: 50e6, buffer: Infinity, binding: Infinity };
  const advice = (size: number) =>
    assertThrows(() => checkMemory(config, { batchSize: size, accumulation: 1 }, limits), Error).message
      .split("; ")[1];
  assertEquals(advice(12), "--batch-size 6 --accumulation 2 fits, and so does --recompute");
  assertEquals(advice(65536), "--batch-size 4 fits");
  const check = (batchSize: number, recompute: boolean) =>
    checkMemory(config, { batchSize, accumulation: 1, recompute }, limits);
  check(12, true);
  assertThrows(() => check(48, true), RangeError, "; --batch-size 12 --accumulation 4 fits");
});

Deno.test("where not even one sequence fits, computing blocks again may help", () => {
  const config = { ...tiny, layers: 40 }, whole = estimateMemory(config, 1, { recompute: true });
  const limits = { total: whole.parameterBytes + whole.activationBytes, buffer: Infinity, binding: Infinity };
  const refused = (batchSize: number, message: string) =>
    assertThrows(() => checkMemory(config, { batchSize, accumulation: 1 }, limits), RangeError, message);
  refused(1, "are free; --recompute fits");
  refused(4, "are free; --recompute --batch-size 1 --accumulation 4 fits");
});

Deno.test("the estimate is what training takes that computes blocks again", async () => {
  const changes: Partial<GptConfig>[] = [
    { layers: 1 },
    { layers: 12 },
    { architecture: "gpt2", dropoutRate: 0.1, layers: 6 },
    { vocabSize: 500, feedForwardDim: 64, layers: 6 },
    { contextLength: 48, heads: 8, layers: 6 },
  ];
  const computed = changes.flatMap((change) =>
    (["f32", "f16"] as const).map((precision) => [change, precision] as const)
  );
  for (const [change, precision] of computed) {
    const config = { ...tiny, ...change }, { contextLength } = config;
    const batches = causalBatches(new Uint32Array(2000), { contextLength, batchSize: 8, seed: 1 });
    const settings = { ...PRESETS.tiny.training, recompute: true, precision, seed: 1 };
    for (const backend of [new CpuLikeGpu(), new CpuBackend()]) {
      new TrainingRun(backend, new Gpt(config), batches, settings).advance();
      const { adapterClass } = backend as Backend;
      const { parameterBytes, activationBytes } = estimateMemory(config, 8, {
        ...{ recompute: true, precision, adapterClass },
      });
      const ratio = (parameterBytes + activationBytes) / backend.bytes, what = JSON.stringify(change);
      assert(ratio > 0.95 && ratio < 1.05, `${adapterClass} ${precision} ${what}: ${ratio} of what it took`);
    }
    const estimate = estimateMemory(config, 8, { recompute: true, precision });
    const { parameterBytes, activationBytes, tensorBytes } = estimate;
    const wasm = await WasmBackend.open({ threads: 1 });
    new TrainingRun(wasm, new Gpt(config), batches, settings).advance();
    const most = 1.05 * (parameterBytes + activationBytes) + 2 * tensorBytes;
    assert(wasm.bytes <= most, `${JSON.stringify(config)}: ${wasm.bytes} of ${most} bytes`);
    wasm.close();
  }
});

Deno.test("evaluating and generating are refused with the flag that helps", () => {
  const config = { ...PRESETS["shakespeare-char-cpu"].model, vocabSize: 65 };
  const limits = { total: 50e6, buffer: Infinity, binding: Infinity };
  assertThrows(() => checkEvaluationMemory(config, 60000, limits), RangeError, "--batch-size 14 fits");
  const tooSmall = { ...limits, total: 1000 };
  assertThrows(() => checkEvaluationMemory(config, 2, tooSmall), RangeError, "the model is too large for it");
  const generate = (samples: number, tokens: number) =>
    checkGenerationMemory(config, { samples, prompt: 1, tokens }, limits, "leave out --report");
  generate(10, 1000);
  assertThrows(() => generate(10, 1e6), RangeError, "10 texts of 1000000 tokens at once, which needs about");
  const { message } = assertThrows(() => generate(1, 1e8), RangeError);
  assertMatch(message, /^Cannot generate a text of 100000000 tokens, which .*; leave out --report$/);
});

Deno.test("generating is refused where a prompt that is computed at once, or a window that slides, does not fit", async () => {
  const samples = 20, cases = [[23, 1], [3, 30]];
  for (const architecture of ["gpt1", "gpt2"] as const) {
    for (const [prompt, maxNewTokens] of cases) {
      const config = { ...tiny, architecture }, backend = new CpuBackend(), model = new Gpt(config);
      initialize(backend, model, 1);
      const before = backend.bytes, options = { prompt: new Uint32Array(prompt), samples, maxNewTokens };
      const tokens = prompt + maxNewTokens, size = { samples, prompt, tokens };
      for await (const _ of generate(backend, model, { ...options, chunk: tokens })) {
        const taken = backend.bytes - before, what = `${architecture}, a prompt of ${prompt}: ${taken} bytes`;
        const check = (total: number) => () =>
          checkGenerationMemory(config, size, { total, buffer: Infinity, binding: Infinity }, "less");
        assertThrows(check(0.9 * taken), RangeError, "20 texts", what);
        if (prompt > 3) check(1.1 * taken)(); // of a window that slides, half is computed: the estimate takes all of it
      }
    }
  }
});
