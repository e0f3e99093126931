/**
 * `train`: a model from nothing, or a run that goes on.
 *
 * @module
 */
import { allocateParameters } from "../core/module.ts";
import type { OpenedBackend } from "../core/open_backend.ts";
import { restoreTraining } from "../checkpoints/checkpoint.ts";
import { TrainingRun } from "../training/train.ts";
import { naming } from "./files/checkpoint_folder.ts";
import { expectFree } from "./runs/claim.ts";
import { type Command, defineCommand } from "./cli/command.ts";
import { encodeCorpus } from "./texts/corpus.ts";
import type { Interrupt } from "./cli/interrupt.ts";
import { checkMemory, memoryLimits } from "./runs/memory.ts";
import { expectTargets } from "./runs/measure.ts";
import { prepareLesson } from "./recipes/objectives.ts";
import { Output } from "./cli/output.ts";
import { RUNS } from "./files/own_names.ts";
import { allowWriting } from "./cli/permissions.ts";
import { ProgressLine } from "./cli/progress.ts";
import { describeResumption, findRun, type FoundRun, type RunState } from "./recipes/resume.ts";
import { resumeSettings } from "./settings/resume_settings.ts";
import type { RunFolder } from "./runs/run_folder.ts";
import { folderOf, inRunFolder, runName } from "./runs/run_place.ts";
import { chooseLength } from "./settings/settings.ts";
import { endRun } from "./recipes/train_end.ts";
import { type TrainFlags, trainFlags } from "./settings/train_flags.ts";
import { throwFailure, trainAndSave, type TrainLoop } from "./runs/train_loop.ts";
import { findPlan, planRun, type TrainPlan } from "./recipes/train_plan.ts";
import { describeBeginning, describeNames } from "./recipes/train_report.ts";
import { withBackend } from "./cli/with_backend.ts";

/** What validates on the way, at least: 20 batches and 16,384 tokens. At the end the whole validation text does. */
function validationWindows(contextLength: number, batchSize: number): number {
  return Math.max(20 * batchSize, Math.ceil(16_384 / contextLength));
}

/** The command. */
export const train: Command = defineCommand({
  name: "train",
  summary: "Train a language model on the built-in tales or on texts of your own",
  examples: [
    "train",
    "train --data my_novel.txt --epochs 10",
    "train --data shakespeare.txt --preset shakespeare-char-cpu --device webgpu",
    "train --objective mlm --data my_novel.txt --tokenizer bpe --preset roberta-mini",
    "train --resume runs/my_novel --epochs 20",
  ],
  flags: trainFlags,
  async run(flags) {
    const { resume } = flags, asked = folderOf(flags);
    await allowWriting(resume ?? asked ?? RUNS, [RUNS]);
    if (resume !== undefined) {
      return await inRunFolder({ resume }, async (folder, interrupt) => {
        const found = await findRun(resume);
        await withBackend(flags.device, async (opened) => {
          const plan = await findPlan(found, flags);
          await carryOut(plan, opened, folder, { flags, found, interrupt });
        });
      });
    }
    if (asked !== undefined) await expectFree(asked);
    await withBackend(flags.device, async (opened) => {
      const plan = await planRun(flags, opened.backend), name = runName(plan.source.data);
      await inRunFolder(
        { asked, name },
        (folder, interrupt) => carryOut(plan, opened, folder, { flags, interrupt }),
      );
    });
  },
});

/** Turns the texts into batches, trains on them, and says at both ends what there is to know. */
async function carryOut(
  plan: TrainPlan,
  opened: OpenedBackend,
  folder: RunFolder,
  { flags, found, interrupt }: { flags: TrainFlags; found?: FoundRun; interrupt: Interrupt },
): Promise<void> {
  const { corpus, tokenizer, config, source } = plan, { backend } = opened;
  const { batchSize, accumulation, optimizer } = plan.settings;
  checkMemory(config, batchSize, accumulation, await memoryLimits(backend), optimizer);
  const encoded = await encodeCorpus(corpus, tokenizer, folder.path, plan.settings);
  interrupt.expectNone();
  const lesson = prepareLesson(config, encoded, tokenizer, plan.settings);
  const { model, batches } = lesson, { batchesPerEpoch } = batches;
  const windows = validationWindows(config.contextLength, plan.settings.batchSize);
  const validation = lesson.measured("validation", windows);
  const seen = lesson.measured("training", validation.length * plan.settings.batchSize);
  const tokens = encoded.validation.length;
  expectTargets(validation, { doing: "validate", tokens, text: "validation text" });
  expectTargets(seen, { doing: "measure a model", tokens: encoded.training.length, text: "training text" });
  const settings = found
    ? resumeSettings(found, flags, batchesPerEpoch)
    : chooseLength(plan.settings, flags, batchesPerEpoch);

  const store = found && allocateParameters(backend, model);
  const run = new TrainingRun(backend, model, batches, settings, { store });
  if (found) {
    naming(found.path, () => restoreTraining(run, found.files));
    await folder.rewind(found);
  }

  const state: RunState = {
    settings,
    source,
    textFingerprint: corpus.fingerprint,
    tokenizerFingerprint: tokenizer.fingerprint,
    backend: { name: backend.name, device: backend.device },
  };
  const beginning = { ...opened, ...plan, settings, encoded, batchesPerEpoch };
  const output = new Output();
  output.print(describeBeginning({ ...beginning, sourceName: describeNames(source), folder: folder.path }));
  if (found) output.print(describeResumption(found, state) + "\n");

  const loop: TrainLoop = {
    ...{ run, model, tokenizer, settings, folder, validation, state, interrupt, output },
    stopAfter: flags.stopAfter,
    best: found?.state.best,
    progress: new ProgressLine({ write: (text) => output.write(text) }),
    sample: () => lesson.sample(backend, settings.seed + run.step),
  };
  await trainAndSave(loop);
  await endRun(loop, corpus, encoded, { lesson, seen, source, preset: settings.preset });
  await throwFailure(loop);
}
