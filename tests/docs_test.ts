import { assert, assertStringIncludes } from "@std/assert";

const page = await Deno.readTextFile(new URL("../docs/files.md", import.meta.url));

Deno.test("every promise about files names a test that there is", async () => {
  const promises = page.split(/^- /m).slice(1);
  assert(promises.length > 20);
  for (const promise of promises) {
    const [, file, name] = promise.replace(/\s+/g, " ").match(/\(`(tests\/\w+_test\.ts): (.+?)`\)/) ?? [];
    assert(file !== undefined, `no test is named: ${promise}`);
    const code = await Deno.readTextFile(new URL(`../${file}`, import.meta.url));
    // names made from a template are found by what follows their first word
    const wording = name.replace(/^SIG\w+ /, "");
    assertStringIncludes(code, wording, `${file} has no test of this name`);
  }
});
