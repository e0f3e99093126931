import { assertEquals, assertMatch } from "@std/assert";
import { labFigures } from "../commands/lab_report/lab_figures.ts";
import {
  byFlags,
  gridTable,
  sweepConclusions,
  sweptFlags,
  typedFlags,
} from "../commands/lab_report/sweep_figures.ts";
import { type Effect, madeUpLab } from "./_lab.ts";

const sweep = (effects: readonly Effect[], seeds: readonly number[] = [1, 2, 3]) => {
  const { lab, results } = madeUpLab(effects, seeds, { kind: "sweep", baseline: undefined });
  return { figures: labFigures(lab, results), flags: sweptFlags(lab.variants) };
};

const RATES = [["1e-3", 2], ["3e-3", 1], ["1e-2", 4]] as const, LAYERS = [["1", 3], ["2", 1]] as const;

const GRID: readonly Effect[] = RATES.flatMap(([rate, slow]) =>
  LAYERS.map(([layers, shallow]) => ({
    ...{ name: `r${rate}_l${layers}`, title: `rate ${rate}, layers ${layers}`, factor: slow * shallow },
    flags: [`--learning-rate=${rate}`, "--layers", layers],
  }))
);

Deno.test("flags are read as they are typed", () => {
  assertEquals(
    [...typedFlags([
      "--lr=1e-3",
      "--data",
      "a b.txt",
      "c.txt",
      "--no-tied",
      "--attention-every",
      "--name=a=b",
      "--beta1=-1",
    ])],
    [["--lr", "1e-3"], ["--data", "a b.txt c.txt"], ["--tied", "no"], ["--attention-every", "yes"], [
      "--name",
      "a=b",
    ], ["--beta1", "-1"]],
  );
});

Deno.test("swept flags are those that differ, with their values in order; tables have a column for each", () => {
  const { flags, figures } = sweep(GRID);
  assertEquals(flags.map(({ flag, values }) => [flag, values]), [["--learning-rate", [
    "1e-3",
    "3e-3",
    "1e-2",
  ]], ["--layers", ["1", "2"]]]);
  const { headings, of } = byFlags(flags);
  assertEquals([headings, of(figures.variants[3])], [["--learning-rate", "--layers"], ["3e-3", "2"]]);
  assertEquals(sweptFlags([{ name: "a", title: "", question: "", flags: ["--layers=1"] }]), []);
});

Deno.test("two flags make a grid with the lowest loss in bold; one and three do not", () => {
  const { figures, flags } = sweep(GRID), grid = gridTable(figures, flags)!;
  assertEquals(grid.headings, ["--learning-rate \\ --layers", "1", "2"]);
  assertEquals(grid.rows.map(([{ text }]) => text), ["1e-3", "3e-3", "1e-2"]);
  assertEquals(grid.rows.flat().filter(({ strong }) => strong), [grid.rows[1][2]]);
  assertEquals([grid.rows[1][2].heat, grid.rows[2][1].heat], [-1, 1]);
  assertMatch(grid.rows[0][1].text, /^0\.\d{4} ± 0\.\d{4}$/);
  assertEquals(gridTable(figures, flags.slice(1)), undefined);
});

Deno.test("a grid says what diverged, and where nothing was run", () => {
  const effects = GRID.slice(0, 5).map((effect, index) => ({ ...effect, diverged: [[1, 2, 3], [2]][index] }));
  const { rows } = gridTable(sweep(effects).figures, sweep(effects).flags)!;
  assertEquals(rows[0][1].text, "diverged");
  assertMatch(rows[0][2].text, /, 1 diverged$/);
  assertEquals(rows[2][2].text, "–");
});

Deno.test("the best variant, what cannot be told from it, and the best value of each flag", () => {
  const { figures, flags } = sweep(GRID), [best, rate, layers] = sweepConclusions(figures, flags);
  assertMatch(
    best,
    /^The lowest loss is 0\.\d{4} ± 0\.\d{4} with rate 3e-3, layers 2\. All others are higher by more than chance explains\.$/,
  );
  assertMatch(
    rate,
    /^--learning-rate: the lowest loss is 0\.\d{4} with 3e-3, averaged over the 2 settings of the other flags \(1e-3: \+0\.\d{4} ± 0\.\d{4}; 1e-2: \+0\.\d{4} ± 0\.\d{4}\)\.$/,
  );
  assertMatch(layers, /^--layers: .* with 2, averaged over the 3 settings of the other flags \(1: \+/);
  const close = sweep(
    GRID.slice(0, 4).map((effect, index) => index === 1 ? { ...effect, factor: 1 } : effect),
  );
  assertMatch(
    sweepConclusions(close.figures, close.flags)[0],
    /No difference to it could be shown for \d variants?: /,
  );
});

Deno.test("averages are over settings of the other flags with which all runs finished", () => {
  const effects = GRID.map((effect) => effect.name === "r1e-2_l2" ? { ...effect, diverged: [2] } : effect);
  const { figures, flags } = sweep(effects), [, rate, layers] = sweepConclusions(figures, flags);
  assertMatch(rate, /averaged over the 1 of 2 settings of the other flags with which all runs finished \(/);
  assertMatch(layers, /averaged over the 2 of 3 settings of the other flags with which all runs finished \(/);
});

Deno.test("one flag needs no average, and one seed shows nothing", () => {
  const { figures, flags } = sweep(GRID.filter(({ name }) => name.endsWith("l2")), [1]);
  const [best, rate] = sweepConclusions(figures, flags);
  assertMatch(
    best,
    /^The lowest loss is 0\.\d{4} with rate 3e-3, layers 2\. One seed does not show that it is the best\.$/,
  );
  assertMatch(
    rate,
    /^--learning-rate: the lowest loss is 0\.\d{4} with 3e-3 \(1e-3: \+0\.\d{4}; 1e-2: \+0\.\d{4}\)\.$/,
  );
});

Deno.test("values that differ by less than their uncertainty are said to", () => {
  const { figures, flags } = sweep(
    GRID.filter(({ name }) => name.endsWith("l2")).map((effect) => ({ ...effect, factor: 1, noise: 0.5 })),
    [4, 5, 6],
  );
  assertMatch(sweepConclusions(figures, flags)[1], /: \+0\.\d{4} ± 0\.\d{4}, no difference shown/);
  const lost = sweep(GRID.map((effect) => ({ ...effect, diverged: [1, 2, 3] })));
  assertEquals(sweepConclusions(lost.figures, lost.flags), []);
});

Deno.test("of many variants that cannot be told from the best, four are named; equal losses have no colour", () => {
  const effects = Array.from(
    { length: 7 },
    (_, index) => ({ name: `v${index}`, flags: [`--seed-of=${index}`], noise: 0.3 }),
  );
  const { figures, flags } = sweep(effects), [best] = sweepConclusions(figures, flags);
  assertMatch(best, /for (5|6) variants: v\d; v\d; v\d; v\d; and [12] more\.$/);
  const alike = GRID.map((effect) => ({ ...effect, factor: 1, noise: 0 }));
  const grid = gridTable(sweep(alike).figures, sweep(alike).flags)!;
  assertEquals(new Set(grid.rows.flatMap((cells) => cells.slice(1)).map(({ heat }) => heat)), new Set([-1]));
  assertEquals(sweepConclusions(sweep(GRID.slice(0, 1)).figures, []), [], "one variant");
  assertEquals(sweepConclusions(sweep(GRID.slice(0, 2)).figures, []).length, 1);
});

Deno.test("losses of different texts or tokens are said not to compare", () => {
  const effects = ["512", "1024"].flatMap((size) =>
    ["1", "2"].map((layers) => ({
      ...{ name: `${size}_${layers}`, flags: [`--vocab-size=${size}`, `--layers=${layers}`] },
      factor: Number(layers),
    }))
  );
  const { figures, flags } = sweep(effects), [first, second] = sweepConclusions(figures, flags);
  assertEquals(
    first,
    "Losses with different values of --vocab-size do not compare: they are of different texts or tokens.",
  );
  assertMatch(second, /^The lowest loss is /);
});
