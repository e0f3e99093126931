/**
 * Miniature transformers in pure TypeScript: build, train, sample and save GPT models, on WebGPU or on any CPU, with the
 * same numbers for the same seed.
 *
 * The sections of this module, in the order of the files behind it:
 *
 * - *devices and tensors*: {@linkcode openBackend}, {@linkcode Tensor}, {@linkcode Tape}, {@linkcode Parameter},
 *   {@linkcode initialize}, {@linkcode kernel}
 * - *operations*: {@linkcode linear}, {@linkcode attention}, {@linkcode softmax}, {@linkcode layerNorm} and others, each with
 *   its derivative
 * - *models*: {@linkcode Gpt}, {@linkcode MaskedLanguageModel}, classifiers, their layers and blocks
 * - *tokenizers*: {@linkcode CharTokenizer}, {@linkcode BpeTokenizer}, {@linkcode trainBpe}, {@linkcode loadTokenizer}
 * - *data*: {@linkcode causalBatches}, {@linkcode maskedBatches}, {@linkcode labelledBatches}, {@linkcode makeTales}
 * - *training*: {@linkcode TrainingRun}, {@linkcode train}, {@linkcode PRESETS}, {@linkcode OPTIMIZERS}, {@linkcode evaluate}
 * - *inference*: {@linkcode generateText}, {@linkcode generate}, {@linkcode fillMask}, {@linkcode classify},
 *   {@linkcode attentionMaps}
 * - *checkpoints*: {@linkcode modelFiles}, {@linkcode loadModel}, {@linkcode trainingFiles}, {@linkcode restoreTraining}
 *
 * Folders on disk are in `@miniformer/miniformer/files`, pictures in `@miniformer/miniformer/plots`.
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
 * @example An operation of one's own: two kernels, each for the CPU and as a shader, and a differentiable function
 * ```ts
 * import { CpuBackend, matmul, Tape } from "@miniformer/miniformer";
 * import { assertEquals } from "@std/assert";
 * import {
 *   gradientOf,
 *   gradientToWrite,
 *   kernel,
 *   needsGradient,
 *   outputOf,
 *   type Tensor,
 * } from "@miniformer/miniformer";
 *
 * // y = max(x, 0)²
 * const squaredReluForward = kernel({
 *   name: "squaredReluForward",
 *   reads: { x: "f32" },
 *   writes: { y: "f32" },
 *   constants: ["size"],
 *   elements: ({ size }) => size,
 *   cpu({ x, y }, { size }) {
 *     for (let index = 0; index < size; index++) y[index] = Math.max(x[index], 0) ** 2;
 *   },
 *   wgsl: `fn each(index: u32) { let above = max(x[index], 0); y[index] = above * above; }`,
 * });
 *
 * // dx = 2 max(x, 0) dy, stored by the first use of x and added by all others
 * const squaredReluBackward = kernel({
 *   name: "squaredReluBackward",
 *   reads: { x: "f32", dy: "f32" },
 *   writes: { dx: "f32" },
 *   constants: ["size", "accumulate"],
 *   elements: ({ size }) => size,
 *   cpu({ x, dy, dx }, { size, accumulate }) {
 *     for (let index = 0; index < size; index++) {
 *       dx[index] = (accumulate ? dx[index] : 0) + 2 * Math.max(x[index], 0) * dy[index];
 *     }
 *   },
 *   wgsl: `fn each(index: u32) {
 *     let before = select(0, dx[index], accumulate == 1);
 *     dx[index] = before + 2 * max(x[index], 0) * dy[index];
 *   }`,
 * });
 *
 * function squaredRelu(x: Tensor): Tensor {
 *   const y = outputOf(x.shape, [x]), size = y.size;
 *   x.backend.run(squaredReluForward, { x, y }, { size });
 *   y.tape?.record(() => {
 *     if (!needsGradient(x)) return;
 *     const dy = gradientOf(y), { gradient: dx, accumulate } = gradientToWrite(x);
 *     x.backend.run(squaredReluBackward, { x, dy, dx }, { size, accumulate });
 *   });
 *   return y;
 * }
 *
 * const backend = new CpuBackend(), tape = new Tape(), x = tape.watch(backend.from([-1, 3], [1, 2]));
 * const y = squaredRelu(x), weights = backend.from([1, 1], [2, 1]);
 * tape.backward(matmul(y, weights));
 * assertEquals(await backend.read(y), new Float32Array([0, 9]));
 * assertEquals(await backend.read(x.gradient!), new Float32Array([0, 6]));
 * ```
 *
 * @module
 */

// Devices and tensors: where numbers are, and what is computed with them
export {
  chooseBackend,
  type DeviceChoice,
  openBackend,
  type OpenedBackend,
  type OpenOptions,
} from "./core/open_backend.ts";
export * from "./core/backend.ts";
export { CpuBackend, type CpuBackendOptions } from "./core/cpu_backend.ts";
export { WasmBackend, type WasmBackendOptions } from "./core/wasm/wasm_backend.ts";
export { DeviceLostError, WebGpuBackend, type WebGpuLimits } from "./core/webgpu/webgpu_backend.ts";
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
export { type Precision, Tape, type TapeOptions } from "./core/tape.ts";
export * from "./core/module.ts";
export { permutation, Random } from "./core/random.ts";
export { philox4x32 } from "./core/philox.ts";

// Operations: differentiable functions of tensors
export {
  type ActivationName,
  activations,
  gelu,
  geluErf,
  quickGelu,
  relu,
  silu,
  tanh,
} from "./kernels/activations.ts";
export { attention } from "./kernels/attention/attention.ts";
export type { AttentionOptions } from "./kernels/attention/attention_mask.ts";
export {
  cachedAttention,
  cachedSelfAttention,
  fillCache,
  type KeyValueCache,
} from "./kernels/attention/cache.ts";
export { type DecomposedAttention, decomposedAttention } from "./kernels/attention/decomposed_attention.ts";
export { mergeHeads, splitHeads } from "./kernels/attention/heads.ts";
export { selfAttention } from "./kernels/attention/self_attention.ts";
export { crossEntropy, type CrossEntropyOptions, IGNORE_INDEX } from "./kernels/cross_entropy.ts";
export { dropout } from "./kernels/dropout.ts";
export { add, scale } from "./kernels/elementwise.ts";
export { embedding, type PositionOptions, positionsOf } from "./kernels/embedding.ts";
export { type AddNorm, addNorm, type AddNormOptions } from "./kernels/norm/add_norm.ts";
export { layerNorm } from "./kernels/norm/layer_norm.ts";
export { linear, type LinearOptions } from "./kernels/matmul/linear.ts";
export { matmul, type MatmulOptions } from "./kernels/matmul/matmul.ts";
export { meanPooling } from "./kernels/mean_pooling.ts";
export { LossScale, type SavedLossScale } from "./kernels/optimizers/loss_scale.ts";
export { recompute } from "./kernels/recompute.ts";
export { residual } from "./kernels/residual.ts";
export { softmax, type SoftmaxOptions } from "./kernels/softmax.ts";

// Kernels of one's own for WebAssembly, see `WasmPass`; the other bodies of a kernel are in `Kernel`
export { wasmElements, type WasmPass } from "./core/wasm/wasm_pass.ts";
export type { Variable, WasmCode } from "./core/wasm/wasm_code.ts";
export type { WasmArraysOf, WasmFloats, WasmIntegers } from "./core/wasm/wasm_arrays.ts";
export * from "./core/wasm/wasm_numbers.ts";
export * from "./core/wasm/wasm_vectors.ts";
export type { Bytes, TypeNumber } from "./core/wasm/wasm_binary.ts";

// Models: layers, blocks, and what is made of them
export * from "./models/blocks.ts";
export {
  Classifier,
  type ClassifierOptions,
  type Pooling,
  POOLINGS,
  PROBLEM_TYPES,
  problemOf,
  type ProblemType,
} from "./models/classifiers/classifier.ts";
export * from "./models/classifiers/gpt_classifier.ts";
export * from "./models/classifiers/roberta_classifier.ts";
export { INITIAL_STD, LAYER_NORM_EPSILON, type TransformerConfig } from "./models/config.ts";
export type { BlockFactory, Experiment, NormFactory, Parts, PositionsFactory } from "./models/experiment.ts";
export * from "./models/families.ts";
export type { ForwardContext, HeadPatch } from "./models/forward_context.ts";
export * from "./models/gpt.ts";
export * from "./models/language_head.ts";
export * from "./models/layers.ts";
export * from "./models/learner.ts";
export * from "./models/masked_language_model.ts";
export * from "./models/positions.ts";
export * from "./models/roberta.ts";

// Tokenizers: texts to ids and back
export * from "./tokenizers/base_tokenizer.ts";
export type { BpeDropout } from "./tokenizers/bpe/bpe_dropout.ts";
export * from "./tokenizers/bpe/bpe_merges.ts";
export * from "./tokenizers/bpe/bpe_tokenizer.ts";
export { type BpeTrainingOptions, type BpeTrainingProgress, trainBpe } from "./tokenizers/bpe/bpe_trainer.ts";
export * from "./tokenizers/char_tokenizer.ts";
export * from "./tokenizers/classification_tokens.ts";
export * from "./tokenizers/hugging_face/hugging_face.ts";
export {
  BARE_FRAME,
  CAUSAL_SPECIAL_TOKENS,
  type Frame,
  MASKED_SPECIAL_TOKENS,
  robertaFrame,
  type Segment,
  type SpecialToken,
} from "./tokenizers/special_tokens.ts";
export * from "./tokenizers/text_pieces.ts";
export * from "./tokenizers/tokenizer.ts";
export type { BertNormalization } from "./tokenizers/wordpiece/bert_normalizer.ts";
export * from "./tokenizers/wordpiece/wordpiece_tokenizer.ts";

// Data: batches, labelled texts, tales with their answers
export * from "./data/baselines.ts";
export * from "./data/batches.ts";
export * from "./data/labelled_batches.ts";
export * from "./data/labelled_texts.ts";
export { labelsOf } from "./data/labels.ts";
export * from "./data/mask_tokens.ts";
export * from "./data/masked_batches.ts";
export { type MaskedTexts, maskedTexts, type MaskedTextSettings } from "./data/masked_texts.ts";
export { MASK_RATE, type MaskedSequence, type MaskOptions, maskSequence } from "./data/masking.ts";
export * from "./data/oracle.ts";
export * from "./data/sequences.ts";
export { makeTales, type Tale, TALE_GRAMMAR, type TaleCorpus, tales } from "./data/tales.ts";
export type { TaleGrammar } from "./data/tales/tale_grammar.ts";
export * from "./data/tales/tale_text.ts";

// Training: steps, optimizers, presets, evaluation
export * from "./training/classification_metrics.ts";
export {
  evaluate,
  type EvaluatedTokens,
  type EvaluateOptions,
  evaluateTokens,
  tokenLosses,
  type TokenLossOptions,
} from "./training/evaluate.ts";
export * from "./training/flops.ts";
export * from "./training/memory.ts";
export * from "./training/optimizer.ts";
export {
  type NamedRule,
  newOptimizer,
  type OptimizerName,
  OPTIMIZERS,
  type OptimizerSetting,
} from "./training/optimizers.ts";
export * from "./training/presets/gpt_presets.ts";
export type { Expectation, Preset, PresetTraining } from "./training/presets/preset.ts";
export * from "./training/presets/roberta_presets.ts";
export * from "./training/presets/text_presets.ts";
export { learningRateAt, type Schedule, withLearningRate } from "./training/schedule.ts";
export { NonFiniteLossError, type StepReport } from "./training/step_reports.ts";
export * from "./training/tensorboard_events.ts";
export * from "./training/train.ts";
export {
  type StepTrace,
  type TracedStage,
  type TracedTensor,
  type TraceOptions,
  traceStep,
} from "./training/trace/trace_step.ts";
export { type Difference, type RunSums, type Verification, verify } from "./training/verification/verify.ts";

// Inference: texts, classes, filled masks, and how they come about
export * from "./inference/attention_maps.ts";
export * from "./inference/classification_report.ts";
export * from "./inference/classify.ts";
export * from "./inference/decode_samples.ts";
export * from "./inference/evaluate_text.ts";
export * from "./inference/fill_mask.ts";
export * from "./inference/generate.ts";
export * from "./inference/generate_text.ts";
export * from "./inference/heads/antecedents.ts";
export {
  cutWindows,
  type HeadIndex,
  meanHeads,
  patchedModel,
  replaceHeads,
} from "./inference/heads/patches.ts";
export * from "./inference/heads/recalls.ts";
export * from "./inference/longest_copy.ts";
export * from "./inference/prompt.ts";
export {
  type SampleOptions,
  type SampleSettings,
  sampleTexts,
  type TemperatureSamples,
} from "./inference/sample_texts.ts";
export * from "./inference/skills.ts";
export { type KnownText, measureText, type TextMeasures } from "./inference/text_measures.ts";

// Checkpoints: models and runs as bytes; files and folders are in `@miniformer/miniformer/files`
export * from "./checkpoints/checkpoint.ts";
export type { CheckpointFiles } from "./checkpoints/checkpoint_files.ts";
export type { SavedExperiment } from "./checkpoints/experiment_format.ts";
export * from "./checkpoints/fine_tuning.ts";
export { shardNames } from "./checkpoints/weight_files.ts";
export type { HostTensor } from "./checkpoints/hugging_face/tensors.ts";
export {
  loadConfig,
  type LoadedModel,
  loadModel,
  type LoadOptions,
  loadSavedExperiment,
  modelFiles,
  restoreModel,
} from "./checkpoints/model_files.ts";
export {
  type NamedArray,
  readSafetensors,
  type SavedType,
  type TensorEntry,
  writeSafetensors,
} from "./checkpoints/safetensors.ts";
