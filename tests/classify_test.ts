import { assert, assertAlmostEquals, assertEquals, assertRejects, assertThrows } from "@std/assert";
import { CpuBackend } from "../core/cpu_backend.ts";
import { initialize } from "../core/module.ts";
import type { ProblemType } from "../models/classifiers/classifier.ts";
import { RobertaClassifier } from "../models/classifiers/roberta_classifier.ts";
import { classify, confusionOf } from "../inference/classify.ts";
import { everyBackend, integers } from "./_testing.ts";
import { onNextEvent, small } from "./_training.ts";

const model = () =>
  new RobertaClassifier({
    ...small,
    architecture: "roberta",
    vocabSize: 16,
    initialStd: 0.5,
    labels: ["low", "middle", "high"],
  });

const texts = Array.from({ length: 7 }, (_, index) => integers(`text ${index}`, [1 + index], 16).data);

everyBackend(
  "classify: the label is the likeliest, probabilities are those of the logits",
  async (backend) => {
    const classifier = model();
    initialize(backend, classifier, 1);
    const found = await classify(backend, classifier, texts, { batchSize: 3 });
    for (const [index, { label, probabilities }] of found.entries()) {
      const ids = backend.from(texts[index], [1, texts[index].length]);
      const lengths = backend.from(Uint32Array.of(texts[index].length));
      const logits = await backend.read(backend.scope(() => classifier.forward(ids, lengths)));
      const exps = Array.from(logits, (logit) => Math.exp(logit)), sum = exps[0] + exps[1] + exps[2];
      for (const [k, exp] of exps.entries()) assertAlmostEquals(probabilities[k], exp / sum, 1e-5);
      assertEquals(label, exps.indexOf(Math.max(...exps)));
    }
    assert(new Set(found.map(({ label }) => label)).size > 1, "the texts are told apart");
  },
);

Deno.test("classify drops nothing, and keeps no memory", async () => {
  const backend = new CpuBackend(), classifier = model();
  initialize(backend, classifier, 1);
  const first = await classify(backend, classifier, texts), { bytes } = backend;
  assertEquals(await classify(backend, classifier, texts), first);
  assertEquals(backend.bytes, bytes);
});

Deno.test("classify refuses what the model cannot read", async () => {
  const backend = new CpuBackend(), classifier = model();
  initialize(backend, classifier, 1);
  const refuse = (texts: number[][], message: string) =>
    assertRejects(
      () => classify(backend, classifier, texts.map((ids) => Uint32Array.from(ids))),
      RangeError,
      message,
    );
  await refuse(
    [[0, 2], new Array(9).fill(5)],
    "1 of 2 texts have more tokens than the 8 of the context, up to 9",
  );
  await refuse([[0, 2], [0, 16, 2]], "Token 16 of text 2 is outside the vocabulary of 16");
  await refuse([[0, 2], []], "Sequence 2 is empty");
  assertEquals(await classify(backend, classifier, []), []);
  for (const batchSize of [0, -1, 1.5]) {
    const message = `Cannot classify with batchSize ${batchSize}: expected a positive integer`;
    await assertRejects(() => classify(backend, classifier, texts, { batchSize }), RangeError, message);
  }
});

Deno.test("classify: texts in several parts, padded to different lengths, are as when alone; events run", async () => {
  const backend = new CpuBackend(), classifier = model();
  initialize(backend, classifier, 1);
  const many = [...texts, ...texts.slice(0, 3)];
  let others = 0;
  onNextEvent(() => others++);
  const found = await classify(backend, classifier, many, { batchSize: 2 });
  assertEquals(others, 1);
  assertEquals(found.length, 10);
  for (const [index, text] of many.entries()) {
    const [alone] = await classify(backend, classifier, [text]);
    assertEquals(found[index].label, alone.label);
    for (const [k, p] of alone.probabilities.entries()) {
      assertAlmostEquals(found[index].probabilities[k], p, 1e-6);
    }
  }
});

Deno.test("confusionOf counts the predictions for the texts of each class", async () => {
  const backend = new CpuBackend(), classifier = model();
  initialize(backend, classifier, 1);
  const predicted = (await classify(backend, classifier, texts)).map(({ label }) => label);
  const expected = [0, 1, 2].map((column) => predicted.filter((label) => label === column).length);
  const matrix = await confusionOf(backend, classifier, texts.map((ids) => ({ ids, label: 1 })));
  assertEquals(matrix, [[0, 0, 0], expected, [0, 0, 0]]);
});

Deno.test("classify: labels that exclude nothing are scored each by itself, and a regression is not scored", async () => {
  const backend = new CpuBackend(), [ids] = texts, lengths = Uint32Array.of(ids.length);
  const scoresOf = async (labels: readonly string[], problemType?: ProblemType) => {
    const classifier = new RobertaClassifier({ ...model().config, labels, problemType });
    initialize(backend, classifier, 1);
    const logits = classifier.forward(backend.from(ids, [1, ids.length]), backend.from(lengths));
    const [{ probabilities }] = await classify(backend, classifier, [ids]);
    return { logits: [...await backend.read(logits)], found: [...probabilities] };
  };
  const logistic = (logit: number) => Math.fround(1 / (1 + Math.exp(-logit)));
  const several = await scoresOf(["a", "b"], "multi_label_classification");
  assertEquals(several.found, several.logits.map(logistic));
  const single = await scoresOf(["score"]);
  assertEquals(single.found, single.logits.map(logistic));
  const regression = await scoresOf(["a", "b"], "regression");
  assertEquals(regression.found, regression.logits);
  await assertRejects(() => scoresOf(["score"], "single_label_classification"), RangeError, "a single class");
});

Deno.test("a classifier that does not choose one of several classes is not trained", () => {
  for (const problemType of ["multi_label_classification", "regression"] as const) {
    const backend = new CpuBackend(), classifier = new RobertaClassifier({ ...model().config, problemType });
    initialize(backend, classifier, 1);
    const batch = {
      inputs: backend.from(texts[0], [1, texts[0].length]),
      targets: backend.from(Uint32Array.of(1)),
    };
    const message = `Cannot train a classifier with problem_type "${problemType}"`;
    assertThrows(() => classifier.loss(batch), TypeError, message);
  }
});
