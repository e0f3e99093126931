import { assertEquals, assertRejects, assertStringIncludes, assertThrows } from "@std/assert";
import {
  checkpointsOf,
  findCheckpoint,
  openModel,
  tokenizerOf,
  withPathInErrors,
} from "../commands/files/checkpoint_folder.ts";
import { CpuBackend } from "../core/cpu_backend.ts";
import { CharTokenizer } from "../tokenizers/char_tokenizer.ts";
import { inFolder } from "./_command.ts";

Deno.test("a folder without a checkpoint is refused by its name, and so is one with half a checkpoint", () =>
  inFolder(async (folder) => {
    await assertRejects(() => findCheckpoint(folder), Error, `Cannot read ${folder}: it holds no checkpoint`);
    await assertRejects(() => findCheckpoint(`${folder}/none`), Error, `Cannot read ${folder}/none: no such`);
    for (const name of ["last", "best"]) {
      await Deno.mkdir(`${folder}/${name}`);
      await Deno.writeTextFile(`${folder}/${name}/config.json`, "{}");
    }
    assertEquals((await findCheckpoint(`${folder}/`)).path, `${folder}/best`);
    assertEquals((await findCheckpoint(folder, { prefer: ["last"] })).path, `${folder}/last`);
    const open = () => openModel(new CpuBackend(), { path: "runs/mine", files: {} }, "causal");
    assertThrows(open, Error, "Cannot use runs/mine: config.json is missing");
  }));

Deno.test("the tokenizer of a checkpoint is read from its bytes, and errors name the folder", () => {
  const text = CharTokenizer.fromText("abc").toHuggingFace()["tokenizer.json"];
  const files = { "tokenizer.json": new TextEncoder().encode(text) };
  assertEquals(tokenizerOf({ path: "runs/mine", files }).vocabSize, 3);
  const read = () => withPathInErrors("runs/mine", () => JSON.parse("{"), "; mend it");
  assertStringIncludes(assertThrows(read, Error, "Cannot use runs/mine: ").message, "; mend it");
});

Deno.test("the checkpoints of a run are last/, best/ and its epochs, the newest first, also where a save was interrupted", () =>
  inFolder(async (run) => {
    const names = async () => (await checkpointsOf(run)).map(({ folder }) => folder.slice(run.length + 1));
    assertEquals(await names(), ["last", "best"]);
    for (const name of ["epoch-2", "epoch-10", ".epoch-9.miniformer-old", "epoch-9.earlier", "best"]) {
      await Deno.mkdir(`${run}/${name}`);
    }
    assertEquals(await names(), ["last", "best", "epoch-10", "epoch-9", "epoch-2"]);
    assertEquals((await checkpointsOf(`${run}/none`)).length, 2);
  }));
