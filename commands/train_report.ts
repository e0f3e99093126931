/**
 * What `train` says before it begins and when it has ended.
 *
 * @module
 */
import type { Backend } from "../core/backend.ts";
import type { BpeTokenizer } from "../tokenizers/bpe_tokenizer.ts";
import type { CharTokenizer } from "../tokenizers/char_tokenizer.ts";
import { IGNORED } from "../kernels/cross_entropy.ts";
import type { Batch } from "../training/batches.ts";
import type { Corpus, EncodedCorpus, Source } from "./corpus.ts";
import { estimateMemory, megabytes } from "./memory.ts";
import { type LanguageConfig, type PresetName, presets } from "./presets.ts";
import type { Settings } from "./settings.ts";
import { formatCount, formatFacts } from "./terminal.ts";
import { describeTokenizer } from "./tokenizer_folder.ts";

/** What is known before training begins. */
export interface Beginning {
  /** Where it runs. */
  readonly backend: Backend;
  /** Why there. */
  readonly reason: string;
  /** How it is trained. */
  readonly settings: Settings;
  /** The model. */
  readonly config: LanguageConfig;
  /** The tokenizer. */
  readonly tokenizer: BpeTokenizer | CharTokenizer;
  /** The texts. */
  readonly corpus: Corpus;
  /** Their ids. */
  readonly encoded: EncodedCorpus;
  /** Where the texts are, in words. */
  readonly sourceName: string;
  /** Batches that make an epoch. */
  readonly batchesPerEpoch: number;
  /** The folder of the run. */
  readonly folder: string;
}

/**
 * What a run is about to do.
 *
 * @param beginning what is known
 * @returns lines of text
 */
export function describeBeginning(beginning: Beginning): string {
  const { backend, reason, settings, config, tokenizer, encoded, corpus, batchesPerEpoch } = beginning;
  const { parameters, parameterBytes, activationBytes } = estimateMemory(config, settings.batchSize);
  const { steps, batchSize, accumulation, learningRate, minLearningRate, schedule } = settings;
  const epochs = steps * accumulation / batchesPerEpoch;
  const training = encoded.training.length, validation = encoded.validation.length;
  const levels = lossLevels(corpus, encoded, config.vocabSize);
  const rows: [string, string][] = [
    ["device", `${backend.device}: ${reason}`],
    [
      "preset",
      `${settings.preset}: ${presets[settings.preset as PresetName]?.summary ?? "unknown"}`,
    ],
    [
      "model",
      `${config.architecture}, ${config.layers} layers, ${config.heads} heads, ${config.modelDim} wide, ` +
      `context ${config.contextLength}: ${formatCount(parameters)} parameters, about ` +
      `${megabytes(parameterBytes + activationBytes)} of memory`,
    ],
    [
      "data",
      `${beginning.sourceName}: ${formatCount(training)} tokens to learn, ${
        formatCount(validation)
      } to validate ` +
      `(${describeTokenizer(tokenizer)})`,
    ],
    [
      "training",
      `${steps} steps of ${
        accumulation > 1 ? `${accumulation} × ` : ""
      }${batchSize} × ${config.contextLength} ` +
      `tokens, ${epochs.toPrecision(3)} epochs, learning rate ${learningRate} to ` +
      `${schedule === "constant" ? learningRate : minLearningRate} (${schedule}), seed ${settings.seed}`,
    ],
    ["loss", levels.map(({ loss, label }) => `${loss.toFixed(3)} ${label}`).join(", ")],
    ["run", beginning.folder],
  ];
  return formatFacts(rows) + "\n";
}

/** A loss to compare with. */
export interface LossLevel {
  /** Nats a token. */
  readonly loss: number;
  /** Who has it. */
  readonly label: string;
}

/**
 * Losses to compare with, from the highest to the lowest: of blind guessing, of guessing by how often each token occurs,
 * and, where it is known, the best possible one.
 *
 * @param corpus the texts
 * @param encoded their ids
 * @param vocabSize size of the vocabulary
 * @returns the losses in nats a token
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { lossLevels } from "./train_report.ts";
 *
 * const encoded = { training: new Uint32Array(0), validation: Uint32Array.of(0, 1) };
 * const corpus = { training: [], validation: ["ab"], fingerprint: "", floor: 0.1 };
 * assertEquals(lossLevels(corpus, encoded, 2).map(({ loss }) => loss), [Math.LN2, Math.LN2, 0.1]);
 * ```
 */
export function lossLevels(
  { validation, floor }: Corpus,
  { validation: ids }: EncodedCorpus,
  vocabSize: number,
): LossLevel[] {
  const counts = new Float64Array(vocabSize);
  for (const id of ids) counts[id]++;
  const frequencies = counts.filter((count) => count > 0).map((count) => count / ids.length);
  const characters = validation.reduce((sum, text) => sum + text.length, 0);
  return [
    { loss: Math.log(vocabSize), label: "is guessing" },
    {
      loss: -frequencies.reduce((sum, frequency) => sum + frequency * Math.log(frequency), 0),
      label: "is knowing how often each token occurs",
    },
    ...floor === undefined
      ? []
      : [{ loss: floor * characters / ids.length, label: "is the floor: perfection" }],
  ];
}

/**
 * The loss of the unigram model, which knows nothing but how often each token occurs in the training text (each counts
 * once more than it was seen, for those that were not): what a model must beat to have learned anything from its context.
 *
 * @param batches what to measure on
 * @param training the texts to count in
 * @param tokens size of the vocabulary; ids of special tokens, which count only if the batches ask for them
 * @returns nats a target that is not ignored
 *
 * @example
 * ```ts
 * import { assertAlmostEquals } from "@std/assert";
 * import { unigramLoss } from "./train_report.ts";
 *
 * const batch = { targets: Uint32Array.of(0, 0xffffffff), inputs: new Uint32Array(2), batchSize: 1, contextLength: 2 };
 * const loss = unigramLoss([batch], [Uint32Array.of(0, 0, 0), Uint32Array.of(1, 2)], { vocabSize: 3, specialIds: [2] });
 * assertAlmostEquals(loss, -Math.log((3 + 1) / (4 + 2)));
 * ```
 */
export function unigramLoss(
  batches: readonly Batch[],
  training: readonly Uint32Array[],
  { vocabSize, specialIds }: { vocabSize: number; specialIds: readonly number[] },
): number {
  const counts = new Float64Array(vocabSize).fill(1);
  for (const text of training) for (const id of text) counts[id]++;
  for (const id of specialIds) if (!batches.some(({ targets }) => targets.includes(id))) counts[id] = 0;
  const total = counts.reduce((sum, count) => sum + count, 0);
  let sum = 0, targets = 0;
  for (const batch of batches) {
    for (const id of batch.targets) {
      if (id === IGNORED) continue;
      sum -= Math.log(counts[id] / total);
      targets++;
    }
  }
  return sum / targets;
}

/**
 * The texts of a run in words.
 *
 * @param source where they are
 * @returns such as `a.txt, b.txt and 3 others`
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { describeNames } from "./train_report.ts";
 *
 * const source = { data: ["a", "b", "c", "d"], validation: [], validationFraction: 0.1, replaceInvalid: false };
 * assertEquals(describeNames(source), "a, b and 2 others");
 * ```
 */
export function describeNames({ data, validation }: Source): string {
  if (data.length === 0) return "the built-in tales";
  const names = [...data, ...validation];
  const others = names.length - 2;
  return others < 2 ? names.join(", ") : `${names.slice(0, 2).join(", ")} and ${others} others`;
}
