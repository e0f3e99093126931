import { assertRejects } from "@std/assert";
import { readBlock } from "../commands/files/block_file.ts";
import { inFolder } from "./_command.ts";

Deno.test("a file without parts of a model, or that cannot be run, is named", () =>
  inFolder(async (folder) => {
    const cases: [name: string, code: string, message: string][] = [
      [
        "none",
        "export const blocks = 1;",
        "Cannot use PATH: it exports no part of a model, expected one of block,",
      ],
      ["wrong", "export const block = 1;", "Cannot use PATH: "],
      ["broken", "throw new Error('no luck');", "Cannot run PATH: no luck"],
    ];
    for (const [name, code, message] of cases) {
      const path = `${folder}/${name}.ts`; // a module is run once
      await Deno.writeTextFile(path, code);
      await assertRejects(() => readBlock(path), Error, message.replace("PATH", path));
    }
  }));
