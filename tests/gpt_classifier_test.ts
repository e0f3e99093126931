import { CpuBackend } from "../core/cpu_backend.ts";
import { initialize } from "../core/module.ts";
import { IGNORE_INDEX } from "../kernels/cross_entropy.ts";
import { GptClassifier } from "../models/classifiers/gpt_classifier.ts";
import { assertReadsOneText, lengths, shape, texts } from "./_classifiers.ts";
import { assertClose, everyBackend, TOLERANCES } from "./_testing.ts";
import { small } from "./_training.ts";

const config = { ...small, dropoutRate: 0, vocabSize: 16, labels: ["a", "b", "c"], padId: 1 };
const C = config.modelDim, V = config.vocabSize, classes = config.labels.length;

const lastIndices = [3, 5]; // of the eight positions

/** −log softmax(row)[target]. */
function surprise(row: ArrayLike<number>, target: number): number {
  return Math.log(Array.from(row).reduce((sum, logit) => sum + Math.exp(logit), 0)) - row[target];
}

for (const architecture of ["gpt1", "gpt2"] as const) {
  Deno.test(`${architecture} classifier: the logits are the last token's hidden state times the score`, async () => {
    const backend = new CpuBackend({ floats: Float64Array }),
      model = new GptClassifier({ ...config, architecture });
    initialize(backend, model, 1);
    const ids = backend.from(Uint32Array.from(texts), shape);
    const states = await backend.read(model.gpt.states(ids)), score = await backend.read(model.score);
    const expected = lastIndices.flatMap((index) =>
      config.labels.map((_, label) => {
        let logit = 0;
        for (let c = 0; c < C; c++) logit += states[index * C + c] * score[c * classes + label];
        return logit;
      })
    );
    const logits = await backend.read(model.forward(ids, backend.from(lengths)));
    assertClose(
      logits,
      { shape: [2, classes], data: Float64Array.from(expected) },
      TOLERANCES.golden64,
      "logits",
    );
  });

  Deno.test(`${architecture} classifier: the loss is the mean surprise at the classes, and the weighted one at the next tokens`, async () => {
    const backend = new CpuBackend({ floats: Float64Array }),
      model = new GptClassifier({ ...config, architecture });
    initialize(backend, model, 1);
    const inputs = backend.from(Uint32Array.from(texts), shape);
    const next = Uint32Array.from(
      texts,
      (_, index) => lastIndices.includes(index) ? IGNORE_INDEX : texts[index + 1],
    );
    const weights = Float32Array.from([0.5, 0.25, 1, 8, 2, 8, 8, 8]);
    next.fill(IGNORE_INDEX, 6);
    const batch = { inputs, lengths: backend.from(lengths), targets: backend.from(Uint32Array.of(2, 0)) };
    const [plain] = await backend.read(model.loss(batch));
    const auxiliary = { auxiliaryTargets: backend.from(next), auxiliaryWeights: backend.from(weights) };
    const [whole] = await backend.read(model.loss({ ...batch, ...auxiliary }));

    const scores = await backend.read(model.forward(inputs, batch.lengths));
    const ofClasses = (surprise(scores.subarray(0, classes), 2) + surprise(scores.subarray(classes), 0)) / 2;
    assertClose([plain], { shape: [1], data: Float64Array.of(ofClasses) }, TOLERANCES.golden64, "classes");

    const logits = await backend.read(model.gpt.forward(inputs));
    const surprises = Array.from(
      next,
      (target, index) =>
        target === IGNORE_INDEX
          ? 0
          : weights[index] * surprise(logits.subarray(index * V, (index + 1) * V), target),
    );
    const expected = surprises.reduce((sum, one) => sum + one);
    assertClose(
      [whole - plain],
      { shape: [1], data: Float64Array.of(expected) },
      TOLERANCES.golden64,
      "auxiliary",
    );
  });

  everyBackend(
    `${architecture} classifier: padding is not read, every token of the text is`,
    (backend) => assertReadsOneText(backend, new GptClassifier({ ...config, architecture })),
  );
}
