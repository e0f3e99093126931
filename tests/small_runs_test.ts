import { assert, assertEquals, assertNotEquals } from "@std/assert";
import { CpuBackend } from "../core/cpu_backend.ts";
import { TRAINED_ARCHITECTURES } from "../commands/settings/presets.ts";
import { kindOf } from "../models/families.ts";
import { smallRuns, startSmallRun } from "../training/verification/small_runs.ts";
import { parameterValues } from "../training/verification/tensor_sums.ts";

Deno.test("the small runs are of every architecture that train offers and of every kind, with dropout and accumulation", () => {
  const runs = smallRuns();
  const architectures = new Set(runs.map(({ config }) => config.architecture));
  assertEquals([...architectures].sort(), [...TRAINED_ARCHITECTURES].sort());
  assertEquals(
    new Set(runs.map(({ config }) => kindOf(config))),
    new Set(["causal", "masked", "classifier"]),
  );
  for (const { name, config, settings } of runs) {
    assert(config.dropoutRate > 0 && settings.accumulation! > 1, name);
    const { modelDim, feedForwardDim, contextLength, vocabSize } = config;
    for (const size of [modelDim, feedForwardDim, contextLength, vocabSize]) {
      assert(size % 4 !== 0, `${size}`);
    }
  }
});

Deno.test("a classifier starts from the values of its language model, and has a head of its own", async () => {
  for (const run of smallRuns().filter(({ from }) => from !== undefined)) {
    const backend = new CpuBackend(), trained = new Map<string, Float32Array>();
    const base = smallRuns().find(({ name }) => name === run.from)!;
    for (const { name, data } of await parameterValues(backend, startSmallRun(backend, base).store)) {
      trained.set(name, data.map((value) => value + 1));
    }
    const plain = await parameterValues(backend, startSmallRun(backend, run).store);
    const tuned = await parameterValues(backend, startSmallRun(backend, run, trained).store);
    const own = tuned.filter(({ data }, at) => String(data) === String(plain[at].data)).map(({ name }) =>
      name
    );
    assert(own.length > 0 && own.length < 6, `${own}`);
    assert(own.every((name) => !name.includes("blocks")), `${own}`);
    assertNotEquals(own.length, tuned.length);
  }
});
