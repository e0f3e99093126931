/**
 * Refuses what would not fit into memory before it is begun, with the flags that make it fit.
 *
 * @module
 */
import type { AdapterClass, Backend } from "../../core/backend.ts";
import { WasmBackend } from "../../core/wasm/wasm_backend.ts";
import { WebGpuBackend } from "../../core/webgpu/webgpu_backend.ts";
import type { Precision } from "../../core/tape.ts";
import type { Experiment } from "../../models/experiment.ts";
import type { ModelConfig } from "../../models/families.ts";
import { estimateMemory } from "../../training/memory.ts";
import type { OptimizerName } from "../../training/optimizers.ts";
import { MAX } from "../cli/common_flags.ts";
import { megabytes } from "../cli/terminal.ts";
import { isHardwareGpu } from "../cli/with_backend.ts";

/** Bytes: in all, in one buffer, and in one binding. */
interface MemorySizes {
  readonly total: number;
  readonly buffer: number;
  readonly binding: number;
}

/** How much memory there is, infinite where it is not known. */
export interface MemoryLimits extends MemorySizes {
  /** What is left of the 4 GiB that WebAssembly addresses; on other devices there is no such limit. */
  readonly addresses?: number;
  /** What runs the backend's shaders, if it has any: attention then keeps less. */
  readonly adapterClass?: AdapterClass;
}

/** How much memory there is for a backend. */
export async function memoryLimits(backend: Backend): Promise<MemoryLimits> {
  const permission = await Deno.permissions.query({ name: "sys", kind: "systemMemoryInfo" });
  const total = isHardwareGpu(backend) || permission.state !== "granted"
    ? Infinity
    : Deno.systemMemoryInfo().available;
  const addresses = backend instanceof WasmBackend ? 2 ** 32 - backend.bytes : undefined;
  if (!(backend instanceof WebGpuBackend)) return { total, addresses, buffer: Infinity, binding: Infinity };
  const { maxBufferSize, maxStorageBufferBindingSize } = backend.limits;
  const binding = Math.min(maxBufferSize, maxStorageBufferBindingSize), { adapterClass } = backend;
  return { total, buffer: maxBufferSize, binding, adapterClass };
}

/** Refuses a model that is too large to train, with a batch size that fits if there is one. */
export function checkMemory(
  config: ModelConfig,
  settings: {
    batchSize: number;
    accumulation: number;
    optimizer?: OptimizerName;
    experiment?: Experiment;
    maskRate?: number;
    precision?: Precision;
    recompute?: boolean;
  },
  limits: MemoryLimits,
): void {
  const { adapterClass } = limits;
  const fit = (recompute: boolean | undefined) =>
    fitBatch(settings.batchSize, limits, (batchSize) => {
      const estimate = estimateMemory(config, batchSize, { ...settings, recompute, adapterClass });
      const { parameters, parameterBytes, activationBytes, tensorBytes } = estimate;
      return { total: parameterBytes + activationBytes, buffer: 4 * parameters, binding: tensorBytes };
    });
  const { problem, fitting } = fit(settings.recompute);
  if (problem === undefined) return;
  const ways = fitting === undefined ? [] : [batchFlags(fitting, settings)];
  const again = settings.recompute ? undefined : fit(true).fitting;
  // where the batch must be smaller all the same, a still smaller one costs less than computing blocks again
  if (again !== undefined && (again === settings.batchSize || fitting === undefined)) {
    ways.push(
      ["--recompute", ...again === settings.batchSize ? [] : [batchFlags(again, settings)]].join(" "),
    );
  }
  const advice = ways.length === 0
    ? "give a smaller --model-dim, --layers or --context-length"
    : `${ways.join(" fits, and so does ")}${ways.length === 1 ? " fits" : ""}`;
  throw new RangeError(`Cannot train a model of this size: it ${problem}; ${advice}`);
}

/** The flags for batches of a smaller size, and for as many more of them, unless those are too many. */
function batchFlags(size: number, settings: { batchSize: number; accumulation: number }): string {
  const batches = Math.ceil(settings.batchSize / size) * settings.accumulation;
  return `--batch-size ${size}${batches > MAX.accumulation ? "" : ` --accumulation ${batches}`}`;
}

/** Refuses a batch size that is too large to evaluate a model with. The model itself is in memory by then. */
export function checkEvaluationMemory(config: ModelConfig, batchSize: number, limits: MemoryLimits): void {
  const { problem, fitting } = fitBatch(batchSize, limits, (batchSize) => {
    const { activationBytes, tensorBytes } = estimateMemory(config, batchSize, {
      adapterClass: limits.adapterClass,
    });
    return { total: activationBytes / 2, buffer: 0, binding: tensorBytes }; // no gradients
  });
  if (problem === undefined) return;
  throw new RangeError(
    `Cannot measure with --batch-size ${batchSize}, which ${problem}; ` +
      (fitting === undefined ? "the model is too large for it" : `--batch-size ${fitting} fits`),
  );
}

/**
 * Refuses to generate more or longer texts than fit, with what to do about it. The model itself is in memory by then. A prompt is
 * computed at once, and so is a window that slides: what a block makes of all these positions is there beside the caches.
 */
export function checkGenerationMemory(
  { layers, modelDim, feedForwardDim, contextLength, vocabSize }: ModelConfig,
  { samples, prompt, tokens }: { samples: number; prompt: number; tokens: number },
  limits: MemoryLimits,
  advice: string,
): void {
  const cache = 4 * samples * contextLength * modelDim; // keys or values of one layer
  const logits = 4 * samples * vocabSize;
  const written = 4 * samples * tokens; // the ids on the device, and their initial copy
  const atOnce = 4 * samples * (tokens > contextLength ? contextLength : prompt);
  const block = atOnce * ((18 + layers) * modelDim + 2 * feedForwardDim);
  const binding = Math.max(cache, logits, written, atOnce * Math.max(3 * modelDim, feedForwardDim));
  const problem = shortage(
    { total: 2 * layers * cache + block + 3 * logits + 2 * written, buffer: binding, binding },
    limits,
  );
  if (problem === undefined) return;
  throw new RangeError(
    `Cannot generate ${samples === 1 ? "a text" : `${samples} texts`} of ${tokens} tokens${
      samples === 1 ? "" : " at once"
    }, which ${problem}; ${advice}`,
  );
}

/** The problem of a batch size, if there is one, and the first of its halves, quarters, … that fits, if one does. */
function fitBatch(
  batchSize: number,
  limits: MemoryLimits,
  needed: (batchSize: number) => MemorySizes,
): { problem?: string; fitting?: number } {
  const problem = shortage(needed(batchSize), limits);
  for (let size = batchSize; size >= 1; size = Math.floor(size / 2)) {
    if (shortage(needed(size), limits) === undefined) return { problem, fitting: size };
  }
  return { problem };
}

/** What does not fit, in words, if anything does not. */
function shortage(sizes: MemorySizes, limits: MemoryLimits): string | undefined {
  // on WebAssembly a product copies its operands into panels: twice the largest tensor is more than both
  const needed = { ...sizes, addresses: sizes.total + 2 * sizes.binding };
  const where = {
    total: "are free",
    addresses: "can be addressed by WebAssembly",
    buffer: "fit into one buffer of the device",
    binding: "can be bound at once on the device",
  } as const;
  for (const name of ["total", "addresses", "buffer", "binding"] as const) {
    const { [name]: limit = Infinity } = limits;
    if (needed[name] > limit) {
      return `needs about ${megabytes(needed[name])} where ${megabytes(limit)} ${where[name]}`;
    }
  }
}
