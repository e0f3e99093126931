import { assertEquals } from "@std/assert";
import type { Bindings, Constants, Kernel, TensorsOf } from "../core/backend.ts";
import { CpuBackend } from "../core/cpu_backend.ts";
import { type Batch, type BatchSource, causalBatches } from "../data/batches.ts";
import { labelledBatches } from "../data/labelled_batches.ts";
import { maskedBatches } from "../data/masked_batches.ts";
import { add } from "../kernels/elementwise.ts";
import { type Block, PostNormBlock } from "../models/blocks.ts";
import type { BlockFactory } from "../models/experiment.ts";
import { buildModel, type ModelConfig } from "../models/families.ts";
import type { GptConfig } from "../models/gpt.ts";
import { Linear } from "../models/layers.ts";
import type { RobertaConfig } from "../models/roberta.ts";
import { estimateFlops } from "../training/flops.ts";
import { TrainingRun } from "../training/train.ts";
import { settings } from "./_training.ts";

/** Counts the operations of the products that it runs; attention's by the convention, from the sizes of its forward pass. */
class Counting extends CpuBackend {
  flops = 0;

  override run<Reads extends Bindings, Writes extends Bindings, Name extends string>(
    kernel: Kernel<Reads, Writes, Name>,
    tensors: TensorsOf<Reads & Writes>,
    constants: Constants<Name>,
  ): void {
    const { batch, rows, columns, inner, heads, time, headDim } = constants as Record<string, number>;
    if (/^matmul/.test(kernel.name)) this.flops += 2 * batch * rows * columns * inner;
    if (kernel.name === "attentionForward") this.flops += 3 * 4 * batch * heads * time * time * headDim;
    super.run(kernel, tensors, constants);
  }
}

const gpt: GptConfig = {
  ...{ architecture: "gpt2", vocabSize: 23, contextLength: 12, layers: 2, heads: 2, modelDim: 16 },
  ...{ feedForwardDim: 40, dropoutRate: 0.1 },
};
const roberta: RobertaConfig = { ...gpt, architecture: "roberta", vocabSize: 37 }, labels = ["a", "b", "c"];
const sizes = { contextLength: 12, batchSize: 3, seed: 1 };

const causal = causalBatches(new Uint32Array(100), sizes);
const masked = maskedBatches(
  Array.from({ length: 9 }, () => Uint32Array.from({ length: 12 }, (_, i) => 4 + i)),
  { ...sizes, vocabSize: 37, maskId: 36, specialIds: [0, 1, 2, 3, 36] },
);
const examples = Array.from({ length: 6 }, (_, n) => ({ ids: new Uint32Array(5 + n), label: n % 3 }));
const labelled = labelledBatches(examples, { ...sizes, padId: 1 });
const withAuxiliary = labelledBatches(examples, { ...sizes, padId: 1, auxiliaryWeight: 0.5 });

/** A block with a matrix more than the architecture's own. */
const block: BlockFactory = (config, _layer, { causal, activation }) => {
  const own = new PostNormBlock(config, { causal, activation }), more = new Linear(16, 16, 0.02);
  return { own, more, forward: (x, context) => add(more.forward(x), own.forward(x, context)) } as Block;
};
const experiment = { name: "my_block", sha256: "0".repeat(64), block };

const cases: [name: string, config: ModelConfig, batches: BatchSource, parts?: typeof experiment][] = [
  ["a GPT", gpt, causal],
  ["a GPT with a head of its own", { ...gpt, architecture: "gpt1", tied: false }, causal],
  ["a GPT with blocks of the user's", gpt, causal, experiment],
  ["a masked model, scored at the masked positions", roberta, masked],
  ["a classifier made from a GPT", { ...gpt, labels }, labelled],
  ["the same, which also predicts the next token", { ...gpt, labels }, withAuxiliary],
  ["a classifier made from a RoBERTa", { ...roberta, labels }, labelled],
];
for (const [name, config, batches, parts] of cases) {
  Deno.test(`estimateFlops: the products that training computes: ${name}`, () => {
    const backend = new Counting();
    new TrainingRun(backend, buildModel(config, parts), batches, settings).advance();
    assertEquals(estimateFlops(config, batches.at(0), parts), backend.flops);
  });
}

Deno.test("estimateFlops: a count by hand", () => {
  // per layer: queries, keys, values 16 → 48, projection 16 → 16, feed-forward 16 → 40 → 16; the head 16 → 23
  const weights = 2 * (16 * 48 + 16 * 16 + 16 * 40 + 40 * 16) + 16 * 23, tokens = 3 * 12;
  const scores = 3 * 2 * (12 * 12) * 8 * 2 * 2; // texts, heads, pairs of positions, width, q · k and p · v, two operations
  const byHand = 6 * tokens * weights + 3 * 2 * scores; // forward and twice as much backward, in two layers
  assertEquals(estimateFlops(gpt, sizes), byHand);
  assertEquals(estimateFlops(gpt, causal.at(0) satisfies Batch), byHand);
  assertEquals(estimateFlops(gpt, { ...sizes, batchSize: 6 }), 2 * byHand);
});

Deno.test("estimateFlops: nearly nanoGPT's count, 6 N + 12 L H Q T for each token", () => {
  const config = { ...gpt, vocabSize: 50257, contextLength: 1024, layers: 12, heads: 12, modelDim: 768 };
  const flops = estimateFlops({ ...config, feedForwardDim: 3072 }, { batchSize: 1, contextLength: 1024 });
  const nanoGpt = 1024 * (6 * (124_439_808 - 1024 * 768) + 12 * 12 * 12 * 64 * 1024);
  assertEquals((flops / nanoGpt).toFixed(3), "0.999");
});
