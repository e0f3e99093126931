import { assert, assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { type BandPoint, type VariantPanel, variantsPlot } from "../plots/mod.ts";

const band = (...means: number[]): BandPoint[] =>
  means.map((mean, index) => ({ step: 100 * (index + 1), mean, low: mean * 0.9, high: mean * 1.1 }));

const panel = (title: string, ...means: number[]): VariantPanel => ({ title, points: band(...means) });

const OPTIONS = { title: "ablations", valueTitle: "loss above the optimum" };

/** Paths with this attribute. */
const count = (svg: string, pattern: RegExp): number => svg.match(pattern)?.length ?? 0;

const OWN = /<path[^>]*stroke="#c2410c" stroke-width="2"/g,
  OTHER = /<path[^>]*stroke="#8a8f98" stroke-width="1.5"/g;

Deno.test("each variant has a panel with its line and band, and the baseline in grey", async () => {
  const compared = [band(3, 1, 0.1)];
  const svg = await variantsPlot([
    panel("plain", 3, 1, 0.1),
    panel("one head", 3, 2, 1),
    panel("wide", 2, 0.3, 0.05),
  ], { ...OPTIONS, compared, subtitle: "three seeds" });
  assertEquals([count(svg, OWN), count(svg, OTHER)], [3, 3]);
  assertEquals(count(svg, /fill="#c2410c" opacity="0.18"/g), 3);
  for (const text of ["plain", "one head", "wide", "ablations", "three seeds", "loss above the optimum"]) {
    assertStringIncludes(svg, `>${text}</text>`);
  }
});

Deno.test("the axis is logarithmic: equal ratios are equally far apart", async () => {
  const svg = await variantsPlot([panel("a", 1, 0.1, 0.01)], OPTIONS);
  const heights = svg.match(/<path[^>]*d="M([^"]*)"[^>]*stroke="#c2410c" stroke-width="2"/)![1].split("L")
    .map((point) => Number(point.split(",")[1]));
  assert(Math.abs((heights[1] - heights[0]) - (heights[2] - heights[1])) < 0.01, heights.join(" "));
  for (const tick of ["1", "0.1", "0.01"]) assertStringIncludes(svg, `>${tick}</text>`);
});

Deno.test("notes, crosses where runs ended, and long titles in two lines", async () => {
  const title = "query and key swapped before training, with a very long explanation that is cut";
  const svg = await variantsPlot([{
    ...panel(title, 2, 1),
    note: "0.14 (4.3 ×)",
    ends: [{ step: 100, value: 2 }, { step: 1, value: NaN }],
  }], OPTIONS);
  for (
    const text of [
      "0.14 (4.3 ×)</text>",
      ">query and key swapped</tspan>",
      ">before training, with a very …</tspan>",
    ]
  ) {
    assertStringIncludes(svg, text);
  }
  assert(!svg.includes("explanation that is cut"));
  assertEquals(count(svg, /aria-roledescription="point"/g), 1);
});

Deno.test("two variants of one name are apart, and texts are only texts", async () => {
  const svg = await variantsPlot(
    [panel("<b>\x1b", 2, 1), panel("<b>\x1b", 3, 1), panel("constructor", 1, 1)],
    { ...OPTIONS, title: "a & <i>" },
  );
  assertEquals(count(svg, OWN), 3);
  assert(!svg.includes("<b>") && !svg.includes("\x1b") && !svg.includes("<i>"));
});

Deno.test("values that a logarithm does not have are left out; with none there is no picture", async () => {
  const svg = await variantsPlot([panel("a", 2, -1, NaN, 1, Infinity), panel("b"), panel("c", -1)], OPTIONS);
  assert(!/NaN|Infinity/.test(svg));
  await assertRejects(
    () => variantsPlot([panel("a", -1), panel("b")], OPTIONS),
    RangeError,
    "no panel has a value that is finite and positive",
  );
  await assertRejects(
    () => variantsPlot(Array(61).fill(panel("a", 1)), OPTIONS),
    RangeError,
    "61 panels in one picture: expected at most 60",
  );
});

Deno.test("losses of any range have ticks", async () => {
  for (const [most, least] of [[3.1, 2.4], [2.3, 2.1], [1e6, 1e-4], [0.011, 0.0101], [5, 5], [0.3, 0.02]]) {
    const svg = await variantsPlot([panel("a", most, least)], OPTIONS);
    const [, axis] = svg.split("Y-axis"), labels = axis.split("role-axis-title")[0].match(/<text/g)!.length;
    assert(labels >= 3 && labels <= 11, `${most} ${least}: ${labels} labels`);
    assert(!/NaN|Infinity/.test(svg));
  }
});

Deno.test("every line and band is within its panel, below the note", async () => {
  for (const values of [[3, 1, 0.001], [0.31, 0.3]]) {
    const svg = await variantsPlot([panel("a", ...values)], OPTIONS);
    const marks = [...svg.matchAll(/aria-roledescription="(?:area|line) mark" d="M([^"Z]*)/g)];
    assertEquals(marks.length, 2);
    for (const [, path] of marks) {
      for (const [x, y] of path.split("L").map((point) => point.split(",").map(Number))) {
        assert(x >= 0 && x <= 176 && y >= 18 && y <= 116, `${x}, ${y}`);
      }
    }
  }
});

Deno.test("labels of even ticks are round and differ", async () => {
  const svg = await variantsPlot([panel("a", 3.1, 2.4)], OPTIONS);
  const axis = svg.split("Y-axis")[1].split("role-axis-title")[0];
  assertEquals(Array.from(axis.matchAll(/>([\d.]+)<\/text>/g), ([, label]) => label), [
    "2",
    "2.5",
    "3",
    "3.5",
  ]);
});
