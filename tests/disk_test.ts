import { assertEquals, assertRejects } from "@std/assert";
import {
  appendText,
  createFile,
  entryAt,
  kindOfEntry,
  lenientJson,
  readBytes,
  syncFolder,
} from "../commands/files/disk.ts";
import { inFolder } from "./_command.ts";

const ignore = Deno.build.os === "windows"; // links need rights there

Deno.test(
  "a name that is taken is not created, even by a link that leads nowhere",
  { ignore },
  () =>
    inFolder(async (folder) => {
      await Deno.symlink(`${folder}/victim`, `${folder}/link`);
      await assertRejects(() => createFile(`${folder}/link`, "x"), Error, "EEXIST");
      assertEquals(await entryAt(`${folder}/victim`), undefined);
    }),
);

Deno.test("text is appended to files only", { ignore }, () =>
  inFolder(async (folder) => {
    await appendText(`${folder}/lines`, "1\n");
    await appendText(`${folder}/lines`, "2\n");
    assertEquals(await Deno.readTextFile(`${folder}/lines`), "1\n2\n");
    await Deno.symlink(`${folder}/lines`, `${folder}/link`);
    await assertRejects(() => appendText(`${folder}/link`, "3"), Error, "it is a symbolic link, not a file");
    await Deno.symlink("/dev/null", `${folder}/device`);
    assertEquals(kindOfEntry(await Deno.stat(`${folder}/device`)), "a device");
    assertEquals(new TextDecoder().decode(await readBytes(`${folder}/lines`)), "1\n2\n");
  }));

Deno.test("half a line is taken back when the disk is full", () =>
  inFolder(async (folder) => {
    await appendText(`${folder}/lines`, "1\n");
    const { write } = Deno.FsFile.prototype;
    try {
      Deno.FsFile.prototype.write = async function (bytes) {
        await write.call(this, bytes.subarray(0, 3));
        throw new Error("full");
      };
      await assertRejects(() => appendText(`${folder}/lines`, "22222\n"), Error, "full");
    } finally {
      Deno.FsFile.prototype.write = write;
    }
    assertEquals(await Deno.readTextFile(`${folder}/lines`), "1\n");
  }));

Deno.test("what cannot be forced to the disk is no error", () => syncFolder("no such folder"));

Deno.test("lenientJson gives an object, and an empty one for everything that is none", () => {
  assertEquals(lenientJson('{"a":1}'), { a: 1 });
  for (const text of [undefined, "", "{", "null", "3", "true", '"text"', "[1]"]) {
    const json = lenientJson(text);
    assertEquals([json, Object.keys(json), Array.isArray(json)], [{}, [], false]);
    assertEquals(Object.prototype.toString.call(json), "[object Object]");
  }
});
