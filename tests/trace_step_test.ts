import { assert, assertEquals } from "@std/assert";
import type { Backend } from "../core/backend.ts";
import { CpuBackend } from "../core/cpu_backend.ts";
import { initialize, namedParameters } from "../core/module.ts";
import { Tape } from "../core/tape.ts";
import { attentionStack } from "../models/families.ts";
import { Gpt } from "../models/gpt.ts";
import type { Learner } from "../models/learner.ts";
import { MaskedLanguageModel } from "../models/masked_language_model.ts";
import { RobertaClassifier } from "../models/classifiers/roberta_classifier.ts";
import type { Batch } from "../data/batches.ts";
import { toTensors } from "../training/batch_tensors.ts";
import { type TracedTensor, traceStep } from "../training/trace/trace_step.ts";
import { attentionMaps } from "../inference/attention_maps.ts";
import { allReports, newRun, small } from "./_training.ts";
import { assertClose, everyBackend, TOLERANCES } from "./_testing.ts";

const sizes = { vocabSize: 7, contextLength: 4, layers: 2, heads: 2, modelDim: 4, feedForwardDim: 6 };
const config = { ...sizes, dropoutRate: 0.1, initialStd: 0.5 };
const causal: Batch = {
  inputs: Uint32Array.of(3, 5, 3),
  targets: Uint32Array.of(5, 3, 6),
  batchSize: 1,
  contextLength: 3,
};
const masked: Batch = {
  inputs: Uint32Array.of(0, 6, 4, 6),
  targets: Uint32Array.of(5, 3),
  targetIndices: Uint32Array.of(1, 3),
  batchSize: 1,
  contextLength: 4,
};
const CASES = {
  gpt1: () => ({ model: new Gpt({ ...config, architecture: "gpt1" }), batch: causal }),
  gpt2: () => ({
    model: new Gpt({ ...config, architecture: "gpt2", scaledAttention: false }),
    batch: causal,
  }),
  roberta: () => {
    return {
      model: new MaskedLanguageModel({ ...config, architecture: "roberta", padId: 1 }),
      batch: masked,
    };
  },
};

/** The loss of a batch on an ordinary tape, and the gradients of the parameters. */
function ordinaryStep(backend: Backend, model: Learner, batch: Batch) {
  return backend.scope(() => {
    const tensors = toTensors(batch, 1 / batch.targets.length, (_, data, shape) => backend.from(data, shape));
    const tape = new Tape();
    tape.watch(tensors.inputs);
    const loss = model.loss(tensors);
    tape.backward(loss);
    return { loss: backend.read(loss) };
  });
}

everyBackend("traceStep: loss and gradients of parameters are those of an ordinary step", async (backend) => {
  for (const [name, make] of Object.entries(CASES)) {
    const { model, batch } = make(), { gradients } = initialize(backend, model, 1);
    const { stages, parameters } = await traceStep(backend, model, batch);
    assertEquals((await backend.read(gradients)).some((value) => value !== 0), false); // those of the run
    const loss = await ordinaryStep(backend, model, batch).loss, traced = stages.at(-1)!.writes.loss;
    assertClose(traced.values!, { data: loss, shape: [1] }, TOLERANCES.rows, name);
    for (const parameter of namedParameters(model)) {
      const { name, shape, gradient } = parameter, { [name]: shown } = parameters;
      assertEquals([shown.shape, shown.dataType], [shape, "f32"]);
      assertEquals(shown.values, await backend.read(parameter) as Float32Array);
      const expected = { shape, data: await backend.read(gradient!) };
      assertClose(shown.gradient!, expected, TOLERANCES.rows, `${name}, gradient`);
      assert(shown.gradientKernels.length > 0, name);
    }
  }
});

/** Adds to one element of what one kernel writes, while the forward pass goes on. */
class Nudged extends CpuBackend {
  nudge: { stage: number; output: string; element: number; by: number } | undefined;
  runs = 0;

  override run(...[kernel, tensors, constants]: Parameters<CpuBackend["run"]>): void {
    super.run(kernel, tensors, constants);
    if (this.runs++ !== this.nudge?.stage) return;
    const { output, element, by } = this.nudge;
    (tensors[output].storage as Float64Array)[element] += by;
  }
}

Deno.test("traceStep: the gradient of every stage equals central differences", async () => {
  for (const [name, make] of Object.entries(CASES)) {
    const backend = new Nudged({ floats: Float64Array }), { model, batch } = make(), step = 1e-5;
    initialize(backend, model, 1);
    const { stages } = await traceStep(backend, model, batch), last = stages.length - 1;
    const lossAt = async (stage: number, output: string, element: number, by: number) => {
      backend.nudge = { stage, output, element, by };
      backend.runs = 0;
      const { stages } = await traceStep(backend, model, batch, { reads: (index) => index === last });
      return stages[last].writes.loss.values![0];
    };
    for (const [index, { kernel, writes }] of stages.entries()) {
      for (const [output, { shape, gradient, values }] of Object.entries(writes)) {
        if (!gradient || index === last) continue;
        const data = new Float64Array(values!.length);
        for (const element of data.keys()) {
          const above = await lossAt(index, output, element, step),
            below = await lossAt(index, output, element, -step);
          data[element] = (above - below) / (2 * step);
        }
        assertClose(
          gradient,
          { shape, data },
          { rtol: 1e-7, atol: 1e-9 },
          `${name}: stage ${index}, ${kernel}`,
        );
      }
    }
    assertEquals([...stages[last].writes.loss.gradient!], [1]);
  }
});

Deno.test("traceStep: the stages of a GPT, what each reads, and which kernels write its gradient", async () => {
  const backend = new CpuBackend(), { model, batch } = CASES.gpt2();
  initialize(backend, model, 1);
  const { stages, parameters } = await traceStep(backend, model, batch);
  const block = [
    "layerNormForward matmulBiased splitHeadsForward splitHeadsForward splitHeadsForward scaleForward",
    "matmul scaleForward softmaxForward matmul mergeHeadsForward matmulBiased addForward",
    "layerNormForward matmulBiased geluForward matmulBiased addForward",
  ].join(" ");
  assertEquals(
    stages.map(({ kernel }) => kernel).join(" "),
    `embeddingForward positions embeddingForward addForward ${block} ${block} ` +
      "layerNormForward matmul crossEntropyForward crossEntropyMean",
  );
  const [tokens, positions, , sum, norm, packed, query] = stages;
  assertEquals(tokens.reads, { ids: "inputs", table: "tokenEmbedding" });
  assertEquals(positions.reads, {});
  assertEquals(sum.reads, { a: 0, b: 2 });
  assertEquals(norm.reads, { x: 3, weight: "blocks.0.norm1.weight", bias: "blocks.0.norm1.bias" });
  assertEquals(packed.writes.y.shape, [1, 3, 12]);
  assertEquals([query.reads, query.constants.part, query.writes.y.shape], [{ x: 5 }, 0, [1, 2, 3, 2]]);
  assertEquals(stages.at(-2)!.reads, { logits: stages.length - 3, targets: "targets" });
  // the sum goes into the norm and past it, the ids have no gradient, and of the norm only the result has one
  assertEquals(sum.writes.y.gradientKernels, ["addBackward", "layerNormBackward"]);
  assertEquals(packed.writes.y.gradientKernels, ["splitHeadsBackward"]); // three runs write a part each
  assertEquals(positions.writes.y.gradient, undefined);
  assertEquals(norm.writes.statistics.gradientKernels, []);
  assertEquals(parameters.tokenEmbedding.gradientKernels, ["matmul", "embeddingBackward"]);
});

everyBackend(
  "traceStep: attention weights are those of the maps, and the heads those of the fused kernel",
  async (backend) => {
    for (const make of [CASES.gpt1, CASES.roberta]) {
      const { model, batch } = make(), { inputs } = batch, shape = [1, inputs.length];
      initialize(backend, model, 1);
      const maps = await attentionMaps(backend, attentionStack(model), inputs);
      const heads: Promise<ArrayLike<number>>[] = [];
      backend.scope(() =>
        attentionStack(model).states(backend.from(inputs, shape), {
          patch: (_, fused) => (heads.push(backend.read(fused)), fused),
        })
      );
      const { stages } = await traceStep(backend, model, batch);
      const weights = stages.filter(({ kernel }) => kernel === "softmaxForward")
        .flatMap(({ writes }) => [...writes.p.values!]);
      const expected = maps.flatMap(({ weights }) => [...weights]);
      assertClose(
        weights,
        { shape: [expected.length], data: Float32Array.from(expected) },
        TOLERANCES.rows,
        "weights",
      );
      const merged = stages.filter(({ kernel }) => kernel === "mergeHeadsForward");
      assertEquals(merged.length, 2);
      for (const [layer, { writes: { y: { values, shape } } }] of merged.entries()) {
        const data = Float32Array.from(await heads[layer]);
        assertClose(values!, { shape, data }, TOLERANCES.rows, `heads of layer ${layer}`);
      }
    }
  },
);

everyBackend("traceStep: a training in which steps are traced has the same bits", async (backend) => {
  const bits = async (isTraced: boolean) => {
    const model = new Gpt(small), run = newRun(backend, model, { steps: 6 });
    const look = () => isTraced && traceStep(backend, model, causal);
    await look();
    const reports = [...await allReports(run, 1, 3)];
    await look();
    await look();
    reports.push(...await allReports(run, 1));
    const { values } = run.store;
    return {
      losses: reports.map(({ loss, gradientNorm }) => [loss, gradientNorm]),
      values: await backend.read(values),
    };
  };
  assertEquals(await bits(true), await bits(false));
});

Deno.test("traceStep: only what is asked for is read", async () => {
  const backend = new CpuBackend(), { model, batch } = CASES.gpt1(), run = backend.run;
  initialize(backend, model, 1);
  const chosen = 4,
    { stages, parameters } = await traceStep(backend, model, batch, {
      reads: (stage) => stage === chosen,
    });
  const isRead = ({ values, gradient }: TracedTensor) => [values, gradient].map((data) => data !== undefined);
  const read = { ...stages[chosen].writes, ...parameters };
  assertEquals(
    Object.keys(read).filter((name) => isRead(read[name]).every(Boolean)),
    ["y", "blocks.0.attention.queryKeyValue.weight", "blocks.0.attention.queryKeyValue.bias"],
  );
  assertEquals(stages.filter(({ writes }) => Object.values(writes).some((one) => one.values)).length, 1);
  assertEquals(parameters["blocks.0.mlp.expand.weight"].gradientKernels, []);
  assertEquals(backend.run, run); // the backend is no longer observed
});

Deno.test("traceStep: a batch with lengths has fused attention, and a model that fails leaves nothing behind", async () => {
  const backend = new CpuBackend(), { run } = backend, labels = ["a", "b"];
  const model = new RobertaClassifier({ ...config, architecture: "roberta", padId: 1, labels }),
    { gradients } = initialize(backend, model, 1);
  const batch = { ...causal, targets: Uint32Array.of(1), lengths: Uint32Array.of(2) };
  const { stages } = await traceStep(backend, model, batch);
  assertEquals(stages.filter(({ kernel }) => kernel === "attentionForward").length, 2);
  const [parameter] = namedParameters(model), { gradient } = parameter;
  const failing: Learner & { model: Learner } = {
    model,
    loss: () => {
      throw new Error("no loss");
    },
  };
  let message = "";
  await traceStep(backend, failing, causal).catch((error) => message = error.message);
  assertEquals([message, backend.run === run, parameter.gradient === gradient], ["no loss", true, true]);
  assertEquals((await backend.read(gradients)).every((value) => value === 0), true);
});
