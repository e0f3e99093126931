/**
 * Compiles shaders where it runs: every kernel with representative constants, and all that training and generating launch with
 * the presets and the small runs. Bundled for Chrome by `shaders.ts`, minified as the page is and as in the sources.
 *
 * @module
 */
import type { AdapterClass } from "../../core/backend.ts";
import { CpuBackend } from "../../core/cpu_backend.ts";
import { initialize } from "../../core/module.ts";
import { assembleShader } from "../../core/webgpu/shader.ts";
import { WebGpuPrograms } from "../../core/webgpu/webgpu_programs.ts";
import { causalBatches } from "../../data/batches.ts";
import { maskedBatches } from "../../data/masked_batches.ts";
import { generate } from "../../inference/generate.ts";
import { buildModel } from "../../models/families.ts";
import { Gpt } from "../../models/gpt.ts";
import { PRESETS } from "../../training/presets.ts";
import { MASKED_PRESETS } from "../../training/roberta_presets.ts";
import { TrainingRun } from "../../training/train.ts";
import { smallRuns, startSmallRun } from "../../training/verification/small_runs.ts";
import { type KernelRun, representativeRuns } from "../_shaders.ts";

/** What was compiled. */
export interface Compiled {
  readonly shaders: number;
  /** How many of them bind eight buffers. */
  readonly full: number;
  /** How many of them use subgroups. */
  readonly shuffling: number;
  /** The kernel and the compiler's message. */
  readonly errors: readonly string[];
}

/** Without subgroups, and with small ones, where some of a reduction goes through memory, and large ones. */
const SUBGROUPS = [undefined, ...[4, 32, 64].map((size) => ({ size, directive: "enable subgroups;" }))];

/** Tokens of the models: no multiple of four, as is usual. */
const VOCAB_SIZE = 65;

/** A backend that records the kernels to run, and runs nothing. */
class RunRecorder extends CpuBackend {
  readonly runs: KernelRun[] = [];

  constructor(readonly adapterClass: AdapterClass) {
    super();
  }

  override run(...[kernel, , constants]: Parameters<CpuBackend["run"]>): void {
    this.runs.push([kernel, constants]);
  }
}

/** What one update, and one chunk of text, of every preset launches; one layer has all kernels of a model. */
async function presetRuns(adapterClass: AdapterClass): Promise<KernelRun[]> {
  const runs: KernelRun[] = [];
  for (const { model, training } of [...Object.values(PRESETS), ...Object.values(MASKED_PRESETS)]) {
    const backend = new RunRecorder(adapterClass), seed = 1, { contextLength } = model;
    const config = { ...model, layers: 1, vocabSize: VOCAB_SIZE };
    const rows = { batchSize: Math.min(training.batchSize, 12), contextLength, seed };
    const tokens = new Uint32Array(contextLength).fill(5);
    const batches = model.architecture === "roberta"
      ? maskedBatches([tokens], { ...rows, vocabSize: VOCAB_SIZE, maskId: 64, specialIds: [0, 1, 2, 3, 64] })
      : causalBatches(new Uint32Array(contextLength + 9), rows);
    const built = buildModel(config), store = initialize(backend, built, seed);
    new TrainingRun(backend, built, batches, { ...training, seed }, { store }).advance();
    if (built instanceof Gpt) {
      const prompt = Uint32Array.of(1, 2);
      for await (const _ of generate(backend, built, { prompt, maxNewTokens: 4, topK: 3, topP: 0.9 }));
    }
    runs.push(...backend.runs);
  }
  return runs;
}

/** What two updates of every small run launch. */
function smallRunsOf(adapterClass: AdapterClass): KernelRun[] {
  const backend = new RunRecorder(adapterClass);
  for (const small of smallRuns()) {
    const run = startSmallRun(backend, small);
    run.advance();
    run.advance();
  }
  return backend.runs;
}

/** A shader with floats in place of halves, for an adapter that has none: all else in it is compiled as it is. */
const withoutHalves = (code: string): string =>
  code.replace("enable f16;", "").replaceAll("array<f16>", "array<f32>").replaceAll(
    "array<vec4h>",
    "array<vec4f>",
  );

/**
 * Compiles the shaders of a class of adapters on a device that has what WebGPU guarantees and no more. A pipeline, which takes
 * SwiftShader long, is made for each kernel that binds as many buffers as are allowed.
 */
export async function compileShaders(
  modules: readonly object[],
  adapterClass: AdapterClass,
): Promise<Compiled> {
  const adapter = await navigator.gpu.requestAdapter();
  const features = ["shader-f16", "subgroups"] as const;
  const requiredFeatures = features.filter((feature) => adapter!.features.has(feature));
  const device = await adapter!.requestDevice({ requiredFeatures });
  const shaders = new Map<string, KernelRun>();
  for (
    const runs of [representativeRuns(modules), await presetRuns(adapterClass), smallRunsOf(adapterClass)]
  ) {
    for (const run of runs) {
      for (const subgroups of SUBGROUPS) {
        if (subgroups && !requiredFeatures.includes("subgroups")) continue;
        shaders.set(assembleShader(...run, adapterClass, subgroups).code, run);
      }
    }
  }
  const errors: string[] = [];
  for (const [code, [kernel]] of shaders) {
    const text = requiredFeatures.includes("shader-f16") ? code : withoutHalves(code);
    const { messages } = await device.createShaderModule({ code: text }).getCompilationInfo();
    for (const { type, lineNum, message } of messages) {
      if (type === "error") errors.push(`${kernel.name}, line ${lineNum}: ${message}`);
    }
  }
  let id = 0;
  const programs = new WebGpuPrograms(device, adapterClass, (size) => {
    const buffer = device.createBuffer({ size, usage: GPUBufferUsage.STORAGE | GPUBufferUsage.COPY_DST });
    return { buffer, id: id++, offset: 0, size };
  });
  const full = [...shaders].filter(([code]) => code.includes("@binding(7)") && code === withoutHalves(code))
    .map(([, run]) => run);
  for (const run of new Map(full.map((run) => [run[0], run])).values()) {
    device.pushErrorScope("validation");
    programs.launch(...run);
    const error = await device.popErrorScope();
    if (error) errors.push(`${run[0].name}: ${error.message}`);
  }
  device.destroy();
  const shuffling = [...shaders.keys()].filter((code) => code.includes("subgroupShuffle")).length;
  return { shaders: shaders.size, full: full.length, shuffling, errors };
}
