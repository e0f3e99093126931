import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { editState, inFolder, miniformer, small, story, succeed, words } from "./_command.ts";

/** Evaluates a run with a report, which must be possible; gives the report and what was said on standard error. */
async function report(cwd: string, line: string): Promise<{ text: string; stderr: string }> {
  const { code, stderr } = await miniformer(words(`evaluate --device cpu --report ${line}`), { cwd });
  assertEquals(code, 0, stderr);
  return { text: await Deno.readTextFile(`${cwd}/runs/report.md`), stderr };
}

/** Trains a small model on a text in a folder of its own. */
async function train(cwd: string, data: string): Promise<void> {
  await Deno.writeTextFile(`${cwd}/${data}`, story(200));
  await succeed([...words(`train --data ${data} --name r --steps 4 --device cpu`), ...small], { cwd });
}

Deno.test("without --data a run is evaluated on its own validation text, also on that of the built-in tales", () =>
  inFolder(async (cwd) => {
    await train(cwd, "story.txt");
    const all = await Deno.readTextFile(`${cwd}/story.txt`);
    await Deno.writeTextFile(`${cwd}/end.txt`, all.slice(Math.floor(all.length * 0.9)));
    const line = "evaluate --device cpu --json";
    const [own, given] = await Promise.all(
      [line, `${line} --data end.txt`].map(async (line) => JSON.parse(await succeed(words(line), { cwd }))),
    );
    assertEquals(own, given);
    const { text, stderr } = await report(cwd, "");
    assertEquals(stderr, "");
    assertStringIncludes(text, "- evaluated on: `story.txt, the part to validate on`, 480 tokens\n");
    assertStringIncludes(text, "- trained on: `story.txt, the part to train on`\n");
    assertMatch(text, /^\| known words \|/m);

    await succeed([...words("train --name tales --steps 1 --device cpu"), ...small], { cwd });
    const tales = await report(cwd, "--checkpoint runs/tales --batch_size 64");
    assertStringIncludes(
      tales.text,
      "- evaluated on: `the built-in tales, the part to validate on`, 125023 tokens\n",
    );
  }));

Deno.test("files outside the current folder are listed before they are read, and changed ones are not used", () =>
  inFolder(async (cwd) => {
    await Deno.mkdir(`${cwd}/here`);
    await train(cwd, "outside.txt");
    await Deno.rename(`${cwd}/runs`, `${cwd}/here/runs`);
    await editState(`${cwd}/here/runs/r/last/training_state.json`, (state) => ({
      ...state,
      source: { ...state.source as object, data: ["../outside.txt"] },
    }));
    const here = `${cwd}/here`,
      note = "runs/r/last was trained on ../outside.txt: these files will be read; ";
    const compared = await report(here, "--checkpoint runs/r --data ../outside.txt");
    assertEquals(compared.stderr.trim(), `${note}--training-data names others`);
    assertStringIncludes(compared.text, "- trained on: `../outside.txt, the part to train on`\n");
    const alone = await miniformer(words("evaluate --checkpoint runs/r --device cpu"), { cwd: here });
    assertEquals([alone.code, alone.stderr.trim()], [0, `${note}--data names others`]);

    await Deno.writeTextFile(`${cwd}/outside.txt`, story(201));
    const changed = await report(here, "--checkpoint runs/r --data ../outside.txt");
    assertMatch(
      changed.text,
      /the training text is not known: `the files that runs\/r\/last was trained on hold other texts/,
    );
    assert(!/^\| (known words|longest copy) \|/m.test(changed.text));
    const { code, stdout, stderr } = await miniformer(words("evaluate --checkpoint runs/r --device cpu"), {
      cwd: here,
    });
    assertEquals([code, stdout], [2, ""]);
    assertMatch(
      stderr,
      /error: --data is missing, and the validation text of the run cannot be taken: the files that /,
    );
  }));

Deno.test("a checkpoint that does not say what it was trained on is compared with --training-data", () =>
  inFolder(async (cwd) => {
    await train(cwd, "story.txt");
    await Deno.remove(`${cwd}/runs/r/last/training_state.json`);
    await Deno.remove(`${cwd}/runs/r/last/optimizer.safetensors`);
    const line = "--checkpoint runs/r/last --data story.txt";
    const unknown = await report(cwd, line);
    assertMatch(
      unknown.text,
      /the training text is not known: `runs\/r\/last does not say what it was trained on: .* give --training-data`/,
    );
    const given = await report(cwd, `${line} --training-data story.txt`);
    assertStringIncludes(given.text, "- trained on: `story.txt`\n");
    assertStringIncludes(given.text, "The real text occurs in the training text itself");
    assert(!given.text.includes(", step "), "it has no step");

    const cases: [line: string, code: number, message: RegExp][] = [
      [
        "--checkpoint runs/r/last",
        2,
        /^error: --data is missing, .* it holds no training_state\.json of a run; give --data\n/,
      ],
      [
        "--checkpoint runs/r/last --data story.txt --report --training-data none.txt",
        1,
        /^error: Cannot read none\.txt: no such file/,
      ],
      [
        "--checkpoint runs/r/last --data story.txt --training-data story.txt",
        2,
        /^error: --training-data is for --report/,
      ],
    ];
    for (const [line, expected, message] of cases) {
      const { code, stdout, stderr } = await miniformer(words(`evaluate --device cpu ${line}`), { cwd });
      assertEquals([code, stdout], [expected, ""], line);
      assertMatch(stderr, message);
    }
  }));

Deno.test("a state that is no state of a run is a reason, not an accident", () =>
  inFolder(async (cwd) => {
    await train(cwd, "story.txt");
    const state = `${cwd}/runs/r/last/training_state.json`, before = await Deno.readTextFile(state);
    for (
      const source of [5, [], { data: "story.txt" }, { data: [1] }, { data: ["\u001b[31m`none`.txt"] }, null]
    ) {
      await Deno.writeTextFile(state, before);
      await editState(state, (state) => ({
        ...state,
        source: typeof source === "object" && source && "data" in source
          ? { ...state.source as object, ...source }
          : source,
      }));
      const { text } = await report(cwd, "--checkpoint runs/r --data story.txt");
      assertMatch(
        text,
        /^- known words and copies are left out, because the training text is not known: `.*`$/m,
      );
      assert(!text.includes("\u001b"));
    }
  }));
