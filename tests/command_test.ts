import { assert, assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { chooseCommand, defineCommand, VERSION } from "../commands/cli/command.ts";
import { UsageError } from "../commands/cli/errors.ts";

/** Two commands that note what they were run with, and how often each was loaded. */
function program() {
  const runs: unknown[] = [];
  const loads = { train: 0, generate: 0 };
  const define = (name: string) =>
    defineCommand({
      name,
      summary: `Do what ${name} does`,
      flags: { seed: { kind: "integer", description: "seed", default: 1 } },
      run: ({ seed, verbose }) => void runs.push([name, seed, verbose]),
    });
  const command = chooseCommand("", "A program", {
    train: () => (loads.train++, Promise.resolve(define("train"))),
    generate: () => (loads.generate++, define("generate")),
  });
  return { command, runs, loads };
}

/** What is printed while something runs. */
async function printed(body: () => Promise<void>): Promise<string> {
  const { writeSync } = Deno.stdout, decoder = new TextDecoder();
  let text = "";
  try {
    Deno.stdout.writeSync = (bytes) => {
      text += decoder.decode(bytes);
      return bytes.length;
    };
    await body();
  } finally {
    Deno.stdout.writeSync = writeSync;
  }
  return text;
}

Deno.test("the chosen command runs with the rest of the line, and is the only one loaded", async () => {
  const { command, runs, loads } = program();
  await command.run(["generate", "--seed", "7", "--verbose"]);
  assertEquals(runs, [["generate", 7, true]]);
  assertEquals(loads, { train: 0, generate: 1 });
});

Deno.test("an unknown command is refused, with the nearest or all that there are", async () => {
  const { command } = program();
  await assertRejects(() => command.run(["trian"]), UsageError, "Unknown command trian: did you mean train?");
  await assertRejects(
    () => command.run(["sing"]),
    UsageError,
    "Unknown command sing: expected one of train, generate",
  );
  await assertRejects(() => command.run(["toString"]), UsageError, "Unknown command toString");
});

Deno.test("help is shown for nothing, help, --help and -h, and lists the commands", async () => {
  for (const args of [[], ["help"], ["--help"], ["-h"]]) {
    const { command, runs } = program();
    const text = await printed(() => command.run(args));
    assertStringIncludes(text, "\n  train     Do what train does\n  generate  Do what generate does\n");
    assertEquals(runs, []);
  }
});

Deno.test("--help wins over whatever else is wrong in the line, and nothing is run", async () => {
  const { command, runs } = program();
  const text = await printed(() => command.run(["train", "--sede", "--help"]));
  assert(text.startsWith("Do what train does.\n\nUsage: deno task train [flags]\n"), text);
  assertEquals(runs, []);
});

Deno.test("the version is shown for -V and --version, of the program and of a command", async () => {
  for (
    const args of [["-V"], ["--version"], ["train", "-V"], ["train", "--verbose", "-V"], [
      "train",
      "--version",
      "--x",
    ]]
  ) {
    const { command, runs } = program();
    assertEquals(await printed(() => command.run(args)), `miniformer ${VERSION}\n`);
    assertEquals(runs, []);
  }
});

Deno.test("a command is run with its own flags and --verbose only", async () => {
  let seen: unknown;
  const flags = { seed: { kind: "integer", description: "seed", default: 1 } } as const;
  await defineCommand({ name: "a", summary: "A", flags, run: (values) => void (seen = values) }).run([]);
  assertEquals(seen, { seed: 1, verbose: false });
});

Deno.test("-h and --help are values where a flag needs one, and after two dashes", async () => {
  const texts: string[] = [];
  const say = defineCommand({
    name: "say",
    summary: "Say something",
    operand: "text",
    flags: { text: { kind: "text", description: "what", default: "" } },
    run: ({ text }) => void texts.push(text),
  });
  for (
    const args of [["--text", "-h"], ["--text", "-V"], ["--", "--help"], ["--verbose", "--", "--version"]]
  ) {
    await say.run(args);
  }
  assertEquals(texts, ["-h", "-V", "--help", "--version"]);
  assertStringIncludes(await printed(() => say.run(["--verbose", "-h"])), "-h, --help");
});

Deno.test("commands nest, and say so in their names", async () => {
  const { command } = program();
  const nested = chooseCommand("tokenizer", "Tokenizers", { encode: () => command });
  await assertRejects(
    () => nested.run(["decode"]),
    UsageError,
    "Unknown command tokenizer decode: did you mean encode?",
  );
  assertStringIncludes(await nested.help(), "Usage: deno task tokenizer COMMAND [flags]");
});
