import { assert, assertEquals, assertMatch, assertRejects } from "@std/assert";
import { saveFile } from "../commands/files/save_file.ts";
import { inFolder } from "./_command.ts";

const namesIn = async (folder: string) =>
  (await Array.fromAsync(Deno.readDir(folder))).map(({ name }) => name).sort();

Deno.test("a file is replaced whole, its neighbours stay", () =>
  inFolder(async (folder) => {
    await Deno.writeTextFile(`${folder}/a.json.new`, "mine");
    await saveFile(`${folder}/deep/a.json`, "1");
    for (const content of ["1", "2"]) await saveFile(`${folder}/a.json`, content);
    assertEquals(await Deno.readTextFile(`${folder}/a.json`), "2");
    assertEquals(await Deno.readTextFile(`${folder}/a.json.new`), "mine");
    assertEquals(await namesIn(folder), ["a.json", "a.json.new", "deep"]);
  }));

Deno.test({
  name: "a link is replaced, and nothing is written where it leads",
  ignore: Deno.build.os === "windows", // links need rights there
  fn: () =>
    inFolder(async (folder) => {
      await Deno.writeTextFile(`${folder}/victim`, "mine");
      await Deno.symlink(`${folder}/victim`, `${folder}/samples.txt`);
      await Deno.symlink(`${folder}/victim`, `${folder}/samples.txt.new`);
      await saveFile(`${folder}/samples.txt`, "ours");
      assertEquals(await Deno.readTextFile(`${folder}/victim`), "mine");
      assert((await Deno.lstat(`${folder}/samples.txt`)).isFile);
    }),
});

Deno.test("a save that fails leaves the file before, and nothing else", () =>
  inFolder(async (folder) => {
    await saveFile(`${folder}/curve.svg`, "before");
    const rename = Deno.rename;
    try {
      Deno.rename = () => Promise.reject(new Error("the machine refuses"));
      await assertRejects(() => saveFile(`${folder}/curve.svg`, "after"), Error, "the machine refuses");
    } finally {
      Deno.rename = rename;
    }
    assertEquals(await Deno.readTextFile(`${folder}/curve.svg`), "before");
    assertEquals(await namesIn(folder), ["curve.svg"]);
  }));

Deno.test("a file may be written in another folder until it is whole", () =>
  inFolder(async (folder) => {
    await saveFile(`${folder}/last/curve.png`, "before");
    const rename = Deno.rename, moved: string[] = [];
    try {
      Deno.rename = (from, to) => (moved.push(`${from}`), rename(from, to));
      await saveFile(`${folder}/last/curve.png`, "after", { partIn: folder });
    } finally {
      Deno.rename = rename;
    }
    assertMatch(moved[0].slice(folder.length), /^.\.curve\.png\.[0-9a-f]{16}\.miniformer-part$/);
    assertEquals(await Deno.readTextFile(`${folder}/last/curve.png`), "after");
    assertEquals([await namesIn(folder), await namesIn(`${folder}/last`)], [["last"], ["curve.png"]]);
  }));
