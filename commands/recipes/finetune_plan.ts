/**
 * What `finetune` learns from and with: a model to begin with, texts with labels, and settings.
 *
 * @module
 */
import { kindOf, type ModelConfig, objectiveOf } from "../../models/families.ts";
import type { ClassifierConfig } from "../../models/families.ts";
import { withClassificationTokens } from "../../tokenizers/classification_tokens.ts";
import type { Tokenizer } from "../../tokenizers/tokenizer.ts";
import { loadConfig } from "../../checkpoints/checkpoint.ts";
import type { Example } from "../../data/labelled_batches.ts";
import {
  findCheckpoint,
  type FoundCheckpoint,
  naming,
  newestRun,
  tokenizerOf,
} from "../files/checkpoint_folder.ts";
import { UsageError } from "../cli/errors.ts";
import { encodeExamples, type LabelledCorpus, labelsOf, readLabelledCorpus } from "../texts/examples.ts";
import type { FinetuneFlags } from "../settings/finetune_flags.ts";
import { chooseFinetuning, type FinetuneSettings, resumeFinetuning } from "../settings/finetune_settings.ts";
import { maskTokens } from "../../data/mask_tokens.ts";
import { arePairs } from "../texts/pairs.ts";
import { announceFiles, findRunOf, type FoundRun } from "./resume.ts";
import type { Best } from "../runs/train_loop.ts";

/** Where model and texts are. */
export interface FinetuneSource {
  /** What was begun with. */
  readonly checkpoint: string;
  /** The file to learn from. */
  readonly data: string;
  /** The file to validate on, unless that is a part of the data. */
  readonly validation?: string;
}

/** What `finetune` keeps in `trainer_state.json` besides the step. */
export interface FinetuneState {
  /** Which command goes on with it. */
  readonly command: string;
  /** All settings. */
  readonly settings: FinetuneSettings;
  /** Where model and texts are. */
  readonly source: FinetuneSource;
  /** What the texts are. */
  readonly textFingerprint: string;
  /** Where the run ran. */
  readonly backend: { readonly name: string; readonly device: string };
  /** Whether each text is a pair of texts; undefined in runs of earlier versions. */
  readonly pairs?: boolean;
  /** The best scores so far. */
  readonly best?: Best;
}

/** A state of which every field is there, to check types against. */
const example: FinetuneState = {
  command: "finetune",
  settings: chooseFinetuning({} as FinetuneFlags, {
    ...{ modelDim: 1, contextLength: 1, isCausal: false, labels: [], classes: [] },
  }),
  source: { checkpoint: "", data: "" },
  textFingerprint: "",
  backend: { name: "", device: "" },
};

/**
 * Finds and reads a run of `finetune`.
 *
 * @param path the folder of the run, or one of its checkpoints
 * @returns the run
 * @throws {Error} when there is none, its state is damaged, or `train` made it
 */
export function findFinetuning(path: string): Promise<FoundRun<FinetuneState>> {
  return findRunOf(path, "finetune", example);
}

/** Everything that is known before the first step. */
export interface FinetunePlan {
  /** What is begun with; of a run that goes on, the classifier itself. */
  readonly checkpoint: FoundCheckpoint;
  /** Where it and the texts are. */
  readonly source: FinetuneSource;
  /** The tokenizer. */
  readonly tokenizer: Tokenizer;
  /** The texts. */
  readonly corpus: LabelledCorpus;
  /** Whether each of them is a pair of texts. */
  readonly pairs: boolean;
  /** Names of the classes. */
  readonly labels: readonly string[];
  /** What is learned from. */
  readonly training: readonly Example[];
  /** What is validated on. */
  readonly validation: readonly Example[];
  /** How it is trained. */
  readonly settings: FinetuneSettings;
  /** The classifier. */
  readonly config: ClassifierConfig;
}

/**
 * Plans a run, or finds the plan of one that goes on again.
 *
 * @param flags what was asked for
 * @param found the run that goes on
 * @returns the plan
 * @throws {Error} when flags make no sense, or texts and model do not fit together
 */
export async function planFinetuning(
  flags: FinetuneFlags,
  found?: FoundRun<FinetuneState>,
): Promise<FinetunePlan> {
  const asked = await sourceOf(flags, found?.state.source);
  const { validationFraction = 0.1, seed = 1, truncate = false } = found?.state.settings ?? flags;
  const { data, validation: other } = asked;
  if (found && flags.data === undefined) await announceFiles(found.folder, [data, ...other ? [other] : []]);
  const corpus = await readLabelledCorpus(data, { validation: other, validationFraction, seed });
  if (found && corpus.fingerprint !== found.state.textFingerprint) {
    throw new Error(`Cannot resume ${found.path}: ${data} holds other texts than it was trained on`);
  }
  const pairs = arePairs(corpus.training);
  if (arePairs(corpus.validation) !== pairs) {
    throw new Error(
      `${corpus.validation.path} holds ${pairs ? "single texts" : "pairs"}, ${data} ${
        pairs ? "pairs" : "single texts"
      }: both must hold the same`,
    );
  }

  const checkpoint = found ?? await findCheckpoint(asked.checkpoint);
  const source = { ...asked, checkpoint: found ? asked.checkpoint : checkpoint.path };
  const start = naming(checkpoint.path, () => loadConfig(checkpoint.files));
  const tokenizer = found ? tokenizerOf(found) : beginWith(checkpoint, start);
  const labels = "labels" in start ? start.labels : labelsOf(corpus.training);

  const encode = (file: LabelledCorpus["training"]) =>
    encodeExamples(file, labels, tokenizer, { contextLength: start.contextLength, truncate });
  const training = encode(corpus.training), validation = encode(corpus.validation);
  const contextLength = [...training, ...validation].reduce((most, { ids }) => Math.max(most, ids.length), 0);
  const classes = training.map(({ label }) => label), isCausal = objectiveOf(start) === "causal";
  const settings = found
    ? resumeFinetuning(found, flags, training.length)
    : chooseFinetuning(flags, { modelDim: start.modelDim, contextLength, isCausal, labels, classes });
  const config = configOf(start, tokenizer, labels, settings.dropoutRate);
  return { checkpoint, source, tokenizer, corpus, pairs, labels, training, validation, settings, config };
}

/** Where model and texts are; what is not given is where it was before. */
async function sourceOf(flags: FinetuneFlags, before?: FinetuneSource): Promise<FinetuneSource> {
  const data = flags.data ?? before?.data;
  if (data === undefined) throw new UsageError("--data is missing: texts with labels to learn from");
  if (flags.validation !== undefined && flags.validationFraction !== undefined) {
    throw new UsageError("--validation and --validation-fraction both say what to validate on: give one");
  }
  const checkpoint = flags.checkpoint ?? before?.checkpoint ?? await newestRun();
  return { checkpoint, data, validation: flags.validation ?? before?.validation };
}

/** Checks that a checkpoint is a language model to begin with, and gives it the tokens that a classifier needs. */
function beginWith(checkpoint: FoundCheckpoint, config: ModelConfig): Tokenizer {
  if (kindOf(config) === "classifier") {
    throw new Error(
      `Cannot begin with ${checkpoint.path}: it is a classifier already; give the language model it was made from, ` +
        "or go on with --resume",
    );
  }
  const tokenizer = tokenizerOf(checkpoint);
  if (objectiveOf(config) === "causal") return withClassificationTokens(tokenizer);
  naming(checkpoint.path, () => maskTokens(tokenizer));
  return tokenizer;
}

/** A classifier has the rows that its own tokens need, and drops as the fine-tuning wants it. */
function configOf(
  start: ModelConfig,
  tokenizer: Tokenizer,
  labels: readonly string[],
  dropoutRate: number,
): ClassifierConfig {
  const vocabSize = Math.max(start.vocabSize, tokenizer.vocabSize);
  // a GPT has no <pad> of its own
  const padding = objectiveOf(start) === "causal" ? { padId: tokenizer.idOf("<pad>") } : {};
  return { ...start, vocabSize, labels, dropoutRate, ...padding } as ClassifierConfig;
}
