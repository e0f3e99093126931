/** What the tests of training share: small models, a small text, a run. */

import type { Backend } from "../core/backend.ts";
import { initialize, normal, Parameter, type ParameterStore } from "../core/module.ts";
import type { Tensor } from "../core/tensor.ts";
import { crossEntropy } from "../kernels/cross_entropy.ts";
import { embedding } from "../kernels/embedding.ts";
import { Gpt, type GptConfig } from "../models/gpt.ts";
import type { BatchTensors, Learner } from "../models/learner.ts";
import { causalBatches } from "../data/batches.ts";
import type { StepReport } from "../training/step_reports.ts";
import { train, TrainingRun, type TrainingSettings } from "../training/train.ts";
import { integers } from "./_testing.ts";

/** A GPT-1 that is quick to compile and quick to run. */
export const small: GptConfig = {
  architecture: "gpt1",
  vocabSize: 11,
  contextLength: 8,
  layers: 1,
  heads: 2,
  modelDim: 16,
  feedForwardDim: 64,
  dropoutRate: 0.1,
};

/** A text of the small model's vocabulary that can be learned in part. */
export const text: Uint32Array = integers("text", [200], 2).data
  .map((noise, place) => (place * place + noise) % small.vocabSize);

/** Settings that change quickly what is trained. */
export const settings: TrainingSettings = {
  schedule: "cosine",
  learningRate: 0.01,
  minLearningRate: 0.001,
  warmupSteps: 5,
  steps: 40,
  beta1: 0.9,
  beta2: 0.99,
  weightDecay: 0.01,
  clipNorm: 1,
  seed: 3,
};

/** A model in training on windows of the text. */
export function newRun(
  backend: Backend,
  model: Learner,
  changes: Partial<TrainingSettings & { batchSize: number }> = {},
): TrainingRun {
  const { batchSize = 4, ...changed } = changes, all = { ...settings, ...changed };
  const windows = { contextLength: small.contextLength, batchSize, seed: all.seed };
  return new TrainingRun(backend, model, causalBatches(text, windows), all);
}

/** Calls back with the next event, as a worker is told something while it trains. */
export function onNextEvent(callback: () => void): void {
  const { port1, port2 } = new MessageChannel();
  port1.onmessage = () => {
    port1.close();
    callback();
  };
  port2.postMessage(null);
}

/** Trains to the end, or until a step is done. */
export async function allReports(run: TrainingRun, interval = 10, last = Infinity): Promise<StepReport[]> {
  const reports: StepReport[] = [];
  for await (const some of train(run, { interval })) {
    reports.push(...some);
    if (run.step >= last) break;
  }
  return reports;
}

/** Parameters of a run and the state of its optimizer. */
export async function stateOf({ backend, store, optimizer }: TrainingRun): Promise<unknown[]> {
  const tensors = [store.values, ...Object.values(optimizer.state)], read: unknown[] = [];
  for (const tensor of tensors) read.push(await backend.read(tensor));
  return read;
}

/** Scores the next token by the current one alone: the least model that can be trained. */
export class Bigram implements Learner {
  /** (V, V). */
  readonly table: Parameter;

  constructor(vocabSize: number) {
    this.table = new Parameter([vocabSize, vocabSize], normal(0.02));
  }

  loss({ inputs, targets, weights }: BatchTensors): Tensor {
    return crossEntropy(embedding(inputs, this.table), targets, { weights });
  }
}

/** A GPT with weights so large that every position and every part of it shows in the scores. */
export function livelyModel(backend: Backend, config: GptConfig): { model: Gpt; store: ParameterStore } {
  const model = new Gpt({ initialStd: 0.5, ...config });
  return { model, store: initialize(backend, model, 1) };
}
