/**
 * Training: the same few steps, many times.
 *
 *     write a batch → forward → loss → backward      (several times, if gradients are accumulated)
 *     clip → AdamW → record the loss
 *
 * {@linkcode train} is a generator: it hands control back every so many steps, and the caller evaluates, samples, saves
 * or leaves the loop as ordinary code does. {@linkcode TrainingRun} is everything that a step changes; saving it and
 * making it again continues bit for bit, because batches, dropout and learning rate are functions of the step.
 *
 * @module
 */

import type { Backend } from "../core/backend.ts";
import { initialize, type ParameterStore } from "../core/module.ts";
import { seedWords } from "../core/philox.ts";
import { Tape } from "../core/tape.ts";
import type { Tensor } from "../core/tensor.ts";
import { crossEntropy } from "../kernels/cross_entropy.ts";
import { addScaled } from "../kernels/elementwise.ts";
import { recordLoss } from "../kernels/loss_ring.ts";
import type { Batch, BatchSource } from "./batches.ts";
import { AdamW, type AdamWOptions } from "./optimizer.ts";
import { learningRateAt, type Schedule } from "./schedule.ts";

/** A model that scores the next token: ids (B, T) → logits (B, T, V). */
export interface LanguageModel {
  /** Computes the scores. */
  forward(ids: Tensor): Tensor;
}

/** How to train. */
export interface TrainingSettings extends Schedule, AdamWOptions {
  /** Batches whose gradients are averaged for one update; 1 unless given. */
  readonly accumulation?: number;
  /** Decides initial values, the order of windows and dropout. */
  readonly seed: number;
}

/** What one step did. */
export interface StepReport {
  /** Updates done, this one included. */
  readonly step: number;
  /** Times the whole text was seen. */
  readonly epoch: number;
  /** Mean loss of the batch before the update, in nats per token. */
  readonly loss: number;
  /** Norm of the gradient before clipping. */
  readonly gradientNorm: number;
  /** Learning rate of the update. */
  readonly learningRate: number;
}

/** The loss was infinite or no number. */
export class NonFiniteLossError extends Error {
  /** `"NonFiniteLossError"`. */
  override readonly name = "NonFiniteLossError";
}

/** Losses kept on the device before they are read. */
const RING_SIZE = 256;

/** A model in training: parameters, optimizer and step. */
export class TrainingRun {
  /** Where it runs. */
  readonly backend: Backend;
  /** What is trained. */
  readonly model: LanguageModel;
  /** How. */
  readonly settings: TrainingSettings;
  /** The parameters in memory. */
  readonly store: ParameterStore;
  /** The optimizer with its moments. */
  readonly optimizer: AdamW;
  /** Updates done. */
  step = 0;
  readonly #batches: BatchSource;
  readonly #clock: Tensor;
  readonly #loss: Tensor;
  readonly #ring: Tensor;
  #inputs?: Tensor;
  #targets?: Tensor;

  /**
   * Initializes the model and the optimizer.
   *
   * @param backend Where to run.
   * @param model What to train.
   * @param batches What to train on.
   * @param settings How.
   * @throws {RangeError} If `accumulation` is no positive integer.
   */
  constructor(backend: Backend, model: LanguageModel, batches: BatchSource, settings: TrainingSettings) {
    const { accumulation = 1 } = settings;
    if (!Number.isInteger(accumulation) || accumulation < 1) {
      throw new RangeError(`Cannot accumulate ${accumulation} batches: expected a positive integer`);
    }
    this.backend = backend;
    this.model = model;
    this.settings = settings;
    this.store = initialize(backend, model, settings.seed);
    this.optimizer = new AdamW(backend, this.store, settings);
    this.#batches = batches;
    this.#clock = backend.allocate([4], "u32");
    this.#loss = backend.allocate([1]);
    this.#ring = backend.allocate([2 * RING_SIZE]);
  }

  /** Does one update. The loss stays on the device until {@linkcode TrainingRun.report}. */
  advance(): void {
    const { backend, settings, step } = this, { accumulation = 1, seed } = settings;
    this.optimizer.prepare(step, learningRateAt(settings, step));
    for (let pass = step * accumulation; pass < (step + 1) * accumulation; pass++) {
      const { inputs, targets } = this.#upload(this.#batches.at(pass));
      backend.write(this.#clock, Uint32Array.of(...seedWords(seed), pass, step % RING_SIZE));
      backend.scope(() => {
        const tape = new Tape(this.#clock);
        const loss = crossEntropy(this.model.forward(tape.watch(inputs)), targets);
        tape.backward(loss, 1 / accumulation);
        backend.run(addScaled, { x: loss, y: this.#loss }, { size: 1, factor: 1 / accumulation });
      });
    }
    backend.scope(() => this.optimizer.update());
    const tensors = { norm: this.optimizer.norm, clock: this.#clock, loss: this.#loss, ring: this.#ring };
    backend.run(recordLoss, tensors, {});
    this.step++;
  }

  /** Inputs and targets on the device; the tensors are made once. */
  #upload({ inputs, targets, batchSize, contextLength }: Batch): { inputs: Tensor; targets: Tensor } {
    this.#inputs ??= this.backend.allocate([batchSize, contextLength], "u32");
    this.#targets ??= this.backend.allocate([batchSize, contextLength], "u32");
    this.backend.write(this.#inputs, inputs);
    this.backend.write(this.#targets, targets);
    return { inputs: this.#inputs, targets: this.#targets };
  }

  /**
   * Reads the losses of the last steps.
   *
   * @param steps How many, at most 256.
   * @returns A report for each, oldest first.
   * @throws {NonFiniteLossError} If a loss is not finite.
   * @throws {RangeError} If that many are not kept.
   */
  async report(steps: number): Promise<StepReport[]> {
    if (steps > RING_SIZE) {
      throw new RangeError(`Cannot report ${steps} steps: expected at most ${RING_SIZE}`);
    }
    const ring = await this.backend.read(this.#ring), { accumulation = 1, seed } = this.settings;
    return Array.from({ length: steps }, (_, index) => {
      const done = this.step - steps + index, slot = 2 * (done % RING_SIZE);
      if (!Number.isFinite(ring[slot]) || !Number.isFinite(ring[slot + 1])) {
        throw new NonFiniteLossError(
          `The loss at step ${done + 1} is ${ring[slot]} and its gradient's norm ${ring[slot + 1]} ` +
            `(seed ${seed}): lower the learning rate, or warm up longer`,
        );
      }
      return {
        step: done + 1,
        epoch: (done + 1) * accumulation / this.#batches.batchesPerEpoch,
        loss: ring[slot],
        gradientNorm: ring[slot + 1],
        learningRate: learningRateAt(this.settings, done),
      };
    });
  }
}

/** When {@linkcode train} hands back control. */
export interface TrainOptions {
  /** Steps between two reports; 10 unless given, and 256 if more than that. */
  interval?: number;
  /** Also after these steps. */
  pauseAfter?: (step: number) => boolean;
}

/**
 * Trains until the last step of the schedule.
 *
 * @param run What to train; it may have done some steps already.
 * @param options When to hand back control.
 * @returns The reports of the steps since the last time. When it is handed out, `run.step` is the last report's step.
 * @throws {NonFiniteLossError} If a loss is not finite.
 * @throws {RangeError} If the interval is no positive integer.
 */
export async function* train(run: TrainingRun, options: TrainOptions = {}): AsyncGenerator<StepReport[]> {
  const { interval = 10, pauseAfter = () => false } = options, { steps } = run.settings;
  if (!Number.isInteger(interval) || interval < 1) {
    throw new RangeError(`Cannot report every ${interval} steps: expected a positive integer`);
  }
  let unread = 0;
  while (run.step < steps) {
    run.advance();
    unread++;
    if (run.step % Math.min(interval, RING_SIZE) === 0 || run.step === steps || pauseAfter(run.step)) {
      yield await run.report(unread);
      unread = 0;
    }
  }
}
