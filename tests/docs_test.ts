import { assert, assertEquals } from "@std/assert";
import configuration from "../deno.json" with { type: "json" };
import { inFolder } from "./_command.ts";
import { TOLERANCES } from "./_testing.ts";

const page = await Deno.readTextFile(new URL("../docs/files.md", import.meta.url));
const guide = await Deno.readTextFile(new URL("../CONTRIBUTING.md", import.meta.url));

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

Deno.test("every path that CONTRIBUTING.md names exists", async () => {
  const named = guide.matchAll(/`([\w.]+\/[\w./]*|\w+\.ts)`|\]\((?!https?:)([^)#]+)/g);
  const paths = Array.from(named, ([, path, link]) => path ?? link)
    // NAME stands for the name of something new
    .filter((path) => !path.includes("NAME"));
  assert(paths.length > 60, `only ${paths.length} paths were found`);
  for (const path of paths) {
    // a room of commands/ is named without it where the text is about them
    const found = await Promise.all(
      ["..", "../commands"].map((folder) =>
        Deno.stat(new URL(`${folder}/${path}`, import.meta.url)).then(() => true, () => false)
      ),
    );
    assert(found.includes(true), `there is no ${path}`);
  }
});

Deno.test("CONTRIBUTING.md lists the tolerances of the tests", () => {
  const listed = guide.matchAll(/^\| (\w+) \| (\d[^ ]*e-\d+) \| (\d[^ ]*e-\d+) \|/gm);
  const tolerances = Object.entries(TOLERANCES).map(([name, { rtol, atol }]) => [name, { rtol, atol }]);
  assertEquals(
    Array.from(listed, ([, name, rtol, atol]) => [name, { rtol: Number(rtol), atol: Number(atol) }]),
    tolerances,
  );
});

Deno.test("every link and picture in the documents leads to a file", async () => {
  const root = new URL("../", import.meta.url), broken: string[] = [];
  const documents = ["README.md", "CONTRIBUTING.md", "example_data/README.md", "docs/", "docs/coming_from/"];
  let links = 0;
  for (const document of documents) {
    const pages = document.endsWith("/")
      ? (await Array.fromAsync(Deno.readDir(new URL(document, root)))).filter(({ isFile }) => isFile)
        .map(({ name }) => document + name)
      : [document];
    for (const page of pages) {
      const text = await Deno.readTextFile(new URL(page, root));
      for (const [, link] of text.matchAll(/\]\(((?!https?:)[^)#]+)/g)) {
        links++;
        const found = await Deno.stat(new URL(link, new URL(page, root))).then(() => true, () => false);
        if (!found) broken.push(`${page}: ${link}`);
      }
    }
  }
  assert(links > 40, `only ${links} links were found`);
  assertEquals(broken, []);
});

Deno.test("README's example of the library prints what README shows", () =>
  inFolder(async (cwd) => {
    const root = new URL("../", import.meta.url);
    const readme = await Deno.readTextFile(new URL("README.md", root));
    const [, code, shown] =
      readme.match(/## As a library\n[^]*?```ts ignore\n([^]*?)```\n\n[^\n]*:\n\n((?: {4}.*\n|\n)+)/) ?? [];
    assert(code.trim().split("\n").length <= 25);
    const imports = Object.fromEntries(
      Object.entries(configuration.exports).map((
        [name, path],
      ) => [`${configuration.name}${name.slice(1)}`, new URL(path, root).href]),
    );
    await Deno.writeTextFile(
      `${cwd}/deno.json`,
      JSON.stringify({ imports: { ...configuration.imports, ...imports } }),
    );
    await Deno.writeTextFile(`${cwd}/example.ts`, code);
    const args = ["run", "-q", "--check", "--no-lock", "--allow-read=.", "--allow-write=runs", "example.ts"];
    const { stdout, stderr } = await new Deno.Command(Deno.execPath(), { args, cwd }).output();
    const [printed, complaints] = [stdout, stderr].map((bytes) => new TextDecoder().decode(bytes));
    assertEquals(complaints, "");
    assertEquals(printed.trimEnd(), shown.replace(/^ {4}/gm, "").trimEnd());
    assertEquals(Array.from(Deno.readDirSync(`${cwd}/runs`), ({ name }) => name), ["library"]);
  }));

/** The group of the documentation that the exports of a room belong to. */
const CATEGORIES: Record<string, string> = {
  core: "Devices and tensors",
  kernels: "Operations",
  models: "Models",
  tokenizers: "Tokenizers",
  data: "Data",
  training: "Training",
  inference: "Inference",
  checkpoints: "Checkpoints",
  files: "Files",
  plots: "Plots",
};

Deno.test("every export is in the group of its room in the documentation; WebAssembly's are operations", async () => {
  interface Declaration {
    readonly location: { readonly filename: string };
    readonly jsDoc?: { readonly tags?: readonly { readonly kind: string; readonly doc?: string }[] };
  }
  interface Page {
    readonly symbols: readonly { readonly name: string; readonly declarations: readonly Declaration[] }[];
  }
  const root = new URL("../", import.meta.url);
  for (const module of ["mod.ts", "files/mod.ts", "plots/mod.ts"]) {
    const { stdout } = await new Deno.Command(Deno.execPath(), {
      args: ["doc", "--json", module],
      cwd: root,
      stderr: "null",
    }).output();
    const pages: Page[] = Object.values(JSON.parse(new TextDecoder().decode(stdout)).nodes);
    const symbols = pages.flatMap(({ symbols }) => symbols);
    assert(symbols.length > 0);
    for (const { name, declarations } of symbols) {
      for (const { location, jsDoc } of declarations) {
        const path = location.filename.slice(root.href.length);
        const isWasm = path.startsWith("core/wasm/") && !path.endsWith("wasm_backend.ts");
        const expected = isWasm ? CATEGORIES.kernels : CATEGORIES[path.split("/")[0]];
        const found = jsDoc?.tags?.filter(({ kind }) => kind === "category").map(({ doc }) => doc);
        assertEquals(found, [expected], `${name} in ${path} says @category ${expected}`);
      }
    }
  }
});
