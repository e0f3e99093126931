import { assert, assertAlmostEquals, assertEquals, assertNotEquals, assertRejects } from "@std/assert";
import { freshTales, reportAntecedents, toPatch } from "../commands/reports/antecedent_figures.ts";
import { readCorpus } from "../commands/texts/corpus.ts";
import { CpuBackend } from "../core/cpu_backend.ts";
import { initialize } from "../core/module.ts";
import { oracle } from "../data/oracle.ts";
import { TALE_GRAMMAR } from "../data/tales.ts";
import { antecedentHeads } from "../inference/heads/antecedents.ts";
import { cutWindows, meanHeads, patchedModel, replaceHeads } from "../inference/heads/patches.ts";
import { skillFigures } from "../inference/skills.ts";
import { Gpt, type GptConfig } from "../models/gpt.ts";
import { tokenLosses } from "../training/evaluate.ts";
import { CharTokenizer } from "../tokenizers/char_tokenizer.ts";

Deno.test("freshTales are whole tales, each once, and none of the built-in corpus even where the seed is its own", async () => {
  const { training, validation } = await readCorpus({
    ...{ data: [], validation: [], validationFraction: 0.1, replaceInvalid: false },
  });
  const corpus = training[0] + validation[0];
  assertEquals(oracle(corpus.slice(0, 500)).length, 500);
  for (const seed of [1, 2]) {
    const fresh = await freshTales(seed, 20);
    assertEquals(new Set(fresh).size, 20);
    for (const tale of fresh) {
      assert(!corpus.includes(tale.trimEnd()), tale);
      assertEquals(oracle(tale).length, tale.length);
    }
  }
  assertNotEquals(await freshTales(2, 1), await freshTales(3, 1));
  assertEquals(await freshTales(2, 1), (await freshTales(2, 3)).slice(0, 1));
});

Deno.test("toPatch: all of a few heads; of many the six best, and six spread over the others", () => {
  const ranks = (count: number) => Array.from({ length: count }, (_, rank) => rank);
  assertEquals(toPatch(ranks(12)), ranks(12));
  assertEquals(toPatch(ranks(48)), [0, 1, 2, 3, 4, 5, 9, 16, 23, 30, 37, 44]);
  assertEquals(toPatch(ranks(13)), [0, 1, 2, 3, 4, 5, 6, 7, 8, 10, 11, 12]);
});

Deno.test("reportAntecedents chooses the head on some tales, and measures and patches on others", async () => {
  const config: GptConfig = {
    ...{ architecture: "gpt2", contextLength: 90, layers: 2, heads: 2, modelDim: 8, feedForwardDim: 16 },
    ...{ vocabSize: 64, dropoutRate: 0, initialStd: 0.5 },
  };
  const backend = new CpuBackend(), model = new Gpt(config), seed = 7, tasks = new Set<string>();
  initialize(backend, model, 1);
  const fresh = await freshTales(seed, 4),
    [before, text] = [fresh.slice(0, 2).join(""), fresh.slice(2).join("")];
  const tokenizer = CharTokenizer.fromText(before + text);
  const options = { path: "runs/a", tales: 2, seed, onProgress: (task: string) => void tasks.add(task) };
  const report = await reportAntecedents(backend, model, tokenizer, options);
  assertEquals([...tasks], ["choosing a head", "measuring the heads", "patching heads"]);

  const [chosen, measured] = [
    await antecedentHeads(backend, model, tokenizer, before),
    await antecedentHeads(backend, model, tokenizer, text),
  ];
  assertEquals(report.heads.map(({ hits }) => hits), measured.heads.map(({ hits }) => hits));
  assertEquals(report.heads.map(({ hitsBefore }) => hitsBefore), chosen.heads.map(({ hits }) => hits));
  assertEquals([report.positions, report.chance], [measured.recalls.length, measured.chance]);
  const most = Math.max(...chosen.heads.map(({ hits }) => hits.letter));
  const best = chosen.heads.findIndex(({ hits }) => hits.letter === most);
  assertEquals(report.best, { layer: measured.heads[best].layer, head: measured.heads[best].head });
  assertNotEquals(
    Math.max(...measured.heads.map(({ hits }) => hits.letter)),
    measured.heads[best].hits.letter,
    "a seed for which the best head of the other tales is another one, or this test shows little",
  );

  const sum = (values: readonly number[]) => values.reduce((total, value) => total + value, 0);
  assertEquals(sum(report.words.map(({ positions }) => positions)), report.positions);
  const byList = (of: "letter" | "word") =>
    sum(report.words.map(({ positions, hits }) => positions * hits[of]));
  assertAlmostEquals(byList("letter") / report.positions, measured.heads[best].hits.letter, 1e-12);
  assertAlmostEquals(byList("word") / report.positions, measured.heads[best].hits.word, 1e-12);
  const means = await meanHeads(backend, model, cutWindows(tokenizer.encode(text), 90));
  const withoutBest = patchedModel(model, replaceHeads(config, [report.best], means));
  for (const [of, one] of [["loss", model], ["patchedLoss", withoutBest]] as const) {
    const losses = await tokenLosses(backend, one, tokenizer.encode(text));
    const expected = sum(measured.recalls.map(({ index }) => losses[index]));
    assertAlmostEquals(sum(report.words.map((words) => words.positions * words[of])), expected, 1e-9);
    for (const { list, [of]: loss } of report.words) {
      const here = measured.recalls.filter(({ word }) => TALE_GRAMMAR.words[list].includes(word));
      assertAlmostEquals(loss, sum(here.map(({ index }) => losses[index])) / here.length, 1e-12, list);
    }
  }

  const pick = (figures: Awaited<ReturnType<typeof skillFigures>>) =>
    figures.map(({ skill, positions, loss, optimal }) => ({ skill, positions, loss, optimal }));
  assertEquals(report.unpatched.skills, pick(await skillFigures(backend, model, tokenizer, text)));
  assertEquals(report.patches.map(({ layer, head }) => [layer, head]), [[0, 0], [0, 1], [1, 0], [1, 1]]);
  for (const { layer, head, skills, all } of report.patches) {
    const patched = patchedModel(model, replaceHeads(config, [{ layer, head }], means));
    assertEquals(skills, pick(await skillFigures(backend, patched, tokenizer, text)));
    assertAlmostEquals(
      sum(skills.map(({ positions, loss }) => positions * loss)),
      all.positions * all.loss,
      1e-6,
    );
    assertNotEquals(all.loss, report.unpatched.all.loss);
  }

  const few = CharTokenizer.fromText("Mia");
  const message = 'Cannot use runs/a: Cannot look for antecedents: "';
  await assertRejects(() => reportAntecedents(backend, model, few, options), Error, message);
});
