/**
 * `train`: a model from nothing, or a run that goes on.
 *
 * @module
 */
import { allocateParameters } from "../core/module.ts";
import type { OpenedBackend } from "../core/open_backend.ts";
import { restoreTraining } from "../training/checkpoint.ts";
import { TrainingRun } from "../training/train.ts";
import { naming } from "./checkpoint_folder.ts";
import { type Command, defineCommand } from "./command.ts";
import { encodeCorpus } from "./corpus.ts";
import { Interrupt } from "./interrupt.ts";
import { checkMemory, memoryLimits } from "./memory.ts";
import { expectTargets } from "./measure.ts";
import { prepareLesson } from "./objectives.ts";
import { ProgressLine } from "./progress.ts";
import { describeResumption, findRun, type FoundRun, type RunState } from "./resume.ts";
import { resumeSettings } from "./resume_settings.ts";
import type { RunFolder } from "./run_folder.ts";
import { folderOf, inRunFolder, runName } from "./run_place.ts";
import { chooseLength } from "./settings.ts";
import { endRun } from "./train_end.ts";
import { type TrainFlags, trainFlags } from "./train_flags.ts";
import { trainAndSave, type TrainLoop } from "./train_loop.ts";
import { findPlan, planRun, type TrainPlan } from "./train_plan.ts";
import { describeBeginning, describeNames } from "./train_report.ts";
import { withBackend } from "./with_backend.ts";

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
    const found = flags.resume === undefined ? undefined : await findRun(flags.resume);
    await withBackend(flags.device, async (opened) => {
      const plan = found ? await findPlan(found, flags) : await planRun(flags, opened.backend);
      const { config, settings } = plan, limits = await memoryLimits(opened.backend);
      checkMemory(config, settings.batchSize, settings.accumulation, limits);
      const place = { found: found?.folder, asked: folderOf(flags), name: runName(plan.source.data) };
      await inRunFolder(place, (folder) => carryOut(plan, opened, folder, { flags, found }));
    });
  },
});

/** Turns the texts into batches, trains on them, and says at both ends what there is to know. */
async function carryOut(
  plan: TrainPlan,
  opened: OpenedBackend,
  folder: RunFolder,
  { flags, found }: { flags: TrainFlags; found?: FoundRun },
): Promise<void> {
  const { corpus, tokenizer, config, source } = plan, { backend } = opened;
  const encoded = await encodeCorpus(corpus, tokenizer, folder.path, plan.settings);
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
  const run = new TrainingRun(backend, model, batches, settings, store);
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
  console.log(describeBeginning({ ...beginning, sourceName: describeNames(source), folder: folder.path }));
  if (found) console.log(describeResumption(found, state) + "\n");

  using interrupt = new Interrupt();
  const loop: TrainLoop = {
    ...{ run, model, tokenizer, settings, folder, validation, state, interrupt },
    stopAfter: flags.stopAfter,
    best: found?.state.best,
    progress: new ProgressLine(),
    sample: () => lesson.sample(backend, settings.seed + run.step),
  };
  await trainAndSave(loop);
  await endRun(loop, corpus, encoded, { lesson, seen, source, preset: settings.preset });
}
