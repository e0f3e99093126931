/**
 * What `train` says before it begins and when it has ended.
 *
 * @module
 */
import type { Backend } from "../../core/backend.ts";
import type { BpeTokenizer } from "../../tokenizers/bpe_tokenizer.ts";
import type { CharTokenizer } from "../../tokenizers/char_tokenizer.ts";
import { type Baseline, baselines } from "../../data/baselines.ts";
import type { Corpus, EncodedCorpus, Source } from "../texts/corpus.ts";
import { estimateMemory, megabytes } from "../runs/memory.ts";
import { type LanguageConfig, type PresetName, presets } from "../settings/presets.ts";
import type { Settings } from "../settings/settings.ts";
import { formatCount, formatFacts } from "../cli/terminal.ts";
import { describeTokenizer } from "../files/tokenizer_folder.ts";

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
  const { parameters, parameterBytes, activationBytes } = estimateMemory(
    config,
    settings.batchSize,
    settings.optimizer,
  );
  const { steps, batchSize, accumulation, learningRate, minLearningRate, schedule } = settings;
  const epochs = steps * accumulation / batchesPerEpoch;
  const training = encoded.training.length, validation = encoded.validation.length;
  const levels = validationBaselines(corpus, encoded, config.vocabSize);
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
    ["baselines", levels.map(({ name, loss }) => `${name} ${loss.toFixed(3)}`).join(", ")],
    ["run", beginning.folder],
  ];
  return formatFacts(rows) + "\n";
}

/**
 * The baselines of the text that validates.
 *
 * @param corpus the texts
 * @param encoded their ids
 * @param vocabSize size of the vocabulary
 * @returns the baselines in nats per token, the optimal loss last where it is known
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { validationBaselines } from "./train_report.ts";
 *
 * const encoded = { training: new Uint32Array(0), validation: Uint32Array.of(0, 1) };
 * const corpus = { training: [], validation: ["ab"], fingerprint: "", optimalLoss: 0.1 };
 * assertEquals(validationBaselines(corpus, encoded, 2).map(({ loss }) => loss), [Math.LN2, Math.LN2, 0.1]);
 * ```
 */
export function validationBaselines(
  { validation, optimalLoss }: Corpus,
  { validation: ids }: EncodedCorpus,
  vocabSize: number,
): Baseline[] {
  const characters = validation.reduce((sum, text) => sum + text.length, 0);
  const optimal = optimalLoss === undefined ? undefined : optimalLoss * characters / ids.length;
  return baselines(ids, { vocabSize, optimal });
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
