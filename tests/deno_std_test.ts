import { assert, assertEquals } from "@std/assert";
import { dirname } from "@std/path";

// `deno check tests` fails when a line below is no error any more: the library would then be untyped again.
// @ts-expect-error a path is text, not a number
const _wrongResult: number = dirname("a/b");
// @ts-expect-error a path is text, not a number
const _wrongArgument = () => dirname(1);
// @ts-expect-error two values of different types are never equal
const _wrongComparison = () => assertEquals(1, "1");

Deno.test("all that is imported from the standard library has types", async () => {
  const root = new URL("../", import.meta.url);
  const { imports } = JSON.parse(await Deno.readTextFile(new URL("deno.json", root)));
  const declared = await Deno.readTextFile(new URL("deno_std.d.ts", root));
  const names = Object.keys(imports).filter((name) => imports[name].startsWith("npm:deno-std@"));
  assert(names.length > 0);
  for (const name of names) assert(declared.includes(`declare module "${name}"`), `${name} has no types`);
});
