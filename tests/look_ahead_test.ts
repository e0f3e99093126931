import { assert, assertEquals, assertMatch } from "@std/assert";
import type { Recipe } from "../commands/recipes/recipe.ts";
import { lookAhead } from "../commands/recipes/look_ahead.ts";
import { CpuBackend } from "../core/cpu_backend.ts";
import { causalBatches, validationBatches } from "../data/batches.ts";
import { Gpt } from "../models/gpt.ts";
import { TrainingRun } from "../training/train.ts";
import { inFolder, small as smallFlags, story, succeed, words } from "./_command.ts";
import { settings, small, stateOf, text } from "./_training.ts";

const sizes = { contextLength: 8, batchSize: 4, seed: 1 };

/** A recipe of a very small model, with so many steps. */
function recipeOf(changes: object, command = "train"): Recipe {
  const all = { ...settings, ...sizes, accumulation: 1, evaluationInterval: 10, steps: 40, ...changes };
  return {
    ...{
      model: new Gpt(small),
      batches: causalBatches(text, sizes),
      validation: validationBatches(text, sizes),
    },
    state: { command, settings: all },
  } as unknown as Recipe;
}

/** What is said, without figures that depend on the machine. */
async function timeOf(
  recipe: Recipe,
  options: Parameters<typeof lookAhead>[2] = {},
  backend = new CpuBackend(),
) {
  const { fact: [name, said] } = await lookAhead(recipe, backend, options);
  assertEquals(name, "time");
  return said.replace(/^about [\d.]+ \w+/, "about N").replace(/of [\d.]+ m?s\b/, "of N");
}

Deno.test("the steps that are ahead are counted, with their validations", async () => {
  const changes: [object, Parameters<typeof lookAhead>[2], string][] = [
    [{}, {}, "40 steps of N, 4 validations"],
    [{ steps: 41 }, {}, "41 steps of N, 5 validations"],
    [{}, { stopAfter: 15 }, "15 steps of N, 1 validation"],
    [{}, { resumed: { step: 25 } }, "15 steps of N, 2 validations"],
    [{}, { resumed: { step: 25 }, stopAfter: 26 }, "1 step of N"],
    [{}, { resumed: { step: 25 }, stopAfter: 10 }, "0 steps of N"],
    // several epochs end with one step
    [{ steps: 3, accumulation: 1000, evaluationInterval: "epoch" }, {}, "3 steps of N, 3 validations"],
  ];
  for (const [settings, options, expected] of changes) {
    assertEquals(await timeOf(recipeOf(settings), options), `about N: ${expected}`);
  }
});

Deno.test("for a long run it is said what makes it shorter", async () => {
  const long = { steps: 1e9, evaluationInterval: 1e9 };
  const advice = async (recipe: Recipe, options = {}, adapterClass?: "hardware") => {
    const backend = Object.assign(new CpuBackend(), { adapterClass, run() {} }); // computes nothing
    return (await timeOf(recipe, options, backend)).split("; for a shorter run, ")[1];
  };
  const sizes = "a smaller --context-length or --model-dim";
  const device = "--device wasm";
  assertEquals(
    await advice(recipeOf(long)),
    `fewer --steps or --epochs, ${sizes}, or ${device}`,
  );
  assertEquals(
    await advice(recipeOf(long), { resumed: { step: 1 } }),
    `fewer --steps or --epochs, or ${device}`,
  );
  assertEquals(await advice(recipeOf(long, "finetune")), `fewer --epochs, or ${device}`);
  assertEquals(await advice(recipeOf(long), {}, "hardware"), `fewer --steps or --epochs, ${sizes}`);
  assertEquals(await advice(recipeOf({})), undefined);
});

Deno.test("what is said about a run changes nothing in it", async () => {
  const recipe = recipeOf({}), backend = new CpuBackend();
  const newRun = () => new TrainingRun(backend, recipe.model, recipe.batches, recipe.state.settings);
  const plain = newRun(), before = await stateOf(plain);
  plain.advance();
  const expected = await stateOf(plain), run = newRun();
  await lookAhead(recipe, backend, { run });
  assertEquals([run.step, await stateOf(run)], [0, before]);
  run.advance();
  assertEquals(await stateOf(run), expected);
});

Deno.test("the time is said before the first step and in a dry run, the speed at the end and in run.json", () =>
  inFolder(async (cwd) => {
    await Deno.writeTextFile(`${cwd}/story.txt`, story(100));
    const train = [...words("train --data story.txt --steps 12 --device cpu"), ...smallFlags];
    const said = await succeed(train, { cwd }),
      time = /^time {6}about \d+ s: 12 steps of [\d.]+ ms, 6 validations$/m;
    assertMatch(said, time);
    assert(said.search(time) < said.indexOf("\nstep "));
    assertMatch(await succeed([...train, "--dry-run"], { cwd }), time);
    assertMatch(said, /^step {2}2\/12 .* [\d.]+K? tok\/s {2}[\d.]+ GFLOP\/s {2}memory 1 MB/m);
    assertMatch(said, /^speed {5}[\d.]+K? tok\/s, [\d.]+ GFLOP\/s; 1 MB of device memory$/m);
    const { sessions: [session] } = JSON.parse(await Deno.readTextFile(`${cwd}/runs/story/run.json`));
    assert(
      session.tokensPerSecond > 0 && session.gflops > 0 && session.deviceBytes > 1000,
      JSON.stringify(session),
    );
  }));
