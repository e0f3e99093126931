import { assertEquals } from "@std/assert";
import type { Backend } from "../core/backend.ts";
import { CpuBackend } from "../core/cpu_backend.ts";
import { Tape } from "../core/tape.ts";
import { IGNORE_INDEX } from "../kernels/cross_entropy.ts";
import { buildModel, kindOf, objectiveOf } from "../models/families.ts";
import type { GptClassifier } from "../models/classifiers/gpt_classifier.ts";
import { importTensors } from "../checkpoints/hugging_face/tensors.ts";
import { MaskedLanguageModel } from "../models/masked_language_model.ts";
import { totalWeight, toTensors } from "../training/batch_tensors.ts";
import type { Batch, BatchSource } from "../data/batches.ts";
import { type LoadedModel, loadModel, modelFiles, restoreModel } from "../checkpoints/checkpoint.ts";
import { readSafetensors } from "../checkpoints/safetensors.ts";
import { TrainingRun } from "../training/train.ts";
import { golden } from "./_golden.ts";
import { assertClose, everyBackend, type Tolerance, TOLERANCES, type Values } from "./_testing.ts";
import { allReports, settings } from "./_training.ts";

interface ReaderCase {
  readonly settings: { beta2: number; epsilon: number; weightDecay: number; clipNorm: number };
  readonly ids: Values<Uint32Array>;
  readonly lengths: Values<Uint32Array>;
  readonly targets: Values<Uint32Array>;
  readonly logits: Values;
  readonly loss: number;
  readonly losses: Values;
  readonly losses64: Values;
}

const fixture = (path: string) => Deno.readFileSync(new URL(`../fixtures/${path}`, import.meta.url));

function load(name: string): LoadedModel {
  const files = ["config.json", "model.safetensors"].map((file) => [file, fixture(`${name}/${file}`)]);
  return loadModel(Object.fromEntries(files));
}

/** The places that are asked for, some more to fill up, and what they ask for. */
function hiddenPlaces(targets: Uint32Array) {
  const places: number[] = [];
  targets.forEach((target, place) => target === IGNORE_INDEX || places.push(place));
  const asked = Uint32Array.from(places, (place) => targets[place]);
  return {
    targetIndices: Uint32Array.of(...places, 0, 0),
    targets: Uint32Array.of(...asked, IGNORE_INDEX, IGNORE_INDEX),
  };
}

/** The tokens that follow, the mean over each text weighing 0.5. */
function nextTokens(inputs: Uint32Array, lengths: Uint32Array, time: number) {
  const auxiliaryTargets = new Uint32Array(inputs.length).fill(IGNORE_INDEX);
  const auxiliaryWeights = new Float32Array(inputs.length);
  for (const [row, length] of lengths.entries()) {
    for (let place = row * time; place < row * time + length - 1; place++) {
      auxiliaryTargets[place] = inputs[place + 1];
      auxiliaryWeights[place] = 0.5 / (length - 1);
    }
  }
  return { auxiliaryTargets, auxiliaryWeights };
}

/** The batches of a golden file, as training takes them. */
function batchesOf({ ids, lengths, targets }: ReaderCase, { config }: LoadedModel): BatchSource {
  const [steps, batchSize, contextLength] = ids.shape, size = batchSize * contextLength;
  const slice = ({ data }: Values<Uint32Array>, number: number, size: number) =>
    data.slice(number * size, (number + 1) * size);
  return {
    batchesPerEpoch: steps,
    at(number): Batch {
      const inputs = slice(ids, number, size), some = slice(lengths, number, batchSize);
      const batch = { inputs, lengths: some, batchSize, contextLength };
      if (kindOf(config) === "masked") return { ...batch, ...hiddenPlaces(slice(targets, number, size)) };
      const classes = { ...batch, targets: slice(targets, number, batchSize) };
      return objectiveOf(config) === "mlm"
        ? classes
        : { ...classes, ...nextTokens(inputs, some, contextLength) };
    },
  };
}

function newRun(backend: Backend, name: string): TrainingRun {
  const [expected] = golden<ReaderCase>(name), loaded = load(name), steps = expected.ids.shape[0];
  const constant = { schedule: "constant", learningRate: 1e-3, warmupSteps: 0, steps } as const;
  const all = { ...settings, ...constant, ...expected.settings };
  const run = new TrainingRun(backend, buildModel(loaded.config), batchesOf(expected, loaded), all);
  restoreModel(backend, run.store, loaded.weights);
  return run;
}

/** Holds logits, loss and every gradient against those of Hugging Face's model. */
async function checkModel(
  backend: Backend,
  name: string,
  tolerance: Record<"logits" | "gradients", Tolerance>,
) {
  const [expected] = golden<ReaderCase>(name), loaded = load(name), run = newRun(backend, name);
  const batch = batchesOf(expected, loaded).at(0), { model } = run;
  const { logits, loss } = backend.scope(() => {
    const upload = (_: string, data: Parameters<Backend["from"]>[0], shape: readonly number[]) =>
      backend.from(data, shape);
    const tensors = toTensors(batch, 1 / totalWeight([batch]), upload), { inputs, lengths } = tensors;
    const logits = model instanceof MaskedLanguageModel
      ? model.forward(inputs, { lengths })
      : (model as GptClassifier).forward(inputs, lengths!);
    const tape = new Tape();
    tape.watch(inputs);
    const loss = model.loss(tensors);
    tape.backward(loss);
    return { logits, loss };
  });
  assertClose(await backend.read(logits), expected.logits, tolerance.logits, `${name}: logits`);
  const value = { shape: [1], data: Float64Array.of(expected.loss) };
  assertClose(await backend.read(loss), value, tolerance.logits, `${name}: loss`);
  const gradients = importTensors(loaded.config, readSafetensors(fixture(`${name}.gradients.safetensors`)));
  for (const parameter of run.store.parameters) {
    const gradient = gradients.get(parameter.name)!;
    const actual = await backend.read(parameter.gradient!);
    assertClose(actual, gradient, tolerance.gradients, `${name}: gradient of ${parameter.name}`);
  }
}

const NAMES = [
  ...["roberta-mini", "roberta-classifier-mini", "bert-mini", "bert-classifier-mini"],
  "openai-gpt-classifier-mini",
];

for (const name of NAMES) {
  everyBackend(`${name}: logits, loss and all gradients equal Hugging Face's`, async (backend) => {
    const cpu = { logits: TOLERANCES.golden, gradients: TOLERANCES.golden };
    const gpu = { logits: TOLERANCES.rows, gradients: TOLERANCES.modelGradients };
    await checkModel(backend, name, backend.name === "cpu" ? cpu : gpu);
  });

  everyBackend(`${name}: ten AdamW losses equal PyTorch's`, async (backend) => {
    const [{ losses }] = golden<ReaderCase>(name), rtol = backend.name === "cpu" ? 1e-6 : 1e-5;
    const actual = (await allReports(newRun(backend, name))).map(({ loss }) => loss);
    assertClose(actual, losses, { rtol, atol: 0 }, `${name}: losses`);
  });

  Deno.test(`${name}: logits and gradients equal Hugging Face's in 64 bits`, async () => {
    const backend = new CpuBackend({ floats: Float64Array, poison: true });
    // the golden gradients are rounded to 32 bits, and so are our weights of targets
    const rounded = { rtol: 1e-7, atol: 1e-9 };
    await checkModel(backend, name, { logits: rounded, gradients: { rtol: 2e-7, atol: 1e-9 } });
  });

  Deno.test(`${name}: saved and read again, it is the same model`, async () => {
    const { store, backend } = newRun(new CpuBackend(), name), { config } = load(name);
    const again = loadModel(await modelFiles(backend, { config, experiment: undefined }, store));
    assertEquals(again.config, config);
    for (const parameter of store.parameters) {
      const { shape, data } = again.weights.get(parameter.name)!;
      assertEquals(shape, parameter.shape, parameter.name);
      assertEquals(data, await backend.read(parameter), parameter.name);
    }
  });
}
