import { assert, assertEquals, assertMatch, assertNotEquals } from "@std/assert";
import { fromFileUrl } from "@std/path";
import { GPT_ABLATIONS, GPT_SIZES } from "../ablations/gpt.ts";
import { ROBERTA_ABLATIONS, ROBERTA_SIZES } from "../ablations/roberta.ts";
import { parseFlags } from "../commands/cli/parse_flags.ts";
import { readBlock } from "../commands/files/block_file.ts";
import type { Variant } from "../commands/lab_report/lab_types.ts";
import { choosePreset } from "../commands/settings/presets.ts";
import { chooseSettings, type TrainSettings } from "../commands/settings/settings.ts";
import { type TrainFlags, trainFlags } from "../commands/settings/train_flags.ts";
import { CpuBackend } from "../core/cpu_backend.ts";
import { initialize, namedParameters } from "../core/module.ts";
import { Tape } from "../core/tape.ts";
import type { Tensor } from "../core/tensor.ts";
import { geluErf, relu } from "../kernels/activations.ts";
import { dropout } from "../kernels/dropout.ts";
import { add } from "../kernels/elementwise.ts";
import { attentionMaps } from "../inference/attention_maps.ts";
import { meanHeads, replaceHeads } from "../inference/heads/patches.ts";
import { cachesAgree } from "../inference/without_cache.ts";
import { type Block, PostNormBlock, PreNormBlock } from "../models/blocks.ts";
import type { TransformerConfig } from "../models/config.ts";
import type { Experiment } from "../models/experiment.ts";
import { attentionStack, buildModel, type ModelConfig } from "../models/families.ts";
import { Gpt } from "../models/gpt.ts";
import type { HeadPatch } from "../models/forward_context.ts";
import { inFolder, succeed } from "./_command.ts";
import { sourcesIn } from "./_sources.ts";
import { assertClose, integers, normals } from "./_testing.ts";
import { small } from "./_training.ts";

/** The lists, and how their files are named. */
const LISTS = [
  { variants: GPT_ABLATIONS, sizes: GPT_SIZES, prefix: "", expected: 12 },
  { variants: ROBERTA_ABLATIONS, sizes: ROBERTA_SIZES, prefix: "roberta_", expected: 7 },
];

const VOCABULARY = 50;

/** The settings of a run, as `train` understands its flags: those of a variant take the place of the list's. */
function settingsOf(shared: readonly string[], { flags }: Variant): TrainSettings {
  const own = Object.entries(parseFlags(trainFlags, flags)).filter(([, value]) => value !== undefined);
  const given = { ...parseFlags(trainFlags, shared), ...Object.fromEntries(own) } as TrainFlags;
  return chooseSettings(given, choosePreset(given, { hardwareGpu: false }));
}

const experimentOf = async ({ block }: Variant): Promise<Experiment | undefined> =>
  block === undefined ? undefined : (await readBlock(fromFileUrl(new URL(block)))).experiment;

/** The initial values of a variant by name. */
async function initialValuesOf(shared: readonly string[], variant: Variant) {
  const backend = new CpuBackend(), settings = settingsOf(shared, variant);
  const config = { ...settings, vocabSize: VOCABULARY } as unknown as ModelConfig;
  const { parameters } = initialize(backend, buildModel(config, await experimentOf(variant)), settings.seed);
  const read = parameters.map(async (parameter) => [parameter.name, await backend.read(parameter)] as const);
  return { settings, values: new Map(await Promise.all(read)) };
}

/** The parameters that a variant has and the baseline has not, and the other way round; numbers of layers as `N`. */
const DIFFERENCES: Record<string, { more?: string[]; less?: string[] }> = {
  "gpt no_norm": {
    less: ["blocks.N.norm1.bias", "blocks.N.norm1.weight", "blocks.N.norm2.bias", "blocks.N.norm2.weight"]
      .concat("finalNorm.bias", "finalNorm.weight"),
  },
  "gpt no_positions": { less: ["positionEmbedding"] },
  "gpt post_norm": { less: ["finalNorm.bias", "finalNorm.weight"] },
  "gpt untied": { more: ["languageHead"] },
  "gpt no_bias": {
    less: ["attention.projection", "attention.queryKeyValue", "mlp.contract", "mlp.expand", "norm1", "norm2"]
      .map((layer) => `blocks.N.${layer}.bias`).concat("finalNorm.bias"),
  },
  "roberta no_norm": {
    less: ["norm1.bias", "norm1.weight", "norm2.bias", "norm2.weight"]
      .map((name) => `encoder.blocks.N.${name}`).concat("encoder.embeddingNorm.bias")
      .concat("encoder.embeddingNorm.weight"),
  },
  "roberta no_positions": { less: ["encoder.positionEmbedding"] },
  "roberta pre_norm": { more: ["encoder.finalNorm.bias", "encoder.finalNorm.weight"] },
};

/** Whose depth decides the initial scale of what is added to the stream, as in GPT-2. */
const scaledByDepth = (name: string) => /\.(projection|contract)\.weight$/.test(name);

for (const { variants, sizes, prefix, expected } of LISTS) {
  const family = prefix === "" ? "gpt" : "roberta", [baseline, ...others] = variants;

  Deno.test(`${family}: there are enough ablations, and each is described`, async () => {
    assert(others.length >= expected, String(others.length));
    assertEquals(new Set(variants.map(({ name }) => name)).size, variants.length);
    assertEquals([baseline.name, baseline.flags.length, baseline.block], ["baseline", 0, undefined]);
    for (const { name, title, question, flags, block } of variants) {
      assertMatch(name, /^[a-z0-9_]+$/);
      assertMatch(question, /^[A-Z].*\?$/);
      assert(title.length > 0 && title.length <= 40, title);
      if (name !== "baseline") {
        assert((flags.length > 0) !== (block !== undefined), `${name}: flags or a file`);
      }
      if (block === undefined) continue;
      assert([`${prefix}${name}`, name].some((file) => block.endsWith(`/ablations/${file}.ts`)), block);
      assert((await Deno.stat(new URL(block))).isFile);
    }
  });

  for (const size of Object.keys(sizes) as (keyof typeof sizes)[]) {
    for (const variant of others) {
      Deno.test(`${family}, ${size}: ${variant.name} has the initial values of the baseline where it has the same parameters`, async () => {
        const [before, after] = await Promise.all(
          [baseline, variant].map((variant) => initialValuesOf(sizes[size], variant)),
        );
        const deeper = family === "gpt" ? after.settings.layers / before.settings.layers : 1;
        let compared = 0;
        for (const [name, values] of after.values) {
          const plain = before.values.get(name);
          if (plain?.length !== values.length) continue;
          compared++;
          if (deeper === 1 || !scaledByDepth(name)) assertEquals(values, plain, name);
          else {
            const shape = [values.length],
              data = Float32Array.from(plain, (value) => value / Math.sqrt(deeper));
            assertClose(values, { shape, data }, { rtol: 1.2e-7, atol: 0 }, name);
          }
        }
        if (before.settings.modelDim !== after.settings.modelDim) return assertEquals(compared, 0);
        const names = [before, after].map(({ values }) =>
          new Set([...values.keys()].map((name) => name.replace(/\.\d+\./, ".N.")))
        );
        const { more = [], less = [] } = DIFFERENCES[`${family} ${variant.name}`] ?? {};
        assertEquals([...names[1].difference(names[0])].sort(), more, "it has more");
        assertEquals([...names[0].difference(names[1])].sort(), less, "it has less");
        assert(compared >= 8, `${compared} parameters are compared`);
      });
    }
  }

  Deno.test(`${family}: the settings of every variant but for its own are those of the baseline`, () => {
    for (const shared of Object.values(sizes)) {
      const plain = settingsOf(shared, baseline);
      for (const variant of others) {
        const own = settingsOf(shared, variant);
        const differ = Object.keys(plain).filter((name) =>
          String(own[name as "seed"]) !== String(plain[name as "seed"])
        );
        assertEquals(differ.length > 0, variant.flags.length > 0, `${variant.name}: ${differ}`);
      }
    }
  });
}

Deno.test("the commands of ablations/README.md train the plain model and a variant of the list", async () => {
  const readme = await Deno.readTextFile(new URL("../ablations/README.md", import.meta.url));
  const lines = Array.from(readme.matchAll(/^ {4}deno task train (.*)$/gm), ([, flags]) => flags.split(" "));
  assertEquals(lines.length, 2);
  const { sampleInterval: _, ...expected } = settingsOf(GPT_SIZES.default, GPT_ABLATIONS[0]);
  for (const flags of lines) {
    const given = parseFlags(trainFlags, flags);
    const { sampleInterval: _, ...settings } = chooseSettings(
      given,
      choosePreset(given, { hardwareGpu: false }),
    );
    assertEquals(settings, expected);
  }
  const file = lines[1][lines[1].indexOf("--block") + 1];
  assert(GPT_ABLATIONS.some(({ block }) => block?.endsWith(`/${file}`)), file);
});

Deno.test("every file of ablations/ is in a list, or is one", () => {
  const listed = LISTS.flatMap(({ variants }) => variants.map(({ block }) => block?.split("/").at(-1)));
  const files = [...Deno.readDirSync(new URL("../ablations", import.meta.url))].map(({ name }) => name);
  const others = ["README.md", "gpt.ts", "roberta.ts", "swap_query_key.ts"];
  assertEquals(files.filter((name) => !listed.includes(name)).sort(), others);
});

Deno.test("the files import what a user's file can, and only commands/lab imports the lists", async () => {
  const importsOf = async (path: string) =>
    Array.from(
      (await Deno.readTextFile(new URL(`../${path}`, import.meta.url))).matchAll(/ from "([^"]+)";/g),
      ([, specifier]) => specifier,
    );
  for (const path of await sourcesIn("ablations")) {
    const isList = /\/(gpt|roberta)\.ts$/.test(path);
    assertEquals(
      await importsOf(path),
      [isList ? "../commands/lab_report/lab_types.ts" : "@miniformer/miniformer"],
      path,
    );
  }
  for (const path of await sourcesIn("core", "models", "training", "inference", "checkpoints", "commands")) {
    const imported = (await importsOf(path)).some((specifier) => specifier.includes("/ablations/"));
    assert(!imported || path.includes("commands/lab/"), path);
  }
});

type Parts = PreNormBlock | PostNormBlock;

/** What each block computes from the parts of its family's own; written by hand, with dropout. */
const FORMULAS: Record<string, (x: Tensor, parts: Parts, drop: (x: Tensor) => Tensor) => Tensor> = {
  no_norm(x, { attention, mlp }, drop) {
    const h = add(x, drop(attention.forward(x)));
    return add(h, drop(mlp.forward(h)));
  },
  no_residual: (x, { norm1, attention, norm2, mlp }, drop) =>
    drop(mlp.forward(norm2.forward(drop(attention.forward(norm1.forward(x)))))),
  post_norm(x, { norm1, attention, norm2, mlp }, drop) {
    const h = norm1.forward(add(x, drop(attention.forward(x))));
    return norm2.forward(add(h, drop(mlp.forward(h))));
  },
  relu(x, { norm1, attention, norm2, mlp: { expand, contract } }, drop) {
    const h = add(x, drop(attention.forward(norm1.forward(x))));
    return add(h, drop(contract.forward(relu(expand.forward(norm2.forward(h))))));
  },
  roberta_no_residual: (x, { norm1, attention, norm2, mlp }, drop) =>
    norm2.forward(drop(mlp.forward(norm1.forward(drop(attention.forward(x)))))),
  roberta_pre_norm(x, { norm1, attention, norm2, mlp }, drop) {
    const h = add(x, drop(attention.forward(norm1.forward(x))));
    return add(h, drop(mlp.forward(norm2.forward(h))));
  },
  roberta_relu(x, { norm1, attention, norm2, mlp: { expand, contract } }, drop) {
    const h = norm1.forward(add(x, drop(attention.forward(x))));
    return norm2.forward(add(h, drop(contract.forward(relu(expand.forward(h))))));
  },
};
FORMULAS.roberta_no_norm = FORMULAS.no_norm;

const config: TransformerConfig = {
  ...{ vocabSize: 1, contextLength: 8, layers: 8, heads: 3, modelDim: 12, feedForwardDim: 24 },
  ...{ dropoutRate: 0.5, initialStd: 0.3 },
};

for (const [name, formula] of Object.entries(FORMULAS)) {
  Deno.test(`the block of ${name}.ts computes its formula, in training and without`, async () => {
    const backend = new CpuBackend(), shape = [2, 5, 12], { data } = normals("x", shape);
    const { block } = await import(`../ablations/${name}.ts`), masked = name.startsWith("roberta");
    const options = { causal: !masked, activation: geluErf };
    const own = masked ? new PostNormBlock(config, options) : new PreNormBlock(config, options);
    const made = block(config, 0, options) as Block;
    for (const module of [own, made]) {
      const { parameters } = initialize(backend, module, 1);
      // biases, scales and shifts begin the same everywhere: other ones show
      for (const parameter of parameters.filter(({ decayed }) => !decayed)) {
        backend.write(parameter, normals(parameter.name, parameter.shape).data);
      }
    }
    for (const random of [undefined, [1, 2, 3]]) {
      const read = (body: (x: Tensor) => Tensor) => {
        const tape = random && new Tape(backend.from(Uint32Array.from(random), [3])),
          x = backend.from(data, shape);
        return backend.read(body(tape ? tape.watch(x) : x));
      };
      const expected = await read((x) => formula(x, own, (x) => dropout(x, config.dropoutRate)));
      assertEquals(await read((x) => made.forward(x)), expected);
      assertNotEquals(await read((x) => own.forward(x)), expected, "it differs from the family's");
    }
  });
}

for (const variant of GPT_ABLATIONS.filter(({ block }) => block !== undefined)) {
  Deno.test(`a GPT with ${variant.name} generates with caches, and its attention is drawn and patched`, async () => {
    const backend = new CpuBackend(), experiment = await experimentOf(variant);
    const model = new Gpt({ ...small, architecture: "gpt2", layers: 2, initialStd: 0.5 }, experiment);
    initialize(backend, model, 1);
    assert(await cachesAgree(backend, model));
    const [map, ...others] = await attentionMaps(backend, model, integers("text", [6], small.vocabSize).data);
    assertEquals(others.length + 1, 2 * small.heads);
    assert(map !== undefined);
    const text = Uint32Array.of(1, 2, 3),
      forward = (patch?: HeadPatch) => backend.read(model.forward(backend.from(text, [1, 3]), { patch }));
    const patch = replaceHeads(
      model.config,
      [{ layer: 1, head: 0 }],
      await meanHeads(backend, model, [text]),
    );
    assertNotEquals(await forward(patch), await forward());
  });
}

for (const variant of ROBERTA_ABLATIONS.filter(({ block }) => block !== undefined)) {
  Deno.test(`a RoBERTa with ${variant.name} attends in both directions, skips padding, and is drawn`, async () => {
    const backend = new CpuBackend(), experiment = await experimentOf(variant);
    const config = { ...small, architecture: "roberta", layers: 2, initialStd: 0.5 } as const;
    const model = buildModel<"masked">(config, experiment);
    initialize(backend, model, 1);
    const states = async (ids: number[], length: number) => {
      const lengths = backend.from(Uint32Array.of(length));
      const all = await backend.read(
        model.encoder.states(backend.from(Uint32Array.from(ids), [1, 4]), { lengths }),
      );
      return all.slice(0, small.modelDim); // of the first position
    };
    assertNotEquals(await states([3, 4, 5, 6], 4), await states([3, 4, 5, 7], 4));
    assertEquals(await states([3, 4, 5, 6], 3), await states([3, 4, 5, 7], 3));
    const maps = await attentionMaps(backend, attentionStack(model), Uint32Array.of(3, 4, 5));
    assertEquals(maps.length, 2 * small.heads);
  });
}

Deno.test("no_bias computes what the plain model with biases of 0 does, and learns no biases", async () => {
  const backend = new CpuBackend(), variant = GPT_ABLATIONS.find(({ name }) => name === "no_bias")!;
  const config = { ...small, architecture: "gpt2", initialStd: 0.5 } as const;
  const logits = async (experiment?: Experiment) => {
    const model = new Gpt(config, experiment);
    initialize(backend, model, 1);
    return await backend.read(model.forward(backend.from(Uint32Array.of(1, 2, 3), [1, 3])));
  };
  const experiment = await experimentOf(variant);
  assertEquals(await logits(experiment), await logits()); // biases begin at 0
  const vectors = namedParameters(new Gpt(config, experiment)).filter(({ shape }) => shape.length === 1);
  assertEquals(vectors.map(({ name }) => name.replace(/^.*\.(?=\w+\.)/, "")), [
    "norm1.weight",
    "norm2.weight",
    "finalNorm.weight",
  ]);
});

Deno.test("a variant is trained with train --block, as README says", () =>
  inFolder(async (cwd) => {
    const file = fromFileUrl(new URL("../ablations/no_residual.ts", import.meta.url));
    const flags = [
      ...GPT_SIZES.quick,
      "--device",
      "wasm",
      "--threads",
      "1",
      "--name",
      "alone",
      "--block",
      file,
    ];
    const said = await succeed(["train", ...flags], { cwd });
    assertMatch(said, /^model +gpt2 with no_residual, /m);
    assert((await Deno.readTextFile(`${cwd}/runs/alone/block.ts`)).includes("without residual connections"));
  }));
