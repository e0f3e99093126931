import { assertEquals, assertRejects, assertStringIncludes, assertThrows } from "@std/assert";
import {
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
    for (
      const [state, used] of [['{"prefer":"last"}', "last"], ['{"prefer":"none"}', "best"], ["[", "best"]]
    ) {
      await Deno.writeTextFile(`${folder}/last/training_state.json`, state);
      const found = await findCheckpoint(folder, { prefer: undefined }).catch(({ message }) => ({
        path: message,
      }));
      assertStringIncludes(found.path, `${folder}/${used}`);
    }
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
