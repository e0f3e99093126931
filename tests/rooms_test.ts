import { assert, assertEquals } from "@std/assert";

/** Who may import from whom: a room from itself and the rooms listed. */
const ROOMS: Record<string, readonly string[]> = {
  core: [],
  kernels: ["core"],
  models: ["core", "kernels"],
  tokenizers: [],
  data: ["core", "kernels", "models", "tokenizers"],
  training: ["core", "kernels", "models", "tokenizers", "data"],
  inference: ["core", "kernels", "models", "tokenizers", "data", "training"],
  checkpoints: ["core", "kernels", "models", "tokenizers", "data", "training", "inference"],
};

/** What only a command line, a test or a bench may use. */
const FORBIDDEN = [/\bDeno\./, /\bMath\.random\b/, /\bprocess\./, /\brequire\(/];

const root = new URL("../", import.meta.url);

function* sourceFiles(room: string): Generator<string> {
  for (const { name, isDirectory } of Deno.readDirSync(new URL(room, root))) {
    if (isDirectory) yield* sourceFiles(`${room}/${name}`);
    else if (name.endsWith(".ts")) yield `${room}/${name}`;
  }
}

const withoutComments = (text: string): string =>
  text.replace(/\/\*[^]*?\*\//g, "").replace(/^\s*\/\/.*$/gm, "");

/** The specifiers of static and dynamic imports and re-exports. */
const importsOf = (code: string): string[] =>
  [...code.matchAll(/(?:\bfrom|\bimport)\s*\(?\s*["']([^"']+)["']/g)].map(([, specifier]) => specifier);

for (const [room, allowed] of Object.entries(ROOMS)) {
  Deno.test(`${room}/ imports only from ${[room, ...allowed].join(", ")}, and runs anywhere`, () => {
    const files = [...sourceFiles(room)];
    assert(files.length > 0);
    for (const file of files) {
      const code = withoutComments(Deno.readTextFileSync(new URL(file, root)));
      for (const specifier of importsOf(code)) {
        assert(
          /^\.\.?\//.test(specifier),
          `${file} imports ${specifier}: library rooms have no dependencies`,
        );
        const target = new URL(specifier, new URL(file, root)).href.slice(root.href.length).split("/")[0];
        assert(
          [room, ...allowed].includes(target),
          `${file} imports ${specifier}: ${room}/ may not use ${target}/`,
        );
      }
      for (const pattern of FORBIDDEN) assert(!pattern.test(code), `${file} uses ${code.match(pattern)}`);
    }
  });
}

Deno.test("the import scan sees all forms of imports", () => {
  const code =
    `import { a } from "./a.ts";\nexport * from './b.ts';\nimport "./c.ts";\nawait import("./d.ts");`;
  assertEquals(importsOf(code), ["./a.ts", "./b.ts", "./c.ts", "./d.ts"]);
});
