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
    await reopened.rewind(2);
    assertEquals(reopened.records, [record(1), record(2)]);
    await reopened.log([record(3)]);
    const lines = (await Deno.readTextFile(`${cwd}/mine/metrics.jsonl`)).trim().split("\n");
    assertEquals(lines.map((line) => JSON.parse(line)), [record(1), record(2), record(3)]);
    const samples = await Deno.readTextFile(`${cwd}/mine/samples.txt`);
    assertEquals(samples.match(/^text \d/gm), ["text 1", "text 2"]);
  }));

Deno.test("a folder is made where there is none or an empty one, and removed when it was of no use", () =>
  inFolder(async (cwd) => {
    await Deno.mkdir(`${cwd}/empty`);
    for (const path of [`${cwd}/a/b/new`, `${cwd}/empty`]) {
      const run = await RunFolder.create(path, "");
      await run.abandon();
      await assertRejects(() => Deno.stat(path), Deno.errors.NotFound);
    }
    const used = await RunFolder.create(`${cwd}/used`, "");
    await used.log([record(1)]);
    await used.abandon();
    await assertRejects(() => RunFolder.create(`${cwd}/used`, ""), Error, "there is something already");
    // of a run that goes on nothing is ever removed, even if its records are lost
    const again = RunFolder.open(`${cwd}/used`);
    await again.abandon();
    await Deno.stat(`${cwd}/used/metrics.jsonl`);
    await again.rewind(0);
    await again.abandon();
    await Deno.stat(`${cwd}/used`);
    await assertRejects(() => RunFolder.create("/dev/null/run", ""), Error, "Cannot make /dev/null/run: ");
  }));
