import { assert, assertEquals, assertMatch, assertNotEquals, assertStringIncludes } from "@std/assert";
import { inFolder, miniformer, small, story, succeed, words } from "./_command.ts";

/** Runs a test with a model that has learned a little, in runs/story. */
function withModel(body: (cwd: string) => Promise<void>): Promise<void> {
  return inFolder(async (cwd) => {
    await Deno.writeTextFile(`${cwd}/story.txt`, story(400));
    const line = ["train", "--data", "story.txt", ...small, "--device", "cpu", "--steps", "80"];
    await succeed(line, { cwd });
    await body(cwd);
  });
}

Deno.test("the same seed writes the same text, and each option of sampling another one", () =>
  withModel(async (cwd) => {
    const write = (...flags: string[]) =>
      succeed([...["generate", "--checkpoint", "runs/story", "--device", "cpu"], ...flags], { cwd });
    const usual = await write("--prompt", "The ");
    assert(usual.startsWith("The ") && usual.endsWith("\n"));
    assertEquals(usual.length, "The ".length + 200 + 1);
    assertEquals(await write("--prompt", "The "), usual);

    const changes = [
      ["--seed", "2"],
      ["--temperature", "2"],
      ["--temperature", "0"],
      ["--top_k", "2"],
      ["--top_p", "0.5"],
      ["--repetition_penalty", "3"],
    ];
    const texts = new Set([usual]);
    for (const change of changes) texts.add(await write("--prompt", "The ", ...change));
    assertEquals(texts.size, changes.length + 1);

    assertEquals(await write("--prompt", "The ", "--max_new_tokens", "20"), usual.slice(0, 24) + "\n");
    const greedy = await write("--prompt", "The ", "--top_k", "1");
    assertEquals(greedy, await write("--prompt", "The ", "--temperature", "0", "--seed", "9"));

    const three = await write("--prompt", "The ", "--num_samples", "3");
    const samples = three.split(/^--- \d ---\n/m).slice(1);
    assertEquals([samples.length, new Set(samples).size], [3, 3]);
    assertEquals(samples[0], usual + "\n");

    await Deno.writeTextFile(`${cwd}/prompt.txt`, "The ");
    assertEquals(await write("--prompt_file", "prompt.txt"), usual);
    const unprompted = await write();
    assert(unprompted.startsWith("\n") && unprompted.length === 202);
    assertEquals(await write("--prompt", ""), unprompted);
  }));

Deno.test("without --checkpoint the newest run writes; of a run, best/ does", () =>
  withModel(async (cwd) => {
    const write = (...flags: string[]) => succeed(["generate", "--device", "cpu", ...flags], { cwd });
    const best = await write("--checkpoint", "runs/story/best");
    assertEquals(await write(), best);
    await succeed(
      ["train", "--data", "story.txt", ...small, "--device", "cpu", "--steps", "1", "--name", "newer"],
      { cwd },
    );
    assertEquals(await write(), await write("--checkpoint", "runs/newer/"));
    assertNotEquals(await write(), best);
    await Deno.remove(`${cwd}/runs/story/best`, { recursive: true });
    assertEquals(await write("--checkpoint", "runs/story"), await write("--checkpoint", "runs/story/last"));
    await Deno.remove(`${cwd}/runs`, { recursive: true });
    for (const line of ["evaluate --data story.txt", 'classify --text "The cat"']) {
      const { code, stderr } = await miniformer(words(line), { cwd });
      assertEquals(code, 1, line);
      assertStringIncludes(stderr, "error: There is no run in runs/ yet: train one with deno task train");
    }
  }));

Deno.test("of a run on so little text that none can be chosen, last/ writes, and the run says so", () =>
  inFolder(async (cwd) => {
    await Deno.writeTextFile(`${cwd}/story.txt`, story(60));
    const line = "train --data story.txt --steps 12 --eval_interval 1 --device cpu --schedule constant";
    const said = await succeed([...words(line), ...small.slice(0, -2), "--lr", "2"], { cwd });
    assertMatch(
      said,
      /^used +runs\/story\/last: 144 validation tokens are too few to choose a checkpoint by$/m,
    );
    assertMatch(said, /^best +step \d+, kept in runs\/story\/best$/m);
    const [run, last, best] = await Promise.all(
      ["", "/last", "/best"].map((name) =>
        succeed(["generate", "--device", "cpu", "--checkpoint", `runs/story${name}`], { cwd })
      ),
    );
    assertEquals(run, last);
    assertNotEquals(run, best);
  }));

Deno.test("a text ends where the model says so", () =>
  inFolder(async (cwd) => {
    await Deno.mkdir(`${cwd}/texts`);
    for (let n = 0; n < 60; n++) await Deno.writeTextFile(`${cwd}/texts/${n}.txt`, "The end.\n");
    const flags = [
      "--tokenizer",
      "bpe",
      "--vocab_size",
      "260",
      "--steps",
      "60",
      "--validation_fraction",
      "0.3",
    ];
    await succeed(["train", "--data", "texts", ...small, "--device", "cpu", "--name", "end", ...flags], {
      cwd,
    });
    const line = ["generate", "--checkpoint", "runs/end", "--prompt", "The", "--device", "cpu"];
    assertEquals(await succeed([...line, "--temperature", "0"], { cwd }), "The end.\n\n");
    // of several texts each ends by itself
    const wild = [...line, "--temperature", "1.5", "--max_new_tokens", "100"];
    for (const seed of ["1", "2", "3"]) {
      const alone = await succeed([...wild, "--seed", seed], { cwd });
      const several = await succeed([...wild, "--seed", seed, "--num_samples", "4"], { cwd });
      assert(several.startsWith(`--- 1 ---\n${alone}\n--- 2 ---\nThe`), several);
    }
  }));

Deno.test("several temperatures are headed by their settings, and --out writes them into a file", () =>
  withModel(async (cwd) => {
    const run = (...flags: string[]) =>
      miniformer(["generate", "--prompt", "The ", "--device", "cpu", "--max_new_tokens", "9", ...flags], {
        cwd,
      });
    const { stdout, stderr } = await run("--temperature", "0.5,0.8", "--num_samples", "2", "--top_k", "7");
    const sections = stdout.split(/^(?=--- )/m);
    assertEquals(
      sections.map((section) => section.split("\n")[0]),
      [["0.5", 1], ["0.5", 2], ["0.8", 1], ["0.8", 2]].map(([temperature, sample]) =>
        `--- temperature ${temperature}, top_k 7, top_p 1, seed 1, sample ${sample} of 2 ---`
      ),
    );
    // each is the text that this temperature makes alone
    const alone = await run("--temperature", "0.8", "--num_samples", "2", "--top_k", "7");
    const texts = alone.stdout.split(/^--- \d ---\n/m).slice(1).map((text) => text.trimEnd());
    assertEquals(sections.slice(2).map((section) => section.split(" ---\n")[1].trimEnd()), texts);

    // two lines beside the text: what was asked, and how fast it was
    const [asked, speed, end] = stderr.split("\n");
    const device = "CPU reference, 32-bit floats";
    assertEquals(asked, `runs/story/best on ${device}: temperature 0.5,0.8, top_k 7, top_p 1, seed 1`);
    assertMatch(speed, /^36 tokens in [\d.]+s \([\d.]+K? tok\/s\)$/);
    assertEquals(end, "");
    assertMatch(alone.stderr, /: temperature 0.8, top_k 7, .*\n18 tokens in [\d.]+s \(.* tok\/s\)\n$/);

    const line = ["--temperature", "0.5,0.8", "--num_samples", "2", "--top_k", "7", "--out"];
    const written = await run(...line, "sample_generation.txt");
    assertEquals([written.code, written.stdout], [0, ""]);
    assertMatch(written.stderr, /\n36 tokens .*, saved in sample_generation\.txt\n$/);
    assertEquals(await Deno.readTextFile(`${cwd}/sample_generation.txt`), stdout);
    const refused = await run(...line, "runs/story");
    assertEquals(refused.stderr, "error: Cannot write runs/story: expected a name that ends in .txt\n");
    await Deno.mkdir(`${cwd}/runs/folder.txt`);
    const folder = await run(...line, "runs/folder.txt");
    assertEquals(folder.code, 1);
    assertMatch(folder.stderr, /\nerror: Cannot save runs\/folder\.txt: it is a folder, not a file\n$/);
    const names = (await Array.fromAsync(Deno.readDir(`${cwd}/runs`))).map(({ name }) => name).sort();
    assertEquals(names, ["folder.txt", "story"]);
  }));
