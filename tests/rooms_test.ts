import { assert, assertEquals } from "@std/assert";
import { ARCHITECTURES } from "../models/families.ts";
import configuration from "../deno.json" with { type: "json" };

/** A room imports from itself and from the rooms listed. */
const ROOMS: Record<string, readonly string[]> = {
  core: [],
  kernels: ["core"],
  models: ["core", "kernels"],
  tokenizers: [],
  data: ["core", "kernels", "models", "tokenizers"],
  training: ["core", "kernels", "models", "tokenizers", "data"],
  inference: ["core", "kernels", "models", "tokenizers", "data", "training"],
  checkpoints: ["core", "kernels", "models", "tokenizers", "data", "training", "inference"],
  files: ["core", "models", "tokenizers", "training", "inference", "checkpoints"],
  plots: ["core", "training", "inference"],
};

/** The rooms of the library that may import packages, or parts of Node that Deno and Bun have, too. They are not in mod.ts. */
const WITH_PACKAGES: Record<string, RegExp> = { files: /^node:(fs\/promises|path)$/, plots: /^[^.]/ };

/** The rooms of the commands; the commands themselves stand above them. */
const COMMAND_ROOMS: Record<string, readonly string[]> = {
  "commands/cli": [],
  "commands/files": ["commands/cli"],
  "commands/texts": ["commands/cli", "commands/files"],
  "commands/settings": ["commands/cli", "commands/files"],
  "commands/tokenizer": ["commands/cli", "commands/files", "commands/texts"],
  "commands/runs": ["commands/cli", "commands/files", "commands/settings"],
  "commands/cost": ["commands/cli"],
  "commands/reports": [
    "commands/cli",
    "commands/files",
    "commands/texts",
    "commands/runs",
    "commands/settings",
  ],
  "commands/doctor": ["commands/cli", "commands/files", "commands/runs", "commands/cost"],
  "commands/recipes": [
    "commands/cli",
    "commands/files",
    "commands/texts",
    "commands/runs",
    "commands/settings",
    "commands/cost",
    "commands/reports",
  ],
  "commands/verify": [
    "commands/cli",
    "commands/files",
    "commands/runs",
    "commands/settings",
    "commands/recipes",
  ],
  "commands/lab_report": ["commands/cli", "commands/reports"],
  "commands/lab": [
    "commands/cli",
    "commands/files",
    "commands/texts",
    "commands/settings",
    "commands/runs",
    "commands/cost",
    "commands/reports",
    "commands/recipes",
    "commands/lab_report",
  ],
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
        if (WITH_PACKAGES[room]?.test(specifier)) continue;
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

for (const [room, allowed] of Object.entries(COMMAND_ROOMS)) {
  Deno.test(`${room}/ imports only from the library and ${[room, ...allowed].join(", ")}`, () => {
    for (const file of sourceFiles(room)) {
      const code = withoutComments(Deno.readTextFileSync(new URL(file, root)));
      for (const specifier of importsOf(code).filter((specifier) => specifier.startsWith("."))) {
        const path = new URL(specifier, new URL(file, root)).href.slice(root.href.length);
        const target = path.split("/").slice(0, -1).join("/");
        assert(
          !target.startsWith("commands") || [room, ...allowed].includes(target),
          `${file} imports ${specifier}: ${room}/ may not use ${target}/`,
        );
      }
    }
  });
}

/** The rooms of the page: what shows and what computes meet in `page/`, which has files that both use. */
const PAGE_ROOMS: Record<string, { readonly page: RegExp; readonly packages: RegExp }> = {
  "page/view": { page: /^page\/(view\/|(protocol|choices|names)\.ts$)/, packages: /^npm:uplot@/ },
  "page/compute": { page: /^page\/(compute\/|(protocol|choices)\.ts$)/, packages: /^$/ },
};

Deno.test("page/ imports the library, its worker needs no browser, and nothing imports page/", () => {
  for (const file of sourceFiles("page")) {
    const code = withoutComments(Deno.readTextFileSync(new URL(file, root)));
    const rules = Object.entries(PAGE_ROOMS).find(([room]) => file.startsWith(room))?.[1];
    for (const specifier of importsOf(code)) {
      if (!specifier.startsWith(".")) {
        assert((rules?.packages ?? /^node:util$/).test(specifier), `${file} imports ${specifier}`);
        continue;
      }
      const path = new URL(specifier, new URL(file, root)).href.slice(root.href.length);
      const isOfPage = path.startsWith("page/"),
        isOfLibrary = path === "mod.ts" || path.split("/")[0] in ROOMS;
      assert(isOfPage ? rules?.page.test(path) ?? true : isOfLibrary, `${file} imports ${specifier}`);
    }
    if (rules) {
      for (const pattern of FORBIDDEN) assert(!pattern.test(code), `${file} uses ${code.match(pattern)}`);
    }
    if (file.startsWith("page/compute")) {
      assert(!/\b(document|window)\./.test(code), `${file} needs a browser`);
    }
  }
  for (const room of [...Object.keys(ROOMS), "commands", "ablations", "bench", "npm"]) {
    for (const file of sourceFiles(room)) {
      const found = importsOf(withoutComments(Deno.readTextFileSync(new URL(file, root))));
      assert(!found.some((specifier) => /^(\.\.\/)+page\//.test(specifier)), `${file} imports page/`);
    }
  }
});

Deno.test("no room holds more than about a dozen files", () => {
  const files = [...Object.keys(ROOMS), "commands", "page"].flatMap((room) => [...sourceFiles(room)]);
  for (const [folder, names] of Map.groupBy(files, (file) => file.slice(0, file.lastIndexOf("/")))) {
    assert(names.length <= 14, `${folder}/ holds ${names.length} files`);
  }
});

/** A line for each room: its name, and the rooms that it may import from. */
function drawing(rooms: Record<string, readonly string[]>): string {
  const short = (room: string) => room.replace("commands/", "");
  return Object.entries(rooms)
    .map(([room, allowed]) => `${short(room).padEnd(12)} ← ${allowed.map(short).join(" ")}`.trimEnd()).join(
      "\n",
    );
}

Deno.test("CONTRIBUTING.md draws these rooms, and there are no others in commands/", () => {
  const guide = Deno.readTextFileSync(new URL("CONTRIBUTING.md", root));
  const drawn = Array.from(guide.matchAll(/^```text\n([^`]*)\n```$/gm), ([, text]) => text);
  assertEquals(drawn, [drawing(ROOMS), drawing(COMMAND_ROOMS)]);
  const folders = [...Deno.readDirSync(new URL("commands", root))].filter(({ isDirectory }) => isDirectory);
  assertEquals(folders.map(({ name }) => `commands/${name}`).sort(), Object.keys(COMMAND_ROOMS).sort());
});

Deno.test("every module of mod.ts is in a room, whose examples are tested and which is published", () => {
  const modules = importsOf(withoutComments(Deno.readTextFileSync(new URL("mod.ts", root))));
  const rooms = Object.keys(ROOMS).filter((room) => !(room in WITH_PACKAGES));
  assertEquals([...new Set(modules.map((path) => path.split("/")[1]))].sort(), rooms.sort());
  for (const room of Object.keys(WITH_PACKAGES)) {
    assertEquals(configuration.exports[`./${room}` as "./plots"], `./${room}/mod.ts`);
  }
  for (const room of [...Object.keys(ROOMS), "commands"]) {
    const { test, publish } = configuration;
    for (const { include } of [test, publish]) assert(include.includes(room), `deno.json leaves out ${room}`);
  }
});

Deno.test("nobody but the families' own files asks for an architecture by name", () => {
  const asks = new RegExp(`([=!]== |case )"(${ARCHITECTURES.join("|")})"`);
  assert(asks.test('if (architecture === "gpt2")'));
  for (const room of [...Object.keys(ROOMS), "commands"].filter((room) => room !== "models")) {
    for (const file of sourceFiles(room)) {
      const code = withoutComments(Deno.readTextFileSync(new URL(file, root)));
      assert(!asks.test(code), file);
    }
  }
});

Deno.test("only the table of families and the families' own files use the model or configuration of one family", () => {
  const names = [...sourceFiles("models")].flatMap((file) => file.match(/(\w+)_classifier\.ts$/)?.[1] ?? []);
  assert(names.length >= 2);
  const family = `(${names.join("|")})`,
    models = new RegExp(`/models/(${family}(_classifier)?|masked_language_model)\\.ts$`);
  const own = new RegExp(
    `^(checkpoints/hugging_face/${family}|training/presets/(${family}_presets|preset))\\.ts$`,
  );
  for (const room of [...Object.keys(ROOMS), "commands"].filter((room) => room !== "models")) {
    for (const file of sourceFiles(room)) {
      if (own.test(file)) continue;
      const code = withoutComments(Deno.readTextFileSync(new URL(file, root)));
      const found = importsOf(code).filter((specifier) => models.test(specifier));
      assertEquals(
        found,
        [],
        `${file}: take what models/families.ts exports, such as ModelsByKind["causal"]`,
      );
    }
  }
});
