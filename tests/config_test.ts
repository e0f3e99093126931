import { assertThrows } from "@std/assert";
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
