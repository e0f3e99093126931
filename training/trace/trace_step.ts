/**
 * Traces one training step: every kernel of the forward pass with its results, and after the backward pass the gradient of each
 * result and the kernels that wrote it.
 *
 *     forward    ids ──embedding──▶ x ──layerNorm──▶ y ── … ──crossEntropy──▶ loss        stages 0, 1, 2, …
 *     backward                     dx ◀─────────── dy ◀─ … ◀───────────────── 1           the same stages, last to first
 *
 * There is no second implementation of the model for it: the model's own `loss` runs on a tape while calls of the backend's
 * `run` are recorded. So a trace shows what runs, also in blocks of an experiment, and a step that is not traced costs nothing.
 * The tape is `decomposed`, so fused operations are computed by their twins: the kernel of attention never stores scores or
 * weights, and that of a residual connection not the gradient of its sum.
 *
 * Gradients of parameters are written to memory of their own, nothing is updated, and without dropout no random numbers are
 * drawn: tracing a step in the middle of a run does not change a bit of it.
 *
 * @module
 */

import type { Backend, Constants, DataType, HostArray, Kernel, Shape } from "../../core/backend.ts";
import { namedParameters } from "../../core/module.ts";
import { Tape } from "../../core/tape.ts";
import { type Tensor, zeros } from "../../core/tensor.ts";
import type { Batch } from "../../data/batches.ts";
import type { Learner } from "../../models/learner.ts";
import { totalWeight, toTensors } from "../batch_tensors.ts";

/**
 * A tensor of a step.
 *
 * @category Training
 */
export interface TracedTensor {
  /** Sizes of its dimensions. */
  readonly shape: Shape;
  /** What it holds. */
  readonly dataType: DataType;
  /** Its elements, row-major; if they were read. */
  readonly values?: HostArray;
  /** The derivative of the loss with respect to each element; if it has one, and it was read. */
  readonly gradient?: HostArray;
  /** The kernels that wrote the gradient, in order: each use of the tensor adds its part. Empty without a gradient. */
  readonly gradientKernels: readonly string[];
}

/**
 * One run of a kernel in the forward pass.
 *
 * @category Training
 */
export interface TracedStage {
  /** The name of the kernel, such as `softmaxForward`. */
  readonly kernel: string;
  /** Its sizes and settings. */
  readonly constants: Constants;
  /**
   * Where what it read comes from, by the kernel's names: the index of an earlier stage, the name of a parameter, or the name of
   * a part of the batch, such as `inputs`.
   */
  readonly reads: Readonly<Record<string, number | string>>;
  /** What it wrote, by the kernel's names. Only a result that later stages differentiate has a gradient. */
  readonly writes: Readonly<Record<string, TracedTensor>>;
}

/**
 * One step, from the tokens to the loss.
 *
 * @category Training
 */
export interface StepTrace {
  /** The kernels of the forward pass, in order; the last one computes the loss. */
  readonly stages: readonly TracedStage[];
  /** The parameters by name. Values and gradient are there if a stage whose values are read uses the parameter. */
  readonly parameters: Readonly<Record<string, TracedTensor>>;
}

/**
 * What {@linkcode traceStep} reads.
 *
 * @category Training
 */
export interface TraceOptions {
  /** Whether results and parameters of a stage are read from the device, which takes time; all of them by default. */
  reads?: (stage: number) => boolean;
}

/** A tensor whose content is being read. */
type Reading = { -readonly [Field in keyof TracedTensor]: TracedTensor[Field] };

/**
 * Computes loss and gradients of a batch, and returns every stage of the computation. The model is not changed.
 *
 * @example The attention weights of the first layer, and their gradients
 * ```ts
 * import { CpuBackend, Gpt, initialize, PRESETS, traceStep } from "@miniformer/miniformer";
 * import { assertEquals } from "@std/assert";
 *
 * const backend = new CpuBackend(), model = new Gpt({ ...PRESETS.tiny.model, vocabSize: 7 });
 * initialize(backend, model, 1);
 * const batch = { inputs: Uint32Array.of(4, 2), targets: Uint32Array.of(2, 6), batchSize: 1, contextLength: 2 };
 * const { stages } = await traceStep(backend, model, batch);
 * const { p: weights } = stages.find(({ kernel }) => kernel === "softmaxForward")!.writes;
 * assertEquals(weights.shape, [1, 4, 2, 2]); // batch, heads, queries, keys
 * assertEquals([...weights.values!.subarray(0, 2)], [1, 0]); // the first token attends to itself only
 * assertEquals(weights.gradientKernels, ["matmul"]); // from the product of weights and values
 * assertEquals(stages.at(-1)!.writes.loss.shape, [1]);
 * ```
 *
 * @param backend Where the model lives.
 * @param model The model.
 * @param batch The batch. With lengths, attention stays fused, and there are no stages with scores and weights.
 * @param options Which values are read.
 * @returns The stages and the parameters.
 * @category Training
 */
export async function traceStep(
  backend: Backend,
  model: Learner,
  batch: Batch,
  options: TraceOptions = {},
): Promise<StepTrace> {
  const { reads = () => true } = options, recording = new Recording(backend, reads);
  const trace = backend.scope(() => {
    const upload = (_: string, data: HostArray, shape: Shape) => backend.from(data, shape);
    const inputs = toTensors(batch, 1 / (totalWeight([batch]) || 1), upload);
    const parameters = namedParameters(model), own = parameters.map(({ gradient }) => gradient);
    for (const [name, tensor] of Object.entries(inputs)) recording.name(tensor as Tensor | undefined, name);
    for (const parameter of parameters) recording.name(parameter, parameter.name);
    try {
      for (const parameter of parameters) parameter.gradient = undefined;
      const tape = new Tape(undefined, { decomposed: true });
      tape.watch(inputs.inputs);
      const loss = observe(backend, recording.forward, () => model.loss(inputs));
      const { stages } = recording;
      const used = new Set(stages.flatMap((stage, index) => reads(index) ? Object.values(stage.reads) : []));
      for (const [index, parameter] of parameters.entries()) {
        if (own[index] && used.has(parameter.name)) parameter.gradient = zeros(backend, parameter.shape);
      }
      observe(backend, recording.backward, () => tape.backward(loss));
      recording.readGradients();
      const traced = parameters.map((parameter): [string, TracedTensor] => {
        return [parameter.name, recording.parameter(parameter, used.has(parameter.name))];
      });
      return { stages, parameters: Object.fromEntries(traced) };
    } finally {
      for (const [index, parameter] of parameters.entries()) parameter.gradient = own[index];
    }
  });
  await recording.completed();
  return trace;
}

/** What is recorded of a step while its kernels run. */
class Recording {
  readonly stages: TracedStage[] = [];
  readonly #backend: Backend;
  readonly #reads: (stage: number) => boolean;
  /** Where the content of each piece of memory comes from: a stage, or the name of a parameter or of a part of the batch. */
  readonly #sources = new Map<unknown, number | string>();
  /** The kernels of the backward pass that wrote each piece of memory. */
  readonly #writers = new Map<unknown, string[]>();
  readonly #results: [stage: number, Reading, Tensor][] = [];
  readonly #pending: Promise<void>[] = [];

  constructor(backend: Backend, reads: (stage: number) => boolean) {
    this.#backend = backend;
    this.#reads = reads;
  }

  /** Names a tensor that stages may read. */
  name(tensor: Tensor | undefined, name: string): void {
    if (tensor) this.#sources.set(tensor.storage, name);
  }

  /** Records a kernel of the forward pass as the next stage. */
  readonly forward: Note = (kernel, tensors, constants) => {
    const index = this.stages.length, reads: Record<string, number | string> = {};
    const writes: Record<string, Reading> = {};
    for (const name in kernel.reads) {
      const source = this.#sources.get(tensors[name].storage);
      if (source !== undefined) reads[name] = source;
    }
    for (const name in kernel.writes) {
      const tensor = tensors[name], result = writes[name] = describe(tensor);
      this.#sources.set(tensor.storage, index);
      this.#results.push([index, result, tensor]);
      if (this.#reads(index)) this.#read(tensor, (data) => result.values = data); // before a later kernel can write over it
    }
    this.stages.push({ kernel: kernel.name, constants, reads, writes });
  };

  /** Records which gradients a kernel of the backward pass wrote. */
  readonly backward: Note = ({ name: kernel, writes }, tensors, { accumulate }) => {
    for (const name in writes) {
      const { storage } = tensors[name], earlier = accumulate === 0 ? [] : this.#writers.get(storage) ?? [];
      this.#writers.set(storage, [...earlier, kernel]);
    }
  };

  /** Begins to read the gradients of all results. */
  readGradients(): void {
    for (const [stage, result, tensor] of this.#results) {
      this.#addGradient(result, tensor, this.#reads(stage));
    }
  }

  /** A parameter with its gradient, and with its values if some stage that is read uses it. */
  parameter(tensor: Tensor, isUsed: boolean): TracedTensor {
    const result = describe(tensor);
    this.#addGradient(result, tensor, true);
    if (isUsed) this.#read(tensor, (data) => result.values = data);
    return result;
  }

  /** Waits until everything has been read. */
  async completed(): Promise<void> {
    await Promise.all(this.#pending);
  }

  #addGradient(result: Reading, { gradient }: Tensor, isRead: boolean): void {
    if (!gradient) return;
    result.gradientKernels = this.#writers.get(gradient.storage) ?? [];
    if (isRead) this.#read(gradient, (data) => result.gradient = data);
  }

  #read(tensor: Tensor, keep: (data: HostArray) => void): void {
    this.#pending.push(this.#backend.read(tensor).then(keep));
  }
}

/** What is called with each kernel that ran. */
type Note = (kernel: Kernel, tensors: Readonly<Record<string, Tensor>>, constants: Constants) => void;

/** Calls `note` after every kernel that `body` runs. Tensors call their backend directly, so its own `run` is replaced. */
function observe<Result>(backend: Backend, note: Note, body: () => Result): Result {
  const { run } = backend;
  backend.run = (kernel, tensors, constants) => {
    Reflect.apply(run, backend, [kernel, tensors, constants]);
    note(kernel as unknown as Kernel, tensors, constants);
  };
  try {
    return body();
  } finally {
    backend.run = run;
  }
}

const describe = ({ shape, dataType }: Tensor): Reading => ({ shape, dataType, gradientKernels: [] });
