import { assert, assertEquals } from "@std/assert";

/** What the standard of JavaScript defines to the last bit. */
const DEFINED =
  "abs|ceil|clz32|floor|fround|imul|max|min|round|sign|sqrt|trunc|E|LN10|LN2|LOG10E|LOG2E|PI|SQRT1_2|SQRT2";

/**
 * What an engine may compute as it likes: the rest of Math, and powers, except those of whole numbers that are written
 * out, such as 2 ** 32, which are small and exact in all engines.
 */
const UNDEFINED = new RegExp(`\\bMath\\b(?!\\.(?:${DEFINED})\\b).*|\\*\\*(?!/).*`, "g");

/** Lines that may use it, because it goes no further than to people's eyes, or because that is their purpose. */
const ALLOWED: Record<string, { readonly lines: number; readonly reason: string }> = {
  "kernels/attention/attention_naive.ts": {
    lines: 1,
    reason: "an oracle for tests, independent of core/math.ts",
  },
  "plots/attention_plot.ts": { lines: 3, reason: "numbers of squares of a picture" },
  "plots/confusion_plot.ts": { lines: 1, reason: "numbers of squares of a picture" },
  "plots/coloured_page.ts": { lines: 1, reason: "a probability that a browser shows" },
  "plots/loss_curve.ts": { lines: 3, reason: "the scale of a picture" },
  "plots/skills_plot.ts": { lines: 2, reason: "the scale of a picture" },
  "plots/lab/scaling_plot.ts": { lines: 1, reason: "the scale of a picture" },
  "plots/lab/variants_plot.ts": { lines: 2, reason: "the scale of a picture" },
  "commands/lab_report/lab_tables.ts": { lines: 1, reason: "bold text in Markdown" },
  "commands/lab_report/lab_markdown.ts": { lines: 1, reason: "bold text in Markdown" },
  "commands/cli/progress.ts": { lines: 1, reason: "a perplexity, shown" },
  "commands/cli/terminal.ts": { lines: 1, reason: "a perplexity, shown" },
};

const ROOMS = [
  ...["core", "kernels", "models", "tokenizers", "data", "training", "inference", "checkpoints"],
  ...["files", "plots", "commands"],
];

const root = new URL("../", import.meta.url);

function* sourceFiles(room: string): Generator<string> {
  for (const { name, isDirectory } of Deno.readDirSync(new URL(room, root))) {
    if (isDirectory) yield* sourceFiles(`${room}/${name}`);
    else if (name.endsWith(".ts")) yield `${room}/${name}`;
  }
}

/** The lines of a source, without its comments, that use what the standard leaves open. */
function undefinedIn(source: string): string[] {
  const code = source.replace(/^\s*\/\*[^]*?\*\/$/gm, "").replace(/^\s*\/\/.*$|\s\/\/ .*$/gm, "")
    .replace(/\b\d+ \*\* -?\d+\b/g, "0");
  return code.split("\n").filter((line) => line.match(UNDEFINED));
}

Deno.test("what is computed and kept uses no operation whose result is up to the engine", () => {
  const found: Record<string, number> = {};
  for (const file of ROOMS.flatMap((room) => [...sourceFiles(room)])) {
    const lines = undefinedIn(Deno.readTextFileSync(new URL(file, root)));
    const allowed = ALLOWED[file]?.lines ?? 0;
    assert(
      lines.length <= allowed,
      `${file}: use core/math.ts, whose bits are the same in all engines, in\n${lines.join("\n")}`,
    );
    if (lines.length > 0) found[file] = lines.length;
  }
  assertEquals(found, Object.fromEntries(Object.entries(ALLOWED).map(([file, { lines }]) => [file, lines])));
});

Deno.test("the scan sees all forms of such operations, and leaves the others alone", () => {
  const open = [
    "Math.exp(x)",
    "x ** 2",
    "2 ** x",
    "const { exp } = Math;",
    "x.map(Math.tanh)",
    'Math["log"](x)',
  ];
  for (const line of [...open, "x **= 2", "Math.sqrtX(1)", "Math.hypot(1, 2)"]) {
    assertEquals(undefinedIn(line), [line]);
  }
  for (const line of ["Math.sqrt(x)", "2 ** 32", "x / 2 ** -149", "// x ** 2", "/** Math.exp */", " * x"]) {
    assertEquals(undefinedIn(line), [], line);
  }
});
