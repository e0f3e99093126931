import { assert, assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { skillsPlot, type SkillsRecord } from "../plots/mod.ts";

const at = (step: number, excess: Readonly<Record<string, number>>): SkillsRecord => ({
  step,
  skills: Object.fromEntries(
    Object.entries(excess).map(([skill, value]) => [skill, { loss: value + 0.25, optimal: 0.25 }]),
  ),
});

/** The labels at the ends of the lines, and how far below the top each is. */
const labelsOf = (svg: string) =>
  Array.from(
    svg.matchAll(/transform="translate\(412,([\d.]+)\)"[^>]*>([^<]+)<\/text>/g),
    ([, y, text]) => ({ y: Number(y) - 4, text }), // the baseline is below the middle,
  );

/** The points of each line, and its colour. */
const linesOf = (svg: string) =>
  Array.from(
    svg.matchAll(/aria-label="step: [^"]*"[^>]*? d="(M[^"]*)"[^>]*? stroke="([^"]+)" stroke-width="2"/g),
    ([, path, stroke]) => ({
      stroke,
      points: path.slice(1).split("L").map((point) => point.split(",").map(Number)),
    }),
  );

Deno.test("a line for each skill: its colour, its name and its last figure at its end", async () => {
  const records = [at(10, { spelling: 1, recall: 2 }), { step: 15 }, at(20, { spelling: 0.1, recall: 1.5 })];
  const svg = await skillsPlot(records, { title: "mine", subtitle: "step 20" });
  assertEquals(labelsOf(svg).map(({ text }) => text), ["spelling 0.100", "recall 1.50"]);
  const lines = linesOf(svg);
  assertEquals(lines.map(({ points }) => points.length), [2, 2]);
  assertEquals(new Set(lines.map(({ stroke }) => stroke)).size, 2);
  const [[first, last], [, recall]] = lines.map(({ points }) => points);
  assertEquals([first[0], last[0]], [195, 390], "steps from 0 on");
  const [spelling] = labelsOf(svg);
  assert(
    Math.abs(spelling.y - last[1]) < 1 && recall[1] < last[1],
    "the label stands at the end of its line",
  );
  for (const text of ["mine", "step 20", "loss above the optimum (nats per character)"]) {
    assertStringIncludes(svg, `>${text}</text>`);
  }
  assertEquals(svg, await skillsPlot(records, { title: "mine", subtitle: "step 20" }));
});

Deno.test("equal distances are equal ratios, and what is near or below the optimum is drawn at the bottom", async () => {
  const svg = await skillsPlot([
    at(1, { a: 1, b: -0.5 }),
    at(2, { a: 0.1, b: 0 }),
    at(3, { a: 0.01, b: 5e-5 }),
  ], {
    title: "x",
  });
  const [a, b] = linesOf(svg).map(({ points }) => points.map(([, y]) => y));
  assert(Math.abs((a[1] - a[0]) - (a[2] - a[1])) < 0.01, `${a}`);
  assertEquals(new Set(b).size, 1);
  assert(Math.abs(b[0] - 360) < 0.01, `${b}`);
  assertEquals(labelsOf(svg)[1].text, "b &lt; 0.0001");
});

Deno.test("labels of lines that end together keep apart, inside the picture", async () => {
  for (const value of [1e-5, 0.3, 2]) {
    const excess = Object.fromEntries(
      ["a", "b", "c", "d", "e", "f"].map((skill, i) => [skill, value * (1 + i / 1e4)]),
    );
    const svg = await skillsPlot([at(1, { ...excess, top: 2, bottom: 1e-5 }), at(2, excess)], { title: "x" });
    const places = labelsOf(svg).map(({ y }) => y).sort((a, b) => a - b);
    assertEquals(places.length, 8);
    places.slice(1).forEach((place, i) => assert(place - places[i] > 14.9, `${places}`));
    assert(places[0] >= 0 && places[7] <= 360.01, `${places}`);
  }
});

Deno.test("one validation is drawn, and names are only text", async () => {
  const svg = await skillsPlot([at(5, { constructor: 1, "<b>\x1b": 0.2 })], { title: "</svg>" });
  assertEquals(labelsOf(svg).map(({ text }) => text), ["constructor 1.00", "&lt;b&gt;\\x1b 0.200"]);
  assertEquals(svg.match(/<\/svg>/g)?.length, 1);
});

Deno.test("losses that are not finite are left out; without any there is nothing to draw", async () => {
  const records = [at(1, { a: 1, b: NaN }), at(2, { a: 0.5, b: 1 }), at(NaN, { a: 1 })];
  assertEquals(linesOf(await skillsPlot(records, { title: "x" })).map(({ points }) => points.length), [2, 1]);
  const message = "Cannot draw skills: none of the 2 records has losses by skill";
  await assertRejects(
    () => skillsPlot([{ step: 1 }, at(2, { a: Infinity })], { title: "x" }),
    RangeError,
    message,
  );
});
