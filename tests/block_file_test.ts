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

Deno.test({
  name: "a pipe or a folder is refused as a block before it is opened: opening a pipe would wait forever",
  ignore: Deno.build.os === "windows",
  fn: () =>
    inFolder(async (folder) => {
      const pipe = `${folder}/pipe.ts`;
      await new Deno.Command("mkfifo", { args: [pipe] }).output();
      const cases = [[pipe, "it is a pipe, not a file; save its output"], [
        folder,
        "it is a folder, not a file",
      ]];
      for (const [path, message] of cases) {
        await assertRejects(() => readBlock(path), Error, `Cannot read ${path}: ${message}`);
      }
    }),
});
