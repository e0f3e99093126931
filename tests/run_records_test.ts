import { assertEquals, assertRejects } from "@std/assert";
import { readIfThere } from "../commands/runs/run_records.ts";
import { inFolder } from "./_command.ts";

Deno.test("a file that is too long for a text is named, and one that is missing is empty", () =>
  inFolder(async (folder) => {
    assertEquals(await readIfThere(`${folder}/none`), "");
    const path = `${folder}/metrics.jsonl`;
    await Deno.writeTextFile(path, "");
    await Deno.truncate(path, 600 * 2 ** 20); // sparse: takes no room
    await assertRejects(() => readIfThere(path), Error, `Cannot read ${path}: `);
  }));
