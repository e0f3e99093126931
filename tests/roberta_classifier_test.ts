import { assertEquals, assertNotEquals, assertThrows } from "@std/assert";
import { CpuBackend } from "../core/cpu_backend.ts";
import { initialize } from "../core/module.ts";
import { Tape } from "../core/tape.ts";
import { RobertaClassifier, type RobertaClassifierConfig } from "../models/classifiers/roberta_classifier.ts";
import { assertReadsOneText, lengths, shape, texts } from "./_classifiers.ts";
import { assertClose, everyBackend, TOLERANCES } from "./_testing.ts";
import { small } from "./_training.ts";

const config: RobertaClassifierConfig = {
  ...{ ...small, architecture: "roberta" },
  ...{ dropoutRate: 0, vocabSize: 16, initialStd: 0.3, labels: ["a", "b", "c"] },
};
const C = config.modelDim, classes = config.labels.length;

/** x · weight + bias of one row. */
function linear(x: ArrayLike<number>, weight: ArrayLike<number>, bias: ArrayLike<number>): number[] {
  return Array.from(bias, (b, column) => {
    let sum = b;
    for (let row = 0; row < x.length; row++) sum += x[row] * weight[row * bias.length + column];
    return sum;
  });
}

Deno.test("RoBERTa classifier: the logits are dense, tanh and projection of the first token's hidden state", async () => {
  const backend = new CpuBackend({ floats: Float64Array }), model = new RobertaClassifier(config);
  initialize(backend, model, 1);
  const dense = model.classificationHead.dense!, { projection } = model.classificationHead;
  const ids = backend.from(Uint32Array.from(texts), shape);
  // biases begin at zero, where a forgotten one would not be noticed
  for (const { bias } of [dense, projection]) {
    backend.write(bias, Float64Array.from({ length: bias.shape[0] }, (_, index) => 0.1 * index - 0.2));
  }
  const states = await backend.read(model.encoder.states(ids, { lengths: backend.from(lengths) }));
  const read = (parameter: typeof dense.weight) => backend.read(parameter);
  const [weight1, bias1] = [await read(dense.weight), await read(dense.bias)];
  const [weight2, bias2] = [await read(projection.weight), await read(projection.bias)];
  const expected = [0, 4].flatMap((first) =>
    linear(linear(states.subarray(first * C, (first + 1) * C), weight1, bias1).map(Math.tanh), weight2, bias2)
  );
  const logits = await backend.read(model.forward(ids, backend.from(lengths)));
  assertClose(
    logits,
    { shape: [2, classes], data: Float64Array.from(expected) },
    TOLERANCES.golden64,
    "logits",
  );

  const targets = backend.from(Uint32Array.of(2, 0)), weights = [0.5, 2];
  const surprise = (row: number[], target: number) =>
    Math.log(row.reduce((sum, logit) => sum + Math.exp(logit), 0)) - row[target];
  const loss = weights[0] * surprise(expected.slice(0, classes), 2) +
    weights[1] * surprise(expected.slice(classes), 0);
  const batch = {
    inputs: ids,
    lengths: backend.from(lengths),
    targets,
    weights: backend.from(Float32Array.from(weights)),
  };
  const actual = await backend.read(model.loss(batch));
  assertClose(actual, { shape: [1], data: Float64Array.of(loss) }, TOLERANCES.golden64, "loss");
});

Deno.test("RoBERTa classifier: with mean pooling the head reads the mean of the states of all tokens", async () => {
  const backend = new CpuBackend({ floats: Float64Array });
  const model = new RobertaClassifier({ ...config, pooling: "mean" });
  initialize(backend, model, 1);
  const ids = backend.from(Uint32Array.from(texts), shape);
  const states = await backend.read(model.encoder.states(ids, { lengths: backend.from(lengths) }));
  const means = [[0, 1, 2, 3], [4, 5]].flatMap((tokens) =>
    Array.from(
      { length: C },
      (_, column) => tokens.reduce((sum, token) => sum + states[token * C + column], 0) / tokens.length,
    )
  );
  const expected = await backend.read(model.classificationHead.forward(backend.from(means, [2, C])));
  const logits = await backend.read(model.forward(ids, backend.from(lengths)));
  assertClose(logits, { shape: [2, classes], data: expected }, TOLERANCES.golden64, "logits");
  const first = new RobertaClassifier({ ...config, pooling: "first" }), plain = new RobertaClassifier(config);
  const [a, b] = await Promise.all([first, plain].map((model) => {
    initialize(backend, model, 1);
    return backend.read(model.forward(ids, backend.from(lengths)));
  }));
  assertEquals(a, b);
  assertNotEquals(a, logits);
});

Deno.test("RoBERTa classifier: a pooling that there is not is refused", () => {
  const unknown = { ...config, pooling: "max" as "mean" };
  assertThrows(
    () => new RobertaClassifier(unknown),
    RangeError,
    'Cannot pool by "max": expected first or mean',
  );
});

for (const pooling of ["first", "mean"] as const) {
  everyBackend(
    `RoBERTa classifier: padding is not read, every token of the text is [${pooling}]`,
    (backend) => assertReadsOneText(backend, new RobertaClassifier({ ...config, pooling })),
  );
}

Deno.test("BERT classifier: the head drops what the pooler returns, at its own rate, and only in training", async () => {
  const backend = new CpuBackend(), bert = { ...config, architecture: "bert" as const };
  const logitsOf = async (headDropoutRate: number, tape?: Tape) => {
    const model = new RobertaClassifier({ ...bert, headDropoutRate }),
      states = backend.from(new Float32Array(C).fill(1), [1, C]);
    initialize(backend, model, 1);
    assertEquals(model.classificationHead.dense, undefined);
    tape?.watch(states);
    return await backend.read(model.classificationHead.forward(states));
  };
  const tape = () => new Tape(backend.from(Uint32Array.of(1, 0, 1, 0)));
  assertEquals(await logitsOf(0.5), await logitsOf(0));
  assertEquals(await logitsOf(0, tape()), await logitsOf(0));
  assertNotEquals(await logitsOf(0.5, tape()), await logitsOf(0));
});
