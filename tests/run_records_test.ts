import { assertEquals, assertMatch, assertRejects } from "@std/assert";
import { lossCurve } from "../plots/loss_curve.ts";
import { RunFolder } from "../commands/runs/run_folder.ts";
import { keptRecords, keptSamples, parseRecord, readIfThere } from "../commands/runs/run_records.ts";
import { inFolder } from "./_command.ts";

const record = { step: 3, epoch: 0.5, loss: 2, gradientNorm: 1, learningRate: 0.1, seconds: 3 };

Deno.test("a record has finite numbers, those that some records have included", () => {
  const whole = {
    ...record,
    validationLoss: 2.5,
    accuracy: 0.5,
    macroF1: 0.4,
    completedEpochs: 2,
    epochLoss: 3,
  };
  const recall = { positions: 9, loss: 0.5, optimal: 0 }, skilled = { ...whole, skills: { recall } };
  for (const one of [record, whole, skilled, { ...record, skills: {} }]) {
    assertEquals(parseRecord(JSON.stringify(one)), one);
  }
  const wrong = [
    "",
    "{",
    "null",
    "5",
    "[]",
    '{"step": 1}',
    ...Object.keys(whole).flatMap((name) =>
      ["low", null, [1], {}].map((value) => JSON.stringify({ ...whole, [name]: value }))
    ),
    ...["low", null, [1], { recall: 1 }, { recall: { ...recall, loss: "low" } }, { recall: { loss: 1 } }]
      .map((skills) => JSON.stringify({ ...whole, skills })),
    JSON.stringify(record).replace('"loss":2', '"loss":1e999'),
    JSON.stringify({ ...record, step: -1 }),
    JSON.stringify({ ...record, step: 1.5 }),
    "[".repeat(1e5) + "]".repeat(1e5),
  ];
  for (const line of wrong) assertEquals(parseRecord(line), undefined, line.slice(0, 100));
});

Deno.test("a run is resumed without the lines of metrics.jsonl that are no records", () =>
  inFolder(async (folder) => {
    const lines = [record, { ...record, step: 4, loss: "low" }, null, { ...record, step: 5 }];
    await Deno.writeTextFile(
      `${folder}/metrics.jsonl`,
      lines.map((line) => JSON.stringify(line) + "\n").join(""),
    );
    await Deno.mkdir(`${folder}/last`);
    using run = await RunFolder.open(folder);
    await run.rewind({ path: `${folder}/last`, step: 9, files: {} });
    assertEquals(run.records.map(({ step }) => step), [3, 5]);
    assertMatch(await lossCurve(run.records, { title: "mine" }), /^<svg /);
  }));

Deno.test("records and samples up to a step are kept, and what a killed process left unfinished is dropped", () => {
  const line = (step: number) => JSON.stringify({ ...record, step }) + "\n";
  assertEquals(keptRecords(`${line(1)}${line(2)}{"step":3,"lo`, 1).map(({ step }) => step), [1]);
  const kept = "=== step 5\nOnce\n\n";
  for (const rest of ["", "=", "===", "=== st", "=== step ", "=== step 10", "=== step 10\nupon\n\n=== st"]) {
    assertEquals(keptSamples(kept + rest, 5), kept, rest);
  }
});

Deno.test("a file that is too long for a text is named, and one that is missing is empty", () =>
  inFolder(async (folder) => {
    assertEquals(await readIfThere(`${folder}/none`), "");
    const path = `${folder}/metrics.jsonl`;
    await Deno.writeTextFile(path, "");
    await Deno.truncate(path, 600 * 2 ** 20); // sparse: takes no room
    await assertRejects(() => readIfThere(path), Error, `Cannot read ${path}: `);
  }));
