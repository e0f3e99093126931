import { assertEquals, assertStringIncludes } from "@std/assert";
import { asSavedEarlier, editState, inFolder, miniformer } from "./_command.ts";
import { resultOf, small, story, succeed, words } from "./_command.ts";

const line = words("train --data story.txt --device cpu --steps 12 --eval_interval 6 --save_interval 3")
  .concat(small);
const resume = words("train --resume runs/half --device cpu");

/** A whole run, and one that was stopped half-way by an earlier version. */
async function makeRuns(cwd: string): Promise<void> {
  await Deno.writeTextFile(`${cwd}/story.txt`, story(100));
  await succeed([...line, "--name", "whole"], { cwd });
  await succeed([...line, "--name", "half", "--stop_after", "6"], { cwd });
  for (const name of ["last", "best"]) await asSavedEarlier(`${cwd}/runs/half/${name}`);
}

Deno.test("an earlier run with trainer_state.json resumes to the same bits, and the next save leaves the new name only", () =>
  inFolder(async (cwd) => {
    await makeRuns(cwd);
    await succeed(words("generate --checkpoint runs/half --device cpu --max_new_tokens 4"), { cwd });
    assertStringIncludes(
      await succeed(["doctor", "runs/half"], { cwd }),
      "step 6 of 12, all checksums match",
    );
    await succeed(resume, { cwd });
    assertEquals(await resultOf(`${cwd}/runs/half`), await resultOf(`${cwd}/runs/whole`));
    const namesOf = async (folder: string) =>
      (await Array.fromAsync(Deno.readDir(folder))).map(({ name }) => name).sort();
    assertEquals(await namesOf(`${cwd}/runs/half/last`), await namesOf(`${cwd}/runs/whole/last`));
  }));

Deno.test("errors about an earlier run name trainer_state.json", () =>
  inFolder(async (cwd) => {
    await makeRuns(cwd);
    const path = `${cwd}/runs/half/last/trainer_state.json`, sound = await Deno.readTextFile(path);
    const expectError = async (message: string) => {
      const { code, stderr } = await miniformer(resume, { cwd });
      assertEquals(code, 1);
      assertStringIncludes(stderr, `error: Cannot use runs/half/last: trainer_state.json${message}`);
    };
    await Deno.writeTextFile(path, sound.replace('"step": 6', '"step": 7'));
    await expectError(" is not what was saved there");
    for (const [name, value] of [["step", -1], ["command", "rm"], ["best", 5]]) {
      const { sha256: _, ...state } = JSON.parse(sound);
      await Deno.writeTextFile(path, JSON.stringify({ ...state, [name]: value }));
      await expectError(`: ${name} is `);
    }
  }));

Deno.test("lines that an earlier run could not write are written when it is resumed, and its state is renamed", () =>
  inFolder(async (cwd) => {
    await makeRuns(cwd);
    const run = `${cwd}/runs/half`, metrics = await Deno.readTextFile(`${run}/metrics.jsonl`);
    const records = metrics.trim().split("\n").map((record) => JSON.parse(record));
    await Deno.rename(`${run}/last/trainer_state.json`, `${run}/last/training_state.json`);
    await editState(`${run}/last/training_state.json`, (state) => ({
      ...state,
      unwritten: { metrics: records.slice(4), samples: "" },
    }));
    await asSavedEarlier(`${run}/last`);
    await Deno.writeTextFile(`${run}/metrics.jsonl`, metrics.split("\n").slice(0, 4).join("\n") + "\n");
    await succeed(["doctor", "runs/half", "--clean"], { cwd });
    assertEquals(await Deno.readTextFile(`${run}/metrics.jsonl`), metrics);
    const names = (await Array.fromAsync(Deno.readDir(`${run}/last`))).map(({ name }) => name);
    assertEquals(names.filter((name) => name.endsWith("_state.json")), ["training_state.json"]);
  }));
