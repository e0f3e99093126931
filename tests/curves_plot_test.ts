import { assert, assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { type Curve, curvesPlot } from "../plots/mod.ts";

const curve = (name: string, ...values: number[]): Curve => ({
  name,
  points: values.map((value, index) => ({ step: (index + 1) * 10, value })),
});

/** The lines of a picture: colour, dashes and number of points, without the symbols of the legend. */
const linesOf = (svg: string) =>
  Array.from(
    svg.matchAll(/<path aria-label="[^"]*"[^>]*? d="(M[^"]*L[^"]*)"([^>]*)>/g),
    ([, path, rest]) => ({
      points: path.match(/[ML]/g)!.length,
      stroke: rest.match(/stroke="([^"]*)"/)?.[1],
      dashes: rest.match(/stroke-dasharray="([^"]*)"/)?.[1],
    }),
  );

/** The texts of the legend, in their order. */
const legendOf = (svg: string) =>
  Array.from(svg.slice(svg.indexOf("role-legend-label")).matchAll(/>([^<>]+)<\/text>/g), ([, text]) => text);

Deno.test("every curve is a line of its own colour, and the legend has the order of the curves", async () => {
  const svg = await curvesPlot([curve("wide", 3, 2, 1), curve("narrow", 3, 2.5), curve("deep", 2, 1)], {
    title: "three models",
    subtitle: "one seed",
  });
  const lines = linesOf(svg);
  assertEquals(lines.map(({ points }) => points), [3, 2, 2]);
  assertEquals(new Set(lines.map(({ stroke }) => stroke)).size, 3);
  assertEquals(legendOf(svg).slice(0, 3), ["wide", "narrow", "deep"]);
  for (const text of ["three models", "one seed", "step", "validation loss (nats per token)"]) {
    assertStringIncludes(svg, `>${text}</text>`);
  }
});

Deno.test("twenty-four curves differ in colour or dashes; more are refused", async () => {
  const curves = Array.from({ length: 25 }, (_, index) => curve(`run ${index}`, index, index + 1));
  const lines = linesOf(await curvesPlot(curves.slice(0, 24), { title: "runs" }));
  assertEquals(new Set(lines.map(({ stroke, dashes }) => `${stroke} ${dashes}`)).size, 24);
  await assertRejects(() => curvesPlot(curves, { title: "runs" }), RangeError, "25 curves in one picture");
});

Deno.test("curves of one name stay apart, and names are only text", async () => {
  const svg = await curvesPlot([
    curve("constructor", 1, 2),
    curve("constructor", 2, 3),
    curve("<b>\x1b", 1, 1),
  ], {
    title: "names",
    valueTitle: "accuracy",
  });
  assertEquals(linesOf(svg).length, 3);
  assert(!svg.includes("<b>") && !svg.includes("\x1b"), "escaped");
  assertStringIncludes(svg, ">accuracy</text>");
});

Deno.test("a value that is not finite is a gap; without any finite value nothing can be drawn", async () => {
  const svg = await curvesPlot([curve("a", 3, NaN, 2, 1), curve("b", Infinity, 2, 1)], { title: "gaps" });
  assert(!/NaN|Infinity/.test(svg), "no impossible coordinates");
  const failing = [curve("a", NaN), curve("b"), curve("c", Infinity)];
  await assertRejects(
    () => curvesPlot(failing, { title: "none" }),
    RangeError,
    "none of the 2 values is finite",
  );
  await assertRejects(() => curvesPlot([], { title: "none" }), RangeError, "none of the 0 values is finite");
});
