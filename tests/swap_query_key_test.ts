import { assert, assertEquals, assertMatch, assertNotEquals, assertRejects } from "@std/assert";
import { swapQueryAndKey } from "../ablations/swap_query_key.ts";
import { block } from "../ablations/swapped_query_key.ts";
import { CpuBackend } from "../core/cpu_backend.ts";
import { WasmBackend } from "../core/wasm/wasm_backend.ts";
import type { Backend } from "../core/backend.ts";
import { Gpt, type GptConfig } from "../models/gpt.ts";
import { allReports, livelyModel, newRun, small, stateOf } from "./_training.ts";
import { block as withoutNorm } from "./_without_norm.ts";

const config: GptConfig = { ...small, architecture: "gpt2", layers: 2, dropoutRate: 0 };

/** The losses and gradient norms of 20 steps: of a plain model whose query and key are swapped before, and of the block. */
async function twins(backend: Backend) {
  const plain = newRun(backend, new Gpt(config), { steps: 20 });
  await swapQueryAndKey(backend, plain.model as Gpt);
  const swapped = newRun(backend, new Gpt(config, { name: "swapped_query_key", block }), { steps: 20 });
  return [await allReports(plain), await allReports(swapped)];
}

/** The largest difference of the losses, as a share of them. */
const difference = ([plain, swapped]: { loss: number }[][]) =>
  Math.max(...plain.map(({ loss }, step) => Math.abs(loss - swapped[step].loss) / loss));

Deno.test("a model with query and key swapped trains as the plain one with its initial values swapped along", async () => {
  // In the backward pass dx sums over the columns of query and key in another order, so the last bits may differ from the
  // second step on; the first loss has the same bits.
  const precise = await twins(new CpuBackend({ floats: Float64Array }));
  assertEquals(precise[1].length, 20);
  assertEquals(precise[1][0].loss, precise[0][0].loss);
  assert(difference(precise) < 1e-15, `differs by ${difference(precise)}`);
  assert(precise[0][19].loss < precise[0][0].loss, "it learns");

  const backend = await WasmBackend.open({ threads: 1 });
  const single = await twins(backend);
  backend.close();
  assertEquals(single[1][0].loss, single[0][0].loss);
  assert(difference(single) < 4e-7, `differs by ${difference(single)}`);
});

Deno.test("swapping query and key twice gives the same bits; the value is unchanged", async () => {
  const backend = new CpuBackend(), run = newRun(backend, new Gpt(config)), model = run.model as Gpt;
  const before = await stateOf(run);
  await swapQueryAndKey(backend, model, [1]);
  assertNotEquals(await stateOf(run), before);
  await swapQueryAndKey(backend, model, [0]);
  await swapQueryAndKey(backend, model);
  assertEquals(await stateOf(run), before);
});

Deno.test("swapping transposes the scores of every head", async () => {
  const backend = new CpuBackend();
  const { model } = livelyModel(backend, { ...config, layers: 1, heads: 1, modelDim: 2 });
  const [block] = model.blocks as unknown as {
    attention: { queryKeyValue: { weight: never; bias: never } };
  }[];
  const { weight, bias } = block.attention.queryKeyValue;
  backend.write(weight, [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12]);
  backend.write(bias, [1, 2, 3, 4, 5, 6]);
  await swapQueryAndKey(backend, model);
  assertEquals([...await backend.read(weight)], [3, 4, 1, 2, 5, 6, 9, 10, 7, 8, 11, 12]);
  assertEquals([...await backend.read(bias)], [3, 4, 1, 2, 5, 6]);
});

Deno.test("a block without the library's attention is refused, and nothing is changed", async () => {
  const backend = new CpuBackend();
  const mixed = new Gpt(config, {
    name: "mixed",
    block: (config, layer, options) =>
      layer === 0 ? new Gpt(small).blocks[0] : withoutNorm(config, layer, options),
  });
  const run = newRun(backend, mixed), before = await stateOf(run);
  await assertRejects(
    () => swapQueryAndKey(backend, mixed),
    TypeError,
    "Cannot swap query and key in layer 1: expected a block of GPT-1 or GPT-2",
  );
  assertEquals(await stateOf(run), before);
});

Deno.test("the script shows that the swap harms a trained model", async () => {
  const script = new URL("../ablations/swap_query_key.ts", import.meta.url).pathname;
  const { stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "-q", "--no-check", "-R", script],
    cwd: Deno.makeTempDirSync(),
  }).output();
  const said = new TextDecoder().decode(stdout);
  const [, optimal, trained, both, first, second] = said.match(
    /^optimal +(\S+) nats per character\nas trained +(\S+)\nswapped in layer 1, 2 +(\S+)\nswapped in layer 1 +(\S+)\nswapped in layer 2 +(\S+)\n$/,
  )?.map(Number) ?? (assertMatch(said, /^optimal/, new TextDecoder().decode(stderr)), []);
  assert(optimal < trained && trained < 0.2 && second > 2 * trained && first > 2 && both > 2, said);
});
