import { assertEquals, assertMatch } from "@std/assert";
import { inFolder } from "./_command.ts";
import { runChild } from "./torture/children.ts";
import { cutPointsOf } from "./torture/cut_points.ts";
import { difference } from "./torture/results.ts";
import { scenarios, Stage } from "./torture/scenarios.ts";
import { harmTo, plant, treeOf } from "./torture/trees.ts";
import { type Trial, tryAll } from "./torture/trials.ts";

const ignore = Deno.build.os === "windows"; // has no signals to send

Deno.test({
  name: "nothing is lost at twenty of the cut points of deno task test:torture",
  ignore,
  fn: () =>
    inFolder(async (temporary) => {
      const chosen = scenarios.filter(({ name }) =>
        ["train", "train --resume", "tokenizer again"].includes(name)
      );
      const all = await Promise.all(chosen.map((scenario) => cutPointsOf(new Stage(scenario, temporary))));
      const trials = all.flatMap(({ trials }) => trials);
      const tallies = [...(await tryAll(trials, { seed: 1, most: 20, workers: 2 })).values()];
      assertEquals(tallies.flatMap(({ failures }) => failures), []);
      assertEquals(tallies.reduce((sum, { tried }) => sum + tried, 0), 20);
      assertEquals(all.flatMap(({ readings }) => readings().failures), []);
    }),
});

Deno.test({
  name: "a cut point is found: the process dies there, and a file that it never finished is missed",
  ignore,
  fn: () =>
    inFolder(async (temporary) => {
      const stage = new Stage(scenarios.find(({ name }) => name === "tokenizer")!, temporary);
      const { reference: { operations, result } } = await cutPointsOf(stage);
      assertEquals(operations.filter(({ divisible }) => divisible).length >= result.size, true);
      await stage.inCopy(async (cwd) => {
        const at = operations.findIndex(({ kind }) => kind === "rename");
        const ending = await runChild(stage.scenario.line, { cwd, orders: { mode: "kill", at } });
        assertEquals([ending.code, ending.operations.length], [137, at + 1]);
        assertMatch(difference(new Map(), result)!, / is missing$/);
      });
    }),
});

Deno.test("what happens to somebody's files is noticed", () =>
  inFolder(async (folder) => {
    await plant(folder, ["a.txt", "last/b.txt", "last/c.txt"]);
    const before = await treeOf(folder), ours = /^(last\/|last\/c.txt)$/;
    assertEquals(await harmTo(before, folder, ours), undefined);
    await Deno.rename(`${folder}/last`, `${folder}/former`);
    assertEquals(await harmTo(before, folder, ours), "last/b.txt was removed");
    assertEquals(await harmTo(before, folder, ours, /^last\//), undefined);
    await Deno.writeTextFile(`${folder}/a.txt`, "something else");
    assertEquals(await harmTo(before, folder, ours, /^last\//), "a.txt was changed");
  }));

Deno.test("trials take turns, and a trial that throws has failed", async () => {
  const trial = (group: string, name: string): Trial => ({
    ...{ group, name },
    attempt: () => name === "2" ? Promise.reject(new Error("no luck")) : Promise.resolve(undefined),
  });
  const trials = [..."123"].flatMap((name) => [trial("a", name), trial("b", name)]);
  const tallies = await tryAll(trials, { seed: 1, workers: 2 });
  assertEquals([...tallies.values()].map(({ tried, failures }) => [tried, failures.length]), [[3, 1], [
    3,
    1,
  ]]);
  const share = await tryAll(trials, { seed: 1, most: 2, workers: 1 });
  assertEquals([...share.values()].map(({ tried }) => tried), [1, 1]);
});
