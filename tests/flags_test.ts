import { assert, assertEquals, assertThrows } from "@std/assert";
import { defineCommand } from "../commands/cli/command.ts";
import { UsageError } from "../commands/cli/errors.ts";
import { bounds, group, kebabCase } from "../commands/cli/flags.ts";

Deno.test("kebabCase accepts the three styles of naming", () => {
  for (const name of ["maxNewTokens", "max_new_tokens", "max-new-tokens"]) {
    assertEquals(kebabCase(name), "max-new-tokens");
  }
});

Deno.test("bounds puts every bound into words", () => {
  const flag = { kind: "number", description: "" } as const;
  assertEquals(bounds(flag), "");
  assertEquals(bounds({ ...flag, atLeast: 0, below: 1 }), "at least 0, below 1");
});

Deno.test("help groups and aligns the flags, with defaults, older names, and allowed values that are not obvious", async () => {
  const help = await defineCommand({
    name: "train",
    summary: "Train a model",
    examples: ["train --data a.txt"],
    flags: {
      ...group("Model", {
        preset: { kind: "choice", choices: ["tiny", "gpt1"], default: "tiny", description: "a ready model" },
        family: { kind: "choice", choices: ["gpt", "bert"], description: "gpt: next token; bert: masks" },
        contextLength: { kind: "integer", atLeast: 1, aliases: ["seq-len"], description: "tokens at once" },
        vocabSize: { kind: "integer", atLeast: 257, atMost: 2 ** 24, description: "tokens" },
        dropoutRate: { kind: "number", atLeast: 0, below: 1, description: "part to drop" },
        learningRate: { kind: "number", above: 0, description: "its peak" },
        heat: { kind: "numbers", atLeast: 0, atMost: 9, description: "temperatures", default: [0.5, 1] },
        seed: { kind: "integer", atLeast: 0, atMost: 2 ** 52, description: "decides all", default: 1 },
      }),
      ...group("Data", {
        data: { kind: "list", required: true, placeholder: "FILE...", description: "text to learn from" },
      }),
    },
    run() {},
  }).help(60);
  assertEquals(
    help,
    `Train a model.

Usage: deno task train [flags]

Examples:
  deno task train --data a.txt

Model:
  --preset NAME           a ready model, one of tiny, gpt1
                          (default: tiny)
  --family NAME           gpt: next token; bert: masks
  --context-length N      tokens at once (also --seq-len)
  --vocab-size N          tokens: at least 257, at most
                          16777216
  --dropout-rate NUMBER   part to drop: at least 0, below 1
  --learning-rate NUMBER  its peak
  --heat NUMBER,...       temperatures: at least 0, at most
                          9 (default: 0.5,1)
  --seed N                decides all (default: 1)

Data:
  --data FILE...          text to learn from (required)

Help:
  --verbose               show where an error was thrown
  -V, --version           show the version
  -h, --help              show this text

Flags may be written with - or _ between words. Implausibly
large numbers are refused.`,
  );
});

Deno.test("a command types its values from the description", async () => {
  let seen: unknown;
  const command = defineCommand({
    name: "check",
    summary: "Check the types",
    flags: {
      given: { kind: "integer", description: "has a default", default: 3 },
      absent: { kind: "number", description: "has none" },
      device: { kind: "choice", choices: ["auto", "cpu"], description: "one of two", default: "auto" },
      files: { kind: "list", description: "several", required: true },
    },
    run(values) {
      const given: number = values.given;
      const absent: number | undefined = values.absent;
      const device: "auto" | "cpu" = values.device;
      const files: readonly string[] = values.files;
      // @ts-expect-error a flag without a default may be absent
      const wrong: number = values.absent;
      seen = [given, absent, device, files, wrong];
    },
  });
  await command.run(["--files", "a", "b"]);
  assertEquals(seen, [3, undefined, "auto", ["a", "b"], undefined]);
});

Deno.test("a required flag is asked for by name and meaning", async () => {
  const command = defineCommand({
    name: "generate",
    summary: "Write text",
    flags: { checkpoint: { kind: "text", description: "the folder of a trained model", required: true } },
    run() {},
  });
  const error = await command.run([]).then(() => undefined, (error) => error);
  assert(error instanceof UsageError);
  assertThrows(
    () => {
      throw error;
    },
    UsageError,
    "--checkpoint is missing: the folder of a trained model",
  );
});
