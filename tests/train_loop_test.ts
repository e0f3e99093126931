import { assert, assertEquals, assertRejects } from "@std/assert";
import { Interrupt } from "../commands/cli/interrupt.ts";
import { Output } from "../commands/cli/output.ts";
import { ProgressLine } from "../commands/cli/progress.ts";
import { RunFolder } from "../commands/runs/run_folder.ts";
import { chooseSettings, withLength } from "../commands/settings/settings.ts";
import type { Session } from "../commands/recipes/recipe.ts";
import { trainAndSave } from "../commands/recipes/train_loop.ts";
import { SpeedMeter } from "../commands/cost/speed_meter.ts";
import type { TrainFlags } from "../commands/settings/train_flags.ts";
import { CpuBackend } from "../core/cpu_backend.ts";
import { DeviceLostError } from "../core/webgpu/webgpu_backend.ts";
import { Gpt } from "../models/gpt.ts";
import { CharTokenizer } from "../tokenizers/char_tokenizer.ts";
import { causalBatches, validationBatches } from "../data/batches.ts";
import { TrainingRun } from "../training/train.ts";
import { inFolder, story, succeed, words } from "./_command.ts";

/** A session of ten steps with a very small model. */
function makeSession(
  folder: RunFolder,
  changes: Partial<TrainFlags> = {},
  sample: (step: number) => Promise<string> = () => Promise.resolve("a sample"),
): Session {
  const flags = {
    ...{ contextLength: 8, layers: 1, heads: 1, modelDim: 8, batchSize: 2, steps: 10 },
    ...changes,
  } as TrainFlags;
  const settings = withLength(chooseSettings(flags, "tiny"), flags, 1);
  const tokenizer = CharTokenizer.fromText(story(4)), ids = tokenizer.encode(story(20));
  const model = new Gpt({ ...settings, architecture: "gpt1", vocabSize: tokenizer.vocabSize });
  const batches = causalBatches(ids, settings);
  const run = new TrainingRun(new CpuBackend(), model, batches, settings);
  const progress = new ProgressLine({ terminal: false, write() {} });
  const interrupt = new Interrupt(), validation = validationBatches(ids, settings);
  const output = new Output(() => {});
  const recipe = {
    ...{ model, tokenizer, batches, validation, sample, facts: [], unit: "token" as const, config: {} },
    state: { command: "train", settings, source: {}, textFingerprint: "" },
    card: { files: [], validationFiles: [], data: [], baselines: [], flags: {} },
    report: () => Promise.resolve({ results: [] }),
    use: () => ["use", ""] as const,
    evaluation: () => "",
  };
  const state = { ...recipe.state, backend: { name: "cpu", device: "" } };
  const meter = new SpeedMeter({ tokens: 16, flops: 1e6 });
  return { recipe, run, folder, flags: {}, state, interrupt, output, progress, meter };
}

Deno.test("a device that is lost ends the run in one line that says what is kept", () =>
  inFolder(async (cwd) => {
    const folder = await RunFolder.create(`${cwd}/lost`, "");
    const session = makeSession(folder, { saveInterval: 4 });
    using _interrupt = session.interrupt;
    const { run } = session, advance = run.advance.bind(run);
    run.advance = () => {
      if (run.step === 6) throw new DeviceLostError("The GPU device was lost: unplugged");
      advance();
    };
    const error = await assertRejects(() => trainAndSave(session), Error);
    assertEquals(error.message, `The GPU device was lost: unplugged; ${cwd}/lost/last holds step 4`);
  }));

Deno.test("what is computed does not depend on how often the clock makes the loop read", () =>
  inFolder(async (cwd) => {
    const now = performance.now;
    const seen: string[] = [];
    try {
      // a clock that stands still makes the loop read as seldom as it may, one that runs makes it look at every step
      for (const tick of [0, 1e6]) {
        let time = 0;
        performance.now = () => time += tick;
        const folder = await RunFolder.create(`${cwd}/${tick}`, "");
        const session = makeSession(folder, { steps: 31, evaluationInterval: 15, saveInterval: 30 });
        using _interrupt = session.interrupt;
        await trainAndSave(session);
        seen.push(JSON.stringify(folder.records.map((record) => ({ ...record, seconds: 0 }))));
      }
    } finally {
      performance.now = now;
    }
    assertEquals(seen[0], seen[1]);
    const validated = JSON.parse(seen[0]).filter((record: object) => "validationLoss" in record);
    assertEquals(
      validated.map(({ step }: { step: number }) => step),
      [15, 30, 31],
      "the end is validated, too",
    );
  }));

Deno.test("best/ holds the lowest validation loss, not the newest", () =>
  inFolder(async (cwd) => {
    const folder = await RunFolder.create(`${cwd}/worse`, "");
    // a learning rate that learns at first and then destroys what was learned
    const changes = { steps: 40, evaluationInterval: 2, warmupSteps: 40, learningRate: 3 };
    const session = makeSession(folder, { ...changes, schedule: "constant", clipNorm: 0 });
    using _interrupt = session.interrupt;
    await trainAndSave(session);
    const losses = folder.records.flatMap(({ step, validationLoss }) =>
      validationLoss === undefined ? [] : [{ step, validationLoss }]
    );
    const lowest = losses.reduce((best, other) => other.validationLoss < best.validationLoss ? other : best);
    assert(lowest.step < 40, "the last step is not the best");
    assertEquals(session.best, lowest);
    const state = JSON.parse(await Deno.readTextFile(`${cwd}/worse/best/training_state.json`));
    assertEquals([state.step, state.best], [lowest.step, lowest]);
  }));

Deno.test("whatever fails apart from the training, the last step is saved", () =>
  inFolder(async (cwd) => {
    const folder = await RunFolder.create(`${cwd}/broken`, "");
    const session = makeSession(folder, { sampleInterval: 3, saveInterval: 100 }, () =>
      Promise.reject(new Error("no words")));
    using _interrupt = session.interrupt;
    const error = await assertRejects(() =>
      trainAndSave(session), Error);
    assertEquals(error.message, `no words; ${cwd}/broken/last holds step 3`);
    await Deno.stat(`${cwd}/broken/last/model.safetensors`);
  }));

Deno.test("--stop-after 0 saves a run before its first step, which then goes on as one without a break", () =>
  inFolder(async (cwd) => {
    await Deno.writeTextFile(`${cwd}/story.txt`, story(40));
    const line = words(
      "train --data story.txt --steps 4 --device cpu --log-interval 1 --validation-fraction 0.2",
    );
    await succeed([...line, "--name", "prepared", "--stop-after", "0"], { cwd });
    assertEquals(await Deno.readTextFile(`${cwd}/runs/prepared/metrics.jsonl`).catch(() => ""), "");
    await succeed(words("train --resume runs/prepared --device cpu"), { cwd });
    await succeed([...line, "--name", "whole"], { cwd });
    const model = (run: string) => Deno.readFile(`${cwd}/runs/${run}/last/model.safetensors`);
    assertEquals(await model("prepared"), await model("whole"));
  }));
