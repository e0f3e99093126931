import { assertEquals } from "@std/assert";
import type { Backend } from "../core/backend.ts";
import { CpuBackend } from "../core/cpu_backend.ts";
import { initialize, type ParameterStore } from "../core/module.ts";
import type { Tensor } from "../core/tensor.ts";
import { buildModel, expectKind, type ModelsByKind } from "../models/families.ts";
import { importTensors } from "../checkpoints/hugging_face/tensors.ts";
import { fromHuggingFaceConfig } from "../checkpoints/hugging_face/formats.ts";
import { newOptimizer, type OptimizerName, OPTIMIZERS } from "../training/optimizers.ts";
import { readSafetensors } from "../checkpoints/safetensors.ts";
import { golden } from "./_golden.ts";
import { differentiate } from "./_model.ts";
import { assertClose, everyBackend, type Tolerance, TOLERANCES, type Values } from "./_testing.ts";

interface ModelCase {
  readonly ids: Values;
  readonly targets: Values;
  readonly logits: Values;
  readonly loss: number;
  readonly losses: Values;
  readonly losses64: Values;
  readonly sgdLosses: Values;
  readonly sgdLosses64: Values;
}

const fixture = (name: string) => Deno.readFileSync(new URL(`../fixtures/${name}`, import.meta.url));

/** Builds a model from a Hugging Face folder. */
function load(backend: Backend, name: string): { model: ModelsByKind["causal"]; store: ParameterStore } {
  const json = JSON.parse(new TextDecoder().decode(fixture(`${name}/config.json`)));
  const model = buildModel<"causal">(expectKind(fromHuggingFaceConfig(json), "causal")),
    store = initialize(backend, model, 0);
  const tensors = importTensors(model.config, readSafetensors(fixture(`${name}/model.safetensors`)));
  for (const parameter of store.parameters) {
    const { shape, data } = tensors.get(parameter.name)!;
    assertEquals(shape, parameter.shape, parameter.name);
    backend.write(parameter, data);
  }
  return { model, store };
}

/** Batch `step` of (steps, B, T). */
function batchOf(backend: Backend, { shape: [, batch, time], data }: Values, step: number): Tensor {
  return backend.from(data.slice(step * batch * time, (step + 1) * batch * time), [batch, time]);
}

interface Comparison {
  readonly logits: Tolerance;
  readonly gradients: Tolerance;
}

/** Holds logits, loss and every gradient against those of Hugging Face's model. */
async function checkModel(backend: Backend, name: string, tolerance: Comparison): Promise<void> {
  const [expected] = golden<ModelCase>(name), { model, store } = load(backend, name);
  const { logits, loss } = backend.scope(() =>
    differentiate(model, batchOf(backend, expected.ids, 0), batchOf(backend, expected.targets, 0))
  );
  assertClose(await backend.read(logits), expected.logits, tolerance.logits, `${name}: logits`);
  const value = { shape: [1], data: Float64Array.of(expected.loss) };
  assertClose(await backend.read(loss), value, tolerance.logits, `${name}: loss`);
  const gradients = importTensors(model.config, readSafetensors(fixture(`${name}.gradients.safetensors`)));
  for (const parameter of store.parameters) {
    const gradient = gradients.get(parameter.name)!;
    const actual = await backend.read(parameter.gradient!);
    assertClose(actual, gradient, tolerance.gradients, `${name}: gradient of ${parameter.name}`);
  }
}

/** How the golden script trains with each optimizer, and where it keeps the losses. */
const GOLDEN = {
  adamw: { learningRate: 1e-3, losses: "losses", losses64: "losses64" },
  sgd: { learningRate: 1e-2, losses: "sgdLosses", losses64: "sgdLosses64" },
} as const;

/** Trains as the golden script does. */
async function tenLosses(backend: Backend, name: string, which: OptimizerName): Promise<number[]> {
  const [{ ids, targets }] = golden<ModelCase>(name), { model, store } = load(backend, name);
  const settings = { optimizer: which, weightDecay: 0.01, clipNorm: 1 };
  const optimizer = newOptimizer(backend, store, settings), losses: number[] = [];
  for (let step = 0; step < ids.shape[0]; step++) {
    optimizer.prepare(step, GOLDEN[which].learningRate);
    const loss = backend.scope(() => {
      const { loss } = differentiate(model, batchOf(backend, ids, step), batchOf(backend, targets, step));
      optimizer.update();
      return loss;
    });
    losses.push((await backend.read(loss))[0]);
  }
  return losses;
}

for (const name of ["openai-gpt-mini", "gpt2-mini"]) {
  everyBackend(`${name}: logits, loss and all gradients equal Hugging Face's`, async (backend) => {
    const cpu = { logits: TOLERANCES.golden, gradients: TOLERANCES.golden };
    const gpu = { logits: TOLERANCES.rows, gradients: TOLERANCES.modelGradients };
    await checkModel(backend, name, backend.name === "cpu" ? cpu : gpu);
  });

  for (const which of Object.keys(OPTIMIZERS) as OptimizerName[]) {
    everyBackend(`${name}: ten ${which} losses equal PyTorch's`, async (backend) => {
      const { [GOLDEN[which].losses]: losses } = golden<ModelCase>(name)[0];
      const rtol = backend.name === "cpu" ? 1e-6 : 1e-5;
      assertClose(await tenLosses(backend, name, which), losses, { rtol, atol: 0 }, `${name}: losses`);
    });
  }

  Deno.test(`${name}: everything equals Hugging Face's in 64 bits`, async () => {
    const backend = new CpuBackend({ floats: Float64Array, poison: true });
    // the golden gradients are rounded to 32 bits
    await checkModel(backend, name, { logits: TOLERANCES.golden64, gradients: { rtol: 6e-8, atol: 1e-9 } });
    for (const which of Object.keys(OPTIMIZERS) as OptimizerName[]) {
      const { [GOLDEN[which].losses64]: losses } = golden<ModelCase>(name)[0];
      assertClose(
        await tenLosses(backend, name, which),
        losses,
        TOLERANCES.golden64,
        `${name}: ${which} losses`,
      );
    }
  });
}
