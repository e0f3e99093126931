import { assert, assertEquals } from "@std/assert";
import { SCALING_FLAGS, SCALING_LEFT_OUT, SCALING_VARIANTS } from "../commands/lab/scaling_sizes.ts";
import { parseFlags } from "../commands/cli/parse_flags.ts";
import { choosePreset } from "../commands/settings/presets.ts";
import { chooseSettings } from "../commands/settings/settings.ts";
import { trainFlags } from "../commands/settings/train_flags.ts";
import { countParameters } from "../core/module.ts";
import { Gpt, type GptConfig } from "../models/gpt.ts";

/** Characters of the tales. */
const VOCABULARY = 50;

const sizes = SCALING_VARIANTS.map(({ name, flags }) => {
  const typed = parseFlags(trainFlags, [...SCALING_FLAGS.default, ...flags]);
  const settings = chooseSettings(typed, choosePreset(typed, { hardwareGpu: false }));
  const config = { ...settings, vocabSize: VOCABULARY } as unknown as GptConfig;
  return { name, settings, parameters: countParameters(new Gpt(config)) };
});

Deno.test("at least twelve sizes from five thousand to a million parameters, each about 1.6 times the one before", () => {
  const counts = sizes.map(({ parameters }) => parameters);
  assert(counts.length >= 12);
  assertEquals(counts.map((count) => 10 ** Math.round(Math.log10(count))).filter((count) => count > 1e6), []);
  assertEquals([counts[0], counts.at(-1)], [4208, 1_026_800]);
  counts.slice(1).forEach((count, index) => {
    const ratio = count / counts[index];
    assert(ratio > 1.4 && ratio < 1.8, `${sizes[index + 1].name} has ${ratio} times the parameters`);
  });
});

Deno.test("sizes differ in width, learning rate and initial weights alone, and see the same tokens", () => {
  const others = sizes.map(({ settings }) => {
    const {
      modelDim: _,
      feedForwardDim: _f,
      learningRate: _l,
      minLearningRate: _m,
      initialStd: _i,
      ...rest
    } = settings;
    return rest;
  });
  for (const rest of others) assertEquals(rest, others[0]);
  const [{ steps, batchSize, contextLength, layers, heads }] = others;
  assertEquals([steps * batchSize * contextLength, layers, heads], [1_536_000, 2, 4]);
  for (const { settings: { modelDim, feedForwardDim, heads } } of sizes) {
    assertEquals([modelDim % 4, modelDim % heads, feedForwardDim], [0, 0, 4 * modelDim]);
  }
});

Deno.test("learning rate and initial weights follow from the width", () => {
  const of = (name: string) => {
    const { learningRate, initialStd } = sizes.find((size) => size.name === name)!.settings;
    return [learningRate, initialStd];
  };
  assertEquals(["width-8", "width-20", "width-48", "width-100", "width-200"].map(of), [
    [0.02, 0.28],
    [0.02, 0.18],
    [0.0083, 0.12],
    [0.004, 0.08],
    [0.002, 0.057],
  ]);
});

Deno.test("one size in the middle and the largest are left out", () => {
  const names = sizes.map(({ name }) => name);
  assertEquals(SCALING_LEFT_OUT.map((name) => names.indexOf(name)), [7, names.length - 1]);
});
