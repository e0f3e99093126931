/**
 * The recipe of `train`: a language model, GPT or RoBERTa, from texts.
 *
 * @module
 */
import * as v from "valibot";
import type { Backend } from "../../core/backend.ts";
import { toConfigJson } from "../../checkpoints/experiment_format.ts";
import { loadConfig } from "../../checkpoints/checkpoint.ts";
import {
  type LanguageConfig,
  languageConfig,
  VALIDATION_FRACTION,
} from "../../checkpoints/runs/language_settings.ts";
import { isTooLittleToChoose, languageState } from "../../checkpoints/runs/run_state.ts";
import { baselines } from "../../data/baselines.ts";
import { maskTokens } from "../../data/mask_tokens.ts";
import type { Experiment } from "../../models/experiment.ts";
import type { Batch } from "../../data/batches.ts";
import { type ModelsByKind, objectiveOf } from "../../models/families.ts";
import { MASKED_SPECIAL_TOKENS } from "../../tokenizers/special_tokens.ts";
import { endOfText } from "../../tokenizers/token_file.ts";
import type { Tokenizer } from "../../tokenizers/tokenizer.ts";
import { quote } from "../cli/terminal.ts";
import { isHardwareGpu } from "../cli/with_backend.ts";
import { tokenizerOf, withPathInErrors } from "../files/checkpoint_folder.ts";
import { RunSkills } from "../runs/run_skills.ts";
import { announceFiles, expectTokenizer, type ResumedRun, type RunState } from "../runs/run_state.ts";
import { choosePreset } from "../settings/presets.ts";
import { architectureNote } from "../settings/feed_forward.ts";
import { resumeSettings } from "../settings/resume_settings.ts";
import { FINITE, objectOf, settingsSchema, TEXT } from "../settings/saved_settings.ts";
import {
  chooseSettings,
  OPTIONAL_TRAIN_SETTINGS,
  RUN_SETTINGS,
  TRAIN_SETTINGS,
  type TrainSettings,
  withLength,
} from "../settings/settings.ts";
import { suitingTokenizer } from "../settings/tokenizer_choice.ts";
import { expectCharacters, fitContext, noteOfEpochs, warnOfLearningRate } from "../settings/text_fit.ts";
import { type TrainFlags, trainFlags } from "../settings/train_flags.ts";
import { chooseTokenizer, type Corpus, encodeCorpus, readCorpus, type Source } from "../texts/corpus.ts";
import { talePositions } from "../texts/tale_positions.ts";
import { languageCard } from "./cards.ts";
import {
  describeLanguageModel,
  describeNames,
  describeUse,
  firstWords,
  reportLanguageModel,
} from "./language_report.ts";
import { checkMemory, memoryLimits } from "../cost/memory.ts";
import { expectTargets, type PreparedObjective, prepareObjective } from "./objectives.ts";
import { expectPatience } from "../runs/patience.ts";
import { attentionText } from "./run_attention.ts";
import type { Fact, Recipe } from "./recipe.ts";

/** The state of a run of `train`. */
export type TrainState = RunState<TrainSettings, Source>;

/** What the state of a run of `train` must hold. */
export const TRAIN_SCHEMAS = {
  settings: settingsSchema(trainFlags, [...RUN_SETTINGS, ...TRAIN_SETTINGS], OPTIONAL_TRAIN_SETTINGS),
  source: objectOf({
    data: v.array(TEXT, "a list"),
    validation: v.array(TEXT, "a list"),
    validationFraction: FINITE,
    replaceInvalid: v.boolean("true or false"),
  }),
};

/** Makes the recipe of a run; see RunDescription in session.ts. */
export async function languageRecipe(
  flags: TrainFlags,
  backend: Backend,
  run: {
    readonly resumed?: ResumedRun<TrainState>;
    readonly experiment?: Experiment;
    readonly folder?: string;
    /** What has been decided for the user, to be said before the first step. */
    readonly note?: string;
  },
): Promise<Recipe> {
  const { resumed, experiment } = run, before = resumed?.state;
  const source: Source = {
    data: flags.data ?? before?.source.data ?? [],
    validation: flags.validation ?? before?.source.validation ?? [],
    validationFraction: before?.settings.validationFraction ?? flags.validationFraction ??
      VALIDATION_FRACTION,
    replaceInvalid: before?.settings.replaceInvalid ?? flags.replaceInvalid ?? false,
  };
  if (resumed && flags.data === undefined) {
    await announceFiles(resumed.folder, [...source.data, ...source.validation]);
  }
  const corpus = await readCorpus(source), { fingerprint: textFingerprint } = corpus;
  if (resumed && textFingerprint !== resumed.state.textFingerprint) {
    throw new Error(
      `Cannot resume ${resumed.path}: ${describeNames(source)} is not the text it was trained on (${
        describeNames(resumed.state.source)
      } as it was then); give that text, or start a new run`,
    );
  }
  const { settings: chosen, note: tokenizerNote }: ChosenSettings = before
    ? { settings: before.settings }
    : chooseForText(flags, source, corpus, backend);
  const isMasked = objectiveOf(chosen) === "mlm";
  const tokenizer = resumed ? tokenizerOf(resumed) : await chooseTokenizer(chosen.tokenizer, corpus, {
    vocabSize: chosen.vocabSize,
    specialTokens: isMasked ? MASKED_SPECIAL_TOKENS : undefined,
  });
  if (isMasked) maskTokens(tokenizer);
  if (resumed) expectTokenizer(resumed, tokenizer);
  const encoded = await encodeCorpus(corpus, tokenizer, run.folder, chosen);
  const { training: { length: tokens }, validation: { length: validationTokens } } = encoded;
  const { contextLength, notes: contextNotes } = resumed
    ? { contextLength: chosen.contextLength, notes: [] }
    : fitContext(chosen, flags, { training: tokens, validation: validationTokens });
  const fitted: TrainSettings = { ...chosen, contextLength },
    sizes = languageConfig(fitted, tokenizer.vocabSize);
  if (resumed) expectModel(resumed, sizes);
  const endId = isMasked ? undefined : endOfText(tokenizer);
  const config: LanguageConfig = endId === undefined ? sizes : { ...sizes, endId } as LanguageConfig;
  if (!resumed) toConfigJson(config, experiment); // refuses a model that could not be saved
  const { recompute = fitted.recompute } = flags;
  checkMemory(config, { ...fitted, recompute, experiment }, await memoryLimits(backend));

  const objective = prepareObjective(config, encoded, tokenizer, { ...fitted, experiment });
  const { model, batches } = objective;
  // at least 20 batches and 16,384 tokens; the final report covers the whole validation text
  const windows = Math.max(20 * fitted.batchSize, Math.ceil(16_384 / contextLength));
  const validation = objective.evaluationBatches("validation", windows);
  const seen = objective.evaluationBatches("training", validation.length * fitted.batchSize);
  expectTargets(validation, { attempt: "validate", tokens: validationTokens, text: "validation text" });
  expectTargets(seen, { attempt: "measure a model", tokens, text: "training text" });
  const settings = resumed
    ? resumeSettings(resumed, flags, batches.batchesPerEpoch)
    : withLength(fitted, flags, batches.batchesPerEpoch);
  if (resumed) await expectPatience(resumed, settings.patience);
  const isOwn = source.data.length > 0;
  const notes = [
    ...[run.note, architectureNote(flags, chosen), tokenizerNote, ...contextNotes],
    isOwn ? noteOfEpochs(settings, flags, batches.batchesPerEpoch) : undefined,
  ];
  const remarks = resumed ? [] : [
    ...notes.flatMap((note) => factOf("note", note)),
    ...factOf("warning", warnOfLearningRate(settings)),
  ];

  // the optimal loss of the tales is that of a model that sees the characters before, and no others
  const characters = corpus.validation.reduce((sum, text) => sum + text.length, 0);
  const optimalLoss = isMasked || corpus.optimalLoss === undefined
    ? undefined
    : corpus.optimalLoss * characters / validationTokens;
  const known = baselines(encoded.validation, { vocabSize: config.vocabSize, optimal: optimalLoss });
  const task = {
    settings,
    config,
    experiment,
    tokenizer,
    adapterClass: backend.adapterClass,
    source,
    encoded,
    baselines: known,
    textFingerprint,
    objective,
    seen,
  };
  const prompts = isTooLittleToChoose(validationTokens) ? corpus.training : corpus.validation;
  const files = (list: readonly string[]) => list.length > 0 ? list : undefined;
  const fits = (text: string) =>
    tokenizer.encode(text, { addSpecialTokens: true }).length <= settings.contextLength;
  return {
    ...{ model, tokenizer, batches, validation, sequences: objective.sequences, optimalLoss, unit: "token" },
    state: languageState({ settings, source, textFingerprint, tokenizer, validationTokens }),
    config: { ...settings, data: files(source.data), validation: files(source.validation) },
    skills: skillsOf(objective, validation, { tokenizer, ids: encoded.validation, windows }),
    attention: attentionText(model, objective.beginning, tokenizer),
    card: languageCard({ ...task, corpus }),
    facts: [...describeLanguageModel(task), ...remarks],
    sample: (step) => objective.sample(backend, settings.seed + step),
    async report(session) {
      const results = await reportLanguageModel(session, task);
      await objective.saveSamples?.(session, firstWords(prompts));
      return { results };
    },
    use: (path) => describeUse(path, prompts, isMasked ? fits : undefined),
    evaluation: (folder) =>
      `evaluate --checkpoint ${quote(`${folder}/last`)} --data ${
        (files(source.validation) ?? ["FILE"]).map(quote).join(" ")
      }`,
  };
}

/** What measures the validation loss by skill, where the tokens are the characters of tales and the model reads them in order. */
function skillsOf(
  { model, targetIndices }: PreparedObjective,
  validation: readonly Batch[],
  { tokenizer, ids, windows }: { tokenizer: Tokenizer; ids: Uint32Array; windows: number },
): RunSkills | undefined {
  const positions = targetIndices && talePositions(tokenizer, ids);
  if (positions === undefined) return;
  const indices = () => targetIndices!("validation", windows);
  return new RunSkills(model as ModelsByKind["causal"], validation, { positions, indices });
}

const factOf = (name: string, text: string | undefined): Fact[] => text === undefined ? [] : [[name, text]];

/** The settings of a run, and what was decided about them for the user. */
interface ChosenSettings {
  readonly settings: TrainSettings;
  readonly note?: string;
}

/** The settings of a new run: those of its flags, over the preset and the tokenizer that suit the text and the device. */
function chooseForText(
  flags: TrainFlags,
  source: Source,
  { training, validation }: Corpus,
  backend: Backend,
): ChosenSettings {
  const texts = source.validation.length > 0 ? training : [...training, ...validation];
  const length = texts.reduce((sum, { length }) => sum + length, 0), isOwn = source.data.length > 0;
  if (isOwn) expectCharacters(describeNames({ ...source, validation: [] }), length);
  const characters = isOwn ? length : undefined, hardwareGpu = isHardwareGpu(backend);
  const settings = chooseSettings(flags, choosePreset(flags, { characters, hardwareGpu }));
  if (!isOwn) return { settings };
  const { note, ...tokenizer } = suitingTokenizer(flags, objectiveOf(settings), { training, validation }) ??
    {};
  return { settings: { ...settings, ...tokenizer }, note };
}

/** Compares all sizes: those that decide no tensor's shape, such as the number of heads, would change unnoticed. */
function expectModel({ path, files, experiment }: ResumedRun<TrainState>, config: LanguageConfig): void {
  const saved = new Map<string, unknown>(
    Object.entries(withPathInErrors(path, () => loadConfig(files, { experiment }))),
  );
  for (const [name, value] of Object.entries(config)) {
    if (saved.get(name) === value) continue;
    throw new Error(
      `Cannot resume ${path}: config.json says that ${name} is ${
        saved.get(name)
      }, the run was started with ${value}`,
    );
  }
}
