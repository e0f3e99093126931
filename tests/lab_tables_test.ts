import { assert, assertEquals, assertMatch } from "@std/assert";
import { labFigures } from "../commands/lab_report/lab_figures.ts";
import {
  BY_TITLE,
  type Cell,
  mainTable,
  markdownText,
  shortTable,
  skillTable,
  toMarkdown,
} from "../commands/lab_report/lab_tables.ts";
import { type Effect, madeUpLab, withoutOptimum } from "./_lab.ts";

const EFFECTS: readonly Effect[] = [
  { name: "plain", title: "the plain one" },
  { name: "worse", factors: { recall: 5 }, diverged: [2] },
  { name: "slow", slowness: 4 },
  { name: "lost", diverged: [1, 2, 3, 4] },
];

const made = madeUpLab(EFFECTS, [1, 2, 3, 4]), figures = labFigures(made.lab, made.results);

Deno.test("the main table: a row for each variant, a column for each figure", () => {
  const { headings, rows } = mainTable(figures, BY_TITLE);
  const column = (name: string): Cell[] =>
    rows.map((cells) => cells[headings.findIndex((heading) => heading.startsWith(name))]);
  const texts = (name: string): string[] => column(name).map(({ text }) => text);
  assertEquals(texts("variant"), ["the plain one", "worse", "slow", "lost"]);
  assertEquals(texts("runs"), ["4", "3, 1 diverged", "4", "4 diverged"]);
  assertMatch(texts("loss")[0], /^0\.\d{4}$/);
  assertMatch(texts("above the optimum")[0], /^0\.\d{4} ± 0\.\d{4}$/);
  assertMatch(texts("difference")[1], /^\+0\.\d{4}$/);
  assertEquals(column("ratio").map(({ strong }) => strong ?? false), [false, true, true, false]);
  assertEquals(texts("difference")[0], "–", "the baseline");
  assertMatch(texts("ratio")[1], /^3\.\d\d \([23]\.\d\d to [34]\.\d\d\)$/);
  assertEquals(texts("steps to 0.")[2], "not reached");
  assertEquals(texts("parameters"), Array(4).fill("119,680"));
  assertMatch(texts("time")[0], /^2\ds$/);
  assertEquals(rows[3].map(({ text }) => text).filter((text) => text === "–").length, 6);
});

Deno.test("without an optimum there are no columns of it, without a baseline none of differences", () => {
  const plain = mainTable(labFigures(made.lab, withoutOptimum(made.results)), BY_TITLE);
  assertEquals(plain.headings.filter((heading) => /optimum|ratio/.test(heading)), []);
  assertMatch(plain.rows[0][2].text, /^0\.\d{4} ± 0\.\d{4}$/);
  const differences = plain.rows.map((cells) => cells[3]);
  assertEquals(plain.headings[3], "difference to the baseline");
  assertMatch(differences[1].text, /^\+0\.\d{4} ± 0\.\d{4}$/);
  assertEquals(differences.map(({ strong }) => strong ?? false), [false, true, true, false]);
  const sweep = mainTable(labFigures({ ...made.lab, baseline: undefined }, made.results), BY_TITLE);
  assertEquals(sweep.headings.filter((heading) => /baseline/.test(heading)), []);
});

Deno.test("runs that reached a loss are counted where others did not", () => {
  const results = made.results.map((result) =>
    result.variant === "slow" && result.seed === 1 ? { ...result, curve: [{ step: 40, loss: 0.01 }] } : result
  );
  const { rows, headings } = mainTable(labFigures(made.lab, results), BY_TITLE);
  assertEquals(
    rows[2][headings.findIndex((heading) => heading.startsWith("steps"))].text,
    "40 (1 of 4 runs)",
  );
});

Deno.test("skills: bold and coloured where they differ from the baseline, and nowhere else", () => {
  const { headings, rows } = skillTable(figures, BY_TITLE)!;
  assertEquals(headings, ["variant", "spelling", "wording", "plot", "choice", "agreement", "recall", "all"]);
  assertEquals(
    rows.map(([{ text }]) => text),
    ["the plain one", "worse", "slow"],
    "without those that all diverged",
  );
  const [plain, worse] = rows;
  assertEquals(plain.slice(1).filter(({ strong, heat }) => strong || heat !== undefined), []);
  assertEquals(worse[6].strong, true);
  assertEquals(worse[6].heat, 1, "five times is beyond the full colour");
  assertMatch(worse[6].hint!, /^1\.\d{4} ± 0\.\d{4}, ratio 4\.\d\d \(4\.\d\d to \d\.\d\d\)$/);
  assertMatch(worse[6].text, /^1\.\d\d\d$/);
  for (const { strong, heat } of worse.slice(1, 6)) assertEquals(heat !== undefined, strong === true);
});

Deno.test("colour: half as much and twice as much are equally strong, of different signs", () => {
  const { lab, results } = madeUpLab([{ name: "a", noise: 1e-9 }, { name: "b", factor: 2, noise: 1e-9 }, {
    name: "c",
    factor: 0.5,
    noise: 1e-9,
  }]);
  const [, twice, half] = skillTable(labFigures(lab, results), BY_TITLE)!.rows;
  assertEquals(twice.slice(1, 7).map(({ heat }) => Number(heat!.toFixed(3))), Array(6).fill(0.5));
  assertEquals(half.slice(1, 7).map(({ heat }) => Number(heat!.toFixed(3))), Array(6).fill(-0.5));
});

Deno.test("without skills there is no table of them", () => {
  assertEquals(skillTable(labFigures(made.lab, withoutOptimum(made.results)), BY_TITLE), undefined);
});

Deno.test("Markdown: bold cells, and no text is interpreted", () => {
  const table = { headings: ["a|b", "n"], rows: [[{ text: "*x*|<i>" }, { text: "1_2", strong: true }]] };
  assertEquals(toMarkdown(table), "| a\\|b | n |\n| --- | ---: |\n| \\*x\\*\\|\\<i\\> | **1\\_2** |");
  assertEquals(
    markdownText("[a](b) `c` & ~d~ $e$ #f \\"),
    "\\[a\\](b) \\`c\\` \\& \\~d\\~ \\$e\\$ \\#f \\\\",
  );
});

Deno.test("the table of a terminal fits into 80 columns", () => {
  const lines = shortTable(figures, 80).split("\n");
  assertEquals(lines.filter((line) => line.length > 80), []);
  assertEquals(lines[0].trim().split(/ {2,}/), ["variant", "above optimum", "to baseline", "time"]);
  assertMatch(lines[2], /^worse +0\.\d{4} ± 0\.\d{4} +× 3\.\d\d \([23]\.\d\d to [34]\.\d\d\) +2\ds$/);
  assertMatch(lines[4], /^lost +diverged +– +–$/);
  const plain = shortTable(
    labFigures({ ...made.lab, baseline: undefined }, withoutOptimum(made.results)),
    80,
  );
  assertEquals(plain.split("\n")[0].trim().split(/ {2,}/), ["variant", "loss", "time"]);
  assert(!plain.includes("±".repeat(2)));
});

Deno.test("runs that are missing are counted, and are no reason for bold", () => {
  const results = made.results.filter(({ variant, seed }) => variant === "plain" && seed < 3);
  const { rows } = mainTable(labFigures(made.lab, results), BY_TITLE);
  assertEquals(rows.map((cells) => cells[1]), [
    { text: "2, 2 missing", strong: false },
    ...Array(3).fill({ text: "0, 4 missing", strong: false }),
  ]);
  const once = madeUpLab([{ name: "plain" }, { name: "lost", diverged: [1] }], [1]);
  const [, lost] = mainTable(labFigures(once.lab, once.results), BY_TITLE).rows;
  assertEquals(lost[1], { text: "1 diverged", strong: true });
  assertMatch(shortTable(labFigures(once.lab, once.results), 80), /\nlost +diverged /);
});

Deno.test("the last column of the skills is the loss above the optimum", () => {
  const { rows } = skillTable(figures, BY_TITLE)!, main = mainTable(figures, BY_TITLE);
  const at = main.headings.indexOf("above the optimum");
  assertEquals(
    rows.map((cells) => cells[7].text),
    main.rows.slice(0, 3).map((cells) => cells[at].text.slice(0, 6)),
  );
});

Deno.test("colours are bounded, and a loss that is not above the optimum has the full one", () => {
  const noise = 1e-9,
    { lab, results } = madeUpLab([{ name: "a", noise }, { name: "b", factor: 1 / 9, noise }, {
      name: "c",
      noise,
    }]);
  const below = results.map((result) => {
    const last = result.curve.at(-1)!, skills = { ...last.skills! };
    if (result.variant === "c") skills.recall = { ...skills.recall, loss: -0.1 - result.seed / 1e6 };
    return { ...result, curve: [...result.curve.slice(0, -1), { ...last, skills }] };
  });
  const rowsOf = (baseline: string) => skillTable(labFigures({ ...lab, baseline }, below), BY_TITLE)!.rows;
  assertEquals(rowsOf("a").map((cells) => cells[6].heat), [undefined, -1, -1]);
  assertEquals(rowsOf("c").map((cells) => cells[6].heat), [1, 1, undefined]);
  assertMatch(rowsOf("a")[2][6].text, /^−0\.100$/);
});
