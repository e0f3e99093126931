import { assertEquals } from "@std/assert";
import fs from "node:fs/promises";
import { isMissing, reason } from "../files/reason.ts";

/** What a call throws. */
const thrownBy = (body: () => Promise<unknown>): Promise<unknown> =>
  body().then(() => undefined, (error) => error);

Deno.test("the same error has the same reason, whether Deno or Node throws it", async () => {
  for (const read of [Deno.lstat, fs.lstat] as ((path: string) => Promise<unknown>)[]) {
    const missing = await thrownBy(() => read("no/such/thing"));
    assertEquals([reason(missing), isMissing(missing)], ["no such file or folder", true]);
    const inFile = await thrownBy(() => read(`${import.meta.filename}/deeper`));
    assertEquals([reason(inFile), isMissing(inFile)], ["part of the path is a file, not a folder", false]);
  }
});

Deno.test("what has no code that is listed is told in its own words", () => {
  assertEquals(reason(new Error("Broken bus (os error 99)")), "Broken bus");
  assertEquals(reason("nothing"), "nothing");
  assertEquals([isMissing(undefined), isMissing(new Error("ENOENT"))], [false, false]);
  const forbidden = new Deno.errors.NotCapable("Requires read access");
  assertEquals(reason(forbidden), "Deno's permissions forbid it (Requires read access)");
});
