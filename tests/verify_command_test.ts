import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { PUBLISHED } from "../training/verification/published.ts";
import { readSafetensors, writeSafetensors } from "../checkpoints/safetensors.ts";
import { sumOf } from "../checkpoints/sums.ts";
import { editState, inFolder, miniformer, removeSums, small, story, succeed, words } from "./_command.ts";

const verify = (cwd: string, line: string) => miniformer(["verify", ...words(line)], { cwd });

const run = ["--data", "story.txt", ...small, "--device", "wasm", "--threads", "1"];

/** Changes one bit of a tensor in a checkpoint. */
async function flipBit(path: string, name: string): Promise<void> {
  const arrays = readSafetensors(await Deno.readFile(path));
  const { data } = arrays.get(`transformer.${name}`) ?? arrays.get(name)!;
  new Uint32Array(data.buffer, data.byteOffset, 1)[0] ^= 1;
  await Deno.writeFile(path, writeSafetensors([...arrays].map(([name, array]) => ({ ...array, name }))));
}

/** Files of a folder and their contents. */
async function contentsOf(folder: string): Promise<string[]> {
  const lines = [];
  for await (const { name, isDirectory } of Deno.readDir(folder)) {
    const path = `${folder}/${name}`;
    lines.push(
      ...isDirectory ? await contentsOf(path) : [`${path} ${await sumOf(await Deno.readFile(path))}`],
    );
  }
  return lines.sort();
}

Deno.test("verify prints a line for every family, with versions and device", () =>
  inFolder(async (cwd) => {
    const shown = await succeed(["verify", "--threads", "2"], { cwd });
    assertMatch(
      shown,
      /^versions +miniformer \S+, Deno \S+, V8 \S+\nprocessor +\w+ \(\w+\)\ndevice +WebAssembly, 2 threads\n/,
    );
    for (const [name, { sha256 }] of Object.entries(PUBLISHED)) {
      assertMatch(shown, new RegExp(`^${name} +${sha256}  = published$`, "m"));
    }
    assertMatch(shown, /^result +5 of 5 models are bit for bit the published ones \(\d+\.\ds\)\n$/m);
    assertEquals(await contentsOf(cwd), []);
  }));

Deno.test("verify repeats an interrupted run up to its checkpoints, with any number of threads, and writes nothing", () =>
  inFolder(async (cwd) => {
    await Deno.writeTextFile(`${cwd}/story.txt`, story(200));
    const settings = words(
      "--steps 12 --stop-after 10 --evaluation_interval 4 --save-every 5 --dropout 0.1 --accumulation 2",
    );
    await succeed(["train", ...run, ...settings, "--tokenizer", "bpe", "--vocab-size", "280"], { cwd });
    await Deno.rename(`${cwd}/runs/story/best`, `${cwd}/runs/story/epoch-1`);
    const before = await contentsOf(cwd),
      sum = async (name: string) =>
        await sumOf(await Deno.readFile(`${cwd}/runs/story/${name}/model.safetensors`));
    const { code, stdout, stderr } = await verify(cwd, "runs/story --threads 3");
    assertEquals([code, stderr], [0, ""]);
    assertMatch(stdout, /^device +WebAssembly, 3 threads$/m);
    assertStringIncludes(stdout, `\nepoch-1 at 8        ${await sum("epoch-1")}  = repeated\n`);
    assertStringIncludes(stdout, `\nlast at 10          ${await sum("last")}  = repeated\n`);
    assertMatch(
      stdout,
      /^result +deno task train with the settings of runs\/story gives the same model, bit for bit \(/m,
    );
    assertEquals(await contentsOf(cwd), before);

    // a run that was resumed is that of one go
    await Deno.remove(`${cwd}/runs/story/epoch-1`, { recursive: true });
    const resume = words("train --resume runs/story --threads 1");
    await succeed([...resume, "--stop-after", "12"], { cwd });
    assertEquals((await verify(cwd, "runs/story")).code, 0);
  }));

Deno.test("verify repeats a run whose learning rate and length were changed, with the rates that it has recorded", () =>
  inFolder(async (cwd) => {
    await Deno.writeTextFile(`${cwd}/story.txt`, story(200));
    await succeed(["train", ...run, ...words("--steps 12 --stop-after 4 --evaluation_interval 2")], { cwd });
    const resume = words("train --resume runs/story --threads 1");
    await succeed([...resume, ...words("--learning-rate 0.003 --stop-after 7")], { cwd });
    await succeed([...resume, ...words("--steps 15 --stop-after 10")], { cwd });
    const { code, stdout } = await verify(cwd, "runs/story");
    assertEquals(code, 0, stdout);
    assertMatch(
      stdout,
      /^note +after step 7 the learning rate or the length of the run was changed: every step that metrics\.jsonl records is repeated with its rate$/m,
    );
    assertMatch(stdout, /^last at 10 +[0-9a-f]{64} {2}= repeated$/m);
    assertEquals(JSON.parse((await verify(cwd, "runs/story --json")).stdout).changedAfter, 7);

    // without the records nothing tells the rates of the first steps
    await Deno.remove(`${cwd}/runs/story/metrics.jsonl`);
    const unknown = await verify(cwd, "runs/story");
    assertEquals(unknown.code, 1);
    assertMatch(
      unknown.stdout,
      /gives another model; .* with other --data or on another --device, or trained by another version; or of one whose learning rate was changed: metrics\.jsonl lacks the rates of 10 steps \(/,
    );
  }));

Deno.test("verify repeats one checkpoint of a run alone, and prints JSON", () =>
  inFolder(async (cwd) => {
    await Deno.writeTextFile(`${cwd}/story.txt`, story(200));
    await succeed(["train", ...run, ...words("--steps 4 --evaluation_interval 2")], { cwd });
    await Deno.rename(`${cwd}/runs/story/best`, `${cwd}/runs/story/epoch-1`);
    const { stdout: text } = await verify(cwd, "runs/story/epoch-1 --json");
    const { equal, checkpoints: [only, ...others] } = JSON.parse(text);
    assertEquals([equal, only.step, only.recorded === only.repeated, others], [true, 4, true, []]);
  }));

Deno.test("verify names the first checkpoint and the first tensor that differ, and ends with 1", () =>
  inFolder(async (cwd) => {
    await Deno.writeTextFile(`${cwd}/story.txt`, story(200));
    await succeed(["train", ...run, ...words("--steps 6 --save-every epoch --epochs 3").slice(2)], { cwd });
    const names = (await Array.fromAsync(Deno.readDir(`${cwd}/runs/story`))).map(({ name }) => name);
    assert(names.includes("epoch-1") && names.includes("epoch-2"), `${names}`);
    for (const tensor of ["h.0.ln_1.weight", "h.0.mlp.c_fc.weight"]) {
      await flipBit(`${cwd}/runs/story/epoch-2/model.safetensors`, tensor);
    }
    await removeSums(`${cwd}/runs/story/epoch-2/training_state.json`);
    const { code, stdout, stderr } = await verify(cwd, "runs/story");
    assertEquals([code, stderr], [1, ""]);
    assertMatch(stdout, /^epoch-1 at \d+ +[0-9a-f]{64} {2}= repeated$/m);
    assertMatch(
      stdout,
      /^epoch-2 at \d+ +[0-9a-f]{64} {2}DIFFERS, first in blocks\.0\.norm1\.weight: repeated, it is [0-9a-f]{64}$/m,
    );
    assert(!/^last|^epoch-3/m.test(stdout), stdout);
    assertMatch(stdout, /^result +deno task train with the settings of runs\/story gives another model; /m);
    const result = JSON.parse((await verify(cwd, "runs/story --json")).stdout),
      last = result.checkpoints.at(-1);
    assertEquals([result.equal, last.path, last.tensor], [
      false,
      "runs/story/epoch-2",
      "blocks.0.norm1.weight",
    ]);
  }));

Deno.test("verify repeats masked runs, classifiers and runs with a block", () =>
  inFolder(async (cwd) => {
    await Deno.writeTextFile(`${cwd}/story.txt`, story(200));
    const code = new URL("_without_norm.ts", import.meta.url).href;
    await Deno.writeTextFile(`${cwd}/mine.ts`, `export { block } from ${JSON.stringify(code)};`);
    const rows = Array.from({ length: 40 }, (_, i) =>
      `${i % 2 ? "cat" : "dog"}\tThe ${i % 2 ? "cat" : "dog"} sat.`);
    await Deno.writeTextFile(`${cwd}/rows.tsv`, `label\ttext\n${rows.join("\n")}\n`);
    await succeed(["train", ...run, ...words("--steps 4 --objective mlm --name masked")], { cwd });
    await succeed(["train", ...run, ...words("--steps 4 --block mine.ts --name block")], { cwd });
    const tune = "finetune --checkpoint runs/masked --data rows.tsv --epochs 1 --device wasm --name tuned";
    await succeed([...words(tune), "--class_weights", "cat=1.5", "dog=1"], { cwd });
    for (const line of ["runs/masked", "runs/tuned", "runs/block --block mine.ts"]) {
      const { code, stdout, stderr } = await verify(cwd, line);
      assertEquals([code, stderr], [0, ""], line);
      assertMatch(stdout, /gives the same model, bit for bit/, line);
    }
    const { code: status, stderr } = await verify(cwd, "runs/block");
    assertEquals(status, 1);
    assertMatch(stderr, /^error: Cannot use runs\/block\/\w+: it was trained with --block mine\.ts /);
  }));

Deno.test("verify refuses in one line what it cannot repeat", () =>
  inFolder(async (cwd) => {
    await Deno.writeTextFile(`${cwd}/story.txt`, story(200));
    await succeed(["train", ...run, "--steps", "2"], { cwd });
    await succeed(["train", "--data", "story.txt", ...small, ...words("--steps 2 --device cpu --name cpu")], {
      cwd,
    });
    await Deno.mkdir(`${cwd}/empty`);
    const state = `${cwd}/runs/story/last/training_state.json`, saved = await Deno.readTextFile(state);
    const refused = async (line: string, status: number, message: RegExp) => {
      const { code, stdout, stderr } = await verify(cwd, line);
      assertMatch(stderr, message);
      assertEquals([code, stderr.trimEnd().split("\n").length], [status, 1], stderr);
      assert(!stdout.includes("result"), stdout);
    };
    await refused("--block mine.ts", 2, /^error: --block is for a run: deno task verify RUN --block FILE/);
    await refused("--threads 0", 2, /^error: --threads is 0/);
    await refused("nowhere", 1, /^error: Cannot read nowhere: /);
    await refused("empty", 1, /^error: Cannot read empty: it holds no checkpoint/);
    await refused("runs/cpu --threads 2", 2, /^error: --threads is for --device wasm/);
    await refused("runs/cpu/last/config.json", 1, /^error: Cannot read /);

    await editState(state, (state) => ({ ...state, backend: { name: "abacus", device: "wood" } }));
    await refused(
      "runs/story/last",
      1,
      /Cannot repeat runs\/story\/last: it ran on "abacus", which this version/,
    );
    await Deno.writeTextFile(state, saved);
    // deno-lint-ignore no-explicit-any -- as a state is
    const withSetting = (changes: object) => (state: any) => ({
      ...state,
      settings: { ...state.settings, ...changes },
    });
    await editState(state, withSetting({ modelDim: -1 }));
    await refused(
      "runs/story/last",
      1,
      /^error: Cannot use runs\/story\/last: training_state\.json: settings\.modelDim is -1/,
    );
    await editState(state, withSetting({ modelDim: 16, heads: 3 }));
    await refused(
      "runs/story/last",
      1,
      /^error: Cannot repeat runs\/story\/last: --heads is 3, which does not divide/,
    );
    await editState(state, withSetting({ heads: 2, steps: 1 }));
    await refused(
      "runs/story/last",
      1,
      /^error: Cannot repeat runs\/story\/last: it says that it has done 2 steps of 1$/m,
    );
    await editState(state, withSetting({ steps: 2, tokenizer: "nowhere" }));
    await refused("runs/story/last", 1, /^error: Cannot repeat runs\/story\/last: Cannot read nowhere/);
    await editState(state, withSetting({ tokenizer: "bpe" }));
    await refused("runs/story/last", 1, /^error: Cannot repeat runs\/story\/last: its tokenizer has changed/);
    await Deno.writeTextFile(state, "{");
    await refused("runs/story/last", 1, /training_state\.json is damaged/);
    await Deno.remove(state);
    await refused(
      "runs/story/last",
      1,
      /^error: Cannot use runs\/story\/last: .*training_state\.json is missing/,
    );
    await Deno.writeTextFile(state, saved);

    // the state may be from anywhere: files outside the current folder are listed before they are read
    const outside = { ...JSON.parse(saved).source, data: ["../nowhere.txt"] };
    await editState(state, (state) => ({ ...state, source: outside }));
    const { code, stderr } = await verify(cwd, "runs/story/last");
    assertEquals(code, 1);
    assertMatch(
      stderr,
      /^runs\/story\/last was trained on \.\.\/nowhere\.txt: these files will be read\nerror: Cannot repeat .*: Cannot read \.\.\/nowhere\.txt/,
    );
    await Deno.writeTextFile(state, saved);

    await Deno.writeTextFile(`${cwd}/story.txt`, story(201));
    await refused("runs/story", 1, /^error: Cannot repeat runs\/story\S*: its texts have changed since /);
    await Deno.remove(`${cwd}/story.txt`);
    await refused(
      "runs/story",
      1,
      /^error: Cannot repeat runs\/story\S*: Cannot read story\.txt: no such file/,
    );
  }));

Deno.test("a run of the CPU reference is repeated there, with a note about what is promised", () =>
  inFolder(async (cwd) => {
    await Deno.writeTextFile(`${cwd}/story.txt`, story(200));
    await succeed(["train", "--data", "story.txt", ...small, ...words("--steps 3 --device cpu")], { cwd });
    const { code, stdout } = await verify(cwd, "runs/story");
    assertEquals(code, 0);
    assertMatch(stdout, /^note +equal bits on every machine are promised of WebAssembly/m);
    assertMatch(stdout, /^last at 3 +[0-9a-f]{64} {2}= repeated$/m);
  }));
