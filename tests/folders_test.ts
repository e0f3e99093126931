import { assert, assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import type { FolderFiles } from "../files/disk.ts";
import fs from "node:fs/promises";
import { readFolder, saveFolder } from "../files/folders.ts";

const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);

/** Runs a test with a folder to save in, which is removed afterwards. */
async function withFolder(body: (folder: string) => Promise<void>): Promise<void> {
  const folder = await Deno.makeTempDir();
  try {
    await body(folder);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

/** Every file below a folder with its text: what the disk really holds. */
async function onDisk(folder: string): Promise<Record<string, string>> {
  const found: Record<string, string> = {};
  for await (const { name, isDirectory } of Deno.readDir(folder)) {
    if (!isDirectory) found[name] = await Deno.readTextFile(`${folder}/${name}`);
    else for (const [k, v] of Object.entries(await onDisk(`${folder}/${name}`))) found[`${name}/${k}`] = v;
  }
  return found;
}

async function texts(path: string): Promise<Record<string, string>> {
  return Object.fromEntries(
    Object.entries(await readFolder(path)).map(([name, bytes]) => [name, text(bytes)]),
  );
}

Deno.test("what is saved is read, and a second save replaces the first whole", () =>
  withFolder(async (parent) => {
    const last = `${parent}/runs/mine/last`;
    await saveFolder(last, { "config.json": "{}", "weights": new Uint8Array([65]) });
    assertEquals(await texts(last), { "config.json": "{}", weights: "A" });
    await saveFolder(`${last}/`, { "config.json": "[]", "weights": "", "new": Promise.resolve("é") });
    assertEquals(await onDisk(parent), {
      "runs/mine/last/config.json": "[]",
      "runs/mine/last/new": "é",
      "runs/mine/last/weights": "",
    });
  }));

Deno.test("files are read by name, and those that are missing are left out", () =>
  withFolder(async (parent) => {
    await saveFolder(`${parent}/last`, { a: "1", b: "2", c: "3" });
    assertEquals(Object.keys(await readFolder(`${parent}/last`, { names: ["c", "a", "z"] })), ["a", "c"]);
  }));

/** What a save of "2" over "1" leaves on the disk when it is killed, and what a reader must then see. */
const killed: [string, Record<string, string>, string | undefined][] = [
  ["while the first save ever is written", { ".last.miniformer-new/a": "" }, undefined],
  ["while the new folder is written", { "last/a": "1", "last/b": "1", ".last.miniformer-new/a": "2" }, "1"],
  [
    "between the two renames",
    {
      ".last.miniformer-old/a": "1",
      ".last.miniformer-old/b": "1",
      ".last.miniformer-new/a": "2",
      ".last.miniformer-new/b": "2",
    },
    "2",
  ],
  ["while the old folder is removed", { "last/a": "2", "last/b": "2", ".last.miniformer-old/b": "1" }, "2"],
  ["between the two renames, the new folder lost since", {
    ".last.miniformer-old/a": "1",
    ".last.miniformer-old/b": "1",
  }, "1"],
];

for (const [when, state, seen] of killed) {
  Deno.test(`a save killed ${when}`, () =>
    withFolder(async (parent) => {
      for (const [path, content] of Object.entries(state)) {
        await Deno.mkdir(`${parent}/${path.split("/")[0]}`, { recursive: true });
        await Deno.writeTextFile(`${parent}/${path}`, content);
      }
      if (seen === undefined) {
        await assertRejects(() => readFolder(`${parent}/last`), Error, "no such file or folder");
      } else assertEquals(await texts(`${parent}/last`), { a: seen, b: seen });
      assertEquals(await onDisk(parent), state, "reading changes nothing");
      await assertRejects(
        () => saveFolder(`${parent}/last`, { a: "?", b: "?", "no/such/folder": "" }),
        Error,
        "Cannot save",
      );
      if (seen !== undefined) assertEquals(await texts(`${parent}/last`), { a: seen, b: seen });
      await saveFolder(`${parent}/last`, { a: "3", b: "3" });
      assertEquals(await onDisk(parent), { "last/a": "3", "last/b": "3" });
    }));
}

/** A process that saves over and over; in each save both files hold the same number, which it prints when it is done. */
function savingProcess(last: string, start: number): Deno.ChildProcess {
  const program = `import { saveFolder } from "./files/folders.ts";
    for (let n = ${start};; n++) {
      const content = String(n).padEnd(300_000);
      await saveFolder(${JSON.stringify(last)}, { a: content, b: content });
      console.log(n);
    }`;
  return runProgram(program);
}

function runProgram(program: string, wrapper: string[] = []): Deno.ChildProcess {
  const command = [...wrapper, Deno.execPath(), "run", "-A", "--no-check", "-"];
  const child = new Deno.Command(command[0], {
    args: command.slice(1),
    cwd: new URL("..", import.meta.url),
    stdin: "piped",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  ReadableStream.from([new TextEncoder().encode(program)]).pipeTo(child.stdin);
  return child;
}

Deno.test("a process killed at any moment leaves the last save or the one before", () =>
  withFolder(async (parent) => {
    let reached = 0;
    for (let round = 0; round < 8; round++) {
      const child = savingProcess(`${parent}/last`, reached + 1);
      const lines = child.stdout.pipeThrough(new TextDecoderStream()).getReader();
      let printed = (await lines.read()).value ?? "";
      await new Promise((resolve) => setTimeout(resolve, 7 * round));
      child.kill("SIGKILL");
      for (let part = await lines.read(); !part.done; part = await lines.read()) printed += part.value;
      await child.status;
      await child.stderr.cancel();
      const promised = Number(printed.trim().split("\n").at(-1));
      const { a, b } = await texts(`${parent}/last`);
      assert(a === b, `round ${round}: the files are of two saves, ${a.trim()} and ${b.trim()}`);
      reached = Number(a);
      assert(
        reached === promised || reached === promised + 1,
        `round ${round}: ${promised} was saved, ${reached} is there`,
      );
    }
  }));

Deno.test("a folder read while it is being saved is of one save", () =>
  withFolder(async (parent) => {
    const child = savingProcess(`${parent}/last`, 1);
    const seen = new Set<string>();
    try {
      await child.stdout.getReader().read();
      for (const end = Date.now() + 60_000; seen.size < 60 && Date.now() < end;) {
        const { a, b } = await texts(`${parent}/last`);
        assert(a !== undefined && a === b, `a is of save ${a?.trim()}, b of save ${b?.trim()}`);
        seen.add(a);
      }
    } finally {
      child.kill("SIGKILL");
      await child.status;
      await child.stderr.cancel();
    }
    assert(seen.size === 60, `the folder was seen to change ${seen.size} times`);
  }));

Deno.test({
  name: "a save that meets the limit of file sizes leaves the one before, and nothing else",
  ignore: Deno.build.os === "windows", // no such limit there
  fn: () =>
    withFolder(async (parent) => {
      const last = `${parent}/last`;
      const before: FolderFiles = { "config.json": "{}", weights: "small" };
      await saveFolder(last, before);
      const program = `import { saveFolder } from "./files/folders.ts";
        await saveFolder(${JSON.stringify(last)}, { "config.json": "[]", weights: new Uint8Array(5_000_000) })
          .catch((error) => console.log(error.message));`;
      const shell = ["sh", "-c", 'trap "" XFSZ; ulimit -f 1000; exec "$@"', "sh"];
      const { stdout } = await runProgram(program, shell).output();
      const said =
        `Cannot save ${last}: File too large (writing weights); what was there before is unharmed\n`;
      assertEquals(text(stdout), said);
      assertEquals(await onDisk(parent), { "last/config.json": "{}", "last/weights": "small" });
    }),
});

Deno.test("a save that fails at its last rename puts the old folder back", () =>
  withFolder(async (parent) => {
    await saveFolder(`${parent}/last`, { a: "1" });
    const rename = fs.rename;
    try {
      fs.rename = (from, to) =>
        String(from).endsWith("-new") ? Promise.reject(new Error("the machine refuses")) : rename(from, to);
      const error = await assertRejects(() => saveFolder(`${parent}/last`, { a: "2" }), Error);
      assertStringIncludes(error.message, "the machine refuses; what was there before is unharmed");
    } finally {
      fs.rename = rename;
    }
    assertEquals(await onDisk(parent), { "last/a": "1" });
  }));

Deno.test("a folder that holds anything not saved there is not replaced", () =>
  withFolder(async (parent) => {
    for (const name of ["letter.txt", "constructor", "__proto__", "thesis/chapter", "config.json/deep"]) {
      const folder = `${parent}/${name.replace("/", " ")}`;
      await Deno.mkdir(folder);
      await Deno.writeTextFile(`${folder}/vocab.json`, "{}");
      if (name.includes("/")) await Deno.mkdir(`${folder}/${name.split("/")[0]}`);
      await Deno.writeTextFile(`${folder}/${name}`, "dear");
      const before = await onDisk(folder);
      const error = await assertRejects(
        () => saveFolder(folder, { "vocab.json": "[]", "config.json": "" }),
        Error,
      );
      assertStringIncludes(
        error.message,
        `it holds other things, such as ${JSON.stringify(name.split("/")[0])}; choose another folder`,
      );
      assertEquals(await onDisk(folder), before);
    }
    await assertRejects(
      () => saveFolder(`${parent}/letter.txt/letter.txt`, { a: "" }),
      Error,
      "a file stands where a folder should",
    );
  }));

Deno.test("what the user puts beside or into a checkpoint stays there", () =>
  withFolder(async (parent) => {
    const theirs = {
      "last.old/model.safetensors": "1",
      "last.new/a": "2",
      "last/notes/day": "3",
      "last/b": "4",
    };
    await saveFolder(`${parent}/last`, { a: "1" });
    for (const [path, content] of Object.entries(theirs)) {
      await Deno.mkdir(`${parent}/${path.replace(/\/[^/]*$/, "")}`, { recursive: true });
      await Deno.writeTextFile(`${parent}/${path}`, content);
    }
    for (const a of ["5", "6"]) {
      await saveFolder(`${parent}/last`, { a }, { foreign: "keep" });
      assertEquals(await onDisk(parent), { ...theirs, "last/a": a });
    }
  }));

Deno.test("a file that only other programs write stays in a checkpoint that is replaced", () =>
  withFolder(async (parent) => {
    await saveFolder(`${parent}/last`, { a: "1" });
    await Deno.writeTextFile(`${parent}/last/added_tokens.json`, "theirs");
    await saveFolder(`${parent}/last`, { a: "2" }, { foreign: "keep" });
    assertEquals(await onDisk(parent), { "last/a": "2", "last/added_tokens.json": "theirs" });
  }));

Deno.test("what was put into a checkpoint outlives a save that is killed at its end", () =>
  withFolder(async (parent) => {
    const state = {
      "last/a": "2",
      "last/notes": "new",
      ".last.miniformer-old/a": "1",
      ".last.miniformer-old/notes": "old",
    };
    for (const [path, content] of Object.entries(state)) {
      await Deno.mkdir(`${parent}/${path.split("/")[0]}`, { recursive: true });
      await Deno.writeTextFile(`${parent}/${path}`, content);
    }
    await saveFolder(`${parent}/last`, { a: "3" }, { foreign: "keep" });
    assertEquals(await onDisk(parent), { "last/a": "3", "last/notes": "new", "last/notes.kept-2": "old" });
  }));

Deno.test("a folder that only seems to be ours is neither removed nor taken for the checkpoint", () =>
  withFolder(async (parent) => {
    await Deno.mkdir(`${parent}/.last.miniformer-new`);
    await Deno.writeTextFile(`${parent}/.last.miniformer-new/diary`, "dear");
    await assertRejects(
      () => saveFolder(`${parent}/last`, { a: "" }),
      Error,
      'holds "diary", which is not ours',
    );
    await Deno.mkdir(`${parent}/tk.old`);
    await Deno.writeTextFile(`${parent}/tk.old/a`, "backup");
    await assertRejects(() => readFolder(`${parent}/tk`), Error, "no such file or folder");
    await saveFolder(`${parent}/tk`, { a: "" });
    const all = { ".last.miniformer-new/diary": "dear", "tk.old/a": "backup", "tk/a": "" };
    assertEquals(await onDisk(parent), all);
  }));

Deno.test({
  name: "links are not followed when a folder is saved",
  ignore: Deno.build.os === "windows", // links need rights there
  fn: () =>
    withFolder(async (parent) => {
      await Deno.mkdir(`${parent}/victim`);
      await Deno.writeTextFile(`${parent}/victim/a`, "mine");
      for (const name of ["last", ".last.miniformer-new", ".last.miniformer-old"]) {
        await Deno.mkdir(`${parent}/run`);
        await Deno.symlink(`${parent}/victim`, `${parent}/run/${name}`);
        const save = () => saveFolder(`${parent}/run/last`, { a: "" }, { foreign: "keep" });
        await assertRejects(save, Error, "is a symbolic link, not a folder");
        assertEquals((await Array.fromAsync(Deno.readDir(`${parent}/run`))).length, 1);
        await Deno.remove(`${parent}/run`, { recursive: true });
      }
      assertEquals(await onDisk(parent), { "victim/a": "mine" });
    }),
});

Deno.test("a missing folder is named", () =>
  withFolder(async (parent) => {
    const error = await assertRejects(() => readFolder(`${parent}/my_novel`), Error);
    assertEquals(error.message, `Cannot read ${parent}/my_novel: no such file or folder`);
  }));

Deno.test("a sparse file of terabytes is refused by its size, not by the engine", () =>
  withFolder(async (folder) => {
    const file = await Deno.create(`${folder}/model.safetensors`);
    await file.truncate(2 ** 40);
    file.close();
    await assertRejects(
      () => readFolder(folder),
      Error,
      "model.safetensors: it has 1099511627776 bytes, expected at most 8589934592",
    );
  }));
