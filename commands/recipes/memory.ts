/**
 * How much memory training takes, told before it begins.
 *
 * @module
 */
import type { Backend } from "../../core/backend.ts";
import type { Experiment } from "../../models/experiment.ts";
import { countParameters } from "../../core/module.ts";
import { WebGpuBackend } from "../../core/webgpu_backend.ts";
import { buildModel, kindOf, type ModelConfig, objectiveOf } from "../../models/families.ts";
import { type OptimizerName, updateRule } from "../../training/optimizers.ts";
import { MOST } from "../cli/common_flags.ts";

/** What training a model takes, in bytes. */
export interface MemoryEstimate {
  /** Learned numbers. */
  readonly parameters: number;
  /** For parameters, gradients and what the optimizer keeps about each parameter. */
  readonly parameterBytes: number;
  /** For what the forward pass keeps and the backward pass adds, of one batch. */
  readonly activationBytes: number;
  /** For the largest single tensor. */
  readonly tensorBytes: number;
}

/** What else takes memory. */
export interface MemoryOptions {
  /** The optimizer; AdamW unless given. */
  readonly optimizer?: OptimizerName;
  /** Parts of the model's own. */
  readonly experiment?: Experiment;
}

/**
 * Estimates the memory of training.
 *
 * Each number of a batch is there twice, as value and as gradient. Of C numbers a token and layer there are: queries,
 * keys and values before and after they are sorted by head (6), the attention's result likewise (2), its projection, two
 * sums, two norms (5), the network's result (1), together 14; dropout keeps two more. The network's width occurs twice,
 * before and after its activation. On top come the embeddings and the scores of the vocabulary, which a masked language
 * model has at one token in five or six, and a classifier made from one nowhere.
 *
 * @param config the model
 * @param batchSize windows in a batch
 * @param options optimizer and experiment
 * @returns the estimate
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { PRESETS } from "../../training/presets.ts";
 * import { estimateMemory } from "./memory.ts";
 *
 * const model = PRESETS["shakespeare-char-cpu"].model;
 * const { parameters, activationBytes } = estimateMemory({ ...model, vocabSize: 65 }, 12);
 * assertEquals([parameters, Math.round(activationBytes / 1e6)], [809856, 72]);
 * ```
 */
export function estimateMemory(
  config: ModelConfig,
  batchSize: number,
  { optimizer, experiment }: MemoryOptions = {},
): MemoryEstimate {
  const { layers, heads, modelDim, feedForwardDim, contextLength, vocabSize, dropoutRate } = config;
  const parameters = countParameters(buildModel(config, experiment)), tokens = batchSize * contextLength;
  const scored = objectiveOf(config) === "causal" ? 1 : kindOf(config) === "classifier" ? 0 : 0.18;
  const dropped = dropoutRate > 0 ? 1 : 0;
  const perLayer = (28 + 4 * dropped) * modelDim + 4 * feedForwardDim + 3 * heads;
  const perToken = layers * perLayer + (6 + 2 * dropped) * modelDim + 2 * scored * vocabSize;
  return {
    parameters,
    parameterBytes: 4 * parameters * (2 + updateRule(optimizer).state.length),
    activationBytes: 4 * tokens * perToken,
    tensorBytes: 4 *
      Math.max(vocabSize * modelDim, tokens * Math.max(scored * vocabSize, feedForwardDim, 3 * modelDim)),
  };
}

/** What there is, in bytes; infinite where it is not known. */
export interface MemoryLimits {
  /** All of it. */
  readonly total: number;
  /** In one buffer. */
  readonly buffer: number;
  /** Of one buffer at once. */
  readonly binding: number;
}

/**
 * Whether a backend is a hardware GPU, and not a software implementation of one.
 *
 * @param backend the backend
 * @returns whether it is
 */
export function isHardwareGpu(backend: Backend): boolean {
  return backend instanceof WebGpuBackend && backend.adapterClass === "hardware";
}

/**
 * How much memory there is for a backend.
 *
 * @param backend the backend
 * @returns the limits
 */
export async function memoryLimits(backend: Backend): Promise<MemoryLimits> {
  const permission = await Deno.permissions.query({ name: "sys", kind: "systemMemoryInfo" });
  const total = isHardwareGpu(backend) || permission.state !== "granted"
    ? Infinity
    : Deno.systemMemoryInfo().available;
  if (!(backend instanceof WebGpuBackend)) return { total, buffer: Infinity, binding: Infinity };
  const { maxBufferSize, maxStorageBufferBindingSize } = backend.limits;
  return { total, buffer: maxBufferSize, binding: Math.min(maxBufferSize, maxStorageBufferBindingSize) };
}

/**
 * Refuses a model that would not fit.
 *
 * @param config the model
 * @param batchSize windows in a batch
 * @param accumulation batches to a step
 * @param limits what there is
 * @param options optimizer and experiment
 * @throws {RangeError} when it does not fit, with the flag that would make it
 *
 * @example
 * ```ts
 * import { assertThrows } from "@std/assert";
 * import { PRESETS } from "../../training/presets.ts";
 * import { checkMemory } from "./memory.ts";
 *
 * const config = { ...PRESETS["shakespeare-char-cpu"].model, vocabSize: 65 };
 * const limits = { total: 50e6, buffer: Infinity, binding: Infinity };
 * assertThrows(() => checkMemory(config, 12, 1, limits), RangeError, "--batch-size 6 --accumulation 2 fits");
 * ```
 */
export function checkMemory(
  config: ModelConfig,
  batchSize: number,
  accumulation: number,
  limits: MemoryLimits,
  options: MemoryOptions = {},
): void {
  const problemOf = (size: number) => {
    const estimate = estimateMemory(config, size, options);
    const { parameters, parameterBytes, activationBytes, tensorBytes } = estimate;
    const needed = {
      total: parameterBytes + activationBytes,
      buffer: 4 * parameters,
      binding: tensorBytes,
    };
    return shortage(needed, limits);
  };
  const problem = problemOf(batchSize);
  if (problem === undefined) return;
  let fitting = batchSize;
  while (fitting > 1 && problemOf(fitting) !== undefined) fitting = Math.floor(fitting / 2);
  const batches = Math.ceil(batchSize / fitting) * accumulation;
  const advice = problemOf(fitting) === undefined
    ? `--batch-size ${fitting}${batches > MOST.accumulation ? "" : ` --accumulation ${batches}`} fits`
    : "give a smaller --model-dim, --layers or --context-length";
  throw new RangeError(`Cannot train a model of this size: it ${problem}; ${advice}`);
}

/** What does not fit, in words, if anything does not. */
function shortage(needed: MemoryLimits, limits: MemoryLimits): string | undefined {
  const where = {
    total: "are free",
    buffer: "fit into one buffer of the device",
    binding: "can be bound at once on the device",
  } as const;
  const short = (["total", "buffer", "binding"] as const).find((name) => needed[name] > limits[name]);
  return short && `needs about ${megabytes(needed[short])} where ${megabytes(limits[short])} ${where[short]}`;
}

/**
 * Refuses a batch size that is too large to measure a model with. The model itself is in memory by then.
 *
 * @param config the model
 * @param batchSize windows at once
 * @param limits what there is
 * @throws {RangeError} when they do not fit, with a number that does
 *
 * @example
 * ```ts
 * import { assertThrows } from "@std/assert";
 * import { PRESETS } from "../../training/presets.ts";
 * import { checkMeasuring } from "./memory.ts";
 *
 * const config = { ...PRESETS["shakespeare-char-cpu"].model, vocabSize: 65 };
 * const limits = { total: 50e6, buffer: Infinity, binding: Infinity };
 * assertThrows(() => checkMeasuring(config, 60000, limits), RangeError, "--batch-size 14 fits");
 * ```
 */
export function checkMeasuring(config: ModelConfig, batchSize: number, limits: MemoryLimits): void {
  const problemOf = (size: number) => {
    const { activationBytes, tensorBytes } = estimateMemory(config, size);
    return shortage({ total: activationBytes / 2, buffer: 0, binding: tensorBytes }, limits); // no gradients
  };
  const problem = problemOf(batchSize);
  if (problem === undefined) return;
  let fitting = batchSize;
  while (fitting > 1 && problemOf(fitting) !== undefined) fitting = Math.floor(fitting / 2);
  throw new RangeError(
    `Cannot measure with --batch-size ${batchSize}, which ${problem}; ` +
      (problemOf(fitting) === undefined ? `--batch-size ${fitting} fits` : "the model is too large for it"),
  );
}

/**
 * Refuses to generate more or longer texts than fit into memory. The model itself is in memory by then.
 *
 * @param config the model
 * @param size the number of texts, and of tokens in each with the prompt
 * @param limits what there is
 * @throws {RangeError} when they do not fit
 *
 * @example
 * ```ts
 * import { assertThrows } from "@std/assert";
 * import { PRESETS } from "../../training/presets.ts";
 * import { checkGenerating } from "./memory.ts";
 *
 * const config = { ...PRESETS["shakespeare-char-cpu"].model, vocabSize: 65 };
 * const limits = { total: 50e6, buffer: Infinity, binding: Infinity };
 * const check = () => checkGenerating(config, { samples: 10, tokens: 1e6 }, limits);
 * assertThrows(check, RangeError, "give a smaller --num-samples or --max-new-tokens");
 * ```
 */
export function checkGenerating(
  { layers, modelDim, contextLength, vocabSize }: ModelConfig,
  { samples, tokens }: { samples: number; tokens: number },
  limits: MemoryLimits,
): void {
  const cache = 4 * samples * contextLength * modelDim; // keys or values of one layer
  const scores = 4 * samples * vocabSize;
  const written = 4 * samples * tokens; // the ids on the device, and their initial copy
  const binding = Math.max(cache, scores, written);
  const problem = shortage(
    { total: 2 * layers * cache + 3 * scores + 2 * written, buffer: binding, binding },
    limits,
  );
  if (problem === undefined) return;
  throw new RangeError(
    `Cannot generate ${samples} texts of ${tokens} tokens at once, which ${problem}; ` +
      "give a smaller --num-samples or --max-new-tokens",
  );
}

/**
 * Bytes as people say them.
 *
 * @param bytes how many
 * @returns such as `27 MB`, `1.4 GB`
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { megabytes } from "./memory.ts";
 *
 * assertEquals([megabytes(27_400_000), megabytes(1.4e9)], ["27 MB", "1.4 GB"]);
 * ```
 */
export function megabytes(bytes: number): string {
  return bytes < 999.5e6 ? `${Math.max(1, Math.round(bytes / 1e6))} MB` : `${(bytes / 1e9).toFixed(1)} GB`;
}
