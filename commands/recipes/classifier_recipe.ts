/**
 * The recipe of `finetune`: a classifier from a pretrained language model and labelled texts.
 *
 * @module
 */
import { basename, dirname } from "@std/path";
import * as v from "valibot";
import type { Backend } from "../../core/backend.ts";
import { loadConfig, loadModel } from "../../checkpoints/checkpoint.ts";
import { takeOver } from "../../checkpoints/fine_tuning.ts";
import { labelledBatches, labelledValidationBatches } from "../../data/labelled_batches.ts";
import { arePairs } from "../../data/labelled_texts.ts";
import { labelsOf } from "../../data/labels.ts";
import { maskTokens } from "../../data/mask_tokens.ts";
import { confusionOf } from "../../inference/classify.ts";
import {
  buildModel,
  type ClassifierConfig,
  kindOf,
  type ModelConfig,
  objectiveOf,
} from "../../models/families.ts";
import { PAD_ID } from "../../models/config.ts";
import { withClassificationTokens } from "../../tokenizers/classification_tokens.ts";
import type { BaseTokenizer } from "../../tokenizers/base_tokenizer.ts";
import { accuracyOf, macroF1 } from "../../training/classification_metrics.ts";
import { UsageError } from "../cli/errors.ts";
import { quote } from "../cli/terminal.ts";
import { withBlock } from "../files/block_file.ts";
import {
  findCheckpoint,
  type FoundCheckpoint,
  newestRun,
  tokenizerOf,
  withPathInErrors,
} from "../files/checkpoint_folder.ts";
import { runName } from "../runs/run_place.ts";
import { announceFiles, expectTokenizer, type ResumedRun, type RunState } from "../runs/run_state.ts";
import { type FinetuneFlags, finetuneFlags } from "../settings/finetune_flags.ts";
import {
  chooseFinetuning,
  FINETUNE_SETTINGS,
  type FinetuneSettings,
  OPTIONAL_FINETUNE_SETTINGS,
  weightsOf,
} from "../settings/finetune_settings.ts";
import type { FlagRecord } from "../settings/repeat.ts";
import { resumeSettings } from "../settings/resume_settings.ts";
import { FINITE, objectOf, settingsSchema, TEXT } from "../settings/saved_settings.ts";
import { RUN_SETTINGS } from "../settings/settings.ts";
import { trainFlags } from "../settings/train_flags.ts";
import { encodeExamples, encodeWithDropout, longestOf } from "../texts/examples.ts";
import { type LabelledCorpus, readLabelledCorpus } from "../texts/labelled_corpus.ts";
import { classifierCard } from "./cards.ts";
import { classifiedSample, describeClassifier, reportClassifier } from "./classifier_report.ts";
import { checkMemory, memoryLimits } from "../cost/memory.ts";
import type { Recipe } from "./recipe.ts";
import { describeEpochs } from "./run_epochs.ts";

/** The files of a run: the pretrained model, the texts, and those to validate on unless they are a part of the data. */
export interface FinetuneSource {
  readonly checkpoint: string;
  readonly data: string;
  readonly validation?: string;
}

/** The state of a run of `finetune`. */
export interface FinetuneState extends RunState<FinetuneSettings, FinetuneSource> {
  /** Whether each text is a pair of texts; early runs do not say. */
  readonly pairs?: boolean;
}

/** What the state of a run of `finetune` must hold. */
export const FINETUNE_SCHEMAS = {
  settings: v.intersect([
    settingsSchema(
      { ...trainFlags, ...finetuneFlags },
      [...RUN_SETTINGS, ...FINETUNE_SETTINGS],
      ["beta1", "beta2", "epsilon", ...OPTIONAL_FINETUNE_SETTINGS],
    ),
    objectOf({ classWeights: v.optional(v.array(FINITE, "a list")) }),
  ]),
  source: objectOf({ checkpoint: TEXT, data: TEXT, validation: v.optional(TEXT) }),
};

/** Makes the recipe of a run; see RunDescription in session.ts. */
export async function classifierRecipe(
  flags: FinetuneFlags,
  backend: Backend,
  { resumed }: { readonly resumed?: ResumedRun<FinetuneState> },
): Promise<Recipe> {
  const asked = await sourceOf(flags, resumed);
  const { validationFraction = 0.1, seed = 1, truncate = false } = resumed?.state.settings ?? flags;
  const corpus = await readLabelledCorpus(asked.data, { ...asked, validationFraction, seed });
  const { fingerprint: textFingerprint } = corpus;
  if (resumed && textFingerprint !== resumed.state.textFingerprint) {
    throw new Error(`Cannot resume ${resumed.path}: ${asked.data} holds other texts than it was trained on`);
  }
  const pairs = expectSameShape(corpus);

  const checkpoint = resumed ?? await withBlock(await findCheckpoint(asked.checkpoint), flags.block);
  const { experiment } = checkpoint, source = resumed ? asked : { ...asked, checkpoint: checkpoint.path };
  const start = withPathInErrors(checkpoint.path, () => loadConfig(checkpoint.files, { experiment }));
  const tokenizer = resumed ? tokenizerOf(resumed) : pretrainedTokenizer(checkpoint, start);
  if (resumed) expectTokenizer(resumed, tokenizer);
  const labels = "labels" in start ? start.labels : labelsOf(corpus.training);
  const encode = (file: LabelledCorpus["training"]) =>
    encodeExamples(file, labels, tokenizer, { contextLength: start.contextLength, truncate });
  const training = encode(corpus.training), validation = encode(corpus.validation);
  const classes = training.map(({ label }) => label), causal = objectiveOf(start) === "causal";
  const before = resumed?.state.settings, { bpeDropout } = before ?? flags;
  const draw = (contextLength: number) =>
    encodeWithDropout(corpus.training, tokenizer, training, { rate: bpeDropout, seed, contextLength });
  const contextLength = Math.max(longestOf(training, draw(start.contextLength)), longestOf(validation));
  const sizes = { modelDim: start.modelDim, contextLength, causal, labels, classes };
  const settings = before
    ? resumeSettings(
      resumed,
      withoutSameWeights(flags, before, labels, classes),
      training.length / before.batchSize,
    )
    : chooseFinetuning(flags, sizes);
  // one rate for all dropouts, whatever the model was pretrained with
  const { attentionDropoutRate: _attention, embeddingDropoutRate: _embedding, ...sizesOfModel } = start;
  const config: ClassifierConfig = {
    ...sizesOfModel,
    vocabSize: Math.max(start.vocabSize, tokenizer.vocabSize), // rows for the tokens that classifiers add
    ...{ labels, dropoutRate: settings.dropoutRate },
    ...settings.pooling === "mean" ? { pooling: settings.pooling } : {},
    ..."headDropoutRate" in start ? { headDropoutRate: settings.dropoutRate } : {},
    ...causal ? { padId: tokenizer.idOf("<pad>") } : {}, // a GPT has no <pad> of its own
  };
  const { batchSize } = settings, { padId = PAD_ID } = config;
  const batchSizes = { contextLength: settings.contextLength, batchSize, padId };
  checkMemory(
    { ...config, contextLength: settings.contextLength },
    { ...settings, experiment },
    await memoryLimits(backend),
  );

  const model = withPathInErrors(checkpoint.path, () => buildModel<"classifier">(config, experiment));
  const drawn = { encode: draw(settings.contextLength) };
  const batches = labelledBatches(training, { ...settings, ...batchSizes, ...drawn });
  const task = { model, corpus, labels, settings, source, validation, classes };
  const repeated = repeatedFlags(source, settings, { labels, causal });
  return {
    ...{ model, tokenizer, unit: "text" },
    state: {
      ...{ command: "finetune", settings, source, textFingerprint, pairs },
      tokenizerFingerprint: tokenizer.fingerprint,
    },
    config: repeated,
    card: classifierCard({
      source,
      flags: repeated,
      sizes,
      validation: validation.map(({ label }) => label),
    }),
    batches,
    validation: labelledValidationBatches(validation, batchSizes),
    facts: [...describeClassifier(task), ...describeEpochs({ model, batches, settings })],
    async initialize(store) {
      if (settings.fromScratch) return;
      const { weights } = withPathInErrors(
        checkpoint.path,
        () => loadModel(checkpoint.files, { experiment }),
      );
      await takeOver(backend, store, weights);
    },
    async scores() {
      const matrix = await confusionOf(backend, model, validation);
      return { accuracy: accuracyOf(matrix), macroF1: macroF1(matrix) };
    },
    sample: () => classifiedSample(backend, task),
    report: (session) => reportClassifier(session, task),
    use: (model) => ["use", `deno task classify --checkpoint ${model} --text "…"`],
    evaluation: (folder) =>
      `classify --checkpoint ${quote(folder)} --data ${quote(source.validation ?? "FILE")}`,
  };
}

/** Values of flags that repeat a run. */
export function repeatedFlags(
  source: FinetuneSource,
  { classWeights, ...others }: FinetuneSettings,
  { labels, causal }: { readonly labels: readonly string[]; readonly causal: boolean },
): FlagRecord {
  // flags that exclude each other, or do not fit the model, would be refused when they are given again
  const unfit = [...source.validation ? ["validationFraction"] : [], ...causal ? [] : ["auxiliaryWeight"]];
  const given = Object.entries(others)
    .filter(([name]) => Object.hasOwn(finetuneFlags, name) && !unfit.includes(name));
  const weights = classWeights &&
    { classWeights: labels.map((label, index) => `${label}=${classWeights[index]}`) };
  return { ...source, ...Object.fromEntries(given), ...weights };
}

/** The flags without class weights that repeat those of the run, which are saved as numbers. */
function withoutSameWeights(
  flags: FinetuneFlags,
  { classWeights }: FinetuneSettings,
  labels: readonly string[],
  classes: readonly number[],
): FinetuneFlags {
  const given = flags.classWeights && weightsOf(flags.classWeights, labels, classes);
  return given && String(given) === String(classWeights) ? { ...flags, classWeights: undefined } : flags;
}

/** The name of the classifier made from a checkpoint, such as `corpus-classifier` for `runs/corpus/best`. */
export async function classifierName(checkpoint?: string): Promise<string> {
  const path = checkpoint ?? await newestRun();
  const folder = ["best", "last"].includes(basename(path)) ? dirname(path) : path;
  return `${runName([`${basename(folder)}.`])}-classifier`; // runName cuts the last dot and what follows it
}

/** Where model and texts are; what is not given is where it was before. */
async function sourceOf(flags: FinetuneFlags, resumed?: ResumedRun<FinetuneState>): Promise<FinetuneSource> {
  const before = resumed?.state.source, data = flags.data ?? before?.data;
  if (data === undefined) throw new UsageError("--data is missing: labelled texts to train on");
  if (flags.validation !== undefined && flags.validationFraction !== undefined) {
    throw new UsageError("--validation and --validation-fraction both say what to validate on: give one");
  }
  const checkpoint = before?.checkpoint ?? flags.checkpoint ?? await newestRun();
  const validation = flags.validation ?? before?.validation;
  if (resumed && flags.data === undefined) {
    await announceFiles(resumed.folder, validation === undefined ? [data] : [data, validation]);
  }
  return { checkpoint, data, validation };
}

/** Whether the texts are pairs; throws when only some are. */
function expectSameShape({ training, validation }: LabelledCorpus): boolean {
  const pairs = arePairs(training);
  if (arePairs(validation) === pairs) return pairs;
  throw new Error(
    `${validation.path} holds ${pairs ? "single texts" : "pairs"}, ${training.path} ${
      pairs ? "pairs" : "single texts"
    }: both must hold the same`,
  );
}

/** Checks that a checkpoint is a language model, and adds the tokens that a classifier needs to its tokenizer. */
function pretrainedTokenizer(checkpoint: FoundCheckpoint, config: ModelConfig): BaseTokenizer {
  if (kindOf(config) === "classifier") {
    throw new Error(
      `Cannot fine-tune ${checkpoint.path}: it is a classifier already; give the language model it was made from, ` +
        "or continue with --resume",
    );
  }
  const tokenizer = tokenizerOf(checkpoint);
  if (objectiveOf(config) === "causal") return withClassificationTokens(tokenizer);
  withPathInErrors(
    checkpoint.path,
    () => maskTokens(tokenizer, "padId" in config ? config.padId : undefined),
  );
  return tokenizer;
}
