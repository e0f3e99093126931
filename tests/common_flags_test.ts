import { assert, assertEquals, assertThrows } from "@std/assert";
import { miniformer } from "../cli.ts";
import type { Command } from "../commands/cli/command.ts";
import { UsageError } from "../commands/cli/errors.ts";
import {
  type Flag,
  type Flags,
  kebabCase,
  type NumberFlag,
  type NumbersFlag,
} from "../commands/cli/flags.ts";
import { parseFlags } from "../commands/cli/parse_flags.ts";
import { inFolder, miniformer as run, small, story, succeed } from "./_command.ts";

/** Every command, also those chosen by a second word. */
async function* commands(command: Command): AsyncGenerator<Command> {
  if (command.commands === undefined) yield command;
  for (const load of Object.values(command.commands ?? {})) yield* commands(await load());
}

/** The command line that gives one flag, and what else the command requires. */
function lineOf(flags: Flags, name: string, value: string): string[] {
  const required = Object.entries(flags).filter(([, flag]) => flag.required);
  return [...required.flatMap(([name]) => [`--${kebabCase(name)}`, "x"]), `--${kebabCase(name)}`, value];
}

const isNumber = (flag: Flag): flag is NumberFlag | NumbersFlag =>
  ["integer", "number", "numbers"].includes(flag.kind);

Deno.test("every number flag of every command has an end, and refuses what is beyond it", async () => {
  let count = 0;
  for await (const { name: command, flags } of commands(miniformer)) {
    for (const [name, flag] of Object.entries(flags)) {
      if (!isNumber(flag)) continue;
      count++;
      const end = flag.atMost ?? flag.below ?? Infinity;
      assert(end <= 2 ** 52, `${command} --${kebabCase(name)} has no upper bound`);
      const beyond = ["1e300", "1e400", String(Number.MAX_SAFE_INTEGER), `${end}0`];
      for (const value of end <= 1 ? [...beyond, "1.1"] : beyond) {
        const message = `--${kebabCase(name)} is ${value}: expected a`;
        assertThrows(() => parseFlags(flags, lineOf(flags, name, value)), UsageError, message);
      }
    }
  }
  assert(count >= 45, `${count} flags were tried`);
});

Deno.test("the largest number that a flag of a model takes is compared with memory, at once", () =>
  inFolder(async (cwd) => {
    await Deno.writeTextFile(`${cwd}/story.txt`, story(100));
    await succeed(["train", "--data", "story.txt", ...small, "--steps", "1", "--device", "cpu"], { cwd });
    const train = ["train", "--data", "story.txt", "--device", "cpu"],
      use = ["--device", "cpu", "--checkpoint"];
    const large: [line: string[], message: RegExp][] = [
      [[...train, "--layers", "1000", "--model-dim", "65536"], /needs about .* where .* are free/],
      [
        [...train, "--batch-size", "65536", "--layers", "99"],
        /needs about .*--batch-size \d+ --accumulation \d+ fits/,
      ],
      [
        [...train, "--epochs", "1e6", "--batch-size", "1", "--context-length", "1"],
        /--epochs 1000000 makes .* steps: expected at most/,
      ],
      [
        ["generate", ...use, "runs/story", "--num-samples", "65536", "--max-new-tokens", "1000000"],
        /Cannot generate 65536 texts .* are free; give a smaller --num-samples/,
      ],
    ];
    for (const [line, message] of large) {
      const begun = performance.now(), { code, stderr, stdout } = await run(line, { cwd });
      assert(code === 1 || code === 2, `${line.join(" ")}: ${code}`);
      assert(message.test(stderr), `${line.join(" ")}: ${stderr}`);
      assertEquals(stdout, "");
      const seconds = (performance.now() - begun) / 1000;
      assert(seconds < 10, `${line.join(" ")}: took ${seconds} s`); // most of it Deno's start on a busy machine
    }
    // of a short text there are never as many windows as that
    await succeed(["evaluate", ...use, "runs/story", "--data", "story.txt", "--batch-size", "65536"], {
      cwd,
    });
  }));
