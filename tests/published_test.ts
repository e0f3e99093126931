import { assert, assertEquals, assertMatch } from "@std/assert";
import { CpuBackend } from "../core/cpu_backend.ts";
import { PUBLISHED } from "../training/verification/published.ts";
import { smallRuns, startSmallRun } from "../training/verification/small_runs.ts";

// verify_test.ts compares the sums themselves with what is computed

Deno.test("a sum is published of every tensor of every small run, before the first step and after each", () => {
  assertEquals(Object.keys(PUBLISHED), smallRuns().map(({ name }) => name));
  for (const { sha256, tensors } of Object.values(PUBLISHED)) {
    assertMatch(sha256, /^[0-9a-f]{64}$/);
    for (const sums of Object.values(tensors)) assertMatch(sums, /^[0-9a-f]{6}( [0-9a-f]{6}){10}$/);
  }
});

Deno.test("the tensors of a run are those of its model, in their order", () => {
  const backend = new CpuBackend();
  for (const run of smallRuns()) {
    const { parameters } = startSmallRun(backend, run).store;
    assertEquals(Object.keys(PUBLISHED[run.name].tensors), parameters.map(({ name }) => name));
  }
});

Deno.test("every published tensor is learned: its sum changes, and no two runs end alike", () => {
  for (const { tensors } of Object.values(PUBLISHED)) {
    for (const [name, sums] of Object.entries(tensors)) {
      const [initial, ...later] = sums.split(" ");
      assert(later.some((sum) => sum !== initial), name);
    }
  }
  assertEquals(new Set(Object.values(PUBLISHED).map(({ sha256 }) => sha256)).size, smallRuns().length);
});

Deno.test("README shows the sums that are published, and that of the model of the default run", async () => {
  const root = new URL("../", import.meta.url), readme = await Deno.readTextFile(new URL("README.md", root));
  const model = await Deno.readFile(new URL("pretrained/tales/model.safetensors", root));
  const sha256 = new Uint8Array(await crypto.subtle.digest("SHA-256", model)).toHex();
  assertEquals(readme.match(/\b[0-9a-f]{64}\b/g), [sha256, PUBLISHED.gpt1.sha256]);
});
