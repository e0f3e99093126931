/**
 * Our names and theirs: what a Hugging Face folder calls the sizes and tensors of a model.
 *
 * GPT checkpoints store weights as (in, out), as we do, so tensors travel unchanged and only names differ. A tied
 * language head is not written: it is the token embedding.
 *
 * Checked against `OpenAIGPTLMHeadModel` and `GPT2LMHeadModel` of transformers.
 *
 * @module
 */

import type { GptConfig } from "./gpt.ts";

/** The tensors of a block: ours, theirs. */
const BLOCK_NAMES = [
  ["attention.queryKeyValue", "attn.c_attn"],
  ["attention.projection", "attn.c_proj"],
  ["norm1", "ln_1"],
  ["mlp.expand", "mlp.c_fc"],
  ["mlp.contract", "mlp.c_proj"],
  ["norm2", "ln_2"],
] as const;

/**
 * What Hugging Face calls each parameter of a model.
 *
 * @example
 * ```ts
 * import { huggingFaceNames, PRESETS } from "@miniformer/miniformer";
 * import { assertEquals } from "@std/assert";
 *
 * const names = huggingFaceNames({ ...PRESETS.gpt2.model, vocabSize: 50257 });
 * assertEquals(names.get("blocks.0.mlp.expand.weight"), "transformer.h.0.mlp.c_fc.weight");
 * ```
 *
 * @param config The model.
 * @returns Our name to theirs, of every parameter once.
 */
export function huggingFaceNames(config: GptConfig): Map<string, string> {
  const gpt1 = config.architecture === "gpt1", names = new Map<string, string>();
  names.set("tokenEmbedding", `transformer.${gpt1 ? "tokens_embed" : "wte"}.weight`);
  names.set("positionEmbedding", `transformer.${gpt1 ? "positions_embed" : "wpe"}.weight`);
  for (let layer = 0; layer < config.layers; layer++) {
    for (const [ours, theirs] of BLOCK_NAMES) {
      for (const kind of ["weight", "bias"]) {
        names.set(`blocks.${layer}.${ours}.${kind}`, `transformer.h.${layer}.${theirs}.${kind}`);
      }
    }
  }
  if (!gpt1) {
    for (const kind of ["weight", "bias"]) names.set(`finalNorm.${kind}`, `transformer.ln_f.${kind}`);
  }
  if (config.tied === false) names.set("languageHead", "lm_head.weight");
  return names;
}

/**
 * The `config.json` of a model.
 *
 * @param config The model.
 * @returns An object to write as JSON.
 * @throws {RangeError} If the format cannot express it: GPT-1's has no width for the feed-forward network.
 */
export function toHuggingFaceConfig(config: GptConfig): Record<string, unknown> {
  const { modelDim, feedForwardDim, dropoutRate } = config;
  const common = {
    vocab_size: config.vocabSize,
    n_positions: config.contextLength,
    n_embd: modelDim,
    n_layer: config.layers,
    n_head: config.heads,
    resid_pdrop: dropoutRate,
    embd_pdrop: dropoutRate,
    attn_pdrop: dropoutRate,
    layer_norm_epsilon: 1e-5,
    initializer_range: config.initialStd ?? 0.02,
    tie_word_embeddings: config.tied ?? true,
  };
  if (config.architecture === "gpt2") {
    return {
      architectures: ["GPT2LMHeadModel"],
      model_type: "gpt2",
      ...common,
      activation_function: "gelu_new",
      n_inner: feedForwardDim,
      bos_token_id: null,
      eos_token_id: null,
    };
  }
  if (feedForwardDim !== 4 * modelDim) {
    throw new RangeError(
      `Cannot write a GPT-1 model with feedForwardDim ${feedForwardDim}: its Hugging Face format knows only ` +
        `4 × modelDim = ${4 * modelDim}; use that, or architecture "gpt2"`,
    );
  }
  return { architectures: ["OpenAIGPTLMHeadModel"], model_type: "openai-gpt", ...common, afn: "gelu" };
}

/**
 * Reads a `config.json`.
 *
 * @param json The parsed file.
 * @returns The model's sizes.
 * @throws {TypeError} If it describes a model we do not build; the message says what.
 */
export function fromHuggingFaceConfig(json: Record<string, unknown>): GptConfig {
  const type = json.model_type;
  if (type !== "openai-gpt" && type !== "gpt2") {
    throw new TypeError(
      `model_type ${JSON.stringify(type)} is none of ours: expected "openai-gpt" or "gpt2"`,
    );
  }
  const count = (name: string, fallback: number): number => {
    const value = json[name] ?? fallback;
    if (!Number.isInteger(value) || (value as number) < 1) {
      throw new TypeError(`${name} is ${JSON.stringify(value)}, expected a positive integer`);
    }
    return value as number;
  };
  const expected: [name: string, value: unknown, allowed: unknown[]][] = [
    type === "gpt2"
      ? ["activation_function", json.activation_function ?? "gelu_new", ["gelu_new", "gelu_pytorch_tanh"]]
      : ["afn", json.afn ?? "gelu", ["gelu"]],
    ["layer_norm_epsilon", json.layer_norm_epsilon ?? 1e-5, [1e-5]],
    ["scale_attn_weights", json.scale_attn_weights ?? true, [true]],
    ["scale_attn_by_inverse_layer_idx", json.scale_attn_by_inverse_layer_idx ?? false, [false]],
  ];
  for (const [name, value, allowed] of expected) {
    if (!allowed.includes(value)) {
      throw new TypeError(
        `${name} is ${JSON.stringify(value)}, only ${JSON.stringify(allowed[0])} is supported`,
      );
    }
  }
  const modelDim = count("n_embd", 768);
  return {
    architecture: type === "gpt2" ? "gpt2" : "gpt1",
    vocabSize: count("vocab_size", type === "gpt2" ? 50257 : 40478),
    contextLength: count("n_positions", type === "gpt2" ? 1024 : 512),
    layers: count("n_layer", 12),
    heads: count("n_head", 12),
    modelDim,
    feedForwardDim: type === "gpt2" && json.n_inner != null ? count("n_inner", 0) : 4 * modelDim,
    dropoutRate: Number(json.resid_pdrop ?? 0.1),
    tied: json.tie_word_embeddings !== false,
    initialStd: Number(json.initializer_range ?? 0.02),
  };
}

/** Tensors that old checkpoints carry and nobody needs: the causal mask, once a learned-looking buffer. */
const LEFTOVER = /(^|\.)attn\.(bias|masked_bias)$/;

/**
 * Finds each parameter of a model among the tensors of a file.
 *
 * @param config The model.
 * @param available Names in the file. The prefix `transformer.` may be missing, as in the files of the hub.
 * @returns Our name to the name in the file.
 * @throws {TypeError} If a tensor is missing, or one is left over.
 */
export function matchTensors(config: GptConfig, available: Iterable<string>): Map<string, string> {
  const left = new Set(available), matched = new Map<string, string>();
  for (const [ours, theirs] of huggingFaceNames(config)) {
    const name = [theirs, theirs.replace(/^transformer\./, "")].find((name) => left.has(name));
    if (name === undefined) throw new TypeError(`tensor ${theirs} is missing`);
    left.delete(name);
    matched.set(ours, name);
  }
  const head = [...left].filter((name) => !LEFTOVER.test(name) && name !== "lm_head.weight");
  if (head.length > 0) throw new TypeError(`tensor ${head[0]} belongs to no part of the model`);
  return matched;
}
