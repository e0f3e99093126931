import { assert, assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { scalingPlot, type ScalingPoint } from "../plots/mod.ts";

const law = (parameters: number) => 50 * parameters ** -0.6;

const POINTS: readonly ScalingPoint[] = [
  { parameters: 4208, losses: [0.33, 0.35, 0.34] },
  { parameters: 43_056, losses: [0.083, 0.081] },
  {
    parameters: 1_026_800,
    losses: [0.014],
    predicted: { loss: law(1_026_800), label: "predicted: −12.3 %" },
  },
];

const OPTIONS = { title: "sizes", valueTitle: "loss above the optimum", law };

const count = (svg: string, pattern: RegExp): number => svg.match(pattern)?.length ?? 0;

Deno.test("a point for each run, a ring and a label for each prediction, a line for the law", async () => {
  const svg = await scalingPlot(POINTS, { ...OPTIONS, subtitle: "tales", alternative: (n) => law(n) * 1.1 });
  const points = count(svg, /<path aria-label="[^"]*kind: fitted[^>]*aria-roledescription="point"/g);
  assertEquals([
    points,
    count(svg, /<path aria-label="[^"]*kind: left out of the fit[^>]*aria-roledescription="point"/g),
  ], [5, 1]);
  assertEquals(count(svg, /stroke="#c2410c" stroke-width="1.5"/g), 1);
  assertEquals(count(svg, /stroke-dasharray="5,4"/g), 1);
  for (
    const text of [
      "sizes",
      "tales",
      "parameters",
      "loss above the optimum",
      "predicted: −12.3 %",
      "left out of the fit",
    ]
  ) {
    assertStringIncludes(svg, `>${text}</text>`);
  }
});

Deno.test("a power law is a straight line", async () => {
  const svg = await scalingPlot(POINTS, OPTIONS);
  const path = svg.match(/<path[^>]*d="M([^"]*)"[^>]*stroke="#555555"/)![1].split("L").map((point) =>
    point.split(",").map(Number)
  );
  const [[x0, y0], [x1, y1], [x2, y2]] = [path[0], path[50], path[100]];
  assert(Math.abs((y1 - y0) / (x1 - x0) - (y2 - y0) / (x2 - x0)) < 1e-3);
  assert(!svg.includes('stroke-dasharray="5,4"'), "no other curve");
});

Deno.test("what a logarithm does not have is left out; texts are only texts", async () => {
  const odd = [{
    parameters: 9000,
    losses: [-1, NaN, Infinity, 0.2],
    predicted: { loss: 0.2, label: "<b>\x1b" },
  }];
  const svg = await scalingPlot([...POINTS, ...odd], OPTIONS);
  assert(!/NaN|Infinity|<b>/.test(svg) && !svg.includes("\x1b"));
  await assertRejects(
    () => scalingPlot([{ parameters: 9000, losses: [-1] }], OPTIONS),
    RangeError,
    "no loss is finite and positive",
  );
});

Deno.test("every point is within the picture, and the axes have round labels", async () => {
  const svg = await scalingPlot(POINTS, OPTIONS);
  const places = [
    ...svg.matchAll(/aria-roledescription="point" transform="translate\(([\d.-]+),([\d.-]+)\)"/g),
  ];
  assertEquals(places.length, 7);
  for (const [, x, y] of places) {
    assert(Number(x) > 10 && Number(x) < 550 && Number(y) > 5 && Number(y) < 375, `${x}, ${y}`);
  }
  for (const label of ["5k", "20k", "100k", "0.02", "0.2"]) assertStringIncludes(svg, `>${label}</text>`);
  const plain = await scalingPlot(POINTS.slice(0, 2), OPTIONS);
  assert(!plain.includes("left out of the fit"), "no legend of what there is not");
});
