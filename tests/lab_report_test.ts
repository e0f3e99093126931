import { assert, assertEquals, assertMatch, assertRejects, assertStringIncludes } from "@std/assert";
import { join } from "@std/path";
import { writeReport } from "../commands/lab/report.ts";
import { SCALING_VARIANTS } from "../commands/lab/scaling_sizes.ts";
import { textWidth } from "../commands/cli/wrap.ts";
import { ABLATIONS, type Effect, madeUpLab } from "./_lab.ts";

const EFFECTS: readonly Effect[] = [{ name: "plain" }, {
  name: "other",
  title: "the other",
  factors: { recall: 4 },
}];

async function report(made: ReturnType<typeof madeUpLab>, columns?: number) {
  const folder = await Deno.makeTempDir();
  try {
    const lines = await writeReport(folder, made.lab, made.results, columns);
    const names = [...Deno.readDirSync(folder)].map(({ name }) => name).sort();
    const files = new Map(names.map((name) => [name, Deno.readFileSync(join(folder, name))]));
    const text = (name: string) => new TextDecoder().decode(files.get(name));
    return { lines: lines.map((line) => line.replaceAll(folder, "lab/made-up")), names, files, text };
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

Deno.test("the report of ablations: files that agree, and lines of at most 80 columns", async () => {
  const { lines, names, files, text } = await report(madeUpLab(ABLATIONS));
  assertEquals(names, ["curves.png", "curves.svg", "report.html", "table.md"]);
  assertEquals([...files.get("curves.png")!.slice(1, 4)], [80, 78, 71]);
  const sentence = /- without layer norms: (The loss above the optimum is 4\.\d times as large .*?)\n- /s;
  const [, said] = lines.join("\n").match(sentence)!;
  const words = said.replaceAll(/\s+/g, " ");
  assertStringIncludes(text("table.md"), `- **without layer norms**: ${words}\n`);
  assertStringIncludes(text("report.html"), `<dt>without layer norms</dt><dd>${words}</dd>`);
  assertStringIncludes(text("table.md"), "![Curves](curves.svg)");
  assertEquals(lines.filter((line) => textWidth(line) > 80), []);
  const last = lines.slice(-2).join(" ").trim().replaceAll(/\s+/g, " ");
  assertEquals(last, "files lab/made-up: report.html, table.md, curves.svg, curves.png");
});

Deno.test("the same results give the same bytes", async () => {
  const [first, again] = [await report(madeUpLab(EFFECTS)), await report(madeUpLab(EFFECTS))];
  for (const name of first.names) assertEquals(again.files.get(name), first.files.get(name), name);
});

Deno.test("scaling also has a law, whose sentences are printed", async () => {
  const effects = SCALING_VARIANTS.map(({ name, title, flags }, index) => ({
    ...{ name, title, flags, parameters: 4000 * 1.6 ** index, factor: 1.3 ** -index },
  }));
  const { lines, names, text } = await report(
    madeUpLab(effects, [1, 2], { kind: "scaling", baseline: undefined }),
  );
  assertEquals(names, ["curves.png", "curves.svg", "law.png", "law.svg", "report.html", "table.md"]);
  assertMatch(
    lines.join("\n"),
    /- The line through the logarithms of 11 sizes: loss above the optimum =\s+.*\s+·\s+N\^−b\s+with\s+b\s+=\s+0\.5\d\d\s+±/,
  );
  assertMatch(
    text("table.md"),
    /## Scaling law\n\nA single power law .*\n\nThe line .*\n\nFrom one .*\n\nLeft out and predicted: width-60 /,
  );
  assert(text("report.html").includes("width-200"));
});

Deno.test("a lab that failed throughout has a report without pictures", async () => {
  const { lab, results } = madeUpLab(EFFECTS);
  const failed = results.map((result) => ({
    ...result,
    loss: null,
    curve: [],
    parameters: null,
    reason: "no memory",
  }));
  const { names, lines } = await report({ lab, results: failed });
  assertEquals(names, ["report.html", "table.md"]);
  assertStringIncludes(lines.join("\n"), "- the other: No run has finished.");
});

Deno.test("a report that cannot be written says which file", async () => {
  const file = await Deno.makeTempFile(), { lab, results } = madeUpLab(EFFECTS);
  await assertRejects(() => writeReport(join(file, "lab"), lab, results), Error, "Cannot save ");
  await Deno.remove(file);
});

Deno.test("on a narrow terminal lines are shorter, and what was typed cannot control it", async () => {
  const block = "a\x1b[2J\n|.ts",
    typed = EFFECTS.map(({ name }, index) => ({ name, flags: [`--block=${index}${block}`] }));
  const made = madeUpLab(typed, [1, 2], { kind: "sweep", baseline: undefined });
  const { lines, text } = await report(made, 40);
  assertEquals(lines.slice(0, -4).filter((line) => textWidth(line) > 40), []);
  for (const shown of [...lines, ...text("table.md").split("\n")]) {
    assertEquals(shown.match(/\p{Cc}/u), null);
  }
  assertStringIncludes(lines.join(" ").replaceAll(/\s+/g, ""), "0a\\x1b[2J\\n|.ts");
  assertStringIncludes(text("table.md"), "| 0a\\\\x1b\\[2J\\\\n\\|.ts | 2 |");
});
