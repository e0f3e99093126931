import { assertEquals, assertRejects, assertThrows } from "@std/assert";
import { UsageError } from "../commands/cli/errors.ts";
import { folderOf, inRunFolder, runName } from "../commands/runs/run_place.ts";
import { inFolder } from "./_command.ts";

Deno.test("a new folder is removed again when what is done in it fails", () =>
  inFolder(async (cwd) => {
    const fail = () => Promise.reject(new Error("no luck"));
    await assertRejects(() => inRunFolder({ asked: `${cwd}/a/mine`, name: "" }, fail), Error, "no luck");
    assertEquals(await Array.fromAsync(Deno.readDir(cwd)), []);
  }));

Deno.test("a run is named after its first file, and lies in runs/ or where --out says", () => {
  assertEquals([[], ["books/my_novel.txt", "more.txt"], ["*.md"]].map(runName), ["tales", "my_novel", "run"]);
  assertEquals([{ name: "mine" }, { out: "../mine" }, {}].map(folderOf), ["runs/mine", "../mine", undefined]);
  for (const name of ["../mine", "a/b", "..", "", "."]) {
    assertThrows(() => folderOf({ name }), UsageError, "--out takes a path");
  }
  assertThrows(() => folderOf({ name: "mine", out: "mine" }), UsageError, "give one");
});
