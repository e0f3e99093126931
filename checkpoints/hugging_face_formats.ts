/**
 * What a Hugging Face folder calls the sizes and tensors of a model: one table of the families, whose parts are in
 * `hugging_face_gpt.ts` and `hugging_face_roberta.ts`.
 *
 * @module
 */

import { quoted } from "../core/quoted.ts";
import type { GptClassifierConfig, RobertaClassifierConfig } from "../models/classifier.ts";
import type { ModelConfig } from "../models/families.ts";
import type { GptConfig } from "../models/gpt.ts";
import type { RobertaConfig } from "../models/roberta.ts";
import { fromGptJson, GPT_LEFTOVER, gptTensors, toGptJson } from "./hugging_face_gpt.ts";
import type { HuggingFaceTensor } from "./hugging_face_json.ts";
import {
  fromRobertaJson,
  ROBERTA_LEFTOVER,
  robertaTensors,
  TOKEN_TYPES,
  toRobertaJson,
} from "./hugging_face_roberta.ts";

/** What a family's checkpoints look like. */
export interface Format<Config extends ModelConfig> {
  /** Reads `config.json`. */
  fromJson(json: Readonly<Record<string, unknown>>): Config;
  /** Writes `config.json`. */
  toJson(config: Config): Record<string, unknown>;
  /** Where each parameter stands. */
  tensors(config: Config): Map<string, HuggingFaceTensor>;
  /** Tensors that files may hold and no parameter is made from. */
  readonly leftover: RegExp;
  /** A tensor of token types, which is added to the positions; zeros when written. */
  readonly tokenTypes?: string;
}

const GPT: Format<GptConfig | GptClassifierConfig> = {
  fromJson: fromGptJson,
  toJson: toGptJson,
  tensors: gptTensors,
  leftover: GPT_LEFTOVER,
};

const ROBERTA: Format<RobertaConfig | RobertaClassifierConfig> = {
  fromJson: fromRobertaJson,
  toJson: toRobertaJson,
  tensors: robertaTensors,
  leftover: ROBERTA_LEFTOVER,
  tokenTypes: TOKEN_TYPES,
};

/** The formats by our architectures, and by Hugging Face's model types. */
const FORMATS = { gpt1: GPT, gpt2: GPT, roberta: ROBERTA } as const;
const MODEL_TYPES = new Map<unknown, typeof GPT | typeof ROBERTA>([
  ["openai-gpt", GPT],
  ["gpt2", GPT],
  ["roberta", ROBERTA],
]);

/**
 * The format of a model.
 *
 * @param config The model.
 * @returns What its family's checkpoints look like; for configurations of that family only.
 */
export function formatOf({ architecture }: ModelConfig): Format<ModelConfig> {
  return FORMATS[architecture] as Format<ModelConfig>;
}

/**
 * Where each parameter of a model stands in a Hugging Face file.
 *
 * @example
 * ```ts
 * import { huggingFaceTensors, PRESETS } from "@miniformer/miniformer";
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
 * @throws {RangeError} If the format cannot express it: GPT-1's has no width for the feed-forward network.
 */
export function toHuggingFaceConfig(config: ModelConfig): Record<string, unknown> {
  return formatOf(config).toJson(config);
}

/**
 * Reads a `config.json`.
 *
 * @param json The parsed file.
 * @returns The model's sizes.
 * @throws {TypeError} If it describes a model we do not build; the message says what.
 */
export function fromHuggingFaceConfig(json: Readonly<Record<string, unknown>>): ModelConfig {
  const format = MODEL_TYPES.get(json.model_type);
  if (format !== undefined) return format.fromJson(json);
  throw new TypeError(
    `model_type is ${quoted(json.model_type)}, expected "openai-gpt", "gpt2" or "roberta"`,
  );
}
