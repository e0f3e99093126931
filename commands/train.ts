/**
 * `train`: a model from nothing, or a run that goes on.
 *
 * @module
 */
import { chooseBackend, type DeviceChoice, type OpenedBackend } from "../core/open_backend.ts";
import { toHuggingFaceConfig } from "../models/hugging_face.ts";
import { maskedSpecialTokens } from "../tokenizers/special_tokens.ts";
import { loadConfig, restoreTraining } from "../training/checkpoint.ts";
import { TrainingRun } from "../training/train.ts";
import { naming, tokenizerOf } from "./checkpoint_folder.ts";
import { type Command, defineCommand } from "./command.ts";
import { chooseTokenizer, type Corpus, encodeCorpus, readCorpus, type Source } from "./corpus.ts";
import { UsageError } from "./errors.ts";
import { Interrupt } from "./interrupt.ts";
import { maskTokens } from "./mask_tokens.ts";
import { checkMemory, isFast, memoryLimits } from "./memory.ts";
import { prepareLesson } from "./objectives.ts";
import { choosePreset, type LanguageConfig, objectiveOf } from "./presets.ts";
import { ProgressLine } from "./progress.ts";
import { findRun, type FoundRun, type RunState } from "./resume.ts";
import { folderOf } from "./run_flags.ts";
import { RunFolder, runName } from "./run_folder.ts";
import { chooseLength, chooseSettings, type PartialSettings, resumeSettings } from "./settings.ts";
import { trainAndSave, type TrainLoop } from "./train_loop.ts";
import { describeBeginning, describeNames } from "./train_report.ts";
import { endRun } from "./train_end.ts";
import { type TrainFlags, trainFlags } from "./train_flags.ts";

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
    const opened = await chooseBackend(flags.device as DeviceChoice);
    try {
      await trainOn(opened, flags, found);
    } finally {
      opened.backend.close();
    }
  },
});

async function trainOn(opened: OpenedBackend, flags: TrainFlags, found: FoundRun | undefined): Promise<void> {
  const { backend } = opened;
  if (flags.vocabSize !== undefined && flags.tokenizer !== "bpe") {
    throw new UsageError("--vocab-size is for --tokenizer bpe: any other tokenizer knows its size");
  }
  const partial = found?.state.settings ??
    chooseSettings(flags, choosePreset(flags, isFast(backend)));
  const isMasked = objectiveOf(partial) === "mlm";
  const source = sourceOf(flags, found?.state.source ?? { ...partial, data: [], validation: [] });
  const texts = await readCorpus(source);
  // the floor is that of who sees the past only
  const corpus = isMasked ? { ...texts, floor: undefined } : texts;
  if (found) checkText(found, corpus, source);
  const specialTokens = isMasked ? maskedSpecialTokens : undefined;
  const tokenizer = found
    ? tokenizerOf(found)
    : await chooseTokenizer(partial.tokenizer, corpus, { vocabSize: flags.vocabSize, specialTokens });
  if (found) checkTokenizer(found, tokenizer.fingerprint);
  const config = configOf(partial, tokenizer.vocabSize);
  if (found) checkModel(found, config);
  toHuggingFaceConfig(config); // what could not be saved is refused now
  checkMemory(config, partial.batchSize, partial.accumulation, await memoryLimits(backend));

  if (isMasked) maskTokens(tokenizer);

  const created = found ? undefined : await RunFolder.create(folderOf(flags), runName(source.data));
  try {
    const encoded = await encodeCorpus(corpus, tokenizer, found?.folder ?? created!.path, partial);
    const lesson = prepareLesson(config, encoded, tokenizer, partial), { model, batches } = lesson;
    const windows = validationWindows(config.contextLength, partial.batchSize);
    const validation = lesson.measured("validation", windows);
    const { batchesPerEpoch } = batches;
    const settings = found
      ? resumeSettings(found.state.settings, flags, found.step, batchesPerEpoch)
      : chooseLength(partial, flags, batchesPerEpoch);
    const run = new TrainingRun(backend, model, batches, settings);
    if (found) naming(found.path, () => restoreTraining(run, found.files));
    const folder = created ?? await RunFolder.reopen(found!.folder, found!.step);
    const state: RunState = {
      settings,
      source,
      textFingerprint: corpus.fingerprint,
      tokenizerFingerprint: tokenizer.fingerprint,
      backend: { name: backend.name, device: backend.device },
    };
    const sourceName = describeNames(source);
    console.log(describeBeginning({
      ...{ ...opened, settings, config, tokenizer, corpus, encoded, sourceName, batchesPerEpoch },
      folder: folder.path,
    }));
    if (found) console.log(describeResumption(found, state) + "\n");
    using interrupt = new Interrupt();
    const loop: TrainLoop = {
      ...{ run, model, tokenizer, settings, folder, validation, interrupt, state: { ...state } },
      stopAfter: flags.stopAfter,
      best: found?.state.best,
      progress: new ProgressLine(),
      sample: () => lesson.sample(backend, settings.seed + run.step),
    };
    await trainAndSave(loop);
    await endRun(loop, corpus, encoded, { lesson, preset: settings.preset });
  } catch (error) {
    await created?.abandon();
    throw error;
  }
}

function sourceOf(flags: TrainFlags, before: Source): Source {
  const { validationFraction, replaceInvalid } = before;
  return {
    data: flags.data ?? before.data,
    validation: flags.validation ?? before.validation,
    validationFraction,
    replaceInvalid,
  };
}

function configOf(settings: PartialSettings, vocabSize: number): LanguageConfig {
  const { architecture, contextLength, layers, heads, modelDim, feedForwardDim } = settings;
  const { dropoutRate, tied, initialStd } = settings;
  const sizes = { vocabSize, contextLength, layers, heads, modelDim, feedForwardDim };
  const common = { ...sizes, dropoutRate, initialStd };
  return architecture === "roberta" ? { architecture, ...common } : { architecture, ...common, tied };
}

function checkText({ path, state }: FoundRun, corpus: Corpus, source: Source): void {
  if (corpus.fingerprint === state.textFingerprint) return;
  throw new Error(
    `Cannot resume ${path}: ${describeNames(source)} is not the text it was trained on (${
      describeNames(state.source)
    } as it was then); give that text, or start a new run`,
  );
}

function checkTokenizer({ path, state }: FoundRun, fingerprint: string): void {
  if (fingerprint === state.tokenizerFingerprint) return;
  throw new Error(
    `Cannot resume ${path}: its tokenizer.json is not the tokenizer it was trained with; its ids would mean other text`,
  );
}

/** Sizes that decide no tensor's shape, such as the number of heads, would else be changed without a word. */
function checkModel({ path, files }: FoundRun, config: LanguageConfig): void {
  const saved = naming(path, () => loadConfig(files));
  for (const [name, value] of Object.entries(config)) {
    const other = saved[name as keyof typeof saved];
    if (other === value) continue;
    throw new Error(
      `Cannot resume ${path}: config.json says that ${name} is ${other}, the run was started with ${value}`,
    );
  }
}

/** Where a run goes on, and what is not as it was. */
function describeResumption({ path, step, state: before }: FoundRun, now: RunState): string {
  const lines = [`Going on from ${path} after step ${step}.`];
  if (now.settings.steps !== before.settings.steps) {
    lines.push(
      `The learning rate now falls until step ${now.settings.steps}, not ${before.settings.steps}: ` +
        "the run is not the same as one of that length from the beginning.",
    );
  }
  if (now.backend.name !== before.backend.name || now.backend.device !== before.backend.device) {
    lines.push(
      `It ran on ${before.backend.device} before: from here on numbers differ in their last digits.`,
    );
  }
  return lines.join("\n");
}
