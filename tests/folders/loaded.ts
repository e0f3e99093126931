/**
 * A folder that `draw.py` wrote, and what our model computes from it.
 *
 * @module
 */
import type { Backend } from "../../core/backend.ts";
import { CpuBackend } from "../../core/cpu_backend.ts";
import { allocateParameters } from "../../core/module.ts";
import type { Tensor } from "../../core/tensor.ts";
import { type CheckpointFiles, loadModel, modelFiles, restoreModel } from "../../checkpoints/checkpoint.ts";
import { statesAt } from "../../models/classifiers/classifier.ts";
import { buildModel, type Model } from "../../models/families.ts";
import { Gpt } from "../../models/gpt.ts";
import { MaskedLanguageModel } from "../../models/masked_language_model.ts";

/** What transformers computed from a folder. */
export interface Case {
  /** The class of transformers. */
  readonly class: string;
  /** Texts of one length, filled with padding. */
  readonly ids: readonly (readonly number[])[];
  /** Their lengths without padding. */
  readonly lengths: readonly number[];
  /** The type of each token. */
  readonly tokenTypes?: readonly (readonly number[])[];
  /** Logits of the texts, or of all tokens that are no padding; of a bare model hidden states, and what a BERT pools. */
  readonly outputs: readonly (readonly number[])[];
}

/** The largest difference that is allowed, relative to the largest output. */
export const ALLOWED = 1e-5;

/** The numbers that `draw.py` gives to a tensor: a hash of its name and the index. */
export function drawnValues(name: string, size: number): Float32Array {
  let seed = 0x811c9dc5;
  for (const byte of new TextEncoder().encode(name)) seed = Math.imul(seed ^ byte, 0x01000193);
  return Float32Array.from({ length: size }, (_, index) => {
    let x = Math.imul(index, 0x9e3779b1) + seed | 0;
    x = Math.imul(x ^ x >>> 16, 0x85ebca6b);
    x = Math.imul(x ^ x >>> 13, 0xc2b2ae35);
    return ((x ^ x >>> 16) >>> 8) / 2 ** 24 - 0.5;
  });
}

/** The forward pass of the class that the case names. */
function forward(model: Model, { class: name, tokenTypes, ids, lengths }: Case, backend: Backend): Tensor {
  const tensor = (rows: Case["ids"]) =>
    backend.from(Uint32Array.from(rows.flat()), [rows.length, rows[0].length]);
  const inputs = tensor(ids), isBare = /(GPT|GPT2|Roberta|Bert)Model$/.test(name);
  if (model instanceof Gpt) return isBare ? model.states(inputs) : model.forward(inputs);
  const real = backend.from(Uint32Array.from(lengths));
  if (!(model instanceof MaskedLanguageModel)) return model.forward(inputs, real);
  const context = { lengths: real, tokenTypes: tokenTypes && tensor(tokenTypes) };
  return isBare ? model.encoder.states(inputs, context) : model.forward(inputs, context);
}

/** What our model computes from the files of a folder, in the order of the case, and its files when it is saved. */
export async function computed(
  files: CheckpointFiles,
  drawn: Case,
): Promise<{ outputs: Float32Array; again: CheckpointFiles }> {
  const { config, weights } = loadModel(files), backend = new CpuBackend(), model: Model = buildModel(config);
  const store = allocateParameters(backend, model);
  restoreModel(backend, store, weights);
  const y = forward(model, drawn, backend), numbers = await backend.read(y), { lengths, ids } = drawn;
  const outputs = y.shape.length === 2 ? [...numbers] : lengths.flatMap((length, row) => [
    ...numbers.subarray(row * ids[0].length * y.shape[2], (row * ids[0].length + length) * y.shape[2]),
  ]);
  if (model instanceof MaskedLanguageModel && model.encoder.pooler) {
    const first = backend.from(Uint32Array.from(ids, (_, row) => row * ids[0].length));
    outputs.push(...await backend.read(model.encoder.pool(statesAt(first, y))));
  }
  return { outputs: Float32Array.from(outputs), again: await modelFiles(backend, model, store) };
}

/** The largest difference from what transformers computed, relative to the largest output. */
export function differenceOf(outputs: Float32Array, { outputs: rows }: Case): number {
  const expected = rows.flat();
  if (expected.length !== outputs.length) {
    throw new Error(`There are ${outputs.length} outputs, expected ${expected.length}`);
  }
  const scale = Math.max(...expected.map(Math.abs));
  return Math.max(...expected.map((value, index) => Math.abs(value - outputs[index]))) / scale;
}
