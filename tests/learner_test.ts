import { assert, assertEquals } from "@std/assert";
import type { Backend } from "../core/backend.ts";
import { initialize } from "../core/module.ts";
import { Tape } from "../core/tape.ts";
import { IGNORE_INDEX } from "../kernels/cross_entropy.ts";
import { GptClassifier } from "../models/classifiers/gpt_classifier.ts";
import { RobertaClassifier } from "../models/classifiers/roberta_classifier.ts";
import { Gpt } from "../models/gpt.ts";
import type { Learner } from "../models/learner.ts";
import { MaskedLanguageModel } from "../models/masked_language_model.ts";
import { assertClose, everyBackend, TOLERANCES } from "./_testing.ts";

const sizes = {
  ...{ vocabSize: 9, contextLength: 4, layers: 1, heads: 2, modelDim: 8, feedForwardDim: 16 },
  ...{ dropoutRate: 0, initialStd: 0.5 },
};
const labels = ["a", "b", "c"];

/** Every learner, and where its targets stand: after each of 2 · 4 tokens, at three masks, or one for each text. */
const learners: readonly [name: string, make: () => Learner, targets: number[], places?: number[]][] = [
  ["Gpt", () => new Gpt({ ...sizes, architecture: "gpt1" }), [3, 8, 1, 4, 6, 2, 7, 5]],
  ["MaskedLanguageModel", () => new MaskedLanguageModel({ ...sizes, architecture: "roberta" }), [6, 3, 7], [
    1,
    2,
    5,
  ]],
  ["RobertaClassifier", () => new RobertaClassifier({ ...sizes, architecture: "roberta", labels }), [2, 1]],
  ["GptClassifier", () => new GptClassifier({ ...sizes, architecture: "gpt1", labels, padId: 1 }), [2, 1]],
];

for (const [name, make, all, places] of learners) {
  /** The loss for these targets and weights, and the size of the gradient that it gives. */
  const learn = async (backend: Backend, targets: number[], weights?: number[]) => {
    const model = make(), store = initialize(backend, model, 1), tape = new Tape();
    const inputs = tape.watch(backend.from(Uint32Array.of(0, 5, 8, 2, 0, 7, 2, 1), [2, 4]));
    const loss = model.loss({
      inputs,
      targets: backend.from(Uint32Array.from(targets)),
      lengths: name === "Gpt" ? undefined : backend.from(Uint32Array.of(4, 3)),
      weights: weights && backend.from(weights),
      targetIndices: places && backend.from(Uint32Array.from(places)),
    });
    assertEquals(loss.shape, [1]);
    tape.backward(loss);
    const gradient = await backend.read(store.gradients);
    return {
      loss: (await backend.read(loss))[0],
      gradient: Math.max(...Array.from(gradient, Math.abs)),
    };
  };
  const close = (actual: number, expected: number, what: string) =>
    assertClose([actual], { shape: [1], data: Float32Array.of(expected) }, TOLERANCES.rows, what);
  const without = (index: number) => all.map((target, other) => other === index ? IGNORE_INDEX : target);

  everyBackend(
    `Learner ${name}: a loss is the sum over targets of weight times surprise`,
    async (backend) => {
      const surprises: number[] = [];
      for (const index of all.keys()) {
        const alone = all.map((target, other) => other === index ? target : IGNORE_INDEX);
        surprises.push((await learn(backend, alone, all.map(() => 1))).loss);
      }
      assert(new Set(surprises).size === all.length && surprises.every((surprise) => surprise > 0));
      const weights = all.map((_, index) => 0.25 + index);
      const sum = (terms: number[]) => terms.reduce((total, term) => total + term, 0);
      const weighted = sum(surprises.map((surprise, index) => weights[index] * surprise));
      close((await learn(backend, all, weights)).loss, weighted, "weighted");
      close((await learn(backend, all)).loss, sum(surprises) / all.length, "the mean, without weights");
      close(
        (await learn(backend, without(0))).loss,
        sum(surprises.slice(1)) / (all.length - 1),
        "without the first",
      );
    },
  );

  everyBackend(
    `Learner ${name}: a weight of 0 is as good as no target, for the gradient, too`,
    async (backend) => {
      const weights = all.map((_, index) => index === 1 ? 0 : 2);
      assertEquals(await learn(backend, all, weights), await learn(backend, without(1), weights.fill(2)));
      assert((await learn(backend, all, weights)).gradient > 1e-3, "it learns");
      assertEquals(await learn(backend, all, all.map(() => 0)), { loss: 0, gradient: 0 });
    },
  );
}
