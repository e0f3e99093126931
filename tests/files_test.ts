import { assert, assertEquals, assertRejects } from "@std/assert";
import { findFiles, readText, readTexts } from "../commands/texts/files.ts";

/** Runs a test in a folder with these files, which are removed afterwards. */
async function withFiles(
  files: Record<string, string>,
  body: (folder: string) => Promise<void>,
): Promise<void> {
  const folder = await Deno.makeTempDir();
  try {
    for (const [name, text] of Object.entries(files)) {
      await Deno.mkdir(`${folder}/${name}`.replace(/\/[^/]*$/, ""), { recursive: true });
      await Deno.writeTextFile(`${folder}/${name}`, text);
    }
    await body(folder);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

const library = {
  "b.txt": "bee",
  "a.txt": "ay",
  "notes.md": "note",
  "deep/er/c.txt": "sea",
  "deep/empty.txt": "",
  "deep/.hidden/d.txt": "dee",
};

Deno.test("files, folders and globs stand for files, in order and once", () =>
  withFiles(library, async (folder) => {
    const found = async (...patterns: string[]) =>
      (await findFiles(patterns.map((pattern) => `${folder}/${pattern}`)))
        .map((path) => path.slice(folder.length + 1));
    assertEquals(await found("b.txt"), ["b.txt"]);
    assertEquals(await found(""), ["a.txt", "b.txt", "deep/empty.txt", "deep/er/c.txt"]);
    assertEquals(await found("*.txt"), ["a.txt", "b.txt"]);
    assertEquals(await found("[ab].{txt,md}"), ["a.txt", "b.txt"]);
    assertEquals(await found("**/*.txt"), ["a.txt", "b.txt", "deep/empty.txt", "deep/er/c.txt"]);
    assertEquals(await found("d*/*/?.txt"), ["deep/er/c.txt"]);
    assertEquals(await found("./deep/../*.md", "b.txt", "*.txt"), ["notes.md", "b.txt", "a.txt"]);
  }));

Deno.test("a file whose name looks like a glob is itself", () =>
  withFiles({ "draft [1].txt": "mine", "draft 1.txt": "other" }, async (folder) => {
    assertEquals(await findFiles([`${folder}/draft [1].txt`]), [`${folder}/draft [1].txt`]);
  }));

Deno.test("what stands for nothing is an error that says so", () =>
  withFiles(library, async (folder) => {
    const says = async (pattern: string, message: string) => {
      const error = await assertRejects(() => findFiles([`${folder}/${pattern}`]), Error);
      assertEquals(error.message, `Cannot read ${folder}/${pattern}: ${message}`);
    };
    await says("*.csv", "no file matches");
    await says("c.txt", `no such file or folder; did you mean ${folder}/a.txt?`);
    await says("nothing-like-it", "no such file or folder");
    await Deno.mkdir(`${folder}/bare`);
    await says("bare", "no .txt files in it; name others, such as FOLDER/*.md");
  }));

Deno.test("texts are read in order, and empty files among them are left out", () =>
  withFiles(library, async (folder) => {
    const texts = await readTexts([folder]);
    assertEquals(texts.map(({ text }) => text), ["ay", "bee", "sea"]);
    assertEquals(texts[2].path, `${folder}/deep/er/c.txt`);
  }));

Deno.test("an empty file and a folder are refused with one line", () =>
  withFiles(library, async (folder) => {
    const empty = `${folder}/deep/empty.txt`;
    const says = async (call: Promise<unknown>, message: string) =>
      assertEquals((await assertRejects(() => call, Error)).message, message);
    await says(readText(empty), `Cannot read ${empty}: the file is empty`);
    await says(readTexts([empty]), `Cannot read ${empty}: all files are empty`);
    await says(readText(folder), `Cannot read ${folder}: it is a folder, not a file`);
    await says(
      readText(`${folder}/a.txt/x`),
      `Cannot read ${folder}/a.txt/x: part of the path is a file, not a folder`,
    );
  }));

Deno.test("invalid text is refused, and read on request", () =>
  withFiles({}, async (folder) => {
    const path = `${folder}/latin.txt`;
    await Deno.writeFile(path, new Uint8Array([0x63, 0x61, 0x66, 0xe9]));
    const error = await assertRejects(() => readTexts([path]), Error);
    assert(error.message.includes("byte 0xe9 at offset 3, line 1, is not UTF-8"), error.message);
    assertEquals((await readTexts([path], { replaceInvalid: true }))[0].text, "caf\ufffd");
  }));

/** What is printed on standard error while something runs. */
async function noted(body: () => Promise<unknown>): Promise<string> {
  const before = console.error;
  let text = "";
  try {
    console.error = (line) => void (text += `${line}\n`);
    await body();
  } finally {
    console.error = before;
  }
  return text;
}

Deno.test("links are followed, and dangling ones are skipped with one note", () =>
  withFiles(library, async (folder) => {
    await Deno.symlink("deep", `${folder}/alias`);
    await Deno.symlink("..", `${folder}/deep/up`); // round and round
    await Deno.symlink("../../deep", `${folder}/deep/er/here`);
    await Deno.symlink("gone", `${folder}/x.txt`);
    await Deno.symlink("itself", `${folder}/itself`);
    let paths: string[] = [];
    const note = await noted(async () => paths = await findFiles([folder]));
    const names = ["a.txt", "alias/empty.txt", "alias/er/c.txt", "b.txt", "deep/empty.txt", "deep/er/c.txt"];
    assertEquals(paths, names.map((name) => `${folder}/${name}`));
    const skipped = note.match(/^Skipped dangling links: (.*)\n$/)?.[1].split(", ").sort();
    assertEquals(skipped, [`${folder}/itself`, `${folder}/x.txt`]);
    for (let i = 0; i < 9; i++) await Deno.symlink("gone", `${folder}/gone${i}`);
    assert((await noted(() => findFiles([`${folder}/*.txt`]))).endsWith(" and 8 others\n"));
    // a link that is named itself is an error as ever
    const error = await assertRejects(() => findFiles([`${folder}/gone0`]), Error);
    assert(error.message.startsWith(`Cannot read ${folder}/gone0: no such file or folder`));
  }));

Deno.test("folders that all link to each other are refused in time", () =>
  withFiles({}, async (folder) => {
    const names = Array.from({ length: 12 }, (_, i) => `f${i}`);
    for (const name of names) await Deno.mkdir(`${folder}/${name}`);
    await Deno.writeTextFile(`${folder}/f0/a.txt`, "a");
    for (const from of names) {
      for (const to of names) if (to !== from) await Deno.symlink(`../${to}`, `${folder}/${from}/${to}`);
    }
    const message = "is reached through links by more than 64 paths; name that folder instead";
    await assertRejects(() => findFiles([folder]), Error, message);
  }));

Deno.test("a folder inside that cannot be read is named once", () =>
  withFiles(library, async (folder) => {
    const readDir = Deno.readDir;
    try {
      // root, as which tests may run, reads everything
      Deno.readDir = (path) => {
        if (`${path}`.endsWith("/er")) {
          throw Object.assign(new Error("Permission denied"), { code: "EACCES" });
        }
        return readDir(path);
      };
      const error = await assertRejects(() => findFiles([folder]), Error);
      assertEquals(error.message, `Cannot read ${folder}/deep/er: permission denied`);
    } finally {
      Deno.readDir = readDir;
    }
  }));
