import { assert, assertEquals, assertRejects } from "@std/assert";
import { findFiles, readText } from "../commands/texts/files.ts";
import { openFile } from "../commands/files/open_file.ts";
import { cachedIds } from "../commands/texts/corpus.ts";
import { CharTokenizer } from "../tokenizers/char_tokenizer.ts";
import { inFolder, miniformer } from "./_command.ts";

const isPosix = Deno.build.os !== "windows";

/** Runs a test in a folder with a pipe that nobody writes into, a socket, and links to devices. */
function withOddities(body: (folder: string) => Promise<void>): Promise<void> {
  return inFolder(async (folder) => {
    const made = await new Deno.Command("mkfifo", { args: [`${folder}/pipe.txt`] }).output();
    assert(made.success);
    await Deno.symlink("/dev/zero", `${folder}/zero.txt`);
    const listen = `Deno.listen({ transport: "unix", path: "${folder}/socket.txt" }); Deno.exit()`;
    await new Deno.Command(Deno.execPath(), { args: ["eval", listen] }).output();
    await body(folder);
  });
}

Deno.test({
  name: "what is no file is refused at once, with what it is and what to do",
  ignore: !isPosix,
  fn: () =>
    withOddities(async (folder) => {
      const advice = ", not a file; save its output to a file and name that file";
      for (const [name, kind] of [["pipe", "a pipe"], ["socket", "a socket"], ["zero", "a device"]]) {
        const path = `${folder}/${name}.txt`;
        for (const read of [readText, openFile]) {
          const error = await assertRejects(() => read(path), Error);
          assertEquals(error.message, `Cannot read ${path}: it is ${kind}${advice}`);
        }
        const tokenizer = CharTokenizer.fromText("a");
        const error = await assertRejects(() => cachedIds(path, tokenizer, ["a"]), Error);
        assertEquals(error.message, `Cannot read ${path}: it is ${kind}, not a file; remove it`);
      }
      assertEquals(
        (await findFiles([folder])).length,
        3,
        "they are listed, so that they are refused by name",
      );
    }),
});

Deno.test({
  name: "no command waits for a pipe or reads a device",
  ignore: !isPosix,
  fn: () =>
    withOddities(async (cwd) => {
      await Deno.rename(`${cwd}/zero.txt`, `${cwd}/zero.tsv`);
      await Deno.symlink("pipe.txt", `${cwd}/pipe.tsv`);
      const lines: [line: string, message: string][] = [
        ["train --data pipe.txt", "Cannot read pipe.txt: it is a pipe"],
        ["train --data /dev/zero", "Cannot read /dev/zero: it is a device"],
        ["tokenizer train --data pipe.txt --out tk", "Cannot read pipe.txt: it is a pipe"],
        ["tokenizer train --data /dev/zero --out tk", "Cannot read /dev/zero: it is a device"],
        ["tokenizer inspect --tokenizer /dev/zero", "Cannot read /dev/zero: "],
      ];
      await Promise.all(lines.map(async ([line, message]) => {
        const begun = performance.now();
        const { code, stderr } = await miniformer(line.split(" "), { cwd });
        assertEquals([code, stderr.split("\n").length], [1, 2], stderr);
        assert(stderr.startsWith(`error: ${message}`), stderr);
        assert(performance.now() - begun < 20_000);
      }));
    }),
});

Deno.test("a file that is exchanged for another one while it is opened is not read", async () => {
  const stat = Deno.stat, other = await Deno.stat("deno.json");
  try {
    Deno.stat = () => Promise.resolve(other);
    await assertRejects(
      () => openFile("LICENSE"),
      Error,
      "it was replaced while it was being opened",
    );
  } finally {
    Deno.stat = stat;
  }
});
