/**
 * Fine-tuning: a classifier takes over the weights of a pretrained language model.
 *
 * @module
 */

import type { Backend } from "../core/backend.ts";
import type { ParameterStore } from "../core/module.ts";
import { formatShape } from "../core/tensor.ts";
import type { HostTensor } from "./hugging_face/tensors.ts";

/** Tables that grow with the vocabulary: the token embedding, and the head of a GPT that is not tied to it. */
const ONE_ROW_A_TOKEN = /(^|\.)(tokenEmbedding|languageHead)$/;

/**
 * Copies the weights of a pretrained model into another one that has it inside. What the pretrained model lacks keeps its
 * initial values: the new head, and the rows of tokens that were added to the vocabulary.
 *
 * @example
 * ```ts
 * import { CpuBackend, initialize, loadModel, MaskedLanguageModel, modelFiles } from "@miniformer/miniformer";
 * import { RobertaClassifier, takeOver } from "@miniformer/miniformer";
 * import { assertEquals } from "@std/assert";
 *
 * const sizes = { layers: 1, heads: 2, modelDim: 8, feedForwardDim: 32, contextLength: 8, dropoutRate: 0 };
 * const config = { ...sizes, architecture: "roberta", vocabSize: 10 } as const, backend = new CpuBackend();
 * const pretrained = new MaskedLanguageModel(config), store = initialize(backend, pretrained, 1);
 * const { weights } = loadModel(await modelFiles(backend, pretrained, store));
 *
 * const classifier = new RobertaClassifier({ ...config, labels: ["good", "bad"] });
 * const taken = await takeOver(backend, initialize(backend, classifier, 2), weights);
 * assertEquals(taken.includes("encoder.tokenEmbedding"), true);
 * assertEquals(taken.includes("classificationHead.dense.weight"), false);
 * ```
 *
 * @param backend Where the new model lives.
 * @param store Its parameters, initialized.
 * @param weights The parameters of the pretrained model, from `loadModel`.
 * @returns The names of the parameters that were taken over.
 * @throws {TypeError} If nothing fits, or something has another shape; nothing is changed then.
 * @category Checkpoints
 */
export async function takeOver(
  backend: Backend,
  store: ParameterStore,
  weights: ReadonlyMap<string, HostTensor>,
): Promise<string[]> {
  const { parameters, starts } = store, values = Float32Array.from(await backend.read(store.values));
  const taken: string[] = [];
  for (const parameter of parameters) {
    // a GPT is the root of its own checkpoint, and a property of the classifier that has it inside
    const source = weights.get(parameter.name) ?? weights.get(parameter.name.replace(/^[^.]+\./, ""));
    if (source === undefined) continue;
    const [rows, ...rest] = parameter.shape, [sourceRows, ...sourceRest] = source.shape;
    const fits = String(rest) === String(sourceRest) &&
      (rows === sourceRows || rows > sourceRows && ONE_ROW_A_TOKEN.test(parameter.name));
    if (!fits) {
      throw new TypeError(
        `Cannot take over the pretrained ${parameter.name}: it is ${formatShape(source.shape)}, ` +
          `the model expects ${formatShape(parameter.shape)}`,
      );
    }
    values.set(source.data, starts.get(parameter)!);
    taken.push(parameter.name);
  }
  if (taken.length === 0) {
    throw new TypeError("Cannot take over a model that has no part in common with this one");
  }
  backend.write(store.values, values);
  return taken;
}
