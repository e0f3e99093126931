import { assert, assertEquals, assertNotEquals, assertRejects, assertThrows } from "@std/assert";
import type { Backend } from "../core/backend.ts";
import { CpuBackend } from "../core/cpu_backend.ts";
import { allocateParameters, initialize, namedParameters } from "../core/module.ts";
import type { Tensor } from "../core/tensor.ts";
import { geluErf } from "../kernels/activations.ts";
import { PostNormBlock, PreNormBlock } from "../models/blocks.ts";
import { checkExperiment, type Experiment } from "../models/experiment.ts";
import { buildModel, type Model, type ModelConfig, type ModelsByKind } from "../models/families.ts";
import { Gpt } from "../models/gpt.ts";
import type { ForwardContext } from "../models/forward_context.ts";
import { Identity, LayerNorm } from "../models/layers.ts";
import { LearnedPositions, NoPositions } from "../models/positions.ts";
import { MaskedLanguageModel } from "../models/masked_language_model.ts";
import { type CheckpointFiles, loadModel, modelFiles, restoreModel } from "../checkpoints/checkpoint.ts";
import { attentionMaps } from "../inference/attention_maps.ts";
import { generate } from "../inference/generate.ts";
import { everyBackend } from "./_testing.ts";
import { allReports, livelyModel, newRun, small, stateOf, text } from "./_training.ts";
import { block } from "./_without_norm.ts";

const sha256 = "0123456789abcdef".repeat(4);
const withoutNorm: Experiment = { name: "without_norm", sha256, block };

const sizes = { ...small, layers: 2, dropoutRate: 0 };
const CONFIGS: Record<string, ModelConfig> = {
  gpt1: sizes,
  gpt2: { ...sizes, architecture: "gpt2", tied: false },
  roberta: { ...sizes, architecture: "roberta" },
  "gpt1 classifier": { ...sizes, labels: ["even", "odd"], padId: 3 },
  "gpt2 classifier": { ...sizes, architecture: "gpt2", labels: ["even", "odd"], padId: 3 },
  "roberta classifier": { ...sizes, architecture: "roberta", labels: ["even", "odd"] },
};

/** The files as they come back from a disk. */
const fromDisk = (files: CheckpointFiles): CheckpointFiles =>
  Object.fromEntries(
    Object.entries(files).map(([name, content]) => [
      name,
      typeof content === "string" ? new TextEncoder().encode(content) : content.slice(),
    ]),
  );

/** Scores of one text, of any model. */
function scoresOf(backend: Backend, model: Model): Promise<ArrayLike<number>> {
  const ids = text.slice(0, 6);
  return backend.read(backend.scope((): Tensor => {
    const tokens = backend.from(ids, [1, ids.length]);
    if (model instanceof Gpt || model instanceof MaskedLanguageModel) return model.forward(tokens);
    return model.forward(tokens, backend.from(Uint32Array.of(ids.length)));
  }));
}

async function write(backend: Backend, model: ModelsByKind["causal"], seed = 1): Promise<number[]> {
  const written: number[] = [];
  const options = { prompt: text.subarray(0, 3), maxNewTokens: 20, seed };
  for await (const [ids] of generate(backend, model, options)) written.push(...ids);
  return written;
}

everyBackend("an experiment is trained, saved, loaded, generated from and drawn", async (backend) => {
  const model = new Gpt(small, withoutNorm), run = newRun(backend, model, { steps: 20 });
  const reports = await allReports(run);
  assert(reports.at(-1)!.loss < reports[0].loss, "it learns");
  assert(run.store.parameters.every(({ name }) => !/norm/i.test(name)), "no norm is left");

  const files = fromDisk(await modelFiles(backend, model, run.store));
  const { config, weights } = loadModel(files, { kind: "causal", experiment: withoutNorm });
  const loaded = buildModel<"causal">(config, withoutNorm);
  restoreModel(backend, allocateParameters(backend, loaded), weights);
  assertEquals(config, small);
  assertEquals(await scoresOf(backend, loaded), await scoresOf(backend, model));
  assertEquals(await write(backend, loaded), await write(backend, model));

  const maps = await attentionMaps(backend, loaded, text.slice(0, 5));
  assertEquals(maps.length, small.layers * small.heads);
  assertEquals(maps, await attentionMaps(backend, model, text.slice(0, 5)));
});

for (const [name, config] of Object.entries(CONFIGS)) {
  everyBackend(`an experiment's ${name} comes back from its files`, async (backend) => {
    const model = buildModel(config, withoutNorm), store = initialize(backend, model, 4);
    const files = fromDisk(await modelFiles(backend, model, store));
    const loaded = loadModel(files, { experiment: withoutNorm });
    assertEquals(loaded.config, config);
    assertEquals([...loaded.weights.keys()], namedParameters(model).map(({ name }) => name));
    const again = buildModel(loaded.config, loaded.experiment);
    restoreModel(backend, allocateParameters(backend, again), loaded.weights);
    assert(again.experiment === withoutNorm);
    assertEquals(await scoresOf(backend, again), await scoresOf(backend, model));
    const writtenAgain = await modelFiles(backend, again, allocateParameters(backend, again));
    assertEquals(writtenAgain["config.json"], new TextDecoder().decode(files["config.json"] as Uint8Array));
  });
}

/** Every part of a family, given as an experiment. */
const OWN_PARTS: Record<string, Experiment> = {
  gpt1: {
    name: "gpt1",
    block: (config) => new PostNormBlock(config),
    positions: ({ modelDim, initialStd = 0.02 }, count) => new LearnedPositions(count, modelDim, initialStd),
    embeddingNorm: () => new Identity(),
    finalNorm: () => new Identity(),
  },
  gpt2: {
    name: "gpt2",
    block: (config) => new PreNormBlock(config),
    positions: ({ modelDim, initialStd = 0.02 }, count) => new LearnedPositions(count, modelDim, initialStd),
    embeddingNorm: () => new Identity(),
    finalNorm: ({ modelDim }) => new LayerNorm(modelDim),
  },
  roberta: {
    name: "roberta",
    block: (config) => new PostNormBlock(config, { causal: false, activation: geluErf }),
    positions: ({ modelDim, initialStd = 0.02 }, count) => new LearnedPositions(count, modelDim, initialStd),
    embeddingNorm: ({ modelDim }) => new LayerNorm(modelDim),
    finalNorm: () => new Identity(),
  },
};

for (const [architecture, experiment] of Object.entries(OWN_PARTS)) {
  everyBackend(
    `an experiment whose parts are those of ${architecture} is ${architecture}`,
    async (backend) => {
      const config = { ...small, dropoutRate: 0.1, architecture } as ModelConfig;
      const runs = [undefined, experiment].map((experiment) =>
        newRun(backend, buildModel(config, experiment), { steps: 5 })
      );
      const [plain, own] = await Promise.all(runs.map((run) => allReports(run, 1)));
      assertEquals(own, plain);
      assertEquals(await stateOf(runs[1]), await stateOf(runs[0]));
      const names = runs.map(({ store }) => store.parameters.map(({ name }) => name));
      assertEquals(names[1], names[0]);
    },
  );
}

Deno.test("an experiment leaves all other initial values unchanged", async () => {
  const backend = new CpuBackend();
  const whole = new Gpt(sizes), changed = new Gpt(sizes, withoutNorm);
  initialize(backend, whole, 1);
  initialize(backend, changed, 1);
  const before = new Map(namedParameters(whole).map((parameter) => [parameter.name, parameter]));
  for (const parameter of namedParameters(changed)) {
    assertEquals(
      await backend.read(parameter),
      await backend.read(before.get(parameter.name)!),
      parameter.name,
    );
  }
});

for (const [name, config] of Object.entries(CONFIGS)) {
  Deno.test(`each part of an experiment shows in the scores of a ${name}`, async () => {
    const backend = new CpuBackend();
    const scores = async (experiment?: Experiment) => {
      const model = buildModel({ ...config, initialStd: 0.5 }, experiment);
      const store = initialize(backend, model, 1);
      for (const { name, shape } of store.parameters.filter(({ decayed }) => !decayed)) {
        const parameter = store.parameters.find((other) => other.name === name)!;
        backend.write(parameter, Float32Array.from({ length: shape[0] }, (_, index) => 0.5 + index % 3));
      }
      return await scoresOf(backend, model);
    };
    const isRoberta = config.architecture === "roberta", isGpt2 = config.architecture === "gpt2";
    const norm = ({ modelDim }: { modelDim: number }) => new LayerNorm(modelDim);
    const none = () => new Identity();
    const changes: Partial<Experiment>[] = [
      { block },
      { positions: () => new NoPositions() },
      { embeddingNorm: isRoberta ? none : norm },
      { finalNorm: isGpt2 ? none : norm },
    ];
    const plain = await scores();
    for (const change of changes) {
      assertNotEquals(await scores({ name: "x", ...change }), plain, Object.keys(change)[0]);
    }
  });
}

Deno.test("a block is made with the direction and the activation of its family", () => {
  const seen: unknown[] = [];
  const experiment: Experiment = {
    name: "x",
    block: (config, layer, options) => {
      seen.push([layer, options.causal, options.activation.name]);
      return new PreNormBlock(config, options);
    },
  };
  new Gpt(sizes, experiment);
  new MaskedLanguageModel({ ...sizes, architecture: "roberta" }, experiment);
  assertEquals(seen, [[0, true, "gelu"], [1, true, "gelu"], [0, false, "geluErf"], [1, false, "geluErf"]]);
});

const INVALID: [experiment: unknown, message: string][] = [
  [{ name: "" }, 'The name of an experiment is "", expected 1 to 100 printable characters'],
  [{ name: "a\nb" }, 'The name of an experiment is "a\\u000ab", expected'],
  [{ name: "a".repeat(101) }, "expected 1 to 100 printable characters"],
  [{ name: 7 }, "The name of an experiment is 7, expected"],
  [{ name: "x", sha256: "ABC" }, 'Experiment "x" has the SHA-256 "ABC", expected 64 hexadecimal digits'],
  [{ name: "x", finalnorm: () => 1 }, 'Experiment "x" has a part "finalnorm", expected block, positions'],
  [{ name: "x", block: {} }, 'Experiment "x" has {} as block, expected a function that makes it'],
  [{ name: "x", block: () => undefined }, 'Experiment "x": what block returns has no function forward'],
  [{ name: "x", positions: () => ({}) }, 'Experiment "x": what positions returns has no function forward'],
];

for (const [experiment, message] of INVALID) {
  Deno.test(`an invalid experiment is refused: ${message}`, () => {
    assertThrows(() => new Gpt(small, experiment as Experiment), TypeError, message);
    assertThrows(
      () => buildModel(CONFIGS["roberta classifier"], experiment as Experiment),
      TypeError,
      message,
    );
  });
}

Deno.test("a valid experiment passes, with or without parts and hash", () => {
  for (const experiment of [withoutNorm, { name: "nothing" }, { name: "α β", block: undefined }]) {
    checkExperiment(experiment);
    new Gpt(small, experiment);
  }
});

Deno.test("attention maps: a block that collects no weights is refused", async () => {
  const backend = new CpuBackend();
  const silent: Experiment = {
    name: "silent",
    block(config, layer, options) {
      const inner = new PreNormBlock(config, options);
      return {
        inner,
        forward: (x: Tensor, context?: ForwardContext) => inner.forward(x, layer === 1 ? undefined : context),
      };
    },
  };
  const model = new Gpt(sizes, silent);
  initialize(backend, model, 1);
  await assertRejects(
    () => attentionMaps(backend, model, Uint32Array.of(1, 2)),
    TypeError,
    "The 2 blocks of the model collected 1 attention weights, expected one each, (1, 2, 2, 2): " +
      "a block passes its context on to SelfAttention, or adds its weights to context.weights",
  );
  const { model: plain } = livelyModel(backend, small);
  assertEquals((await attentionMaps(backend, plain, Uint32Array.of(1, 2))).length, 2);
});

everyBackend("a block that hides its layers is refused where it is computed", async (backend) => {
  const hidden: Experiment = {
    name: "hidden",
    block(config, _layer, options) {
      const inner = new PreNormBlock(config, options);
      return { forward: (x) => inner.forward(x) };
    },
  };
  const model = new Gpt(sizes, hidden);
  initialize(backend, model, 1);
  await assertRejects(
    async () => await scoresOf(backend, model),
    TypeError,
    "Cannot use a parameter without memory",
  );
});
