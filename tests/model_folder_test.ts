import { assert, assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { generateText, loadFolder, SaveError, saveModel } from "../files/mod.ts";
import { allocateParameters, causalBatches, CharTokenizer, CpuBackend, Gpt, initialize } from "../mod.ts";
import { PRESETS, restoreTraining, TrainingRun } from "../mod.ts";
import { readFolder } from "../files/folders.ts";
import { inFolder, small, story, succeed } from "./_command.ts";

const backend = new CpuBackend();

/** A small model of a text, with its tokenizer and a run that has trained it for some steps. */
function trained(steps: number, text = "the cat sat on the mat. ") {
  const tokenizer = CharTokenizer.fromText(text), { vocabSize } = tokenizer;
  const model = new Gpt({
    ...PRESETS.tiny.model,
    layers: 1,
    modelDim: 16,
    feedForwardDim: 32,
    contextLength: 8,
    vocabSize,
  });
  const batches = causalBatches(tokenizer.encode(text.repeat(9)), {
    contextLength: 8,
    batchSize: 2,
    seed: 1,
  });
  const run = new TrainingRun(backend, model, batches, {
    ...PRESETS.tiny.training,
    steps: 9,
    warmupSteps: 1,
    seed: 1,
  });
  while (run.step < steps) run.advance();
  return { backend, model, tokenizer, store: run.store, run, batches };
}

const values = async (source: { store: { values: Parameters<typeof backend.read>[0] } }) =>
  Array.from(await backend.read(source.store.values));

const namesIn = (folder: string) => Array.from(Deno.readDirSync(folder), ({ name }) => name).sort();

Deno.test("a model that was saved is loaded with the same numbers, tokens and text", () =>
  inFolder(async (cwd) => {
    const saved = trained(3), folder = `${cwd}/models/cats`;
    await saveModel(folder, { ...saved, run: undefined });
    assertEquals(namesIn(cwd + "/models"), ["cats"]);
    const loaded = await loadFolder(`${folder}/`, { backend, kind: "causal" });
    assertEquals(await values(loaded), await values(saved));
    assertEquals(loaded.path, folder);
    const text = async (source: Parameters<typeof generateText>[0]) =>
      (await Array.fromAsync(generateText(source, { prompt: "the ", maxNewTokens: 30, seed: 2 }))).join("");
    assertEquals(await text(loaded), await text(saved));
    await saveModel(folder, loaded); // what was loaded can be saved
    assertEquals(await values(await loadFolder(folder, { backend })), await values(saved));
  }));

Deno.test("with its run, training goes on from the folder bit for bit; without, what resuming needs is gone", () =>
  inFolder(async (cwd) => {
    const saved = trained(3);
    await saveModel(`${cwd}/cats`, saved);
    const { model, run } = trained(0), again = trained(5);
    assert(model);
    restoreTraining(run, await readFolder(`${cwd}/cats`));
    assertEquals(run.step, 3);
    while (run.step < 5) run.advance();
    assertEquals(await values(run), await values(again));
    await saveModel(`${cwd}/cats`, { ...saved, run: undefined });
    assertEquals(namesIn(`${cwd}/cats`).filter((name) => /state|optimizer/.test(name)), []);
  }));

Deno.test("a run of the command line is loaded by its folder, and a damaged one is refused by file", () =>
  inFolder(async (cwd) => {
    await Deno.writeTextFile(`${cwd}/story.txt`, story(100));
    await succeed(["train", "--data", "story.txt", ...small, "--steps", "2", "--device", "cpu"], { cwd });
    const { path } = await loadFolder(`${cwd}/runs/story`, { backend, kind: "causal" });
    assertStringIncludes(path, "/runs/story/");
    const weights = `${path}/model.safetensors`, bytes = await Deno.readFile(weights);
    bytes[bytes.length - 1] ^= 1;
    await Deno.writeFile(weights, bytes);
    const { message } = await assertRejects(() => loadFolder(path, { backend }), Error);
    assertStringIncludes(message, `Cannot use ${path}: model.safetensors is not what was saved there`);
  }));

Deno.test("what cannot be loaded is refused in one line with folder and file", () =>
  inFolder(async (cwd) => {
    const refused = async (folder: string, expected: string, options = {}) => {
      const { message } = await assertRejects(() => loadFolder(folder, { backend, ...options }), Error);
      assertEquals(message, expected);
    };
    await refused(`${cwd}/none`, `Cannot read ${cwd}/none: no such file or folder`);
    await Deno.mkdir(`${cwd}/empty`);
    await refused(
      `${cwd}/empty`,
      `Cannot read ${cwd}/empty: it holds no checkpoint: expected config.json and model.safetensors, or best/ or last/`,
    );
    const cats = `${cwd}/cats`;
    await saveModel(cats, { ...trained(0), run: undefined });
    await refused(
      cats,
      `Cannot use ${cats}: config.json: This is a causal language model, which predicts the next token; expected a classifier`,
      { kind: "classifier" },
    );
    for (const name of ["tokenizer.json", "model.safetensors"]) {
      await Deno.remove(`${cats}/${name}`);
      const { message } = await assertRejects(() => loadFolder(cats, { backend }), Error);
      assertStringIncludes(message, `Cannot use ${cats}: `);
      assertStringIncludes(message, name);
    }
  }));

Deno.test("a folder that holds something else than a model is not replaced, and files beside a model stay", () =>
  inFolder(async (cwd) => {
    const saved = { ...trained(0), run: undefined };
    await Deno.mkdir(`${cwd}/thesis`);
    await Deno.writeTextFile(`${cwd}/thesis/chapter.md`, "dear");
    const { message } = await assertRejects(() => saveModel(`${cwd}/thesis`, saved), SaveError);
    assertEquals(
      message,
      `Cannot save ${cwd}/thesis: it holds other things, such as "chapter.md"; choose another folder`,
    );
    await saveModel(`${cwd}/cats`, saved);
    await Deno.writeTextFile(`${cwd}/cats/notes.md`, "dear");
    await saveModel(`${cwd}/cats`, saved);
    assertEquals(await Deno.readTextFile(`${cwd}/cats/notes.md`), "dear");
    assertEquals(namesIn(cwd), ["cats", "thesis"]);
  }));

Deno.test("saves of one folder that are begun together follow one another", () =>
  inFolder(async (cwd) => {
    const first = { ...trained(1), run: undefined }, second = { ...trained(2), run: undefined };
    await Promise.all([saveModel(`${cwd}/cats`, first), saveModel(`${cwd}/cats/`, second)]);
    assertEquals(await values(await loadFolder(`${cwd}/cats`, { backend })), await values(second));
    assertEquals(namesIn(cwd), ["cats"]);
  }));

Deno.test("a tokenizer with more tokens than the model is not saved with it", () =>
  inFolder(async (cwd) => {
    const tokenizer = CharTokenizer.fromText("abc"), model = new Gpt({ ...PRESETS.tiny.model, vocabSize: 2 });
    const store = allocateParameters(backend, model);
    initialize(backend, model, 1);
    await assertRejects(
      () => saveModel(`${cwd}/cats`, { backend, model, store, tokenizer }),
      RangeError,
      "the tokenizer has 3 tokens, the model 2",
    );
    assertEquals(namesIn(cwd), []);
  }));
