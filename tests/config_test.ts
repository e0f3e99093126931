import { assertEquals, assertNotEquals, assertThrows } from "@std/assert";
import { CpuBackend } from "../core/cpu_backend.ts";
import { initialize } from "../core/module.ts";
import { Tape } from "../core/tape.ts";
import { Gpt } from "../models/gpt.ts";
import { MaskedLanguageModel } from "../models/masked_language_model.ts";
import { RobertaClassifier } from "../models/classifiers/roberta_classifier.ts";
import { checkConfig, checkSizes, type TransformerConfig } from "../models/config.ts";

const small: TransformerConfig = {
  vocabSize: 11,
  contextLength: 8,
  layers: 2,
  heads: 3,
  modelDim: 12,
  feedForwardDim: 24,
  dropoutRate: 0.1,
};

Deno.test("checkSizes names the first size that is no positive integer, and what it is for", () => {
  checkSizes("pack", { rows: 1, columns: 2 ** 31 });
  const check = () => checkSizes("pack", { rows: 1, columns: 0, depth: -1 });
  assertThrows(check, RangeError, "Cannot pack with columns 0: expected a positive integer");
});

Deno.test("checkConfig lets sizes at their limits pass", () => {
  const least = { vocabSize: 1, contextLength: 1, layers: 1, heads: 1, modelDim: 1, feedForwardDim: 1 };
  checkConfig({ ...least, dropoutRate: 0 });
  checkConfig({ ...small, heads: 12, dropoutRate: 0.999, initialStd: 0 });
});

Deno.test("checkConfig names the size that makes no sense, and its value", () => {
  for (const size of ["vocabSize", "contextLength", "layers", "heads", "modelDim", "feedForwardDim"]) {
    for (const value of [0, -1, 1.5, NaN, Infinity]) {
      const message = `Cannot build a model with ${size} ${value}: expected a positive integer`;
      assertThrows(() => checkConfig({ ...small, [size]: value }), RangeError, message);
    }
  }
  const refuse = (change: Partial<TransformerConfig>, message: string) =>
    assertThrows(() => checkConfig({ ...small, ...change }), RangeError, message);
  refuse({ heads: 5 }, "Cannot divide modelDim 12 into 5 heads: expected a divisor");
  for (const rate of [-0.1, 1, NaN]) refuse({ dropoutRate: rate }, `Cannot drop at rate ${rate}`);
  for (const rate of [-0.1, 1, NaN]) {
    refuse(
      { attentionDropoutRate: rate },
      `Cannot drop at rate ${rate}: expected 0 <= attentionDropoutRate < 1`,
    );
    refuse(
      { embeddingDropoutRate: rate },
      `Cannot drop at rate ${rate}: expected 0 <= embeddingDropoutRate < 1`,
    );
  }
  for (const epsilon of [0, -1, NaN, Infinity]) {
    refuse(
      { normEpsilon: epsilon },
      `Cannot normalize with normEpsilon ${epsilon}: expected a positive number`,
    );
  }
  refuse(
    { activation: "mish" as "relu" },
    'Cannot use the activation "mish": expected gelu, geluErf, relu, silu, quickGelu, tanh',
  );
  for (const std of [-0.02, NaN, Infinity]) {
    refuse(
      { initialStd: std },
      `Cannot draw initial weights with initialStd ${std}: expected a number of 0 or more`,
    );
  }
});

Deno.test("every rate of dropout acts where it should, and where it is not given dropoutRate does", async () => {
  const sizes = { ...small, initialStd: 0.5, vocabSize: 16, labels: ["a", "b"] };
  /** The logits in training, with these rates. */
  const trained = async (kind: "gpt2" | "roberta" | "classifier", rates: Record<string, number>) => {
    const { labels, ...config } = { ...sizes, dropoutRate: 0, ...rates }, backend = new CpuBackend();
    const model = kind === "gpt2"
      ? new Gpt({ ...config, architecture: kind })
      : kind === "roberta"
      ? new MaskedLanguageModel({ ...config, architecture: kind })
      : new RobertaClassifier({ ...config, labels, architecture: "roberta" });
    initialize(backend, model, 1);
    const tape = new Tape(backend.from(Uint32Array.of(1, 0, 0, 0)));
    const ids = tape.watch(backend.from(Uint32Array.of(4, 5, 6, 7, 8, 9), [1, 6]));
    const logits = model instanceof RobertaClassifier
      ? model.forward(ids, backend.from(Uint32Array.of(6)))
      : model.forward(ids);
    return await backend.read(logits);
  };
  for (const kind of ["gpt2", "roberta", "classifier"] as const) {
    const none = await trained(kind, {}), all = await trained(kind, { dropoutRate: 0.5 });
    const names = [
      "attentionDropoutRate",
      "embeddingDropoutRate",
      ...kind === "classifier" ? ["headDropoutRate"] : [],
    ];
    for (const name of names) {
      assertNotEquals(await trained(kind, { [name]: 0.5 }), none, `${kind}: ${name} drops nothing`);
      assertNotEquals(
        await trained(kind, { dropoutRate: 0.5, [name]: 0 }),
        all,
        `${kind}: ${name} is not used`,
      );
      assertEquals(await trained(kind, { dropoutRate: 0.5, [name]: 0.5 }), all, `${kind}: ${name}`);
    }
  }
});
