import { assert } from "@std/assert";

const page = await Deno.readTextFile(new URL("../docs/files.md", import.meta.url));

Deno.test("every promise about files names a test that there is", async () => {
  const promises = page.split(/^- /m).slice(1);
  assert(promises.length > 20);
  for (const promise of promises) {
    const [, file, name] = promise.replace(/\s+/g, " ").match(/\(`(tests\/\w+_test\.ts): (.+?)`\)/) ?? [];
    assert(file !== undefined, `no test is named: ${promise}`);
    const code = await Deno.readTextFile(new URL(`../${file}`, import.meta.url));
    // a name made from a template may begin with a signal or end with a device
    const wording = name.replace(/^SIG\w+ /, "");
    const spellings = [`"${wording}"`, `\`${wording} [\${`, `\${signal} ${wording}\``];
    assert(spellings.some((spelling) => code.includes(spelling)), `${file} has no test ${name}`);
  }
});
