import { assertEquals, assertStringIncludes } from "@std/assert";
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
