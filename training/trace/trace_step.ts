/**
 * A look inside one training step: every kernel of the forward pass with what it computed and, once the loss has been
 * differentiated, the gradient of each result and the kernels that wrote it.
 *
 *     forward    ids ──embedding──▶ x ──layerNorm──▶ y ── … ──crossEntropy──▶ loss        stages 0, 1, 2, …
 *     backward                     dx ◀─────────── dy ◀─ … ◀───────────────── 1           the same stages, last to first
 *
 * Nothing is computed a second time for it: the model's own `loss` runs on a tape, and the `run` of the backend is observed
 * meanwhile. So what is seen is what ran, also in blocks of an experiment, and a step that nobody looks at costs nothing.
 * The tape is `decomposed`, so attention is computed by its twin: the fused kernel never stores scores or weights.
 *
 * Gradients of parameters go to memory of their own, nothing is updated, and there is no dropout, so no random numbers are
 * drawn: a run in which a step is traced goes on bit for bit as without.
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
  /** What it wrote, by the kernel's names. Only what the tape goes on from has a gradient. */
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
  /** The parameters by name. Those that no stage reads whose values were asked for have neither values nor gradient. */
  readonly parameters: Readonly<Record<string, TracedTensor>>;
}

/**
 * What {@linkcode traceStep} reads.
 *
 * @category Training
 */
export interface TraceOptions {
  /** Whether results and parameters of a stage are read from the device, which takes time; all are unless given. */
  reads?: (stage: number) => boolean;
}

/** A tensor whose content is being read. */
type Reading = { -readonly [Field in keyof TracedTensor]: TracedTensor[Field] };

/**
 * Computes loss and gradients of a batch, and shows every stage of it. The model stays as it is.
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
 * @param batch What it is given. Of one with lengths, attention stays fused, and the stages have no scores and weights.
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
  const { reads = () => true } = options, pending: Promise<void>[] = [];
  const read = (tensor: Tensor, keep: (data: HostArray) => void) => {
    pending.push(backend.read(tensor).then(keep));
  };
  const trace = backend.scope(() => {
    const upload = (_: string, data: HostArray, shape: Shape) => backend.from(data, shape);
    const inputs = toTensors(batch, 1 / (totalWeight([batch]) || 1), upload);
    const parameters = namedParameters(model), own = parameters.map(({ gradient }) => gradient);
    /** Where the content of each piece of memory comes from, and which kernels wrote it in the backward pass. */
    const sources = new Map<unknown, number | string>(), writers = new Map<unknown, string[]>();
    for (const [name, tensor] of Object.entries(inputs)) sources.set((tensor as Tensor)?.storage, name);
    for (const { name, storage } of parameters) sources.set(storage, name);
    const stages: TracedStage[] = [], results: [stage: number, Reading, Tensor][] = [];

    const noteForward: Note = (kernel, tensors, constants) => {
      const index = stages.length, from: Record<string, number | string> = {};
      const writes: Record<string, Reading> = {};
      for (const name in kernel.reads) {
        const source = sources.get(tensors[name].storage);
        if (source !== undefined) from[name] = source;
      }
      for (const name in kernel.writes) {
        const tensor = tensors[name], result = writes[name] = describe(tensor);
        sources.set(tensor.storage, index);
        results.push([index, result, tensor]);
        if (reads(index)) read(tensor, (data) => result.values = data); // as it is now
      }
      stages.push({ kernel: kernel.name, constants, reads: from, writes });
    };
    const noteBackward: Note = ({ name: kernel, writes }, tensors, { accumulate }) => {
      for (const name in writes) {
        const { storage } = tensors[name], earlier = accumulate === 0 ? [] : writers.get(storage) ?? [];
        writers.set(storage, [...earlier, kernel]);
      }
    };
    const noteGradient = (result: Reading, { gradient }: Tensor, isRead: boolean) => {
      if (!gradient) return;
      result.gradientKernels = writers.get(gradient.storage) ?? [];
      if (isRead) read(gradient, (data) => result.gradient = data);
    };

    try {
      for (const parameter of parameters) parameter.gradient = undefined;
      const tape = new Tape(undefined, { decomposed: true });
      tape.watch(inputs.inputs);
      const loss = observe(backend, noteForward, () => model.loss(inputs));
      const wanted = new Set(
        stages.flatMap((stage, index) => reads(index) ? Object.values(stage.reads) : []),
      );
      for (const [index, parameter] of parameters.entries()) {
        if (own[index] && wanted.has(parameter.name)) parameter.gradient = zeros(backend, parameter.shape);
      }
      observe(backend, noteBackward, () => tape.backward(loss));
      for (const [index, result, tensor] of results) noteGradient(result, tensor, reads(index));
      const described = parameters.map((parameter): [string, TracedTensor] => {
        const result = describe(parameter);
        noteGradient(result, parameter, true);
        if (wanted.has(parameter.name)) read(parameter, (data) => result.values = data);
        return [parameter.name, result];
      });
      return { stages, parameters: Object.fromEntries(described) };
    } finally {
      for (const [index, parameter] of parameters.entries()) parameter.gradient = own[index];
    }
  });
  await Promise.all(pending);
  return trace;
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
