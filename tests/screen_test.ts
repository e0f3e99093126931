import { assert, assertEquals, assertMatch } from "@std/assert";
import { miniformer as cli } from "../cli.ts";
import { quote } from "../commands/cli/terminal.ts";
import { inFolder, lineOf, small, story, succeed } from "./_command.ts";
import { hasAdapter } from "./_testing.ts";

/** Whether there is a `script` as Linux has it: it gives a program a terminal. */
const hasScript = Deno.build.os === "linux" &&
  await new Deno.Command("script", { args: ["--version"] }).output().then(
    ({ success }) => success,
    () => false,
  );

/** What `deno task` leaves on a terminal of so many columns, line by line. Nothing that it draws is wider. */
async function onTerminal(args: readonly string[], columns: number, cwd: string): Promise<string[]> {
  const command = lineOf(args, { cwd }).map(quote).join(" ");
  const { stdout } = await new Deno.Command("script", {
    args: ["-qec", `stty cols ${columns} rows 40; exec ${command}`, "/dev/null"],
    cwd,
    env: { NO_COLOR: "1" },
    stdin: "null",
  }).output();
  const lines: string[] = [];
  for (const line of new TextDecoder().decode(stdout).replaceAll("\r\n", "\n").split("\n")) {
    let shown = "";
    for (const part of line.split("\r")) {
      const text = part.replace("\x1b[K", "");
      assert(!text.includes("\x1b"), JSON.stringify(text));
      // what continues in the next line is broken inside a word, or out of reach for the next redraw
      assert(text.length <= columns, `${columns} columns: ${text}`);
      shown = part.includes("\x1b[K") ? text : text + shown.slice(text.length);
    }
    lines.push(shown);
  }
  return lines;
}

for (const columns of [40, 60, 80, 100, 120]) {
  Deno.test({
    name:
      `on a terminal of ${columns} columns no line breaks inside a word, and every validation can be read`,
    ignore: !hasScript,
    fn: () =>
      inFolder(async (cwd) => {
        await Deno.writeTextFile(`${cwd}/story.txt`, story(300));
        const train = ["train", "--data", "story.txt", ...small, "--device", "cpu", "--name", "a"];
        const lines = await onTerminal([...train, "--steps", "40"], columns, cwd);
        const kept = lines.filter((line) => /^step +\d+\/40 .* val /.test(line));
        assertEquals(kept.map((line) => Number(line.match(/\d+/)![0])), [
          4,
          8,
          12,
          16,
          20,
          24,
          28,
          32,
          36,
          40,
        ]);
        const text = lines.join("\n").replaceAll(/ \\\n +/g, " ");
        if (columns <= 80) assertMatch(text, /^ {10}\S/m, "the header hangs");
        assertMatch(text, /^generate {2}deno task generate --checkpoint runs\/a /m);
        const log = await succeed([...train.slice(0, -1), "b", "--steps", "40"], { cwd });
        const words = (text: string) => new Set(text.replaceAll("runs/a", "runs/b").split(/\s+/));
        const known = words(log);
        const header = text.slice(0, text.search(/^time /m));
        for (const word of words(header)) assert(known.has(word), `${word} was cut`);
        assert(!log.includes("\x1b") && !/^ {10}/m.test(log), "the lines of a log are whole");
      }),
  });
}

Deno.test({
  name: "help fits the terminal, and its examples can be copied",
  ignore: !hasScript,
  fn: async () => {
    for (const name of ["train", "finetune", "evaluate", "attention"]) {
      const lines = await onTerminal([name, "--help"], 60, new URL("..", import.meta.url).pathname);
      const command = await cli.commands![name](), whole = await command.help(Infinity);
      const examples = whole.match(/^ {2}deno task .*$/gm)!;
      assert(examples.length >= 2, whole);
      const shown = lines.join("\n").replace(/ \\\n */g, " ");
      for (const example of examples) assert(shown.includes(`${example}\n`), `${example}\n${shown}`);
    }
  },
});

Deno.test({
  name: "before the first step on a GPU a line says what is waited for",
  ignore: !hasAdapter,
  fn: () =>
    inFolder(async (cwd) => {
      await Deno.writeTextFile(`${cwd}/story.txt`, story(100));
      const train = ["train", "--data", "story.txt", ...small, "--steps", "2", "--device"];
      assertMatch(
        await succeed([...train, "webgpu"], { cwd }),
        /^compiling shaders …\ntime {6}about .*\n\nstep 1\/2 /m,
      );
      assert(!(await succeed([...train, "cpu"], { cwd })).includes("compiling"));
    }),
});
