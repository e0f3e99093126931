import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import type { Evaluation } from "../commands/reports/evaluation.ts";
import { evaluationReport } from "../commands/reports/evaluation_report.ts";
import type { ModelSizes } from "../commands/reports/model_sizes.ts";
import type { MeasuredText } from "../commands/reports/writing.ts";
import { inFolder, miniformer, small, story, succeed, words } from "./_command.ts";

const measured = (text: string, measures: Partial<MeasuredText> = {}): MeasuredText => ({
  ...{
    text,
    characters: text.length,
    words: 7,
    distinct1: 0.5,
    distinct2: 0.25,
    distinct3: 1,
    repetition: 0.125,
  },
  ...measures,
});
const copied = (text: string) => ({ knownWords: 0.75, longestCopy: { characters: text.length, text } });
const model: ModelSizes = {
  ...{
    architecture: "gpt1",
    layers: 1,
    heads: 2,
    modelDim: 8,
    feedForwardDim: 32,
    contextLength: 16,
    vocabSize: 9,
  },
  parameters: 1000,
};
const causal: Evaluation = {
  ...{
    checkpoint: "runs/a",
    device: "CPU",
    objective: "causal",
    tokens: 100,
    predictedTokens: 96,
    contextLength: 16,
  },
  ...{ loss: Math.log(2), perplexity: 2, baselines: { uniform: 3, unigram: 2.5 }, bitsPerCharacter: 1 },
  report: {
    ...{ step: 12, model, text: "a.txt", trainingText: "b.txt" },
    sampling: { prompt: "\n", maxNewTokens: 30, seed: 5 },
    samples: [
      { temperature: 0, ...measured("la la la", copied("la ")) },
      { temperature: 0.5, ...measured("a ```fence", { ...copied("`a| b\nc"), distinct3: undefined }) },
    ],
    reference: measured("real text", copied("real")),
  },
};

Deno.test("a report has every figure, each explained, and the samples with their settings", () => {
  const text = evaluationReport(causal);
  assertStringIncludes(text, "- checkpoint: `runs/a`, step 12\n");
  assertStringIncludes(text, "| loss | 0.6931 nats per token |\n| perplexity | 2.0000 |\n");
  assertStringIncludes(text, "| bits per character | 1.0000 |\n");
  assertStringIncludes(text, "| measure | real text | greedy | temperature 0.5 |\n");
  assertStringIncludes(
    text,
    "| distinct-3 | 1.000 | 1.000 | – |\n| repetition | 12.5 % | 12.5 % | 12.5 % |\n",
  );
  assertStringIncludes(text, "| known words | 75.0 % | 75.0 % | 75.0 % |\n| longest copy | 4 | 3 | 7 |\n");
  assertStringIncludes(text, "- real text: `real`\n- greedy: ` la  `\n");
  assertStringIncludes(text, "- temperature 0.5: `` `a| b\\nc ``\n");
  assertStringIncludes(
    text,
    "### greedy: temperature 0, top_k 0, top_p 1, seed 5\n\n```text\n\nla la la\n```\n",
  );
  assertStringIncludes(text, "seed 5\n\n````text\n\na ```fence\n````\n");
  const figures = Array.from(text.matchAll(/^\| ([a-z][a-z0-9 -]*) \|/gm), ([, name]) => name);
  for (const name of figures.filter((name) => !["figure", "measure", "window"].includes(name))) {
    assertMatch(text, new RegExp(`^- \\*${name}\\*: .{10}`, "m"), `${name} is explained`);
  }
  assert(!text.includes("occurs in the training text itself"));
  assert(text.split("\n").every((line) => line === line.trimEnd()), "no spaces at ends");
});

Deno.test("a report on tales has the figures by skill, each explained", () => {
  const figures = { positions: 5414, loss: 0.5, optimal: 0.25, excess: 0.25, share: 0.5 };
  const tales = {
    all: { ...figures, share: 1 },
    skills: (["plot", "recall"] as const).map((skill) => ({ skill, ...figures })),
    recallByDistance: [{ from: 1, to: 31, ...figures }],
    recallByList: [{ list: "thing", ...figures }],
  };
  const text = evaluationReport({ ...causal, tales });
  assertStringIncludes(
    text,
    "| recall of {thing} | 5,414 | 0.5000 | 0.2500 | 0.2500 | 50.0 % |\n| all | 5,414 |",
  );
  for (const name of ["optimal", "excess", "plot", "recall", "all"]) {
    assertMatch(text, new RegExp(`^- \\*${name}\\*: .{10}`, "m"), `${name} is explained`);
  }
  assert(!/^- \*(spelling|skill|characters)\*/m.test(text));
  assert(text.indexOf("## Skills") < text.indexOf("## Writing"));
  assert(!evaluationReport(causal).includes("## Skills"));
});

Deno.test("without a training text its rows are left out, and the report says why", () => {
  const { trainingText: _, ...details } = causal.report!;
  const report = { ...details, trainingTextMissing: "it is `gone`" };
  const text = evaluationReport({ ...causal, report });
  assertStringIncludes(text, "because the training text is not known: `` it is `gone` ``\n");
  assert(!/known words \||longest cop/.test(text));
});

Deno.test("a reference that the model has seen is no comparison, which the report says", () => {
  const reference = measured("real text", copied("real text"));
  assertStringIncludes(
    evaluationReport({ ...causal, report: { ...causal.report!, reference } }),
    "The real text occurs in the training text itself",
  );
});

Deno.test("a masked model is shown filling masks, and what does not apply is said", () => {
  const { bitsPerCharacter: _, ...rest } = causal;
  const text = evaluationReport({
    ...rest,
    objective: "mlm",
    masks: { rate: 0.15, rule: "huggingface", seed: 1 },
    ...{ pseudoPerplexity: 3, pseudoTokens: 50 },
    report: { model: { ...model, architecture: "roberta" }, text: "a.txt", filled: "a [cat → dog] sat" },
  });
  assertStringIncludes(
    text,
    "| masked tokens | 96, rate 0.15 (huggingface), seed 1 |\n| pseudo-perplexity | 3.0000 on 50 tokens |\n",
  );
  assertStringIncludes(text, "```text\na [cat → dog] sat\n```\n");
  assertStringIncludes(
    text,
    "samples, distinct-n, repetition and copies do not apply; nor do bits per character",
  );
  assert(!/distinct-1|## Writing|training text/.test(text));
});

Deno.test("evaluate --report writes the same bytes again, and another seed other samples", () =>
  inFolder(async (cwd) => {
    await Deno.writeTextFile(`${cwd}/story.txt`, story(200));
    await succeed([...words("train --data story.txt --steps 30 --device cpu"), ...small], { cwd });
    const line = "evaluate --checkpoint runs/story --device cpu --report";
    const said = await succeed(words(line), { cwd });
    assertMatch(said, /^report +runs\/report\.md$/m);
    const first = await Deno.readTextFile(`${cwd}/runs/report.md`);
    await succeed(words(`${line} runs/second.md`), { cwd });
    assertEquals(await Deno.readTextFile(`${cwd}/runs/second.md`), first);
    await succeed(words(`${line} --seed 2`), { cwd });
    const other = await Deno.readTextFile(`${cwd}/runs/report.md`);
    assertStringIncludes(other, "### temperature 0.8, top_k 0, top_p 1, seed 2");
    const sample = (text: string) => text.match(/### temperature 0\.8.*\n\n```text\n([^`]*)/)?.[1];
    assert(sample(other) !== sample(first));
    assert(sample(first)!.length > 500, "it is long enough to be measured");

    const { code, stdout, stderr } = await miniformer(words(`${line} story.txt`), { cwd });
    assertEquals([code, stdout], [1, ""]);
    assertStringIncludes(stderr, "error: Cannot write story.txt: expected a name that ends in .md");
    await succeed([
      ...words("train --data story.txt --objective mlm --name m --steps 5 --device cpu"),
      ...small,
    ], { cwd });
    await succeed(words("evaluate --checkpoint runs/m --device cpu --report"), { cwd });
    const masked = await Deno.readTextFile(`${cwd}/runs/report.md`);
    assertMatch(masked, /## Filling masks[^]*```text\n[^`]*\[[^`]*```/);
  }));
