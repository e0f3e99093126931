/**
 * What a Hugging Face folder calls the sizes and tensors of a model: one table of the families, whose entries are in
 * `gpt.ts` and `roberta.ts`.
 *
 * @module
 */

import { quoted } from "../../core/quoted.ts";
import type { ModelConfig } from "../../models/families.ts";
import { GPT_FORMAT } from "./gpt.ts";
import type { Format, HuggingFaceTensor } from "./shared_fields.ts";
import { BERT_FORMAT, ROBERTA_FORMAT } from "./roberta.ts";

/** The formats of all architectures. */
const FORMATS: Readonly<Record<ModelConfig["architecture"], Format<ModelConfig>>> = {
  gpt1: GPT_FORMAT,
  gpt2: GPT_FORMAT,
  roberta: ROBERTA_FORMAT,
  bert: BERT_FORMAT,
};

/**
 * The format of a model.
 *
 * @param config The model.
 * @returns The format of its family's checkpoints; for configurations of that family only.
 */
export function formatOf({ architecture }: Pick<ModelConfig, "architecture">): Format<ModelConfig> {
  return FORMATS[architecture];
}

/**
 * Where a Hugging Face file stores each parameter of a model.
 *
 * @example
 * ```ts
 * import { huggingFaceTensors } from "./formats.ts";
 * import { PRESETS } from "@miniformer/miniformer";
 * import { assertEquals } from "@std/assert";
 *
 * const gpt2 = huggingFaceTensors({ ...PRESETS.gpt2.model, vocabSize: 50257 });
 * assertEquals(gpt2.get("blocks.0.mlp.expand.weight")!.names, ["transformer.h.0.mlp.c_fc.weight"]);
 * ```
 *
 * @param config The model.
 * @returns Our name to their tensors, of every parameter once.
 */
export function huggingFaceTensors(config: ModelConfig): Map<string, HuggingFaceTensor> {
  return formatOf(config).tensors(config);
}

/**
 * The `config.json` of a model.
 *
 * @param config The model.
 * @returns An object to write as JSON.
 * @throws {RangeError} If the format cannot express it: GPT-1's has no width for the feed-forward network, RoBERTa's no
 * classifier by the mean of its tokens.
 */
export function toHuggingFaceConfig(config: ModelConfig): Record<string, unknown> {
  return formatOf(config).toJson(config);
}

/**
 * Reads a `config.json`.
 *
 * @param json The parsed file.
 * @returns The model's sizes.
 * @throws {TypeError} If it describes a model we do not build; the message names the field.
 */
export function fromHuggingFaceConfig(json: Readonly<Record<string, unknown>>): ModelConfig {
  const names: string[] = [];
  for (const { modelTypes, fromJson } of new Set(Object.values(FORMATS))) {
    if (modelTypes.some((name) => name === json.model_type)) return fromJson(json);
    names.push(...modelTypes);
  }
  const expected = `${names.slice(0, -1).map((name) => `"${name}"`).join(", ")} or "${names.at(-1)}"`;
  throw new TypeError(`model_type is ${quoted(json.model_type)}, expected ${expected}`);
}
