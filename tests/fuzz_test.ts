import { assertEquals, assertMatch, assertThrows } from "@std/assert";
import { tryCase, tryFiles } from "./fuzz/cases.ts";
import { commandCase, trainedRun, tryCommand } from "./fuzz/commands.ts";
import { makeCorpus, toBytes } from "./fuzz/corpus.ts";
import { complaint } from "./fuzz/judge.ts";
import { kept } from "./fuzz/kept.ts";
import { makeTargets } from "./fuzz/readers.ts";
import { inFolder } from "./_command.ts";

const corpus = await makeCorpus(), targets = makeTargets(corpus);

Deno.test("fuzz: every target reads its own files", () =>
  inFolder(async (folder) => {
    for (const target of targets) {
      await target.read(target.files, `${folder}/files`);
      await target.use?.(target.files, `${folder}/files`);
    }
  }));

Deno.test("fuzz: 400 changed files are read, or refused in one line that names the file", () =>
  inFolder(async (folder) => {
    for (let number = 0; number < 400; number++) {
      assertEquals(await tryCase(targets, 1, number, `${folder}/files`), undefined);
    }
  }));

Deno.test("fuzz: so are files that once were not", () =>
  inFolder(async (folder) => {
    for (const { target: name, file, content } of kept) {
      const target = targets.find((target) => target.name === name)!;
      const files = { ...target.files, ...toBytes({ [file]: content }) };
      assertEquals(
        await tryFiles(target, files, `${folder}/files`),
        undefined,
        `${name}: ${content.slice(0, 100)}`,
      );
    }
  }));

Deno.test("fuzz: the program answers changed files and command lines in one line", async () => {
  const run = await trainedRun();
  for (let number = 0; number < 12; number++) {
    await inFolder(async (cwd) => {
      const one = commandCase(corpus, run, 1, number);
      assertEquals(await tryCommand(one, cwd), undefined, one.args.join(" "));
    });
  }
});

Deno.test("fuzz: errors of the engine, long messages and those without a file are complained of", () => {
  const thrown = (body: () => unknown) => assertThrows(body) as Error;
  const nothing = JSON.parse("null");
  assertMatch(complaint(thrown(() => nothing.length))!, /^an error of the engine: Cannot read prop/);
  assertMatch(complaint(thrown(() => [...JSON.parse("5")]))!, /^an error of the engine/);
  assertMatch(complaint(thrown(() => new Uint8Array(-1)))!, /^an error of the engine/);
  const wrapped = () => {
    try {
      nothing.length;
    } catch (cause) {
      throw new Error("config.json: it is wrong", { cause });
    }
  };
  assertMatch(complaint(thrown(wrapped), ["config.json"])!, /^an error of the engine/);
  assertEquals(complaint(new TypeError("config.json: it is wrong"), ["config.json"]), undefined);
  assertEquals(
    complaint(new TypeError("it is wrong"), ["config.json"]),
    "no file is named: error: it is wrong",
  );
  assertEquals(complaint(new TypeError("x".repeat(2000))), "a message of 2000 characters");
  assertEquals(complaint(new TypeError("red\x1b[31m")), "control characters in the message");
});
