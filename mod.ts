/**
 * Miniature transformers in pure TypeScript: build, train, sample and save GPT models, on WebGPU or on any CPU, with the
 * same numbers for the same seed.
 *
 * @example Train on a text and write some more of it
 * ```ts
 * import { causalBatches, CharTokenizer, generate, Gpt, openBackend, train, TrainingRun } from "@miniformer/miniformer";
 * import { PRESETS } from "@miniformer/miniformer";
 *
 * const backend = await openBackend("cpu");
 * const text = "the cat sat on the mat. ".repeat(20), tokenizer = CharTokenizer.fromText(text);
 * const model = new Gpt({ ...PRESETS.tiny.model, contextLength: 16, vocabSize: tokenizer.vocabSize });
 * const batches = causalBatches(tokenizer.encode(text), { contextLength: 16, batchSize: 4, seed: 1 });
 * const run = new TrainingRun(backend, model, batches, { ...PRESETS.tiny.training, steps: 20, seed: 1 });
 * for await (const reports of train(run)) console.log(reports.at(-1)!.step, reports.at(-1)!.loss);
 *
 * for await (const [ids] of generate(backend, model, { prompt: tokenizer.encode("the "), maxNewTokens: 20 })) {
 *   console.log(tokenizer.decode(ids));
 * }
 * ```
 *
 * @module
 */

export * from "./core/backend.ts";
export { CpuBackend, type CpuBackendOptions } from "./core/cpu_backend.ts";
export * from "./core/module.ts";
export * from "./core/open_backend.ts";
export { philox4x32 } from "./core/philox.ts";
export { permutation, Random } from "./core/random.ts";
export { Tape } from "./core/tape.ts";
export {
  formatShape,
  gradientOf,
  gradientToWrite,
  needsGradient,
  outputOf,
  sizeOf,
  Tensor,
  zeros,
} from "./core/tensor.ts";
export { WasmBackend, type WasmBackendOptions } from "./core/wasm/wasm_backend.ts";
export type { WasmArraysOf, WasmFloats, WasmIntegers } from "./core/wasm/wasm_arrays.ts";
export type { Variable, WasmCode } from "./core/wasm/wasm_code.ts";
export { wasmElements, type WasmPass } from "./core/wasm/wasm_pass.ts";
export type { Bytes, TypeNumber } from "./core/wasm/wasm_binary.ts";
export * from "./core/wasm/wasm_numbers.ts";
export * from "./core/wasm/wasm_vectors.ts";
export { DeviceLostError, WebGpuBackend, type WebGpuLimits } from "./core/webgpu/webgpu_backend.ts";

export { gelu, geluErf, relu, tanh } from "./kernels/activations.ts";
export { attention, type AttentionOptions } from "./kernels/attention/attention.ts";
export { cachedAttention, type KeyValueCache } from "./kernels/attention/cache.ts";
export { crossEntropy, type CrossEntropyOptions, IGNORE_INDEX } from "./kernels/cross_entropy.ts";
export { type DecomposedAttention, decomposedAttention } from "./kernels/attention/decomposed_attention.ts";
export { dropout } from "./kernels/dropout.ts";
export { add, scale } from "./kernels/elementwise.ts";
export { boundaryIndices, embedding, type PositionOptions, positionsOf } from "./kernels/embedding.ts";
export { mergeHeads, splitHeads } from "./kernels/attention/heads.ts";
export { layerNorm } from "./kernels/layer_norm.ts";
export { meanPooling } from "./kernels/mean_pooling.ts";
export { linear, type LinearOptions } from "./kernels/matmul/linear.ts";
export { matmul, type MatmulOptions } from "./kernels/matmul/matmul.ts";
export { softmax, type SoftmaxOptions } from "./kernels/softmax.ts";

export * from "./models/families.ts";
export * from "./models/blocks.ts";
export * from "./models/classifier.ts";
export * from "./models/experiment.ts";
export { INITIAL_STD, LAYER_NORM_EPSILON, type TransformerConfig } from "./models/config.ts";
export * from "./models/gpt.ts";
export * from "./models/gpt_classifier.ts";
export * from "./models/layers.ts";
export * from "./models/learner.ts";
export * from "./models/positions.ts";
export * from "./models/roberta.ts";
export * from "./models/roberta_classifier.ts";

export * from "./tokenizers/base_tokenizer.ts";
export type { BpeDropout } from "./tokenizers/bpe/bpe_dropout.ts";
export * from "./tokenizers/bpe/bpe_merges.ts";
export * from "./tokenizers/bpe/bpe_tokenizer.ts";
export * from "./tokenizers/bpe/bpe_trainer.ts";
export * from "./tokenizers/bpe/byte_symbols.ts";
export * from "./tokenizers/char_tokenizer.ts";
export * from "./tokenizers/classification_tokens.ts";
export * from "./tokenizers/fingerprint.ts";
export * from "./tokenizers/hugging_face/hugging_face.ts";
export * from "./tokenizers/bpe/pre_token_counts.ts";
export * from "./tokenizers/bpe/pre_tokens.ts";
export * from "./tokenizers/special_tokens.ts";
export * from "./tokenizers/text_pieces.ts";
export * from "./tokenizers/token_file.ts";
export * from "./tokenizers/tokenizer.ts";
export * from "./tokenizers/tokenizer_fit.ts";
export * from "./tokenizers/utf8_text.ts";
export * from "./tokenizers/whole_lines.ts";

export * from "./data/baselines.ts";
export * from "./data/batches.ts";
export * from "./data/labelled_batches.ts";
export * from "./data/labelled_texts.ts";
export * from "./data/labels.ts";
export * from "./data/mask_tokens.ts";
export * from "./data/masked_batches.ts";
export * from "./data/masked_texts.ts";
export { MASK_RATE, type MaskedSequence, type MaskOptions, maskSequence } from "./data/masking.ts";
export * from "./data/oracle.ts";
export * from "./data/sequences.ts";
export * from "./data/tables.ts";
export { makeTales, type Tale, TALE_GRAMMAR, type TaleCorpus, tales } from "./data/tales.ts";
export type { TaleGrammar } from "./data/tales/tale_grammar.ts";
export * from "./data/tales/tale_text.ts";

export * from "./training/classification_metrics.ts";
export * from "./training/evaluate.ts";
export * from "./training/flops.ts";
export * from "./training/memory.ts";
export * from "./training/optimizer.ts";
export * from "./training/optimizers.ts";
export * from "./training/preset.ts";
export * from "./training/presets.ts";
export * from "./training/text_presets.ts";
export * from "./training/roberta_presets.ts";
export * from "./training/schedule.ts";
export * from "./training/tensorboard_events.ts";
export * from "./training/train.ts";
export { type Difference, type RunSums, type Verification, verify } from "./training/verification/verify.ts";

export * from "./inference/attention_maps.ts";
export * from "./inference/classification_report.ts";
export * from "./inference/classify.ts";
export * from "./inference/decode_samples.ts";
export * from "./inference/evaluate_text.ts";
export * from "./inference/fill_mask.ts";
export * from "./inference/generate.ts";
export * from "./inference/generate_text.ts";
export * from "./inference/heads/antecedents.ts";
export * from "./inference/heads/patches.ts";
export * from "./inference/heads/recalls.ts";
export * from "./inference/longest_copy.ts";
export * from "./inference/prompt.ts";
export * from "./inference/sample_texts.ts";
export * from "./inference/skills.ts";
export * from "./inference/text_measures.ts";

export * from "./checkpoints/checkpoint.ts";
export * from "./checkpoints/fine_tuning.ts";
export type { HostTensor } from "./checkpoints/hugging_face.ts";
export {
  fromHuggingFaceConfig,
  huggingFaceTensors,
  toHuggingFaceConfig,
} from "./checkpoints/hugging_face_formats.ts";
export type { HuggingFaceTensor } from "./checkpoints/hugging_face_json.ts";
export * from "./checkpoints/safetensors.ts";
