import { assertEquals, assertRejects } from "@std/assert";
import { type MetricsRecord, RunFolder } from "../commands/run_folder.ts";
import { inFolder } from "./_command.ts";

function record(step: number): MetricsRecord {
  return { step, epoch: step / 10, loss: 1 / step, gradientNorm: 1, learningRate: 0.1, seconds: step };
}

Deno.test("what a run wrote after its checkpoint is dropped when it goes on, also half a line", () =>
  inFolder(async (cwd) => {
    const run = await RunFolder.create(`${cwd}/mine`, "");
    await run.log([record(1), record(2)]);
    await run.log([record(3)]);
    for (const step of [1, 2, 3]) await run.addSample(step, `text ${step}\nof === step 9 lines`);
    await Deno.writeTextFile(`${cwd}/mine/metrics.jsonl`, '{"step":4,"lo', { append: true });

    const reopened = RunFolder.open(`${cwd}/mine`);
    await reopened.rewind({ path: `${cwd}/mine/last`, step: 2, files: {} });
    assertEquals(reopened.records, [record(1), record(2)]);
    await reopened.log([record(3)]);
    const lines = (await Deno.readTextFile(`${cwd}/mine/metrics.jsonl`)).trim().split("\n");
    assertEquals(lines.map((line) => JSON.parse(line)), [record(1), record(2), record(3)]);
    const samples = await Deno.readTextFile(`${cwd}/mine/samples.txt`);
    assertEquals(samples.match(/^text \d/gm), ["text 1", "text 2"]);
  }));

Deno.test("records of a very long run are read again", () =>
  inFolder(async (cwd) => {
    const lines = Array.from({ length: 200_000 }, (_, index) => JSON.stringify(record(index + 1)) + "\n");
    await Deno.writeTextFile(`${cwd}/metrics.jsonl`, lines.join(""));
    const run = RunFolder.open(cwd);
    await run.rewind({ path: `${cwd}/last`, step: 190_000, files: {} });
    assertEquals([run.records.length, run.records.at(-1)], [190_000, record(190_000)]);
  }));

Deno.test("a run that goes back to its best checkpoint has it as its last", () =>
  inFolder(async (cwd) => {
    const run = await RunFolder.create(`${cwd}/mine`, ""), files = { "config.json": "{}" };
    await run.log([record(1), record(2)]);
    await run.save("best", 1, files);
    await run.save("last", 2, { ...files, "config.json": "later" });
    await RunFolder.open(run.path).rewind({ path: `${run.path}/best`, step: 1, files });
    assertEquals(await Deno.readTextFile(`${run.path}/last/config.json`), "{}");
    assertEquals(JSON.parse(await Deno.readTextFile(`${run.path}/metrics.jsonl`)), record(1));
  }));

Deno.test("only what is there is told of", () =>
  inFolder(async (cwd) => {
    const run = await RunFolder.create(`${cwd}/mine`, "");
    assertEquals(await run.describe(), `${cwd}/mine: `);
    await run.log([record(1)]);
    await run.save("last", 1, { "config.json": "{}" });
    assertEquals(await run.describe(), `${cwd}/mine: last/ (a Hugging Face folder), metrics.jsonl`);
    await run.save("best", 1, { "config.json": "{}" });
    assertEquals(await run.describe(), `${cwd}/mine: last/ and best/ (Hugging Face folders), metrics.jsonl`);
  }));

Deno.test("a folder is made where there is none, an empty one taken, and both left as found when of no use", () =>
  inFolder(async (cwd) => {
    const made = await RunFolder.create(`${cwd}/a/b/new`, "");
    await Deno.writeTextFile(`${made.path}/training.ids`, "");
    await made.abandon();
    await assertRejects(() => Deno.stat(made.path), Deno.errors.NotFound);
    await Deno.mkdir(`${cwd}/empty`);
    const given = await RunFolder.create(`${cwd}/empty`, "");
    await Deno.writeTextFile(`${given.path}/training.ids`, "");
    await given.abandon();
    assertEquals(await Array.fromAsync(Deno.readDir(given.path)), []);
    const used = await RunFolder.create(`${cwd}/used`, "");
    await used.log([record(1)]);
    await used.abandon();
    await assertRejects(() => RunFolder.create(`${cwd}/used`, ""), Error, "there is something already");
    // of a run that goes on nothing is ever removed, even if its records are lost
    const again = RunFolder.open(`${cwd}/used`);
    await again.abandon();
    await Deno.stat(`${cwd}/used/metrics.jsonl`);
    await again.rewind({ path: `${cwd}/used/last`, step: 0, files: {} });
    await again.abandon();
    await Deno.stat(`${cwd}/used`);
    await assertRejects(() => RunFolder.create("/dev/null/run", ""), Error, "Cannot make /dev/null/run: ");
  }));
