/**
 * `finetune`: a classifier from a language model, GPT or RoBERTa, and from texts with labels.
 *
 * @module
 */
import { basename, dirname } from "@std/path";
import { allocateParameters } from "../core/module.ts";
import type { OpenedBackend } from "../core/open_backend.ts";
import { buildModel } from "../models/any_model.ts";
import type { Classifier } from "../models/classifier.ts";
import { PAD_ID } from "../models/config.ts";
import { loadModel, restoreTraining } from "../training/checkpoint.ts";
import { takeOver } from "../training/fine_tuning.ts";
import { labelledBatches, labelledValidationBatches } from "../training/labelled_batches.ts";
import { TrainingRun } from "../training/train.ts";
import { naming } from "./checkpoint_folder.ts";
import { type Command, defineCommand } from "./command.ts";
import { type FinetuneFlags, finetuneFlags } from "./finetune_flags.ts";
import { findFinetuning, type FinetunePlan, type FinetuneState, planFinetuning } from "./finetune_plan.ts";
import { describeFinetuning, endFinetuning } from "./finetune_report.ts";
import { Interrupt } from "./interrupt.ts";
import { Judge } from "./judge.ts";
import { checkMemory, memoryLimits } from "./memory.ts";
import { ProgressLine } from "./progress.ts";
import { describeResumption, type FoundRun } from "./resume.ts";
import type { RunFolder } from "./run_folder.ts";
import { folderOf, inRunFolder, runName } from "./run_place.ts";
import { trainAndSave, type TrainLoop } from "./train_loop.ts";
import { withBackend } from "./with_backend.ts";

/** The command. */
export const finetune: Command = defineCommand({
  name: "finetune",
  summary: "Teach a trained language model to tell texts apart",
  usage: "--data FILE [flags]",
  examples: [
    "finetune --checkpoint runs/corpus --data train.tsv --validation dev.tsv --epochs 3",
    "finetune --checkpoint runs/corpus --data reviews.csv --class_weights balanced --from-scratch",
  ],
  flags: finetuneFlags,
  async run(flags) {
    const found = flags.resume === undefined ? undefined : await findFinetuning(flags.resume);
    await withBackend(flags.device, async (opened) => {
      const plan = await planFinetuning(flags, found), { config, settings } = plan;
      const { contextLength, batchSize, accumulation } = settings,
        limits = await memoryLimits(opened.backend);
      checkMemory({ ...config, contextLength }, batchSize, accumulation, limits);
      const place = { found: found?.folder, asked: folderOf(flags), name: nameOf(plan.checkpoint.path) };
      await inRunFolder(place, (folder) => carryOut(plan, opened, folder, { flags, found }));
    });
  },
});

/** Gives the model what it begins with, trains it, and says at both ends what there is to know. */
async function carryOut(
  plan: FinetunePlan,
  { backend, reason }: OpenedBackend,
  folder: RunFolder,
  { flags, found }: { flags: FinetuneFlags; found?: FoundRun<FinetuneState> },
): Promise<void> {
  const { checkpoint, source, corpus, tokenizer, training, validation, settings, config } = plan;
  const { contextLength, batchSize } = settings,
    sizes = { contextLength, batchSize, padId: config.padId ?? PAD_ID };
  const model = naming(checkpoint.path, () => buildModel(config)) as Classifier;
  const batches = labelledBatches(training, { ...settings, ...sizes });
  const store = found && allocateParameters(backend, model);
  const run = new TrainingRun(backend, model, batches, settings, store);
  if (found) {
    naming(found.path, () => restoreTraining(run, found.files));
    await folder.rewind(found);
  } else if (!settings.fromScratch) {
    await takeOver(backend, run.store, naming(checkpoint.path, () => loadModel(checkpoint.files)).weights);
  }

  const { device, name } = backend, textFingerprint = corpus.fingerprint;
  const state: FinetuneState = {
    ...{ command: "finetune", settings, source, textFingerprint },
    backend: { name, device },
  };
  const beginning = { ...plan, backend, reason, store: run.store };
  console.log(describeFinetuning({ ...beginning, folder: folder.path }));
  if (found) console.log(describeResumption(found, state) + "\n");

  const judge = new Judge(backend, model, corpus.validation.rows, validation);
  using interrupt = new Interrupt();
  const loop: TrainLoop = {
    ...{ run, model, tokenizer, settings, folder, state, interrupt },
    validation: labelledValidationBatches(validation, sizes),
    stopAfter: flags.stopAfter,
    best: found?.state.best,
    progress: new ProgressLine(),
    judge: () => judge.scores(),
    sample: () => judge.sample(),
  };
  await trainAndSave(loop);
  const classes = training.map(({ label }) => label);
  await endFinetuning(loop, judge, { labels: plan.labels, corpus, source, classes });
}

/** The name of the classifier of a checkpoint: `corpus-classifier` for `runs/corpus/best`. */
function nameOf(path: string): string {
  const folder = ["best", "last"].includes(basename(path)) ? dirname(path) : path;
  return `${runName([`${basename(folder)}.`])}-classifier`;
}
