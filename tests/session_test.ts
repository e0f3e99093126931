import { assert, assertEquals, assertMatch, assertNotEquals, assertStringIncludes } from "@std/assert";
import denoJson from "../deno.json" with { type: "json" };
import {
  editState,
  inFolder,
  metricsOf,
  miniformer,
  resultOf,
  small,
  story,
  succeed,
  words,
} from "./_command.ts";

const train = [...words("train --data story.txt --steps 4 --device cpu"), ...small];

Deno.test("a dry run prints settings, memory and the first batch, and writes nothing", () =>
  inFolder(async (cwd) => {
    await Deno.writeTextFile(`${cwd}/story.txt`, story(100));
    const said = await succeed([...train, "--dry-run"], { cwd });
    assertMatch(said, /^model .* about \d+ MB of memory$/m);
    const settings = JSON.parse(said.match(/^settings (\{.*?^\})$/ms)![1]);
    assertEquals([settings.steps, settings.modelDim, settings.feedForwardDim], [4, 16, 64]);
    const [, first] = said.match(/^first batch, 4 × 16 tokens:\n {2}(.*)$/m)!;
    assertStringIncludes(story(100), first.replaceAll("\\n", "\n"));
    assertEquals((await Array.fromAsync(Deno.readDir(cwd))).map(({ name }) => name), ["story.txt"]);
    const refused = await miniformer([...train, "--dry-run", "--heads", "3"], { cwd });
    assertEquals(refused.code, 2);

    await succeed([...train, "--stop_after", "2"], { cwd });
    const before = await Deno.readTextFile(`${cwd}/runs/story/run.json`);
    assertMatch(
      await succeed(words("train --resume --dry-run --device cpu"), { cwd }),
      /^training +4 steps of 4 × 16/m,
    );
    assertEquals(await Deno.readTextFile(`${cwd}/runs/story/run.json`), before);
  }));

Deno.test("run.json repeats a run through --config; flags win", () =>
  inFolder(async (cwd) => {
    await Deno.writeTextFile(`${cwd}/story.txt`, story(100));
    await succeed([...train, "--name", "first"], { cwd });
    const config = words("train --config runs/first/run.json --device cpu --name");
    await succeed([...config, "second"], { cwd });
    assertEquals(await resultOf(`${cwd}/runs/second`), await resultOf(`${cwd}/runs/first`));
    await succeed([...config, "third", "--seed", "2", "--epochs", "0.01"], { cwd });
    assertNotEquals(await metricsOf(`${cwd}/runs/third`), await metricsOf(`${cwd}/runs/first`));

    for (
      const preset of [
        "--objective mlm --mask_rate 0.3",
        "--optimizer sgd",
        "--tokenizer bpe --vocab_size 270",
        "--no-tied",
      ]
    ) {
      const name = preset.replace(/\W+/g, "");
      await succeed([...train, ...words(preset), "--name", name], { cwd });
      await succeed(words(`train --config runs/${name}/run.json --device cpu --name ${name}2`), { cwd });
      assertEquals(await resultOf(`${cwd}/runs/${name}2`), await resultOf(`${cwd}/runs/${name}`), preset);
    }
  }));

Deno.test("run.json of a classifier repeats it, class weights included", () =>
  inFolder(async (cwd) => {
    await Deno.writeTextFile(`${cwd}/story.txt`, story(100));
    const rows = story(40).trimEnd().split("\n").map((line) =>
      `${line}\t${line.includes("mat") ? "mat" : "no"}\n`
    );
    await Deno.writeTextFile(`${cwd}/train.tsv`, rows.join(""));
    const sizes = "--context_length 40 --layers 1 --heads 2 --model_dim 16 --steps 2";
    await succeed(words(`train --data story.txt ${sizes} --device cpu --name base`), { cwd });
    const tune = "finetune --checkpoint runs/base --data train.tsv --epochs 1 --class_weights mat=2 no=0.5";
    await succeed(words(`${tune} --device cpu --name one`), { cwd });
    await succeed(words("finetune --config runs/one/run.json --device cpu --name two --stop_after 2"), {
      cwd,
    });
    await succeed(words("finetune --config runs/two/run.json --resume runs/two --device cpu"), { cwd });
    assertEquals(await resultOf(`${cwd}/runs/two`), await resultOf(`${cwd}/runs/one`));
  }));

Deno.test("run.json of a RoBERTa classifier with a file to validate on repeats it, too", () =>
  inFolder(async (cwd) => {
    await Deno.writeTextFile(`${cwd}/story.txt`, story(100));
    const rows = story(40).trimEnd().split("\n").map((line) => `${line}\t${line.includes("mat")}\n`).join("");
    for (const name of ["train.tsv", "dev.tsv"]) await Deno.writeTextFile(`${cwd}/${name}`, rows);
    const sizes = "--context_length 40 --layers 1 --heads 2 --model_dim 16 --steps 2 --objective mlm";
    await succeed(words(`train --data story.txt ${sizes} --device cpu --name base`), { cwd });
    const tune = "finetune --checkpoint runs/base --data train.tsv --validation dev.tsv --epochs 1";
    await succeed(words(`${tune} --device cpu --name one`), { cwd });
    await succeed(words("finetune --config runs/one/run.json --device cpu --name two"), { cwd });
    assertEquals(await resultOf(`${cwd}/runs/two`), await resultOf(`${cwd}/runs/one`));
  }));

Deno.test("a run at its end is named when it is resumed without a folder, and defaults may be given again", () =>
  inFolder(async (cwd) => {
    await Deno.writeTextFile(`${cwd}/story.txt`, story(100));
    await succeed([...train, "--stop_after", "2"], { cwd });
    await succeed(words("train --resume --optimizer adamw --device cpu"), { cwd });
    const { stderr } = await miniformer(words("train --resume --device cpu"), { cwd });
    assertStringIncludes(
      stderr,
      "error: Cannot resume runs/story/last: it has done 4 steps of 4; raise --steps",
    );
    const refused = await miniformer([...words("train --config runs/story/run.json --preset mini-gpt")], {
      cwd,
    });
    assertStringIncludes(
      refused.stderr,
      'run.json: preset is "short-text", but --preset is mini-gpt: other values',
    );
  }));

Deno.test("--config refuses what no flag takes, by file and name", () =>
  inFolder(async (cwd) => {
    await Deno.writeTextFile(`${cwd}/story.txt`, story(100));
    const cases: [content: string, message: string][] = [
      [`{ "layer": 2 }`, "mine.json: layer is no setting of this command"],
      [`{ "batch_size": 0 }`, "mine.json: batch_size is 0, expected a whole number at least 1"],
      [`{ "data": "story.txt" }`, 'mine.json: data is "story.txt", expected a list'],
      [`{ "data": [1] }`, "mine.json: data.0 is 1, expected a text"],
      [`{ "data": [""] }`, 'mine.json: data.0 is "", expected a text that is not empty'],
      [`{ "block": "story.txt" }`, "mine.json: block is no setting of this command"],
      [`[1]`, "mine.json: expected an object"],
      [`{`, "Cannot read mine.json: "],
    ];
    for (const [content, message] of cases) {
      await Deno.writeTextFile(`${cwd}/mine.json`, content);
      const { code, stderr } = await miniformer([...train, "--config", "mine.json"], { cwd });
      assert(code > 0);
      assertStringIncludes(stderr, message);
      assertMatch(stderr, /^error: .*\n?$/);
    }
    await Deno.writeTextFile(
      `${cwd}/mine.json`,
      `{ "learning_rate": 0.5, "steps": 3, "data": ["story.txt"] }`,
    );
    const said = await succeed([...words("train --epochs 0.001 --config mine.json --device cpu --dry-run")], {
      cwd,
    });
    assertMatch(said, /^training +1 step of .* learning rate 0.5 to/m);
    const line = "train --data story.txt --preset mini-gpt --lr 0.003 --device cpu --dry-run";
    assertMatch(await succeed(words(line), { cwd }), /learning rate 0.003 to 0.0003 \(cosine\)/);
  }));

Deno.test("run.json records every start, with versions, device, command line and speed", () =>
  inFolder(async (cwd) => {
    await Deno.writeTextFile(`${cwd}/story.txt`, story(100));
    await succeed([...train, "--stop_after", "2"], { cwd });
    await succeed(words("train --resume --device cpu"), { cwd });
    const { command, sessions } = JSON.parse(await Deno.readTextFile(`${cwd}/runs/story/run.json`));
    assertEquals(command, "train");
    assertEquals(sessions.map(({ firstStep, lastStep }: Record<string, number>) => [firstStep, lastStep]), [[
      0,
      2,
    ], [2, 4]]);
    for (const { miniformer, deno, device, tokensPerSecond } of sessions) {
      assertEquals([miniformer, deno, device], [
        denoJson.version,
        Deno.version.deno,
        "CPU reference, 32-bit floats",
      ]);
      assert(tokensPerSecond > 0);
    }
    assertEquals(sessions[1].commandLine, words("train --resume --device cpu"));
  }));

Deno.test("a state cannot control the terminal, and what cannot be printed is an error", () =>
  inFolder(async (cwd) => {
    await Deno.writeTextFile(`${cwd}/story.txt`, story(100));
    await succeed([...train, "--stop_after", "2"], { cwd });
    const backend = { name: "x", device: "y\u001b[31m\nEVIL" };
    await editState(`${cwd}/runs/story/last/training_state.json`, (state) => ({ ...state, backend }));
    const said = await succeed(words("train --resume --device cpu"), { cwd });
    assertStringIncludes(said, "It ran on y\\x1b[31m\\nEVIL before");
    if (Deno.build.os !== "linux") return;
    const wrapper = ["sh", "-c", 'exec "$@" > /dev/full', "sh"];
    const { code, stderr } = await miniformer([...train, "--dry-run"], { cwd, wrapper });
    assertEquals([code, stderr], [1, "error: Cannot write to standard output: the disk is full\n"]);
  }));

Deno.test("--tensorboard writes each step once, also when the run is resumed without the flag", () =>
  inFolder(async (cwd) => {
    await Deno.writeTextFile(`${cwd}/story.txt`, story(100));
    const events = `${cwd}/runs/story/events.out.tfevents.miniformer`;
    await succeed([...train, "--stop_after", "2", "--tensorboard"], { cwd });
    const half = (await Deno.stat(events)).size;
    await succeed(words("train --resume --device cpu"), { cwd });
    const whole = new TextDecoder("latin1").decode(await Deno.readFile(events));
    assert(whole.length > half);
    assertEquals(whole.split("train/loss").length - 1, 4, "four steps");
  }));
