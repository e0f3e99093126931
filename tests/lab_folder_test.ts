import { assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { isFailed, LabFolder, recordOf } from "../commands/lab/lab_folder.ts";
import type { LabDescription, LabResult, Variant } from "../commands/lab_report/lab_types.ts";
import type { PlannedVariant } from "../commands/lab/planned_runs.ts";
import { inFolder } from "./_command.ts";

const variant = (name: string): Variant => ({ name, title: name, question: "", flags: [] });
const planned = (name: string, more: object = {}): PlannedVariant => ({
  ...{ variant: variant(name), settings: { steps: 9 }, flags: [], textFingerprint: "f", steps: 9, work: 1 },
  ...more,
});
const lab: LabDescription = {
  ...{ name: "x", kind: "sweep", title: "A sweep", flags: [], seeds: [1, 2] },
  variants: [variant("b"), variant("a")],
};
const record = (more: object = {}, ...plans: PlannedVariant[]) =>
  recordOf({ ...lab, ...more }, plans.length > 0 ? plans : [planned("b"), planned("a")], "wasm");
const result = (variant: string, seed: number, more: object = {}): LabResult => ({
  ...{ variant, seed, flags: [], run: `runs/${variant}-seed-${seed}`, parameters: 5, seconds: 1, steps: 9 },
  ...{ diverged: false, loss: 1, optimal: 0.5, curve: [{ step: 9, loss: 1 }] },
  ...more,
});

Deno.test("results are kept by variant and seed, whatever the order in which runs end, and read again", () =>
  inFolder(async (cwd) => {
    const path = `${cwd}/labs/x`, file = `${path}/results.jsonl`;
    const skills = { recall: { positions: 3, loss: 2, optimal: 0 } };
    const results = [
      result("b", 1, { skills, curve: [{ step: 9, loss: 1, skills }] }),
      result("b", 2),
      result("a", 1, { diverged: true, reason: "NaN", loss: null }),
    ];
    {
      using folder = await LabFolder.open(path, record());
      await Promise.all([2, 1, 0].map((index) => folder.add(results[index])));
      assertEquals(folder.results, results);
    }
    const text = await Deno.readTextFile(file);
    assertEquals(text.trimEnd().split("\n").map((line) => JSON.parse(line)), results);
    // lines of other programs, of other variants, and half lines are dropped
    const others = [
      "no",
      '{"variant":"a","seed":2,"run":"runs/a-seed-2"}',
      '{"variant":"a","seed":2',
      JSON.stringify(result("c", 1)),
      JSON.stringify(result("a", 2, { flags: 7 })),
      JSON.stringify(result("a", 2, { skills: { recall: null } })),
      JSON.stringify(result("a", 2, { curve: [{ step: 9, loss: 1, skills: { recall: 3 } }] })),
      text.split("\n")[0],
    ];
    await Deno.writeTextFile(file, [...others, text].join("\n"));
    using folder = await LabFolder.open(path, record());
    assertEquals(folder.results, results);
    assertEquals([folder.resultOf("a", 1)?.diverged, folder.resultOf("a", 2)], [true, undefined]);
    await folder.add(result("a", 2, { loss: null, reason: "the disk is full" }));
    assertEquals(folder.resultOf("a", 2), undefined, "what has failed is run again");
    assertEquals(folder.results.map(isFailed), [false, false, false, true]);
    const names = (await Array.fromAsync(Deno.readDir(path))).map(({ name }) => name).sort();
    assertEquals(names, [".miniformer.lock", "lab.json", "results.jsonl", "runs"]);
  }));

Deno.test("a lab with other settings is refused with what differs, and nothing is changed", () =>
  inFolder(async (cwd) => {
    const path = `${cwd}/x`, block = { path: "p", name: "p.ts", sha256: "00" };
    (await LabFolder.open(path, record()))[Symbol.dispose]();
    const before = await Deno.readTextFile(`${path}/lab.json`);
    const refuse = async (other: ReturnType<typeof record>, difference: string) => {
      const message = `Cannot run a lab in ${path}: it was made with ${difference}; choose another --out`;
      assertEquals((await assertRejects(() => LabFolder.open(path, other), Error)).message, message);
      assertEquals(await Deno.readTextFile(`${path}/lab.json`), before);
    };
    await refuse(record({ seeds: [1] }), "seeds [1,2], now [1]");
    await refuse(record({ seeds: [2, 1, 3] }), "seeds [1,2], now [2,1,3]");
    await refuse(record({ seeds: [1, 2, 3], kind: "scaling" }), 'kind "sweep", now "scaling"');
    await refuse(record({ kind: "scaling" }), 'kind "sweep", now "scaling"');
    await refuse({ ...record(), miniformer: "9.9.9" }, 'miniformer "0.1.0", now "9.9.9"');
    await refuse({ ...record(), deno: "9.9.9" }, `deno "${Deno.version.deno}", now "9.9.9"`);
    await refuse({ ...record(), device: "cpu" }, 'device "wasm", now "cpu"');
    await refuse(record({}, planned("b")), 'variants ["b","a"], now ["b"]');
    await refuse(record({}, planned("b"), planned("a", { settings: { steps: 8 } })), "a: steps 9, now 8");
    await refuse(record({}, planned("b"), planned("a", { settings: {} })), "a: steps 9, now none");
    await refuse(
      record({}, planned("b", { block }), planned("a")),
      'b: block none, now {"name":"p.ts","sha256":"00"}',
    );
    await refuse(record({}, planned("b", { textFingerprint: "g" }), planned("a")), 'b: text "f", now "g"');
    // another heading changes nothing that is computed
    (await LabFolder.open(path, record({ title: "Another" })))[Symbol.dispose]();
    assertStringIncludes(await Deno.readTextFile(`${path}/lab.json`), '"title": "Another"');
  }));

Deno.test("a lab with more seeds goes on with what was run with fewer", () =>
  inFolder(async (cwd) => {
    const path = `${cwd}/x`, done = result("b", 1);
    {
      using folder = await LabFolder.open(path, record());
      await folder.add(done);
    }
    {
      using folder = await LabFolder.open(path, record({ seeds: [1, 2, 3] }));
      assertEquals(folder.results, [done]);
    }
    assertEquals(JSON.parse(await Deno.readTextFile(`${path}/lab.json`)).seeds, [1, 2, 3]);
    const { message } = await assertRejects(() => LabFolder.open(path, record()), Error);
    assertStringIncludes(message, "it was made with seeds [1,2,3], now [1,2]; choose another --out");
  }));

Deno.test("two labs in one folder at once, and a folder of other things, are refused", () =>
  inFolder(async (cwd) => {
    const path = `${cwd}/x`, notes = `${cwd}/notes`;
    const open = (path: string) => LabFolder.open(path, record());
    {
      using _ = await open(path);
      const { message } = await assertRejects(() => open(path), Error);
      assertStringIncludes(message, `Cannot run a lab in ${path}: process ${Deno.pid} on `);
      assertStringIncludes(message, "is using it; wait until it ends, or choose another --out");
    }
    (await open(path))[Symbol.dispose]();
    await Deno.mkdir(notes);
    await Deno.writeTextFile(`${notes}/mine.txt`, "");
    const { message } = await assertRejects(() => open(notes), Error);
    const reason = 'it holds other things, such as "mine.txt", and no lab.json; choose another --out';
    assertEquals(message, `Cannot run a lab in ${notes}: ${reason}`);
    assertEquals((await Array.fromAsync(Deno.readDir(notes))).map(({ name }) => name), ["mine.txt"]);
    const file = `${notes}/mine.txt`, taken = `Cannot run a lab in ${file}: something else has this name`;
    assertEquals((await assertRejects(() => open(file), Error)).message, taken);
    // a lab that was killed before it had written anything
    await Deno.mkdir(`${cwd}/begun`);
    await Deno.writeTextFile(`${cwd}/begun/.miniformer.lock`, "");
    await Deno.writeTextFile(`${cwd}/begun/.lab.json.0123456789abcdef.miniformer-part`, "{");
    (await open(`${cwd}/begun`))[Symbol.dispose]();
    await Deno.writeTextFile(`${cwd}/x/lab.json`, "torn");
    await assertRejects(() => open(path), Error, "its lab.json describes no lab; choose another --out");
  }));
