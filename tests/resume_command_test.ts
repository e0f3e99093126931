import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { sumOf } from "../checkpoints/sums.ts";
import { editState, inFolder, miniformer, small, story, succeed, words } from "./_command.ts";

const ignore = Deno.build.os === "windows"; // has no such devices

Deno.test(
  "files outside the current folder are listed before a resumed run reads them",
  { ignore },
  () =>
    inFolder(async (cwd) => {
      await Deno.writeTextFile(`${cwd}/story.txt`, story(100));
      const line = words("train --data story.txt --device cpu --steps 4 --stop_after 2").concat(small);
      await succeed(line, { cwd });
      const state = `${cwd}/runs/story/last/training_state.json`;
      const resume = async (data: string[]) => {
        const edit = (state: Record<string, unknown>) => ({
          ...state,
          source: { ...state.source as object, data },
        });
        await editState(state, edit);
        return await miniformer(["train", "--resume", "runs/story", "--device", "cpu"], { cwd });
      };
      await Deno.symlink("/etc", `${cwd}/inside`);
      for (
        const path of [
          "/etc/hostname",
          "inside/hostname",
          "../elsewhere",
          "/dev/zero",
          "/nowhere/\x1b[2Jclear",
        ]
      ) {
        const { code, stdout, stderr } = await resume([path]), [shown, error, ...more] = stderr.split("\n");
        assertEquals([code, stdout, more], [1, "", [""]], stderr);
        assertStringIncludes(shown, "runs/story was trained on ");
        assertStringIncludes(shown, path.replace("\x1b", "\\x1b"));
        assertStringIncludes(error, "error: Cannot ");
      }
      const many = await resume(Array.from({ length: 1000 }, (_, index) => `/nowhere/${index}`));
      assertStringIncludes(many.stderr, "and 990 others: these files will be read");
      const { code, stderr } = await resume(["story.txt"]);
      assertEquals([code, stderr], [0, ""]);
    }),
);

Deno.test("scores and a command in a state that are none are refused before a step is made", () =>
  inFolder(async (cwd) => {
    await Deno.writeTextFile(`${cwd}/story.txt`, story(100));
    const line = ["train", "--data", "story.txt", ...small, "--device", "cpu", "--steps", "4"];
    await succeed([...line, "--stop_after", "2"], { cwd });
    const state = `${cwd}/runs/story/last/training_state.json`,
      { best } = JSON.parse(await Deno.readTextFile(state));
    const cases: [object, string][] = [
      [{ best: null }, "best is null"],
      [{ best: 5 }, "best is 5"],
      [{ best: { ...best, validationLoss: "<" } }, 'best.validationLoss is "<"'],
      [{ best: { ...best, accuracy: null } }, "best.accuracy is null"],
      [{ best, command: {} }, "command is {}"],
      [{ best, command: "generate" }, 'command is "generate"'],
    ];
    for (const [edit, message] of cases) {
      await editState(state, (state) => ({ ...state, ...edit }));
      const { code, stderr } = await miniformer(["train", "--resume", "runs/story", "--device", "cpu"], {
        cwd,
      });
      assertEquals(code, 1);
      assertStringIncludes(stderr, `error: Cannot use runs/story/last: training_state.json: ${message}`);
    }
  }));

Deno.test("a run that computes blocks again gives the same model, also where only a part of it does", () =>
  inFolder(async (cwd) => {
    await Deno.writeTextFile(`${cwd}/story.txt`, story(100));
    const sizes = words("--context_length 16 --layers 6 --heads 2 --model_dim 32 --batch_size 64");
    const line = [
      "train",
      "--data",
      "story.txt",
      ...sizes,
      ...words("--device wasm --dropout 0.1 --steps 6"),
    ];
    const model = async (name: string) =>
      await sumOf(await Deno.readFile(`${cwd}/runs/${name}/last/model.safetensors`));
    const memoryOf = (text: string) =>
      Number(text.match(/about (\d+) MB of memory( with --recompute)?\n/)![1]);
    const whole = await succeed([...line, ...words("--name whole")], { cwd });
    const again = words("--name again --stop_after 3 --recompute");
    const first = await succeed([...line, ...again], { cwd });
    assert(memoryOf(first.replaceAll(/\n +/g, " ")) < 0.7 * memoryOf(whole.replaceAll(/\n +/g, " ")), first);
    assertStringIncludes(first.replaceAll(/\s+/g, " "), "of memory with --recompute");
    const settings = async () =>
      JSON.parse(await Deno.readTextFile(`${cwd}/runs/again/last/training_state.json`)).settings;
    assertEquals((await settings()).recompute, true);
    const resume = (...flags: string[]) =>
      succeed(["train", "--resume", "runs/again", "--device", "wasm", ...flags], { cwd });
    await resume("--stop-after", "4");
    assertEquals((await settings()).recompute, true);
    await resume("--no-recompute");
    assertEquals((await settings()).recompute, false);
    assertEquals(await model("again"), await model("whole"));
    await succeed(["verify", "runs/again"], { cwd });
    assertEquals("recompute" in JSON.parse(await Deno.readTextFile(`${cwd}/runs/whole/run.json`)), false);
  }));

Deno.test("fine-tuning computes blocks again and gives the same classifier", () =>
  inFolder(async (cwd) => {
    await Deno.writeTextFile(`${cwd}/story.txt`, story(100));
    await succeed(["train", "--data", "story.txt", ...small, ...words("--device wasm --steps 2")], { cwd });
    const rows = Array.from({ length: 20 }, (_, row) => `The cat sat\t${row % 2 ? "a" : "b"}\n`);
    await Deno.writeTextFile(`${cwd}/rows.tsv`, rows.join(""));
    const models = [];
    for (const flags of [[], ["--recompute"]]) {
      const name = `run${flags.length}`,
        line = `finetune --checkpoint runs/story --data rows.tsv --name ${name}`;
      await succeed([...words(`${line} --device wasm --epochs 1`), ...flags], { cwd });
      models.push(await sumOf(await Deno.readFile(`${cwd}/runs/${name}/last/model.safetensors`)));
    }
    assertEquals(models[0], models[1]);
  }));
