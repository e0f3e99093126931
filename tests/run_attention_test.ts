import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { attentionText, RunAttention } from "../commands/recipes/run_attention.ts";
import type { Recipe } from "../commands/recipes/recipe.ts";
import type { RunFolder } from "../commands/runs/run_folder.ts";
import { CharTokenizer, CpuBackend, Gpt, initialize, PRESETS, type TrainingRun } from "../mod.ts";
import { MASKED_SPECIAL_TOKENS } from "../tokenizers/special_tokens.ts";
import { inFolder, miniformer, small, story, succeed } from "./_command.ts";

/** The tokens that are chosen from a text. */
function chosen(text: string, { layers = 2, special = false } = {}): string {
  const tokenizer = CharTokenizer.fromText(text, { specialTokens: special ? MASKED_SPECIAL_TOKENS : [] });
  const model = new Gpt({ ...PRESETS.tiny.model, layers, vocabSize: tokenizer.vocabSize });
  const { tokens, ids } = attentionText(model, tokenizer.encode(text), tokenizer);
  assertEquals(ids.length, tokens.length);
  return tokens.join("");
}

Deno.test("the text begins with a word, as far as it is long enough, and is short enough to be drawn", () => {
  assertEquals(chosen("ing of the story was told again and again"), "of the story was told ag");
  assertEquals(chosen("ing of it"), "ing of it");
  assertEquals(chosen("x".repeat(50)), "x".repeat(24));
  assertEquals(chosen("<s>ing of the story was told again", { special: true }), "<s>of the story was told a");
  assertEquals(chosen("ing of the story was told again", { layers: 200 }), "of the s");
});

const train = ["train", "--data", "story.txt", ...small, "--steps", "6", "--device", "cpu"];
const model = (cwd: string, run: string) => Deno.readFile(`${cwd}/runs/${run}/last/model.safetensors`);

Deno.test("a run keeps the maps of each validation when that is asked for, and computes the same", () =>
  inFolder(async (cwd) => {
    await Deno.writeTextFile(`${cwd}/story.txt`, story(100));
    for (const objective of ["causal", "mlm"]) {
      const line = [...train, "--objective", objective, "--eval_interval", "3"];
      await succeed([...line, "--name", objective], { cwd });
      await succeed([...line, "--name", `${objective}-page`, "--attention_every"], { cwd });
      assertEquals(await model(cwd, objective), await model(cwd, `${objective}-page`));
      const page = await Deno.readTextFile(`${cwd}/runs/${objective}-page/attention.html`);
      assertEquals(Array.from(page.matchAll(/frame\((\d+),"/g), ([, step]) => step), ["0", "3", "6"]);
      const svg = await Deno.readTextFile(`${cwd}/runs/${objective}/attention.svg`);
      assertStringIncludes(svg, `runs/${objective}: attention after step 6`);
      assertEquals(/>&lt;s&gt;</.test(svg), objective === "mlm");
      const png = await Deno.readFile(`${cwd}/runs/${objective}/attention.png`);
      assertEquals([png[0], png[1]], [137, 80]);
    }
  }));

Deno.test("a full page takes no more frames, and the run goes on", async () => {
  const backend = new CpuBackend(), tokenizer = CharTokenizer.fromText("abc");
  const model = new Gpt({ ...PRESETS.tiny.model, vocabSize: tokenizer.vocabSize });
  initialize(backend, model, 1);
  const recipe = { attention: attentionText(model, tokenizer.encode("abc"), tokenizer) } as unknown as Recipe;
  const frames: string[] = [], said: string[] = [];
  const folder = {
    path: "runs/mine",
    startPage: () => Promise.resolve(16e6 - 300),
    addFrame: (frame: string) => Promise.resolve(frames.push(frame)),
  } as unknown as RunFolder;
  const { error } = console;
  try {
    console.error = (text: string) => said.push(text);
    const run = { step: 5, backend } as unknown as TrainingRun;
    const attention = await RunAttention.start(recipe, run, folder, { attentionEvery: true });
    for (const step of [5, 10, 15, 20]) await attention!.keep(step);
  } finally {
    console.error = error;
  }
  assertEquals(frames.map((frame) => frame.match(/frame\(\d+/)?.[0]), ["frame(5", "frame(10"]);
  assertEquals(said, ["attention.html is full with 16 MB: steps from 15 on are left out"]);
});

const blind = `import { add, Mlp } from "@miniformer/miniformer";
class Blind { constructor({ modelDim, feedForwardDim }, { activation }) {
  this.mlp = new Mlp({ modelDim, feedForwardDim, activation, std: 0.02 }); }
  forward(x) { return add(x, this.mlp.forward(x)); } }
export const block = (config, _layer, options) => new Blind(config, options);
`;

Deno.test("a model without attention weights is trained, and only its maps are missing", () =>
  inFolder(async (cwd) => {
    await Deno.writeTextFile(`${cwd}/story.txt`, story(100));
    await Deno.writeTextFile(`${cwd}/blind.js`, blind);
    const line = [...train, "--block", "blind.js"];
    const { code, stderr } = await miniformer([...line, "--name", "blind"], { cwd });
    assertEquals(code, 0, stderr);
    assertMatch(stderr, /^The attention maps could not be drawn: The 1 blocks of the model collected 0/m);
    await Deno.stat(`${cwd}/runs/blind/loss_curve.png`);
    const refused = await miniformer([...line, "--name", "refused", "--attention_every"], { cwd });
    assertEquals(refused.code, 1);
    assertMatch(refused.stderr, /^error: .*The 1 blocks of the model collected 0 attention weights/);
    const resume = [
      "train",
      "--resume",
      "runs/blind",
      "--block",
      "blind.js",
      "--steps",
      "8",
      "--device",
      "cpu",
    ];
    assertEquals((await miniformer([...resume, "--attention_every"], { cwd })).code, 1);
    await succeed(resume, { cwd }); // it was refused before the page was begun
    assert(await Deno.stat(`${cwd}/runs/refused`).then(() => false, () => true), "nothing is left of it");
  }));
