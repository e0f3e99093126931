import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { toFileUrl } from "@std/path";
import { labFigures } from "../commands/lab_report/lab_figures.ts";
import { labSections, leadOf } from "../commands/lab_report/lab_sections.ts";
import { ABLATIONS, type Effect, madeUpLab, withoutOptimum } from "./_lab.ts";

const EFFECTS: readonly Effect[] = [
  { name: "plain", title: "the plain one" },
  {
    name: "other",
    title: "the other",
    factors: { recall: 3 },
    diverged: [2],
    flags: ["--data=my novel.txt"],
  },
];

const headings = (sections: readonly { heading: string }[]) => sections.map(({ heading }) => heading);

Deno.test("ablations: conclusions, curves, figures, skills, commands", async () => {
  const { lab, results } = madeUpLab(ABLATIONS);
  const sections = await labSections(labFigures(lab, results));
  assertEquals(headings(sections), [
    "Conclusions",
    "Curves",
    "Figures",
    "Loss above the optimum by skill",
    "Commands",
  ]);
  const [conclusions, curves, figures, skills] = sections;
  assertEquals(conclusions.entries!.map(({ name }) => name), ABLATIONS.map(({ title }) => title));
  assertEquals([curves.picture!.name, figures.table!.rows.length, skills.table!.rows.length], [
    "curves",
    18,
    17,
  ]);
  assertStringIncludes(
    figures.notes!.join(" "),
    "Bold: differs from the baseline; the interval of the ratio excludes 1. The intervals allow for 16 comparisons: " +
      "if no variant made any difference, about 5 % of such labs would show one.",
  );
  assertStringIncludes(
    skills.notes!.join(" "),
    "The intervals allow for 96 comparisons: if no variant made any difference, about 5 % of such labs would show one.",
  );
});

Deno.test("the curves: a panel for each variant with its last figures, and what diverged", async () => {
  const { lab, results } = madeUpLab(EFFECTS);
  const [, { picture }] = await labSections(labFigures(lab, results));
  for (
    const text of [
      "the plain one",
      "the other",
      "loss above the optimum",
      "over steps; mean and range of 3 seeds; grey: the baseline; ×: diverged",
    ]
  ) {
    assertStringIncludes(picture!.svg, `>${text}</text>`);
  }
  assertMatch(picture!.svg, />0\.0\d{2,3} \(2\.\d ×\)<\/text>/);
  assertEquals(picture!.svg.match(/aria-roledescription="point"/g)!.length, 1);
});

Deno.test("a sweep: best values, a grid, and a column for each flag", async () => {
  const effects = ["1e-3", "1e-2"].flatMap((rate) =>
    ["1", "2"].map((layers) => ({
      ...{ name: `${rate}_${layers}`, title: `rate ${rate}, layers ${layers}`, factor: Number(layers) },
      flags: [`--learning-rate=${rate}`, `--layers=${layers}`],
    }))
  );
  const { lab, results } = madeUpLab(effects, [1, 2], { kind: "sweep", baseline: undefined });
  const sections = await labSections(labFigures(lab, results));
  assertEquals(headings(sections), [
    "Best values",
    "Loss by both flags",
    "Curves",
    "Figures",
    "Loss above the optimum by skill",
    "Commands",
  ]);
  assertEquals(sections[3].table!.headings.slice(0, 3), ["--learning-rate", "--layers", "runs"]);
  assertStringIncludes(sections[2].picture!.svg, "grey: the best, rate 1e-");
  assert(sections[0].texts!.length === 3);
});

Deno.test("of very many variants the best are drawn", async () => {
  const effects = Array.from(
    { length: 50 },
    (_, index) => ({ name: `v${index}`, factor: 2 - index / 50, noise: 1e-9 }),
  );
  const { lab, results } = madeUpLab(effects, [1], { baseline: undefined });
  const { picture, notes } = (await labSections(labFigures(lab, results))).find(({ heading }) =>
    heading === "Curves"
  )!;
  assert(picture!.svg.includes(">v49</text>") && !picture!.svg.includes(">v1</text>"));
  assertEquals(notes, ["Only the 48 with the lowest loss are drawn."]);
});

Deno.test("other texts have no optimum and no skills; where nothing finished there are no curves", async () => {
  const { lab, results } = madeUpLab(EFFECTS), plain = withoutOptimum(results);
  const sections = await labSections(labFigures(lab, plain));
  assertEquals(headings(sections), ["Conclusions", "Curves", "Figures", "Commands"]);
  assertStringIncludes(sections[1].picture!.svg, ">validation loss</text>");
  const none = plain.map((result) => ({ ...result, loss: null, curve: [], reason: "it failed" }));
  assertEquals(headings(await labSections(labFigures(lab, none))), ["Conclusions", "Figures", "Commands"]);
});

Deno.test("commands repeat each run, and can be copied into a shell", async () => {
  const { lab, results } = madeUpLab(EFFECTS, [1, 2], { device: "wasm" });
  const block = toFileUrl(`${Deno.cwd()}/blocks/no norm.ts`).href;
  const variants = lab.variants.map((variant) => variant.name === "other" ? { ...variant, block } : variant);
  const { commands } = (await labSections(labFigures({ ...lab, variants }, results))).at(-1)!;
  assertEquals(commands, [
    {
      name: "the plain one",
      lines: [1, 2].map((seed) => `deno task train --steps=1500 --seed=${seed} --device=wasm`),
    },
    {
      name: "the other",
      lines: [1, 2].map((seed) =>
        `deno task train --steps=1500 --data='my novel.txt' --block='blocks/no norm.ts' --seed=${seed} --device=wasm`
      ),
    },
  ]);
});

Deno.test("the lead says what the intervals are", () => {
  const lead = (seeds: number[], baseline?: string) => {
    const { lab, results } = madeUpLab(EFFECTS, seeds);
    return leadOf(labFigures({ ...lab, baseline }, results));
  };
  assertEquals(
    lead([1, 2, 3], "plain"),
    "2 variants, 3 seeds each. Losses are those of the last validation, in nats a token. What follows ± is half of the " +
      "95 % interval of a mean loss, by Student's t over the seeds. Differences and ratios are between runs of the same seed.",
  );
  assertMatch(lead([1, 2]), /a token\. Of two seeds the mean and both values are given\.$/);
  assertMatch(lead([1]), /in nats a token\.$/);
  assertMatch(lead([1], "plain"), / One seed does not tell a difference from chance\.$/);
});

Deno.test("the lead says which losses are those of evaluate, and the curves which numbers are", async () => {
  const { lab, results } = madeUpLab(EFFECTS);
  const evaluated = results.map((result) => ({ ...result, skills: result.curve.at(-1)!.skills }));
  const lead = leadOf(labFigures(lab, evaluated));
  assertMatch(
    lead,
    /measured as by the command evaluate: every token is read with half a context or more before it\./,
  );
  assert(!lead.includes("last validation"));
  const numbers = "numbers: from evaluate";
  const drawn = async (results_: typeof results) =>
    (await labSections(labFigures(lab, results_))).find(({ picture }) => picture)!.picture!.svg.includes(
      numbers,
    );
  assertEquals([await drawn(evaluated), await drawn(results)], [true, false]);
});

Deno.test("one comparison needs no correction, and differences are not ratios", async () => {
  const { lab, results } = madeUpLab([{ name: "plain" }, { name: "other" }]);
  const figures = (await labSections(labFigures(lab, withoutOptimum(results)))).find(({ heading }) =>
    heading === "Figures"
  )!;
  assertEquals(figures.notes!.slice(0, 2), [
    "Bold: differs from the baseline; the interval of the difference excludes 0. If the variant made no difference, " +
    "that would happen in about 5 % of such labs.",
    "An interval is Student's. It takes the scatter of all runs around their variant and seed, or that of the " +
    "variant's own differences where it is larger.",
  ]);
});

Deno.test("bold figures are explained where there are any: with a baseline and several seeds", async () => {
  const isExplained = async (seeds: number[], baseline?: string) => {
    const { lab, results } = madeUpLab(EFFECTS, seeds);
    const sections = await labSections(labFigures({ ...lab, baseline }, results));
    return sections.flatMap(({ notes = [] }) => notes).filter((note) => /^Bold/.test(note)).length;
  };
  assertEquals([
    await isExplained([1, 2, 3], "plain"),
    await isExplained([1], "plain"),
    await isExplained([1, 3]),
  ], [2, 0, 0]);
});

Deno.test("curves are the loss above the optimum of each validation", async () => {
  const { lab, results } = madeUpLab([{ name: "plain" }], [1]);
  const [, { picture }] = await labSections(labFigures(lab, results));
  const { step, loss, skills } = results[0].curve[0], parts = Object.values(skills!);
  const total = parts.reduce((sum, { positions }) => sum + positions, 0);
  const excess = loss - parts.reduce((sum, { positions, optimal }) => sum + positions * optimal, 0) / total;
  const [, drawn] = picture!.svg.match(
    new RegExp(`aria-label="step: ${step}; loss above the optimum: ([\\d.]+)"`),
  )!;
  assert(Math.abs(Number(drawn) - excess) < 1e-4, `${drawn} is not ${excess}`);
  assertStringIncludes(picture!.svg, ">over steps; grey: the baseline</text>");
});

Deno.test("a variant that diverged throughout says so in its panel, and commands are in the order of the seeds", async () => {
  const { lab, results } = madeUpLab([{ name: "plain", diverged: [2] }, {
    name: "lost",
    diverged: [1, 2, 3],
  }]);
  const sections = await labSections(labFigures(lab, results));
  assertStringIncludes(sections[1].picture!.svg, ">diverged</text>");
  assertEquals(sections.at(-1)!.commands!.map(({ lines }) => lines.map((line) => line.slice(-1)).join("")), [
    "123",
    "123",
  ]);
  const once = madeUpLab([{ name: "plain" }, { name: "lost", diverged: [1] }], [1]);
  const [, { picture }] = await labSections(labFigures(once.lab, once.results));
  assertStringIncludes(picture!.svg, ">diverged</text>");
});

Deno.test("the panels of a sweep that are below each other have the same value of the last flag", async () => {
  const widthOf = async (values: number) => {
    const effects = ["1", "2"].flatMap((layers) =>
      Array.from({ length: values }, (_, index) => ({
        ...{ name: `${layers}_${index}`, title: `layers ${layers}, rate ${index}` },
        flags: [`--layers=${layers}`, `--lr=${index}`],
      }))
    );
    const { lab, results } = madeUpLab(effects, [1], { kind: "sweep", baseline: undefined });
    const sections = await labSections(labFigures(lab, results));
    const { svg } = sections.find(({ picture }) => picture)!.picture!;
    return Number(svg.match(/^<svg [^>]*\bwidth="(\d+)/)![1]);
  };
  const four = await widthOf(4), panel = 176 + 26;
  assertEquals([await widthOf(2), await widthOf(7)], [four, four]);
  assertEquals([await widthOf(3), await widthOf(5)], [four - panel, four + panel]);
});
