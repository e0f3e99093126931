import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { inFolder, metricsOf, miniformer, small, story, succeed, words } from "./_command.ts";

const quick = ["train", "--data", "story.txt", ...small, "--device", "cpu"];

/** Everything below a folder, as paths. */
async function listing(folder: string): Promise<string[]> {
  const found: string[] = [];
  for await (const { name, isDirectory } of Deno.readDir(folder)) {
    if (isDirectory) found.push(...(await listing(`${folder}/${name}`)).map((path) => `${name}/${path}`));
    else found.push(name);
  }
  return found.sort();
}

Deno.test("a run leaves the files it promises, and the command it ends with writes text", () =>
  inFolder(async (cwd) => {
    await Deno.writeTextFile(`${cwd}/story.txt`, story(400));
    const said = await succeed([...quick, "--steps", "60", "--weight_decay", "0.1"], { cwd });
    const checkpoint = [
      ...[
        "README.md",
        "config.json",
        "loss_curve.png",
        "model.safetensors",
        "optimizer.safetensors",
        "special_tokens_map.json",
      ],
      ...["tokenizer.json", "tokenizer_config.json", "training_state.json"],
    ];
    assertEquals(await listing(`${cwd}/runs/story`), [
      ...["attention.png", "attention.svg"],
      ...checkpoint.map((name) => `best/${name}`),
      ...checkpoint.map((name) => `last/${name}`),
      ...["loss_curve.png", "loss_curve.svg", "metrics.jsonl", "run.json"],
      ...["sample_generation.txt", "samples.txt"],
    ]);

    const lines = (await metricsOf(`${cwd}/runs/story`)).map((line) => JSON.parse(line));
    assertEquals(lines.map(({ step }) => step), Array.from({ length: 60 }, (_, i) => i + 1));
    const validated = lines.filter(({ validationLoss }) => validationLoss !== undefined);
    assertEquals(validated.map(({ step }) => step), [6, 12, 18, 24, 30, 36, 42, 48, 54, 60]);
    assert(lines[59].loss < lines[0].loss - 0.5, "it learned");
    assertEquals(Object.keys(lines[0]), ["step", "epoch", "loss", "gradientNorm", "learningRate"]);

    const samples = await Deno.readTextFile(`${cwd}/runs/story/samples.txt`);
    assertEquals(samples.match(/^=== step \d+$/gm), [12, 24, 36, 48, 60].map((step) => `=== step ${step}`));
    assertMatch(await Deno.readTextFile(`${cwd}/runs/story/loss_curve.svg`), /^<svg /);

    const state = JSON.parse(await Deno.readTextFile(`${cwd}/runs/story/last/training_state.json`));
    assertEquals([state.step, state.settings.weightDecay, state.source.data], [60, 0.1, ["story.txt"]]);

    const whole = Number(said.match(/^loss +validation ([\d.]+)/m)?.[1]);
    assert(Math.abs(whole - lines[59].validationLoss) < 0.1);
    const command = said.match(/^generate +deno task (.*)$/m)![1];
    assertStringIncludes(command, "generate --checkpoint runs/story --prompt");
    const written = await succeed(words(command), { cwd });
    assert(written.startsWith(words(command)[4]) && written.length > 300, written);
  }));

Deno.test("without a single flag it learns the built-in tales, and says how far it is from perfect", () =>
  inFolder(async (cwd) => {
    const said = await succeed(["train", "--stop_after", "2", "--device", "cpu"], { cwd });
    assertStringIncludes(said, "device    CPU reference, 32-bit floats: the CPU reference was requested");
    assertStringIncludes(said, "preset    tiny: ");
    assertMatch(said, /^data +the built-in tales: .* training tokens, .* validation tokens/m);
    assertMatch(said, /^sequences +4\d{3} of 256 tokens in each epoch, 4\d\d in the validation text$/m);
    const { sequences } = JSON.parse(await Deno.readTextFile(`${cwd}/runs/tales/run.json`));
    assertEquals([sequences.length, sequences.training > 4000], [256, true]);
    const optimal = Number(said.match(/^baselines +uniform [\d.]+, unigram [\d.]+, optimal ([\d.]+)$/m)?.[1]);
    assert(optimal > 0 && optimal < 0.2);
    assertMatch(said, new RegExp(`^optimal +${optimal}\\d*, gap [\\d.]+$`, "m"));
    assertMatch(said, /^resume +deno task train --resume runs\/tales$/m);
    assertMatch(await Deno.readTextFile(`${cwd}/runs/tales/last/training_state.json`), /"preset": "tiny"/);
  }));

Deno.test("a run never takes the place of another", () =>
  inFolder(async (cwd) => {
    await Deno.writeTextFile(`${cwd}/story.txt`, story(100));
    for (const name of ["story", "story-2", "story-3"]) {
      assertMatch(await succeed([...quick, "--steps", "1"], { cwd }), new RegExp(`^run +runs/${name}$`, "m"));
    }
    for (const flags of [["--name", "story-2"], ["--out", "runs/story-2"]]) {
      const { code, stderr } = await miniformer([...quick, "--steps", "1", ...flags], { cwd });
      assertEquals(code, 1);
      assertStringIncludes(
        stderr,
        "error: Cannot start a run in runs/story-2: something already exists there",
      );
    }
  }));

Deno.test("flags go over presets, older names included, and epochs become steps", () =>
  inFolder(async (cwd) => {
    await Deno.writeTextFile(`${cwd}/story.txt`, story(100));
    const line =
      "--preset mini-gpt --seq_len 8 --embed_dim 12 --num_heads 3 --n_layers 2 --learning_rate 0.002 " +
      "--ff_mult 2 --architecture gpt2 --no-tied --batch-size 8 --accumulation 2 --epochs 1.5 --stop_after 1";
    await succeed(["train", "--data", "story.txt", "--device", "cpu", ...words(line)], { cwd });
    const { settings } = JSON.parse(await Deno.readTextFile(`${cwd}/runs/story/last/training_state.json`));
    const { contextLength, modelDim, heads, layers, learningRate, minLearningRate, feedForwardDim } =
      settings;
    assertEquals(
      [contextLength, modelDim, heads, layers, learningRate, minLearningRate, feedForwardDim],
      [8, 12, 3, 2, 0.002, 0.0002, 24],
    );
    // 2,400 characters of which 2,160 are to learn: 268 windows of 8 that leave room for an offset, 1.5 × 268 / (8 × 2)
    assertEquals([settings.steps, settings.warmupSteps, settings.dropoutRate], [26, 2, 0.1]);
    const config = JSON.parse(await Deno.readTextFile(`${cwd}/runs/story/last/config.json`));
    assertEquals([config.model_type, config.n_inner, config.tie_word_embeddings], ["gpt2", 24, false]);
  }));

Deno.test("byte pairs, several files, and a validation text of its own", () =>
  inFolder(async (cwd) => {
    await Deno.mkdir(`${cwd}/books`);
    await Deno.writeTextFile(`${cwd}/books/a.txt`, story(200));
    await Deno.writeTextFile(`${cwd}/books/b.txt`, story(200).replaceAll("cat", "owl"));
    await Deno.writeTextFile(`${cwd}/held-out.txt`, "The gnu sat on the hay.\n".repeat(30));
    const flags = [
      "--tokenizer",
      "bpe",
      "--vocab_size",
      "270",
      "--validation",
      "held-out.txt",
      "--name",
      "pairs",
    ];
    const line = ["train", "--data", "books", ...small, "--device", "cpu", ...flags];
    const said = await succeed([...line, "--stop_after", "2"], { cwd });
    assertStringIncludes(said, "books, held-out.txt: ");
    assertStringIncludes(said, "(byte-level BPE, 270 tokens)");
    const files = await listing(`${cwd}/runs/pairs`);
    assert(["training.ids", "validation.ids", "last/merges.txt"].every((name) => files.includes(name)));
    await succeed(["train", "--resume", "runs/pairs", "--device", "cpu", "--stop_after", "4"], { cwd });
    await succeed([...line.slice(0, -1), "whole", "--stop_after", "4"], { cwd });
    const weights = (run: string) => Deno.readFile(`${cwd}/runs/${run}/last/model.safetensors`);
    assertEquals(await weights("pairs"), await weights("whole"));
    // a tokenizer that exists serves another run
    const other = ["--tokenizer", "runs/pairs/last", "--name", "other", "--steps", "1"];
    await succeed(["train", "--data", "books/a.txt", ...small, "--device", "cpu", ...other], { cwd });
    const written = await succeed(["generate", "--checkpoint", "runs/other", "--device", "cpu"], { cwd });
    assert(written.length > 0);
  }));

Deno.test("a loss that is no number ends the run, with step, seed and what is kept", () =>
  inFolder(async (cwd) => {
    await Deno.writeTextFile(`${cwd}/story.txt`, story(100));
    const flags = words(
      "--architecture gpt2 --lr 1e6 --weight_decay 1e6 --clip_norm 0 --seed 7 --save_interval 1 --warmup_steps 0",
    );
    const start = quick.filter((word) => !["--learning_rate", "0.01"].includes(word));
    const { code, stderr } = await miniformer([...start, ...flags], { cwd });
    assertEquals(code, 1);
    assertMatch(
      stderr,
      /^error: The (validation )?loss at step \d+ is .*\(seed 7\): lower the learning rate.*; runs\/story\/last holds step \d+\n?$/,
    );
    await succeed(["generate", "--checkpoint", "runs/story/last", "--max_new_tokens", "1"], { cwd });
  }));
