/**
 * Miniature transformers in pure TypeScript.
 *
 * @module
 */

export * from "./core/backend.ts";
export { CpuBackend, type CpuBackendOptions } from "./core/cpu_backend.ts";
export { DeviceLostError, WebGpuBackend } from "./core/webgpu_backend.ts";
export { chooseBackend, type DeviceChoice, openBackend, type OpenedBackend } from "./core/open_backend.ts";
export { formatShape, gradientOf, sizeOf, Tensor, zeros } from "./core/tensor.ts";
export { Tape } from "./core/tape.ts";
export * from "./core/module.ts";
export { permutation, philox4x32, Random } from "./core/philox.ts";
export { gelu, geluErf, relu, tanh } from "./kernels/activations.ts";
export {
  attention,
  type AttentionOptions,
  type DecomposedAttention,
  decomposedAttention,
} from "./kernels/attention.ts";
export { cachedAttention, type KeyValueCache } from "./kernels/cache.ts";
export { crossEntropy, type CrossEntropyOptions, IGNORED } from "./kernels/cross_entropy.ts";
export { dropout } from "./kernels/dropout.ts";
export { add, scale } from "./kernels/elementwise.ts";
export { embedding, positionsOf } from "./kernels/embedding.ts";
export { mergeHeads, splitHeads } from "./kernels/heads.ts";
export { layerNorm } from "./kernels/layer_norm.ts";
export { linear } from "./kernels/linear.ts";
export { matmul, type MatmulOptions } from "./kernels/matmul.ts";
export { softmax, type SoftmaxOptions } from "./kernels/softmax.ts";
export * from "./models/layers.ts";
export * from "./models/gpt.ts";
export { fromHuggingFaceConfig, huggingFaceNames, toHuggingFaceConfig } from "./models/hugging_face.ts";
export { type Preset, PRESETS, type PresetTraining } from "./models/presets.ts";
export * from "./training/batches.ts";
export * from "./training/schedule.ts";
export { AdamW, type AdamWOptions } from "./training/optimizer.ts";
export * from "./training/train.ts";
export { evaluate } from "./training/evaluate.ts";
export { generate, type GenerateOptions } from "./training/generate.ts";
export * from "./training/safetensors.ts";
export * from "./training/checkpoint.ts";
export * from "./tokenizers/tokenizer.ts";
export { CharTokenizer } from "./tokenizers/char_tokenizer.ts";
