/**
 * `finetune`: a classifier from a language model, GPT or RoBERTa, and from texts with labels.
 *
 * @module
 */
import { basename, dirname } from "@std/path";
import { allocateParameters } from "../core/module.ts";
import type { OpenedBackend } from "../core/open_backend.ts";
import { buildModel, type ModelsByKind } from "../models/families.ts";
import { PAD_ID } from "../models/config.ts";
import { loadModel, restoreTraining } from "../checkpoints/checkpoint.ts";
import { takeOver } from "../checkpoints/fine_tuning.ts";
import { labelledBatches, labelledValidationBatches } from "../data/labelled_batches.ts";
import { TrainingRun } from "../training/train.ts";
import { naming } from "./files/checkpoint_folder.ts";
import { expectFree } from "./runs/claim.ts";
import { type Command, defineCommand } from "./cli/command.ts";
import { type FinetuneFlags, finetuneFlags } from "./settings/finetune_flags.ts";
import {
  findFinetuning,
  type FinetunePlan,
  type FinetuneState,
  planFinetuning,
} from "./recipes/finetune_plan.ts";
import { describeFinetuning, endFinetuning } from "./recipes/finetune_report.ts";
import type { Interrupt } from "./cli/interrupt.ts";
import { Judge } from "./recipes/judge.ts";
import { checkMemory, memoryLimits } from "./runs/memory.ts";
import { Output } from "./cli/output.ts";
import { RUNS } from "./files/own_names.ts";
import { allowWriting } from "./cli/permissions.ts";
import { ProgressLine } from "./cli/progress.ts";
import { describeResumption, type FoundRun } from "./recipes/resume.ts";
import type { RunFolder } from "./runs/run_folder.ts";
import { folderOf, inRunFolder, runName } from "./runs/run_place.ts";
import { throwFailure, trainAndSave, type TrainLoop } from "./runs/train_loop.ts";
import { withBackend } from "./cli/with_backend.ts";

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
    const { resume } = flags, asked = folderOf(flags);
    await allowWriting(resume ?? asked ?? RUNS, [RUNS]);
    if (resume !== undefined) {
      return await inRunFolder({ resume }, async (folder, interrupt) => {
        const found = await findFinetuning(resume), plan = await planFinetuning(flags, found);
        await withBackend(
          flags.device,
          (opened) => carryOut(plan, opened, folder, { flags, found, interrupt }),
        );
      });
    }
    if (asked !== undefined) await expectFree(asked);
    const plan = await planFinetuning(flags), name = nameOf(plan.checkpoint.path);
    await withBackend(
      flags.device,
      (opened) =>
        inRunFolder(
          { asked, name },
          (folder, interrupt) => carryOut(plan, opened, folder, { flags, interrupt }),
        ),
    );
  },
});

/** Gives the model what it begins with, trains it, and says at both ends what there is to know. */
async function carryOut(
  plan: FinetunePlan,
  { backend, reason }: OpenedBackend,
  folder: RunFolder,
  { flags, found, interrupt }: {
    flags: FinetuneFlags;
    found?: FoundRun<FinetuneState>;
    interrupt: Interrupt;
  },
): Promise<void> {
  const { checkpoint, source, corpus, tokenizer, training, validation, settings, config } = plan;
  const { contextLength, batchSize, accumulation } = settings;
  checkMemory({ ...config, contextLength }, batchSize, accumulation, await memoryLimits(backend));
  const sizes = { contextLength, batchSize, padId: config.padId ?? PAD_ID };
  const model = naming(checkpoint.path, () => buildModel(config)) as ModelsByKind["classifier"];
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
    ...{ command: "finetune", settings, source, textFingerprint, pairs: plan.pairs },
    backend: { name, device },
  };
  const beginning = { ...plan, backend, reason, store: run.store };
  const output = new Output();
  output.print(describeFinetuning({ ...beginning, folder: folder.path }));
  if (found) output.print(describeResumption(found, state) + "\n");

  const judge = new Judge(backend, model, corpus.validation.rows, validation);
  const loop: TrainLoop = {
    ...{ run, model, tokenizer, settings, folder, state, interrupt, output },
    validation: labelledValidationBatches(validation, sizes),
    stopAfter: flags.stopAfter,
    best: found?.state.best,
    progress: new ProgressLine({ write: (text) => output.write(text) }),
    judge: () => judge.scores(),
    sample: () => judge.sample(),
  };
  await trainAndSave(loop);
  const classes = training.map(({ label }) => label);
  await endFinetuning(loop, judge, { labels: plan.labels, corpus, source, classes });
  await throwFailure(loop);
}

/** The name of the classifier of a checkpoint: `corpus-classifier` for `runs/corpus/best`. */
function nameOf(path: string): string {
  const folder = ["best", "last"].includes(basename(path)) ? dirname(path) : path;
  return `${runName([`${basename(folder)}.`])}-classifier`;
}
