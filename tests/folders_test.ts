import { assert, assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { type FolderFiles, readFolder, saveFile, saveFolder } from "../commands/folders.ts";

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
    await saveFolder(last, { "config.json": "{}", "old": new Uint8Array([65]), "none": "" });
    assertEquals(await texts(last), { "config.json": "{}", old: "A", none: "" });
    await saveFolder(`${last}/`, { "config.json": "[]", "new": "é" });
    assertEquals(await onDisk(parent), { "runs/mine/last/config.json": "[]", "runs/mine/last/new": "é" });
  }));

Deno.test("files are read by name, and those that are missing are left out", () =>
  withFolder(async (parent) => {
    await saveFolder(`${parent}/last`, { a: "1", b: "2", c: "3" });
    assertEquals(Object.keys(await readFolder(`${parent}/last`, { names: ["c", "a", "z"] })), ["a", "c"]);
  }));

/** What a save of "2" over "1" leaves on the disk when it is killed, and what a reader must then see. */
const killed: [string, Record<string, string>, string | undefined][] = [
  ["while the first save ever is written", { "last.new/a": "" }, undefined],
  ["while the new folder is written", { "last/a": "1", "last/b": "1", "last.new/a": "2" }, "1"],
  [
    "between the two renames",
    { "last.old/a": "1", "last.old/b": "1", "last.new/a": "2", "last.new/b": "2" },
    "2",
  ],
  ["while the old folder is removed", { "last/a": "2", "last/b": "2", "last.old/b": "1" }, "2"],
  ["between the two renames, the new folder lost since", { "last.old/a": "1", "last.old/b": "1" }, "1"],
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
        () => saveFolder(`${parent}/last`, { a: "?", "no/such/folder": "" }),
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
  const program = `import { saveFolder } from "./commands/folders.ts";
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
      for (const end = Date.now() + 10_000; seen.size < 60 && Date.now() < end;) {
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
      const program = `import { saveFolder } from "./commands/folders.ts";
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

Deno.test({
  name: "a full disk is called so",
  ignore: Deno.build.os !== "linux", // /dev/full
  fn: () =>
    withFolder(async (parent) => {
      await saveFile(`${parent}/curve.svg`, "before");
      await Deno.symlink("/dev/full", `${parent}/curve.svg.new`);
      // in a process of its own: Deno opens devices only for those who may do everything
      const program = `import { saveFile } from "./commands/folders.ts";
        await saveFile(${
        JSON.stringify(`${parent}/curve.svg`)
      }, "after").catch((error) => console.log(error.message));`;
      const { stdout } = await runProgram(program).output();
      assertEquals(text(stdout), `Cannot save ${parent}/curve.svg: the disk is full\n`);
      assertEquals(await onDisk(parent), { "curve.svg": "before" });
    }),
});

Deno.test("a save that fails at its last rename puts the old folder back", () =>
  withFolder(async (parent) => {
    await saveFolder(`${parent}/last`, { a: "1" });
    const rename = Deno.rename;
    try {
      Deno.rename = (from, to) =>
        String(from).endsWith(".new") ? Promise.reject(new Error("the machine refuses")) : rename(from, to);
      const error = await assertRejects(() => saveFolder(`${parent}/last`, { a: "2" }), Error);
      assertStringIncludes(error.message, "the machine refuses; what was there before is unharmed");
    } finally {
      Deno.rename = rename;
    }
    assertEquals(await onDisk(parent), { "last/a": "1" });
  }));

Deno.test("a folder of something else is not replaced", () =>
  withFolder(async (parent) => {
    await Deno.mkdir(`${parent}/documents`);
    await Deno.writeTextFile(`${parent}/documents/letter.txt`, "dear");
    const error = await assertRejects(
      () => saveFolder(`${parent}/documents`, { "config.json": "{}" }),
      Error,
    );
    assertStringIncludes(error.message, "it holds other things, such as letter.txt; choose another folder");
    await assertRejects(
      () => saveFolder(`${parent}/documents/letter.txt`, { a: "" }),
      Error,
      "a file stands where a folder should",
    );
    assertEquals(await onDisk(parent), { "documents/letter.txt": "dear" });
  }));

Deno.test("a missing folder is named with what it might be", () =>
  withFolder(async (parent) => {
    await saveFolder(`${parent}/my_novel`, { a: "1" });
    const error = await assertRejects(() => readFolder(`${parent}/my_novell`), Error);
    assertEquals(
      error.message,
      `Cannot read ${parent}/my_novell: no such file or folder; did you mean ${parent}/my_novel?`,
    );
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
