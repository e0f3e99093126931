/**
 * `finetune`: a classifier from a language model, GPT or RoBERTa, and from texts with labels.
 *
 * @module
 */
import { basename, dirname } from "@std/path";
import type { Backend } from "../core/backend.ts";
import { chooseBackend, type DeviceChoice } from "../core/open_backend.ts";
import { buildModel, kindOf, type ModelConfig } from "../models/any_model.ts";
import type { Classifier, ClassifierConfig } from "../models/classifier.ts";
import { withClassificationTokens } from "../tokenizers/classification_tokens.ts";
import type { Tokenizer } from "../tokenizers/tokenizer.ts";
import { loadConfig, loadModel, restoreTraining } from "../training/checkpoint.ts";
import { takeOver } from "../training/fine_tuning.ts";
import { labelledBatches, labelledValidationBatches } from "../training/labelled_batches.ts";
import { TrainingRun } from "../training/train.ts";
import { findCheckpoint, type FoundCheckpoint, naming, newestRun, tokenizerOf } from "./checkpoint_folder.ts";
import { type Command, defineCommand } from "./command.ts";
import { UsageError } from "./errors.ts";
import { encodeExamples, labelsOf, readLabelledCorpus } from "./examples.ts";
import { type FinetuneFlags, finetuneFlags } from "./finetune_flags.ts";
import { describeFinetuning, endFinetuning } from "./finetune_report.ts";
import { chooseFinetuning, type FinetuneSettings, resumeFinetuning } from "./finetune_settings.ts";
import { Interrupt } from "./interrupt.ts";
import { Judge } from "./judge.ts";
import { maskTokens } from "./mask_tokens.ts";
import { checkMemory, memoryLimits } from "./memory.ts";
import { ProgressLine } from "./progress.ts";
import { findRunOf, type FoundRun } from "./resume.ts";
import { folderOf } from "./run_flags.ts";
import { RunFolder, runName } from "./run_folder.ts";
import { type Best, trainAndSave, type TrainLoop } from "./train_loop.ts";

/** What `finetune` keeps in `trainer_state.json` besides the step. */
interface FinetuneState {
  readonly command: string;
  readonly settings: FinetuneSettings;
  readonly source: { readonly checkpoint: string; readonly data: string; readonly validation?: string };
  readonly textFingerprint: string;
  readonly best?: Best;
}

/** A state of which every field is there, to check types against. */
const exampleState: FinetuneState = {
  command: "finetune",
  settings: chooseFinetuning({} as FinetuneFlags, {
    ...{ modelDim: 1, contextLength: 1, isCausal: false, labels: [], classes: [] },
  }),
  source: { checkpoint: "", data: "" },
  textFingerprint: "",
};

/** The command. */
export const finetune: Command = defineCommand({
  name: "finetune",
  summary: "Teach a trained language model to tell texts apart",
  usage: "--checkpoint FOLDER --data FILE [flags]",
  examples: [
    "finetune --checkpoint runs/corpus --data train.tsv --validation dev.tsv --epochs 3",
    "finetune --checkpoint runs/corpus --data reviews.csv --class_weights balanced --from-scratch",
  ],
  flags: finetuneFlags,
  async run(flags) {
    const { resume } = flags;
    const found = resume === undefined ? undefined : await findRunOf(resume, "finetune", exampleState);
    const { backend, reason } = await chooseBackend(flags.device as DeviceChoice);
    try {
      await finetuneOn(backend, reason, flags, found);
    } finally {
      backend.close();
    }
  },
});

/** What is trained, and with which tokenizer. */
interface Start {
  readonly checkpoint: FoundCheckpoint;
  readonly config: ModelConfig;
  readonly tokenizer: Tokenizer;
}

async function finetuneOn(
  backend: Backend,
  reason: string,
  flags: FinetuneFlags,
  found: FoundRun<FinetuneState> | undefined,
): Promise<void> {
  const source = await sourceOf(flags, found);
  const corpus = await readLabelledCorpus(source.data, {
    validation: source.validation,
    validationFraction: found?.state.settings.validationFraction ?? flags.validationFraction ?? 0.1,
    seed: found?.state.settings.seed ?? flags.seed ?? 1,
  });
  if (found && corpus.fingerprint !== found.state.textFingerprint) {
    throw new Error(`Cannot resume ${found.path}: ${source.data} holds other texts than it was trained on`);
  }
  const start = await startOf(source.checkpoint, found), isCausal = start.config.architecture !== "roberta";
  const labels = "labels" in start.config ? start.config.labels : labelsOf(corpus.training);
  const truncate = found?.state.settings.truncate ?? flags.truncate ?? false;
  const limits = { contextLength: start.config.contextLength, truncate };
  const training = encodeExamples(corpus.training, labels, start.tokenizer, limits);
  const validation = encodeExamples(corpus.validation, labels, start.tokenizer, limits);
  const longest = [...training, ...validation].reduce((most, { ids }) => Math.max(most, ids.length), 0);
  const classes = training.map(({ label }) => label);
  const settings = found
    ? resumeFinetuning(found.state.settings, flags, found.step, training.length)
    : chooseFinetuning(flags, { ...start.config, contextLength: longest, isCausal, labels, classes });
  const config = configOf(start, labels, settings.dropoutRate);
  const { batchSize, accumulation } = settings;
  checkMemory({ ...config, contextLength: longest }, batchSize, accumulation, await memoryLimits(backend));
  const sizes = { contextLength: longest, batchSize, padId: config.padId ?? 1 };

  const created = found ? undefined : await RunFolder.create(folderOf(flags), nameOf(start.checkpoint.path));
  try {
    const model = naming(start.checkpoint.path, () => buildModel(config)) as Classifier;
    const run = new TrainingRun(
      backend,
      model,
      labelledBatches(training, { ...sizes, ...settings }),
      settings,
    );
    if (found) naming(found.path, () => restoreTraining(run, found.files));
    else if (!settings.fromScratch) {
      const { weights } = naming(start.checkpoint.path, () => loadModel(start.checkpoint.files));
      await takeOver(backend, run.store, weights);
    }
    const folder = created ?? await RunFolder.reopen(found!.folder, found!.step);
    const state: FinetuneState = {
      command: "finetune",
      ...{ settings, source, textFingerprint: corpus.fingerprint },
    };
    console.log(describeFinetuning({
      ...{ backend, reason, config, settings, corpus, labels, store: run.store, tokenizer: start.tokenizer },
      ...{ checkpoint: start.checkpoint.path, folder: folder.path },
    }));
    if (found) console.log(`Going on from ${found.path} after step ${found.step}.\n`);
    const judge = new Judge(backend, model, corpus.validation.rows, validation);
    using interrupt = new Interrupt();
    const loop: TrainLoop = {
      ...{ run, model, tokenizer: start.tokenizer, settings, folder, interrupt, state: { ...state } },
      validation: labelledValidationBatches(validation, sizes),
      stopAfter: flags.stopAfter,
      best: found?.state.best,
      progress: new ProgressLine(),
      judge: () => judge.scores(),
      sample: () => judge.sample(),
    };
    await trainAndSave(loop);
    await endFinetuning(loop, judge, { labels, corpus, classes });
  } catch (error) {
    await created?.abandon();
    throw error;
  }
}

/** Where model and texts are. */
async function sourceOf(
  flags: FinetuneFlags,
  found: FoundRun<FinetuneState> | undefined,
): Promise<FinetuneState["source"]> {
  const { checkpoint, data, validation } = { ...found?.state.source, ...definedOf(flags) };
  if (data === undefined) throw new UsageError("--data is missing: texts with labels to learn from");
  if (flags.validation !== undefined && flags.validationFraction !== undefined) {
    throw new UsageError("--validation and --validation-fraction both say what to validate on: give one");
  }
  return { checkpoint: checkpoint ?? await newestRun(), data, validation };
}

function definedOf({ checkpoint, data, validation }: FinetuneFlags): Partial<FinetuneState["source"]> {
  const given = Object.entries({ checkpoint, data, validation }).filter(([, value]) => value !== undefined);
  return Object.fromEntries(given);
}

/** The model to begin with; of a run that goes on, the classifier itself. */
async function startOf(checkpoint: string, found: FoundRun<FinetuneState> | undefined): Promise<Start> {
  const place = found ?? await findCheckpoint(checkpoint);
  const config = naming(place.path, () => loadConfig(place.files)), tokenizer = tokenizerOf(place);
  if (found) return { checkpoint: place, config, tokenizer };
  if (kindOf(config) === "classifier") {
    throw new Error(
      `Cannot begin with ${place.path}: it is a classifier already; give the language model it was made from, ` +
        "or go on with --resume",
    );
  }
  if (config.architecture !== "roberta") {
    return { checkpoint: place, config, tokenizer: withClassificationTokens(tokenizer) };
  }
  naming(place.path, () => maskTokens(tokenizer));
  return { checkpoint: place, config, tokenizer };
}

/** A classifier has the rows that its own tokens need, and drops as the fine-tuning wants it. */
function configOf(
  { config, tokenizer }: Start,
  labels: readonly string[],
  dropoutRate: number,
): ClassifierConfig {
  const vocabSize = Math.max(config.vocabSize, tokenizer.vocabSize);
  if (config.architecture === "roberta") return { ...config, vocabSize, labels, dropoutRate };
  return { ...config, vocabSize, labels, dropoutRate, padId: tokenizer.idOf("<pad>") };
}

/** The name of the classifier of a checkpoint: `corpus-classifier` for `runs/corpus/best`. */
function nameOf(path: string): string {
  const folder = ["best", "last"].includes(basename(path)) ? dirname(path) : path;
  return `${runName([`${basename(folder)}.`])}-classifier`;
}
