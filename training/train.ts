/**
 * Training: the same few steps, many times.
 *
 *     write a batch → forward → loss → backward      (several times, if gradients are accumulated)
 *     clip → optimizer → record the loss
 *
 * {@linkcode train} is an asynchronous generator: it yields every few steps, and the caller evaluates, samples, saves or
 * breaks out of the loop with ordinary control flow. {@linkcode TrainingRun} holds everything that a step changes; a run
 * that is saved and restored continues bit for bit, because batches, dropout and learning rate are functions of the step.
 *
 * @module
 */

import type { Backend } from "../core/backend.ts";
import { initialize, type ParameterStore } from "../core/module.ts";
import { seedWords } from "../core/random.ts";
import { type Precision, Tape } from "../core/tape.ts";
import type { Tensor } from "../core/tensor.ts";
import { addScaled } from "../kernels/elementwise.ts";
import { LossScale } from "../kernels/optimizers/loss_scale.ts";
import type { Learner } from "../models/learner.ts";
import type { BatchSource } from "../data/batches.ts";
import { totalWeight, toTensors, type Upload, uploadInPlace } from "./batch_tensors.ts";
import { yieldToEvents } from "./evaluate.ts";
import type { Optimizer, OptimizerFactory, OptimizerSettings } from "./optimizer.ts";
import { newOptimizer, type OptimizerName } from "./optimizers.ts";
import { checkSchedule, learningRateAt, type Schedule, withLearningRate } from "./schedule.ts";
import { RING_SIZE, type StepReport, StepReports } from "./step_reports.ts";

/**
 * How to train. Plain JSON.
 *
 * @category Training
 */
export interface TrainingSettings extends Schedule, OptimizerSettings {
  /** The optimizer; AdamW unless given. */
  readonly optimizer?: OptimizerName;
  /** Batches whose gradients are added up for one update; 1 unless given. */
  readonly accumulation?: number;
  /** What operands of products are rounded to, see `kernels/matmul/half.ts`; f32 unless given, which leaves them as they are. */
  readonly precision?: Precision;
  /**
   * Whether the backward pass computes every block again instead of keeping what is in it: less memory, about a third more
   * time, the same bits. False unless given. See `recompute`.
   */
  readonly recompute?: boolean;
  /** Seed of the initial values, the order of windows, and dropout. */
  readonly seed: number;
}

/**
 * What a run is given ready-made, or makes in another way than from its settings.
 *
 * @category Training
 */
export interface TrainingRunOptions {
  /**
   * The model's parameters, if they are allocated already: `allocateParameters(backend, model)` for a run that
   * `restoreTraining` fills. Unless given, they are allocated and drawn from the seed.
   */
  readonly store?: ParameterStore;
  /** Makes the optimizer; unless given, `settings.optimizer` names it. */
  readonly optimizer?: OptimizerFactory;
}

/**
 * A model in training: parameters, optimizer and step.
 *
 * @category Training
 */
export class TrainingRun {
  /** The device. */
  readonly backend: Backend;
  /** The model to train. */
  readonly model: Learner;
  /** The model's parameters and gradients. */
  readonly store: ParameterStore;
  /** The optimizer with its state. */
  readonly optimizer: Optimizer;
  /** In half precision, what the loss is multiplied by. */
  readonly lossScale?: LossScale;
  /** Updates done or skipped. */
  step = 0;
  #settings: TrainingSettings;
  readonly #batches: BatchSource;
  /** The random state of every tape, whose last word is the slot of the step in `#reports`. */
  readonly #random: Tensor;
  readonly #reports: StepReports;
  readonly #upload: Upload;

  /**
   * Initializes the model and the optimizer.
   *
   * @param backend The device.
   * @param model The model to train.
   * @param batches The batches to train on.
   * @param settings How to train.
   * @param options Parameters or an optimizer to use instead of those that follow from the settings.
   * @throws {RangeError} If `accumulation` is not a positive integer, or another setting is out of range, or `precision` is
   * f16 and the device has none.
   * @throws {TypeError} If `precision` is f16 and the optimizer is for f32 only.
   */
  constructor(
    backend: Backend,
    model: Learner,
    batches: BatchSource,
    settings: TrainingSettings,
    options: TrainingRunOptions = {},
  ) {
    const { accumulation = 1 } = settings, { store, optimizer = newOptimizer } = options;
    if (!Number.isInteger(accumulation) || accumulation < 1) {
      throw new RangeError(`Cannot accumulate ${accumulation} batches: expected a positive integer`);
    }
    checkSchedule(settings);
    this.backend = backend;
    this.model = model;
    this.#settings = settings;
    this.store = store ?? initialize(backend, model, settings.seed);
    this.optimizer = optimizer(backend, this.store, settings);
    if (settings.precision === "f16") {
      if (!this.optimizer.updateScaled) {
        throw new TypeError(
          "Cannot train in f16 with this optimizer: it has no updateScaled; use precision f32",
        );
      }
      this.lossScale = new LossScale(backend);
    }
    this.#batches = batches;
    this.#random = backend.allocate([4], "u32");
    this.#reports = new StepReports(backend);
    this.#upload = uploadInPlace(backend);
  }

  /** How the next steps are trained. */
  get settings(): TrainingSettings {
    return this.#settings;
  }

  /**
   * Replaces the peak learning rate from the next step on; warm-up and decay keep their shape, see
   * {@linkcode withLearningRate}. The new rate is in `settings`, so a checkpoint that holds them is resumed with it.
   *
   * @param learningRate The new peak.
   * @throws {RangeError} If it is not a number of 0 or more.
   */
  changeLearningRate(learningRate: number): void {
    this.#settings = withLearningRate(this.#settings, learningRate);
  }

  /** Does one update. The loss stays on the device until {@linkcode TrainingRun.report}. */
  advance(): void {
    const { backend, settings, step } = this, rate = learningRateAt(settings, step);
    this.optimizer.prepare(step, rate);
    this.#differentiate();
    backend.scope(() => {
      if (this.lossScale) this.optimizer.updateScaled!(this.lossScale.state);
      else this.optimizer.update();
    });
    this.#reports.record(step, rate, { norm: this.optimizer.norm, random: this.#random });
    this.step++;
  }

  /**
   * Computes the loss and the gradients of the next update and discards them: parameters, optimizer and step stay as they
   * are, and so do the results of all steps to come. It takes as long as a step without its update, and compiles shaders, so
   * that a caller can say beforehand how long the run will take.
   *
   * @returns A promise that resolves when the device has computed them.
   */
  async rehearse(): Promise<void> {
    const { backend, store } = this;
    this.#differentiate();
    await backend.read(this.#reports.loss);
    backend.write(store.gradients, new Float32Array(store.size));
    backend.write(this.#reports.loss, [0]);
  }

  /** Adds the gradients of the batches of the next update. */
  #differentiate(): void {
    const { backend, step, settings: { accumulation = 1, seed, precision, recompute } } = this,
      first = step * accumulation;
    const batches = Array.from({ length: accumulation }, (_, index) => this.#batches.at(first + index));
    const total = totalWeight(batches);
    for (const [index, batch] of batches.entries()) {
      const tensors = toTensors(batch, 1 / (total || 1), this.#upload);
      backend.write(this.#random, Uint32Array.of(...seedWords(seed), first + index, step % RING_SIZE));
      backend.scope(() => {
        const tape = new Tape(this.#random, { precision, recompute });
        tape.watch(tensors.inputs);
        const loss = this.model.loss(tensors);
        tape.backward(loss, this.lossScale?.state);
        backend.run(addScaled, { x: loss, y: this.#reports.loss }, { size: 1, factor: 1 });
      });
    }
  }

  /**
   * Reads the losses of the last steps.
   *
   * @param steps Number of steps, at most 256.
   * @returns A report of each, oldest first.
   * @throws {NonFiniteLossError} If a loss or the norm of a gradient is not finite.
   * @throws {RangeError} If the losses of that many steps are not kept.
   */
  async report(steps: number): Promise<StepReport[]> {
    const { step, lossScale, settings: { accumulation = 1, seed } } = this;
    const { batchesPerEpoch } = this.#batches;
    return await this.#reports.read(steps, { step, accumulation, batchesPerEpoch, seed, lossScale });
  }
}

/**
 * When {@linkcode train} yields.
 *
 * @category Training
 */
export interface TrainOptions {
  /** Steps between two reports; 10 unless given, and 256 if more than that. */
  interval?: number;
  /** Whether to yield after a step in any case. */
  pauseAfter?: (step: number) => boolean;
}

/**
 * Trains until the last step of the schedule. Pending events run after each report, also on a device that never waits: a
 * signal, or a message to the worker that trains.
 *
 * @param run The run; it may have done some steps already.
 * @param options When to yield.
 * @returns The reports of the steps since it last yielded; the last one is of `run.step`.
 * @throws {NonFiniteLossError} If a loss or the norm of a gradient is not finite.
 * @throws {RangeError} If the interval is not a positive integer.
 * @category Training
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
      await yieldToEvents();
      unread = 0;
    }
  }
}
