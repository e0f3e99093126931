import { assert, assertAlmostEquals, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { describeSkills, RunSkills } from "../commands/runs/run_skills.ts";
import { CpuBackend } from "../core/cpu_backend.ts";
import { initialize } from "../core/module.ts";
import { validationBatches } from "../data/batches.ts";
import { oracle, SKILLS } from "../data/oracle.ts";
import { makeTales } from "../data/tales.ts";
import { IGNORE_INDEX } from "../kernels/cross_entropy.ts";
import { Gpt } from "../models/gpt.ts";
import { CharTokenizer } from "../tokenizers/char_tokenizer.ts";
import { evaluate } from "../training/evaluate.ts";
import type { MetricsRecord } from "../training/tensorboard_events.ts";
import { inFolder, metricsOf, miniformer, resultOf, small, story, succeed, words } from "./_command.ts";
import { everyBackend } from "./_testing.ts";
import { small as sizes } from "./_training.ts";

const { text } = makeTales({ seed: 3, characters: 2000 }), positions = oracle(text);

everyBackend(
  "the figures of a skill are means over its characters, and their own mean is the loss",
  async (backend) => {
    const tokenizer = CharTokenizer.fromText(text), ids = tokenizer.encode(text);
    const config = { ...sizes, vocabSize: tokenizer.vocabSize },
      model = new Gpt(config),
      twin = new Gpt(config);
    const reference = new CpuBackend();
    initialize(backend, model, 5);
    initialize(reference, twin, 5);
    const windows = { contextLength: config.contextLength, batchSize: 4, windows: 30 }; // the last batch is not full
    const batches = validationBatches(ids, windows),
      places = validationBatches(Uint32Array.from(ids.keys()), windows);
    const known = {
      indices: () => places.map(({ targets }) => targets),
      positions: (index: number) => positions[index],
    };
    const { loss, skills } = await new RunSkills(model, batches, known).evaluate(backend);
    assertEquals(loss, await evaluate(backend, model, batches));

    const sums = new Map(SKILLS.map((skill) => [skill, { positions: 0, loss: 0, optimal: 0 }]));
    for (let window = 0; window < 30; window++) {
      const start = Math.floor(window * Math.floor((ids.length - 1) / config.contextLength) / 30) *
        config.contextLength;
      const inputs = ids.subarray(start, start + config.contextLength);
      const logits = await reference.read(twin.forward(reference.from(inputs, [1, inputs.length])));
      for (let time = 0; time < inputs.length; time++) {
        const row = [...logits.subarray(time * config.vocabSize, (time + 1) * config.vocabSize)];
        const index = start + time + 1, sum = sums.get(positions[index].skill)!;
        sum.positions++;
        sum.loss += Math.log(row.reduce((sum, logit) => sum + Math.exp(logit), 0)) - row[ids[index]];
        sum.optimal -= Math.log(positions[index].probability);
      }
    }
    const expected = [...sums].filter(([, { positions }]) => positions > 0);
    assertEquals(Object.keys(skills!), expected.map(([skill]) => skill));
    for (const [skill, { positions, loss, optimal }] of expected) {
      const found = skills![skill]!;
      assertEquals(found.positions, positions);
      assertAlmostEquals(found.loss, loss / positions, 1e-4, skill);
      assertAlmostEquals(found.optimal, optimal / positions, 1e-9, skill);
    }
    const all = Object.values(skills!), count = all.reduce((sum, { positions }) => sum + positions, 0);
    assertAlmostEquals(
      all.reduce((sum, { positions, loss }) => sum + positions * loss, 0) / count,
      loss,
      1e-5,
    );
  },
);

Deno.test("targets of which nothing is known count for no skill", async () => {
  const backend = new CpuBackend(), model = new Gpt(sizes);
  initialize(backend, model, 1);
  const batches = validationBatches(Uint32Array.of(1, 2, 3, 4), { contextLength: 3, batchSize: 1 });
  const recall = { probability: 0.5, entropy: 0, distribution: new Map(), skill: "recall" } as const;
  const indices = () => [Uint32Array.of(1, IGNORE_INDEX, 7)];
  const measure = (positions: (index: number) => typeof recall | undefined) =>
    new RunSkills(model, batches, { indices, positions }).evaluate(backend);
  const { skills } = await measure((index) => index === 1 ? recall : undefined);
  assertEquals(Object.keys(skills!), ["recall"]);
  assertEquals(skills!.recall!.positions, 1);
  assertAlmostEquals(skills!.recall!.optimal, Math.LN2, 1e-12);
  assertEquals((await measure(() => undefined)).skills, undefined);
});

Deno.test("the newest figures are described, the best skill first", () => {
  const record = (step: number, skills?: MetricsRecord["skills"]): MetricsRecord => ({
    ...{ step, epoch: 1, loss: 1, gradientNorm: 1, learningRate: 1, seconds: 1 },
    skills,
  });
  const old = record(1, { spelling: { positions: 9, loss: 3, optimal: 0 } });
  const skills = {
    ...{ spelling: { positions: 9, loss: 0.1, optimal: 0.05 } },
    ...{
      recall: { positions: 9, loss: 1.5, optimal: 0 },
      plot: { positions: 9, loss: 0.3, optimal: 0.3004 },
    },
  };
  assertEquals(
    describeSkills({ path: "runs/x", records: [old, record(2, skills), record(3)] }),
    "plot -0.000, spelling 0.050, recall 1.500 nats per character above the optimum (runs/x/skills.svg)",
  );
  assertEquals(describeSkills({ path: "runs/x", records: [record(1), record(2, {})] }), undefined);
});

const quick = [...small, ...words("--evaluation_interval 4 --sample_interval 50 --device cpu")];

const skillsIn = async (run: string) =>
  (await metricsOf(run)).map((line) => JSON.parse(line)).filter(({ validationLoss }) =>
    validationLoss !== undefined
  )
    .map(({ step, skills }) => [step, skills && Object.keys(skills)]);

Deno.test("a run on tales records its skills, draws them, and a resumed run has those of a whole one", () =>
  inFolder(async (cwd) => {
    await Deno.writeTextFile(`${cwd}/tales.txt`, makeTales({ seed: 8, characters: 40_000 }).text);
    const train = ["train", "--data", "tales.txt", ...quick, "--steps", "12"];
    const said = await succeed([...train, "--out", "whole"], { cwd }), folder = `${cwd}/whole`;
    assertEquals(await skillsIn(folder), [[4, [...SKILLS]], [8, [...SKILLS]], [12, [...SKILLS]]]);
    const [{ validationLoss, skills }] = (await metricsOf(folder)).map((line) => JSON.parse(line)).slice(-1);
    const recall = skills.recall.loss - skills.recall.optimal;
    assertMatch(
      said,
      /^skills +\w+ [\d.]+, .* nats per character above the optimum \(whole\/skills\.svg\)$/m,
    );
    assertStringIncludes(said, `recall ${recall.toFixed(3)}`);
    assertStringIncludes(said, ", loss_curve.png, skills.svg, skills.png, attention.svg");
    assertStringIncludes(
      await Deno.readTextFile(`${folder}/skills.svg`),
      `>recall ${recall.toPrecision(3)}</text>`,
    );
    assertEquals((await Deno.readFile(`${folder}/skills.png`))[0], 137);
    const state = JSON.parse(await Deno.readTextFile(`${folder}/best/training_state.json`));
    assertEquals(Object.keys(state.best), ["step", "validationLoss"]);
    assert(state.best.validationLoss <= validationLoss);

    await succeed([...train, "--out", "parts", "--stop_after", "6"], { cwd });
    await succeed(words("train --resume parts --device cpu"), { cwd });
    const [whole, parts] = [await resultOf(folder), await resultOf(`${cwd}/parts`)];
    assertEquals(parts.metrics, whole.metrics);
    assertEquals([parts.model, parts.optimizer, parts.best], [whole.model, whole.optimizer, whole.best]);
    const svg = (name: string) => Deno.readTextFile(`${cwd}/${name}/skills.svg`);
    assertEquals(await svg("parts"), (await svg("whole")).replaceAll("whole", "parts"));

    const doctor = await succeed(["doctor", "whole"], { cwd });
    assert(!doctor.includes("others"), doctor);
    assertMatch(
      await succeed(["verify", "whole"], { cwd, write: [] }),
      /the same model, bit for bit/,
    );
  }));

Deno.test("a run stopped before its first validation draws no skills, and neither do other runs", () =>
  inFolder(async (cwd) => {
    await Deno.writeTextFile(`${cwd}/tales.txt`, makeTales({ seed: 8, characters: 40_000 }).text);
    await Deno.writeTextFile(`${cwd}/story.txt`, story(300));
    for (
      const [line, steps] of [
        ["--data tales.txt --stop_after 1", []],
        ["--data story.txt --steps 4", [[4, undefined]]],
        ["--data tales.txt --steps 4 --tokenizer bpe --vocab_size 270", [[4, undefined]]],
        ["--data tales.txt --steps 4 --objective mlm", [[4, undefined]]],
      ] as const
    ) {
      const { code, stdout, stderr } = await miniformer(["train", ...quick, "--out", "run", ...words(line)], {
        cwd,
      });
      assertEquals(code, 0, stderr);
      assertEquals(await skillsIn(`${cwd}/run`), steps as unknown);
      assert(!stdout.includes("skills"), stdout);
      const names = [...Deno.readDirSync(`${cwd}/run`)].map(({ name }) => name);
      assert(
        names.includes("loss_curve.svg") && !names.some((name) => name.startsWith("skills")),
        `${names}`,
      );
      await Deno.remove(`${cwd}/run`, { recursive: true });
    }
  }));

Deno.test("the built-in tales are measured, too, though their validation text begins within one", () =>
  inFolder(async (cwd) => {
    await succeed(["train", ...quick, "--steps", "4", "--name", "tales"], { cwd });
    assertEquals(await skillsIn(`${cwd}/runs/tales`), [[4, [...SKILLS]]]);
  }));
