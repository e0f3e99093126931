import fs from "node:fs/promises";
import { assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { SaveError } from "../files/folders.ts";
import type { MetricsRecord } from "../mod.ts";
import { RunFolder } from "../commands/runs/run_folder.ts";
import { withSums } from "../checkpoints/sums.ts";
import { attentionFrame } from "../plots/attention_page.ts";
import { inFolder } from "./_command.ts";

function record(step: number): MetricsRecord {
  return { step, epoch: step / 10, loss: 1 / step, gradientNorm: 1, learningRate: 0.1, seconds: step };
}

Deno.test("what a run wrote after its checkpoint is dropped when it is resumed, also half a line", () =>
  inFolder(async (cwd) => {
    {
      using run = await RunFolder.create(`${cwd}/mine`, "");
      await run.log([record(1), record(2)]);
      await run.save("last", 2, {});
      await run.log([record(3)]);
      for (const step of [1, 2, 3]) await run.addSample(step, `text ${step}\nof === step 9 lines`);
      await Deno.writeTextFile(`${cwd}/mine/metrics.jsonl`, '{"step":4,"lo', { append: true });
    }

    using reopened = await RunFolder.open(`${cwd}/mine`);
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
    await Deno.mkdir(`${cwd}/last`);
    using run = await RunFolder.open(cwd);
    await run.rewind({ path: `${cwd}/last`, step: 190_000, files: {} });
    assertEquals([run.records.length, run.records.at(-1)], [190_000, record(190_000)]);
  }));

Deno.test("a run that goes back to its best checkpoint has it as its last", () =>
  inFolder(async (cwd) => {
    using run = await RunFolder.create(`${cwd}/mine`, "");
    const files = { "config.json": "{}" };
    await run.log([record(1), record(2)]);
    await run.save("best", 1, files);
    await run.save("last", 2, { ...files, "config.json": "later" });
    await run.rewind({ path: `${run.path}/best`, step: 1, files });
    assertEquals(await Deno.readTextFile(`${run.path}/last/config.json`), "{}");
    assertEquals(JSON.parse(await Deno.readTextFile(`${run.path}/metrics.jsonl`)), record(1));
  }));

Deno.test("epochs.md follows from the records: it is written when an epoch ends, and goes back with them", () =>
  inFolder(async (cwd) => {
    using run = await RunFolder.create(`${cwd}/mine`, "");
    const rows = async () =>
      (await Deno.readTextFile(`${run.path}/epochs.md`).catch(() => "")).match(/^\| +\d+ /gm)?.map((row) =>
        Number(row.slice(1))
      );
    const epoch = (step: number) => ({
      ...record(step),
      validationLoss: 2,
      completedEpochs: step / 2,
      epochLoss: 1,
    });
    await run.log([record(1)]);
    assertEquals(await rows(), undefined);
    await run.log([epoch(2)]);
    await run.log([record(3), epoch(4)]);
    const whole = await Deno.readTextFile(`${run.path}/epochs.md`);
    assertEquals(await rows(), [1, 2]);
    await run.save("last", 2, {});
    await run.rewind({ path: `${run.path}/last`, step: 2, files: {} });
    assertEquals(await rows(), [1]);
    await run.log([record(3), epoch(4)]);
    assertEquals(await Deno.readTextFile(`${run.path}/epochs.md`), whole);
    await run.rewind({ path: `${run.path}/last`, step: 1, files: {} });
    await Deno.writeTextFile(`${run.path}/epochs.md`, "a table of a run that was killed");
    await run.rewind({ path: `${run.path}/last`, step: 1, files: {} });
    await assertRejects(() => Deno.stat(`${run.path}/epochs.md`), Deno.errors.NotFound);
  }));

Deno.test("a missing folder is created, an empty one taken, and both are left as they were when the run is abandoned", () =>
  inFolder(async (cwd) => {
    const made = await RunFolder.create(`${cwd}/a/b/new`, "");
    await Deno.writeTextFile(`${made.path}/training.ids`, "");
    await made.abandon();
    assertEquals(await Array.fromAsync(Deno.readDir(cwd)), [], "also the folders above it");
    await Deno.mkdir(`${cwd}/empty`);
    const given = await RunFolder.create(`${cwd}/empty`, "");
    await Deno.writeTextFile(`${given.path}/training.ids`, "");
    await given.abandon();
    assertEquals(await Array.fromAsync(Deno.readDir(given.path)), []);
    await assertRejects(() => RunFolder.create("/dev/null/run", ""), Error, "Cannot make /dev/null/run: ");
  }));

Deno.test("a new run may take the folder of a run that saved no checkpoint, and no other", () =>
  inFolder(async (cwd) => {
    const path = `${cwd}/used`, first = await RunFolder.create(path, "");
    await first.log([record(1)]);
    await first.abandon();
    await Deno.stat(`${path}/metrics.jsonl`); // what it wrote is kept until then
    {
      using second = await RunFolder.create(path, "");
      await assertRejects(() => Deno.stat(`${path}/metrics.jsonl`), Deno.errors.NotFound);
      await second.save("last", 1, {});
      await second.abandon();
      await Deno.stat(`${path}/last`);
    }
    await assertRejects(() => RunFolder.create(path, ""), Error, "something already exists there");
    // of a resumed run nothing is ever removed, even if its records are lost
    using again = await RunFolder.open(path);
    await again.rewind({ path: `${path}/last`, step: 0, files: {} });
    await again.abandon();
    await Deno.stat(`${path}/metrics.jsonl`);
  }));

Deno.test("a folder with files of the user is not taken, whatever their names", () =>
  inFolder(async (cwd) => {
    const former = [".last.miniformer-old", ".epoch-3.miniformer-old"].map((
      name,
    ) => [".miniformer.lock", name]);
    for (
      const names of [["metrics.jsonl"], [".miniformer.lock", "notes.txt"], ["last"], ["epoch-3"], ...former]
    ) {
      const path = `${cwd}/${names.join()}`;
      await Deno.mkdir(path);
      for (const name of names) await Deno.writeTextFile(`${path}/${name}`, "mine");
      await assertRejects(() => RunFolder.create(path, ""), Error, "something already exists there");
      for (const name of names) assertEquals(await Deno.readTextFile(`${path}/${name}`), "mine");
    }
  }));

Deno.test("a run has one process; a second one is refused with the first one's id", () =>
  inFolder(async (cwd) => {
    const path = `${cwd}/mine`;
    {
      using run = await RunFolder.create(path, "");
      await assertRejects(
        () => RunFolder.create(path, ""),
        Error,
        `Cannot start a run in ${path}: process ${Deno.pid} on `,
      );
      await run.save("last", 1, {});
      await assertRejects(
        () => RunFolder.open(path),
        Error,
        `Cannot resume ${path}: process ${Deno.pid} on `,
      );
    }
    assertEquals((await Array.fromAsync(Deno.readDir(path))).map(({ name }) => name), ["last"]);
    (await RunFolder.open(`${path}/last`))[Symbol.dispose]();
  }));

Deno.test({
  name: "a run with a link in place of a file is not resumed, and nothing is written where it leads",
  ignore: Deno.build.os === "windows", // links need rights there
  fn: () =>
    inFolder(async (cwd) => {
      await Deno.writeTextFile(`${cwd}/victim`, "mine");
      const names = ["metrics.jsonl", "samples.txt", "loss_curve.svg", "training.ids", ".miniformer.lock"];
      for (
        const name of [
          ...names,
          "epochs.md",
          "epoch-3",
          ".epoch-3.miniformer-new",
          "best",
          ".last.miniformer-new",
          ".last.miniformer-old",
        ]
      ) {
        const path = `${cwd}/${name} linked`;
        await Deno.mkdir(`${path}/last`, { recursive: true });
        await Deno.symlink(`${cwd}/victim`, `${path}/${name}`);
        const error = await assertRejects(() => RunFolder.open(path), Error);
        assertStringIncludes(error.message, `Cannot resume ${path}: ${path}/${name} is a symbolic link`);
        assertEquals((await Array.fromAsync(Deno.readDir(path))).length, 2);
      }
      assertEquals(await Deno.readTextFile(`${cwd}/victim`), "mine");
    }),
});

Deno.test("lines that cannot be written are saved in the checkpoint, and written when the folder is opened again", () =>
  inFolder(async (cwd) => {
    const path = `${cwd}/mine`, metrics = `${path}/metrics.jsonl`;
    // its fields stay in this order
    const ended = { ...record(3), completedEpochs: 1, epochLoss: 0.5, validationLoss: 0.4 };
    {
      using run = await RunFolder.create(path, "");
      await run.log([record(1)]);
      await run.addSample(1, "Once");
      await run.startPage("head\n", { requested: true, step: 0 });
      await run.addFrame(attentionFrame(1, []));
      await run.forceLines();
      await run.log([record(2)]);
      await Deno.rename(metrics, `${cwd}/aside`);
      await Deno.mkdir(metrics);
      await run.log([ended]);
      assertStringIncludes(run.failure!.message, `Cannot write ${metrics}: it is a folder`);
      await run.addSample(3, "upon");
      await run.addFrame(attentionFrame(3, []));
      assertEquals(run.unwritten, {
        metrics: [record(2), ended],
        samples: "=== step 3\nupon\n\n",
        frames: attentionFrame(3, []),
      });
      const state = JSON.stringify({ step: 3, unwritten: run.unwritten });
      await run.save("last", 3, withSums({ "training_state.json": state }));
    }
    await assertRejects(() => RunFolder.open(path), Error, "is a folder");
    await Deno.remove(metrics);
    await Deno.rename(`${cwd}/aside`, metrics);
    for (let time = 0; time < 2; time++) {
      using again = await RunFolder.open(path);
      const lines = (await Deno.readTextFile(metrics)).trim().split("\n");
      assertEquals(lines, [record(1), record(2), ended].map((record) => JSON.stringify(record)));
      assertStringIncludes(await Deno.readTextFile(`${path}/epochs.md`), "|     1 |");
      const samples = await Deno.readTextFile(`${path}/samples.txt`);
      assertEquals(samples, "=== step 1\nOnce\n\n=== step 3\nupon\n\n");
      const page = await Deno.readTextFile(`${path}/attention.html`);
      assertEquals(page, `head\n${attentionFrame(1, [])}${attentionFrame(3, [])}`);
      const state = JSON.parse(await Deno.readTextFile(`${path}/last/training_state.json`));
      assertEquals(Object.keys(state), ["step", "sha256"]);
      await again.rewind({ path: `${path}/last`, step: 3, files: {} });
    }
  }));

Deno.test("records are on the disk before the checkpoint that follows them", () =>
  inFolder(async (cwd) => {
    using run = await RunFolder.create(`${cwd}/mine`, "");
    await run.log([record(1)]);
    await run.addSample(1, "Once");
    await run.startPage("", { requested: true, step: 0 });
    await run.addFrame(attentionFrame(1, []));
    const { open } = Deno, { sync } = Deno.FsFile.prototype, { open: openNode, rename } = fs;
    const names = new Map<Deno.FsFile, string>(), done: string[] = [];
    const nameOf = (path: string | URL) => String(path).slice(run.path.length + 1);
    try {
      Deno.open = async (path, options) => {
        const file = await open(path, options);
        names.set(file, nameOf(path));
        return file;
      };
      Deno.FsFile.prototype.sync = async function () {
        await sync.call(this);
        done.push(`sync ${names.get(this)}`);
      };
      fs.open = async (path, flags) => {
        const file = await openNode(path, flags), syncNode = file.sync.bind(file);
        file.sync = async () => {
          await syncNode();
          done.push(`sync ${nameOf(String(path))}`);
        };
        return file;
      };
      fs.rename = async (from, to) => {
        await rename(from, to);
        done.push(`rename ${nameOf(String(from))}`);
      };
      await run.forceLines();
      await run.save("last", 1, { "config.json": "{}" });
    } finally {
      Deno.open = open;
      Object.assign(fs, { open: openNode, rename });
      Deno.FsFile.prototype.sync = sync;
    }
    assertEquals(done.slice(0, 3).sort(), ["sync attention.html", "sync metrics.jsonl", "sync samples.txt"]);
    assertEquals(done.slice(3), [
      "sync .last.miniformer-new/config.json",
      "sync .last.miniformer-new",
      "rename .last.miniformer-new",
      "sync ",
    ]);
  }));

Deno.test("the page of attention maps begins anew where a run is resumed, without later frames and whatever else is in it", () =>
  inFolder(async (cwd) => {
    using run = await RunFolder.create(`${cwd}/mine`, "");
    const path = `${run.path}/attention.html`, frames = [0, 5, 10].map((step) => attentionFrame(step, []));
    assertEquals(await run.startPage("<p>new\n", { requested: false, step: 0 }), undefined);
    await assertRejects(() => Deno.stat(path), Deno.errors.NotFound);
    assertEquals(await run.startPage("<p>ä\n", { requested: true, step: 0 }), 6);
    for (const frame of frames) await run.addFrame(frame);
    assertEquals(await Deno.readTextFile(path), `<p>ä\n${frames.join("")}`);
    await Deno.writeTextFile(path, '<script>fetch("x")</script>\n<script>frame(3,"AA', { append: true });
    assertEquals(await run.startPage("<p>new\n", { requested: false, step: 5 }), 7 + frames[0].length * 2);
    assertEquals(await Deno.readTextFile(path), `<p>new\n${frames[0]}${frames[1]}`);
  }));

Deno.test("a run that wrote nothing but its first frame leaves its folder to a new run", () =>
  inFolder(async (cwd) => {
    const path = `${cwd}/mine`;
    await Deno.mkdir(path);
    for (const name of [".miniformer.lock", "attention.html", "run.json"]) {
      await Deno.writeTextFile(`${path}/${name}`, "");
    }
    const cwdBefore = Deno.cwd();
    try {
      Deno.chdir(cwd);
      await Deno.mkdir("runs");
      await Deno.rename("mine", "runs/mine");
      using run = await RunFolder.create(undefined, "mine");
      assertEquals(run.path, "runs/mine");
    } finally {
      Deno.chdir(cwdBefore);
    }
  }));

Deno.test("a picture of a run is SVG and PNG", () =>
  inFolder(async (cwd) => {
    using run = await RunFolder.create(`${cwd}/mine`, "");
    const svg = '<svg xmlns="http://www.w3.org/2000/svg" width="2" height="2"/>';
    await run.addPicture("attention", svg);
    assertEquals(await Deno.readTextFile(`${run.path}/attention.svg`), svg);
    assertEquals((await Deno.readFile(`${run.path}/attention.png`))[0], 137);
  }));

Deno.test("a run that is called last or best is resumed in its own folder", () =>
  inFolder(async (cwd) => {
    for (const name of ["last", "best", "epoch-4"]) {
      const path = `${cwd}/runs/${name}`;
      {
        using run = await RunFolder.create(path, "");
        await run.log([record(1)]);
        await run.save("last", 1, { "config.json": "{}" });
        await run.save("epoch-2", 1, { "config.json": "{}" });
      }
      for (const given of [path, `${path}/`, `${path}/last`, `${path}/epoch-2`]) {
        using reopened = await RunFolder.open(given);
        assertEquals(reopened.path, path);
      }
      // A save that was cut short has left the checkpoint under another name.
      await Deno.rename(`${path}/last`, `${path}/.last.miniformer-old`);
      using reopened = await RunFolder.open(path);
      assertEquals(reopened.path, path);
    }
  }));

Deno.test("a link that leads nowhere is no folder for a run, however it is written", () =>
  inFolder(async (cwd) => {
    await Deno.symlink("nowhere", `${cwd}/link`);
    for (const path of [`${cwd}/link`, `${cwd}/link/`, `${cwd}/link//`]) {
      await assertRejects(() => RunFolder.create(path, ""), Error, "something already exists there");
    }
  }));

Deno.test("a run whose lock was removed takes it again, unless another has the folder: then it writes nothing more", () =>
  inFolder(async (cwd) => {
    const path = `${cwd}/mine`, lock = `${path}/.miniformer.lock`;
    using run = await RunFolder.create(path, "");
    await run.save("last", 1, { "config.json": "{}" });
    await Deno.remove(lock);
    await run.log([record(1)]);
    await assertRejects(() => RunFolder.open(path), Error, `process ${Deno.pid} on `);

    await Deno.remove(lock);
    using _other = await RunFolder.open(path);
    await assertRejects(() => run.save("last", 2, {}), SaveError, `Cannot save ${path}/last: process `);
    await run.log([record(2)]);
    assertStringIncludes(run.failure!.message, " is using it");
    assertEquals(JSON.parse(await Deno.readTextFile(`${path}/metrics.jsonl`)), record(1));
    assertEquals(await Deno.readTextFile(`${path}/last/config.json`), "{}");
  }));
