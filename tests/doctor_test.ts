import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { examineRun } from "../commands/doctor/examine_run.ts";
import { editState, inFolder, miniformer, small, story, succeed, words } from "./_command.ts";

Deno.test("doctor ends well with a GPU and without one", () =>
  inFolder(async (cwd) => {
    const here = await succeed(["doctor"], { cwd });
    assertStringIncludes(here, "GFLOP/s");
    assertStringIncludes(here, "--device auto takes ");
    assert(!here.includes("FAULTY"), here);
    assertEquals(
      here.includes("\nclass "),
      /^subgroups +(of \d+ lanes, used by reductions|not used)$/m.test(here),
    );
    const without = await succeed(["doctor"], { cwd, env: { DENO_WEBGPU_BACKEND: "dx12" } });
    assertStringIncludes(without, "adapter       none: there is no WebGPU here");
    assertStringIncludes(without, "matmul wasm");
    assertStringIncludes(without, "--device auto takes WebAssembly");
    assertStringIncludes(without, "for more speed, a GPU with a driver for Vulkan");
  }));

Deno.test("doctor examines a run: its files, its lock, where it can be resumed, and what is left over", () =>
  inFolder(async (cwd) => {
    await Deno.writeTextFile(`${cwd}/story.txt`, story(100));
    await succeed([...words("train --data story.txt --steps 4 --stop_after 2 --device cpu"), ...small], {
      cwd,
    });
    const run = `${cwd}/runs/story`,
      examine = (...args: string[]) => miniformer(["doctor", "runs/story", ...args], { cwd });
    const sound = await examine();
    assertEquals(sound.code, 0, sound.stderr);
    for (
      const line of [
        /^lock +free/m,
        /^last\/ +step 2 of 4, all checksums match$/m,
        /^records +2 lines in metrics.jsonl$/m,
        /^resume +after step 2: deno task train --resume runs\/story$/m,
      ]
    ) assertMatch(sound.stdout, line);

    await Deno.writeTextFile(`${run}/notes.txt`, "mine");
    await Deno.writeTextFile(`${run}/metrics.jsonl`, '{"step":3,"loss":1}\n{"st', { append: true });
    const leftOvers = [".miniformer.lock", ".samples.txt.0123456789abcdef.miniformer-part"];
    for (const name of leftOvers) await Deno.writeTextFile(`${run}/${name}`, "");
    await Deno.mkdir(`${run}/.last.miniformer-new`);
    await Deno.writeTextFile(`${run}/.last.miniformer-new/config.json`, "{");
    const left = await examine();
    assertMatch(left.stdout, /^lock +stale: left by another process, which has ended/m);
    assertMatch(
      left.stdout,
      /^records +3 lines in metrics.jsonl, 1 of them after the checkpoint.*; the last one is incomplete/m,
    );
    assertMatch(left.stdout, /^left over +\.last\.miniformer-new, \.samples\.txt\./m);
    assertMatch(left.stdout, /^others +notes\.txt: not part of the run, never changed$/m);
    for (const name of leftOvers) await Deno.stat(`${run}/${name}`); // looking changes nothing
    assertMatch(
      (await examine("--clean")).stdout,
      /^removed +\.last\.miniformer-new, \.miniformer\.lock, \.samples/m,
    );
    const checkpoint = await miniformer(["doctor", "runs/story/last/"], { cwd });
    assertEquals(checkpoint.code, 1);
    assertEquals(
      checkpoint.stderr,
      "error: Cannot examine runs/story/last/: it is a checkpoint; deno task doctor runs/story examines all of its run\n",
    );
    const names = (await Array.fromAsync(Deno.readDir(run))).map(({ name }) => name).sort();
    assertEquals(names, [
      "attention.png",
      "attention.svg",
      "best",
      "last",
      "loss_curve.png",
      "loss_curve.svg",
      "metrics.jsonl",
      "notes.txt",
      "run.json",
      "sample_generation.txt",
      "samples.txt",
    ]);

    const state = `${run}/last/training_state.json`, whole = await Deno.readTextFile(state);
    await editState(state, (state) => ({ ...state, command: "train; \x1b[2Jrm -r ." }));
    const hostile = await examine(); // a command of somebody else's is not what is advised to type
    assertMatch(
      hostile.stdout,
      /^last\/ +FAULTY: training_state.json: command is "train; \\u001b\[2Jrm -r \.", expected/m,
    );
    assertEquals(hostile.stdout.includes("deno task train;"), false);
    await Deno.writeTextFile(state, whole);

    const weights = `${run}/last/model.safetensors`, bytes = await Deno.readFile(weights);
    await Deno.writeFile(weights, bytes.with(bytes.length - 1, bytes.at(-1)! ^ 1));
    const damaged = await examine();
    assertEquals(damaged.code, 1);
    assertMatch(damaged.stdout, /^last\/ +FAULTY: .*model.safetensors is not what was saved there/m);
  }));

Deno.test("doctor finds no fault in a run with a custom block, and names the block that resuming needs", () =>
  inFolder(async (cwd) => {
    await Deno.writeTextFile(`${cwd}/story.txt`, story(100));
    const mod = new URL("../mod.ts", import.meta.url);
    const block =
      `import { NoPositions } from "${mod}";\nexport const positions = () => new NoPositions();\n`;
    await Deno.writeTextFile(`${cwd}/mine.ts`, block);
    const line = words("train --data story.txt --steps 4 --stop_after 2 --device cpu --block mine.ts");
    await succeed([...line, ...small], { cwd });
    const text = await succeed(["doctor", "runs/story"], { cwd });
    assertMatch(text, /^last\/ +step 2 of 4, all checksums match$/m);
    assertMatch(text, /^resume +after step 2: deno task train --resume runs\/story --block mine.ts$/m);
  }));

Deno.test({
  name: "doctor opens nothing that is no file",
  ignore: Deno.build.os === "windows", // has no such devices
  fn: () =>
    inFolder(async (cwd) => {
      for (const [target, kind] of [["/dev/zero", "a symbolic link"], [undefined, "a pipe"]] as const) {
        const run = `${cwd}/${kind}`, path = `${run}/metrics.jsonl`;
        await Deno.mkdir(run);
        if (target) await Deno.symlink(target, path);
        else await new Deno.Command("mkfifo", { args: [path] }).output();
        const wrapper = ["timeout", "-s", "KILL", "10"];
        const { code, stdout } = await miniformer(["doctor", run], { cwd, wrapper });
        assertStringIncludes(stdout, `records       FAULTY: metrics.jsonl is ${kind}`);
        assertEquals(code, 1);
      }
    }),
});

Deno.test({
  name: "doctor names what stands in place of a file of the run, and a folder without a checkpoint",
  ignore: Deno.build.os === "windows", // links need rights there
  fn: () =>
    inFolder(async (cwd) => {
      const run = `${cwd}/mine`;
      await Deno.mkdir(run);
      await Deno.symlink(cwd, `${run}/.last.miniformer-new`);
      await Deno.mkdir(`${run}/samples.txt`);
      const findings = await examineRun(`${run}/`);
      assertEquals(
        findings.find(({ name }) => name === "resume")?.text,
        "there is no checkpoint to resume from",
      );
      const wrong = findings.filter(({ name }) => name === "not a file").map(({ text }) =>
        text.split(":")[0]
      );
      assertEquals(wrong, ["samples.txt is a folder", ".last.miniformer-new is a symbolic link"]);
    }),
});
