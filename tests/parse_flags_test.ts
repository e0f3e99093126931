import { assertEquals, assertThrows } from "@std/assert";
import { UsageError } from "../commands/cli/errors.ts";
import type { Flags } from "../commands/cli/flags.ts";
import { parseFlags } from "../commands/cli/parse_flags.ts";

const flags = {
  data: { kind: "list", description: "texts", placeholder: "FILE..." },
  prompt: { kind: "text", description: "how the text begins" },
  out: { kind: "text", description: "where to save it", short: "o" },
  resume: { kind: "text", description: "the run to resume", bare: "newest" },
  contextLength: { kind: "integer", description: "tokens", atLeast: 1, aliases: ["seq-len"] },
  lr: { kind: "number", description: "learning rate", above: 0, aliases: ["learning_rate"] },
  topP: { kind: "number", description: "nucleus", above: 0, atMost: 1 },
  heat: { kind: "numbers", description: "temperatures", atLeast: 0, atMost: 9 },
  saveEvery: { kind: "integer", description: "steps", atLeast: 1, word: "epoch" },
  tied: { kind: "boolean", description: "one embedding for both ends" },
  device: {
    kind: "choice",
    description: "where to compute",
    choices: ["auto", "webgpu", "cpu"],
    default: "auto",
  },
} as const satisfies Flags;

const absent = {
  data: undefined,
  prompt: undefined,
  out: undefined,
  resume: undefined,
  contextLength: undefined,
  lr: undefined,
  topP: undefined,
  heat: undefined,
  saveEvery: undefined,
  tied: undefined,
  device: "auto",
};

const accepted: [string[], Record<string, unknown>][] = [
  [[], {}],
  [["--context_length", "64"], { contextLength: 64 }],
  [["--context-length=64"], { contextLength: 64 }],
  [["--contextLength", "64"], { contextLength: 64 }],
  [["--seq_len", "6.4e1"], { contextLength: 64 }],
  [["--learning_rate", "3e-4"], { lr: 3e-4 }],
  [["--lr=.5"], { lr: 0.5 }],
  [["--prompt", ""], { prompt: "" }],
  [["--prompt", "- a list"], { prompt: "- a list" }],
  [["--prompt", "-5"], { prompt: "-5" }],
  [["--prompt", "--"], { prompt: "--" }],
  [["--prompt=--seed"], { prompt: "--seed" }],
  [["--prompt=a=b\nc"], { prompt: "a=b\nc" }],
  [["--data", "a", "b", "--tied", "--data", "c"], { data: ["a", "b", "c"], tied: true }],
  [["--heat", "0.5"], { heat: [0.5] }],
  [["--heat", "0.5,0,1.2", "--tied"], { heat: [0.5, 0, 1.2], tied: true }],
  [["--heat", "0.5,", "0", "1.2"], { heat: [0.5, 0, 1.2] }],
  [["--heat=1,2"], { heat: [1, 2] }],
  [["--no-tied"], { tied: false }],
  [["--no_tied"], { tied: false }],
  [["--tied=false"], { tied: false }],
  [["--tied", "true"], { tied: true }],
  [["--device", "cpu"], { device: "cpu" }],
  [["-o", "runs/a"], { out: "runs/a" }],
  [["-o=runs/a"], { out: "runs/a" }],
  [["--data", "a", "-o", "b", "--tied"], { data: ["a"], out: "b", tied: true }],
  [["--prompt", "-o", "-o", "--"], { prompt: "-o", out: "--" }],
  [["--tied", "--"], { tied: true }],
  [["--save_every", "50"], { saveEvery: 50 }],
  [["--save-every=epoch"], { saveEvery: "epoch" }],
  [["--resume"], { resume: "newest" }],
  [["--resume", "runs/a", "--tied"], { resume: "runs/a", tied: true }],
  [["--resume", "-o", "a"], { resume: "newest", out: "a" }],
];

for (const [args, values] of accepted) {
  Deno.test(`parseFlags accepts ${JSON.stringify(args)}`, () => {
    assertEquals<unknown>(parseFlags(flags, args), { ...absent, ...values });
  });
}

const refused: [string[], string][] = [
  [["--prmopt", "a"], "Unknown flag --prmopt: did you mean --prompt?"],
  [["--context", "64"], "Unknown flag --context: did you mean --context-length?"],
  [["--nothing-like-it"], "Unknown flag --nothing-like-it"],
  [["--no-lr"], "Unknown flag --no-lr"],
  [["--__proto__=1"], 'Unexpected argument "--__proto__=1": values follow a flag, such as --seed 1'],
  [["--constructor", "1"], "Unknown flag --constructor"],
  [["--lr", "1", "--lr", "2"], "--lr is given twice"],
  [["--lr", "1", "--learning_rate", "1"], "--lr and --learning_rate are the same flag: give one"],
  [["--prompt"], "--prompt needs a value: --prompt=VALUE"],
  [["--data", "--tied"], "--data needs a value: --data=FILE..."],
  [["--prompt", "In", "a"], 'Unexpected argument "a": a value with spaces needs quotes'],
  [["corpus.txt"], 'Unexpected argument "corpus.txt": values follow a flag, such as --seed 1'],
  [["--tied", "yes"], 'Unexpected argument "yes": --tied takes no value but true or false'],
  [["--no-tied", "true"], 'Unexpected argument "true": --no-tied takes no value'],
  [["--seq_len", "6.5"], "--seq_len is 6.5: expected a whole number at least 1"],
  [["--seq_len", "0"], "--seq_len is 0: expected a whole number at least 1"],
  [["--seq_len", "1e30"], "--seq_len is 1e30: expected a whole number at least 1"],
  [["--lr", "-1"], "--lr is -1: expected a number above 0"],
  [["--lr", "fast"], "--lr is fast: expected a number above 0"],
  [["--lr", ""], "--lr is empty: expected a number above 0"],
  [["--lr", "0x10"], "--lr is 0x10: expected a number above 0"],
  [["--lr", "1e999"], "--lr is 1e999: expected a number above 0"],
  [["--heat", "0.5,hot"], "--heat is hot: expected a number at least 0, at most 9"],
  [["--heat", "1,10"], "--heat is 10: expected a number at least 0, at most 9"],
  [["--heat", "1,"], "--heat is empty: expected a number at least 0, at most 9"],
  [["--heat", ""], "--heat is empty: expected a number at least 0, at most 9"],
  [["--heat", "--tied"], "--heat needs a value: --heat=VALUE"],
  [["--heat", "1", "--heat", "2"], "--heat is given twice"],
  [["--top_p", "0"], "--top_p is 0: expected a number above 0, at most 1"],
  [["--top_p", "1.01"], "--top_p is 1.01: expected a number above 0, at most 1"],
  [["--device", "gpu"], '--device is "gpu": expected one of auto, webgpu, cpu'],
  [["--save_every", "epochs"], "--save_every is epochs: expected a whole number at least 1, or epoch"],
  [["--save_every", "0"], "--save_every is 0: expected a whole number at least 1, or epoch"],
  [["-x"], "Unknown flag -x"],
  [["--tied", "-x"], "Unknown flag -x"],
  [["--out", "a", "-o", "b"], "--out and -o are the same flag: give one"],
  [["--tied", "--", "--lr", "1"], 'Unexpected argument "--lr": values follow a flag, such as --seed 1'],
];

for (const [args, message] of refused) {
  Deno.test(`parseFlags refuses ${JSON.stringify(args)}`, () => {
    assertEquals(assertThrows(() => parseFlags(flags, args), UsageError).message, message);
  });
}

Deno.test("an operand is the value of its flag, before all flags or after two dashes", () => {
  const parse = (...args: string[]) => parseFlags(flags, args, "prompt").prompt;
  assertEquals(parse("once", "--tied"), "once");
  assertEquals(parse("--tied", "--", "--once"), "--once");
  assertEquals(parse("--", "-o"), "-o");
  assertEquals(parse("--tied"), undefined);
  assertThrows(() => parse("a", "--prompt", "b"), UsageError, "--prompt is given twice");
  assertThrows(() => parse("a", "--tied", "--", "b"), UsageError, 'Unexpected argument "b"');
  assertEquals(parseFlags(flags, ["a", "--tied", "--", "-b"], "data").data, ["a", "-b"]);
});
