/**
 * The recipe of `train`: a language model, GPT or RoBERTa, from texts.
 *
 * @module
 */
import * as v from "valibot";
import { toConfigJson } from "../../checkpoints/experiment_format.ts";
import { loadConfig } from "../../checkpoints/checkpoint.ts";
import { maskTokens } from "../../data/mask_tokens.ts";
import { objectiveOf } from "../../models/families.ts";
import { MASKED_SPECIAL_TOKENS } from "../../tokenizers/special_tokens.ts";
import { quote } from "../cli/terminal.ts";
import { readBlock } from "../files/block_file.ts";
import { naming, tokenizerOf } from "../files/checkpoint_folder.ts";
import { announceFiles, type ResumedRun, type RunState } from "../runs/run_state.ts";
import { choosePreset, type LanguageConfig } from "../settings/presets.ts";
import { resumeSettings } from "../settings/resume_settings.ts";
import { FINITE, objectOf, settingsSchema, TEXT } from "../settings/saved_settings.ts";
import {
  checkTogether,
  chooseSettings,
  OPTIONAL_TRAIN_SETTINGS,
  RUN_SETTINGS,
  TRAIN_SETTINGS,
  type TrainSettings,
  withLength,
} from "../settings/settings.ts";
import { type TrainFlags, trainFlags } from "../settings/train_flags.ts";
import { chooseTokenizer, type Corpus, encodeCorpus, readCorpus, type Source } from "../texts/corpus.ts";
import {
  describeLanguageModel,
  describeNames,
  reportLanguageModel,
  validationBaselines,
} from "./language_report.ts";
import { expectTargets } from "./measure.ts";
import { checkMemory, isHardwareGpu, memoryLimits } from "./memory.ts";
import { prepareObjective } from "./objectives.ts";
import type { Recipe, RecipeContext } from "./recipe.ts";

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

/**
 * Makes the recipe of a new run, or of one that is resumed.
 *
 * @param flags the flags
 * @param context where the model will live, and the run to resume
 * @returns the recipe
 * @throws {Error} when flags do not fit together, or text, tokenizer or model are not those the run was started with
 */
export async function languageRecipe(
  flags: TrainFlags,
  { backend, folder, resumed }: RecipeContext<TrainState>,
): Promise<Recipe> {
  const before = resumed?.state;
  const chosen = before?.settings ?? chooseSettings(flags, choosePreset(flags, isHardwareGpu(backend)));
  const masked = objectiveOf(chosen) === "mlm", { validationFraction, replaceInvalid } = chosen;
  const source: Source = {
    data: flags.data ?? before?.source.data ?? [],
    validation: flags.validation ?? before?.source.validation ?? [],
    ...{ validationFraction, replaceInvalid },
  };
  if (resumed && flags.data === undefined) {
    await announceFiles(resumed.folder, [...source.data, ...source.validation]);
  }
  const corpus = await readCorpus(source);
  if (resumed) expectText(resumed, corpus, source);
  const tokenizer = resumed ? tokenizerOf(resumed) : await chooseTokenizer(chosen.tokenizer, corpus, {
    vocabSize: chosen.vocabSize,
    specialTokens: masked ? MASKED_SPECIAL_TOKENS : undefined,
  });
  if (masked) maskTokens(tokenizer);
  const config = configOf(chosen, tokenizer.vocabSize);
  const file = resumed || flags.block === undefined ? undefined : await readBlock(flags.block);
  const experiment = resumed?.experiment ?? file?.experiment;
  const block = flags.block === undefined ? undefined : { path: flags.block, bytes: file?.bytes };
  if (resumed) expectModel(resumed, config, tokenizer.fingerprint);
  else toConfigJson(config, experiment); // refuses a model that could not be saved
  const { batchSize, contextLength, accumulation, optimizer } = chosen;
  checkMemory(config, batchSize, accumulation, await memoryLimits(backend), { optimizer, experiment });

  const encoded = await encodeCorpus(corpus, tokenizer, folder, chosen);
  const objective = prepareObjective(config, encoded, tokenizer, { ...chosen, experiment }),
    { model, batches } = objective;
  // at least 20 batches and 16,384 tokens; the final report covers the whole validation text
  const windows = Math.max(20 * batchSize, Math.ceil(16_384 / contextLength));
  const validation = objective.evaluationBatches("validation", windows);
  const seen = objective.evaluationBatches("training", validation.length * batchSize);
  const tokens = { training: encoded.training.length, validation: encoded.validation.length };
  expectTargets(validation, { doing: "validate", tokens: tokens.validation, text: "validation text" });
  expectTargets(seen, { doing: "measure a model", tokens: tokens.training, text: "training text" });
  const settings = resumed
    ? resumeTraining(resumed, flags, batches.batchesPerEpoch)
    : withLength(chosen, flags, batches.batchesPerEpoch);

  const baselines = validationBaselines(
    masked ? { ...corpus, optimalLoss: undefined } : corpus,
    encoded,
    config,
  );
  const optimalLoss = baselines.find(({ name }) => name === "optimal")?.loss;
  const described = { settings, config, experiment, tokenizer, source, tokens, baselines, batches };
  const evaluationData = source.validation.length > 0 ? source.validation : ["FILE"];
  return {
    ...{ model, tokenizer, batches, validation, optimalLoss, block, unit: "token" },
    state: {
      ...{ command: "train", settings, source, textFingerprint: corpus.fingerprint },
      tokenizerFingerprint: tokenizer.fingerprint,
    },
    config: { ...settings, data: flagOf(source.data), validation: flagOf(source.validation) },
    facts: describeLanguageModel(described),
    sample: (step) => objective.sample(backend, settings.seed + step),
    report: (session) => reportLanguageModel(session, { ...described, objective, seen, corpus }),
    evaluation: (folder) =>
      `evaluate --checkpoint ${quote(`${folder}/last`)} --data ${evaluationData.map(quote).join(" ")}`,
  };
}

/** A list as the value of a flag, which is not given when there is nothing in it. */
const flagOf = (list: readonly string[]) => list.length > 0 ? list : undefined;

/**
 * The settings of a resumed run.
 *
 * @param resumed the run
 * @param flags the flags
 * @param batchesPerEpoch batches in an epoch
 * @returns the settings
 * @throws {UsageError} when a flag would change what the run computes
 * @throws {RangeError} when all its steps are done
 */
export function resumeTraining(
  { step, state: { settings } }: { readonly step: number; readonly state: Pick<TrainState, "settings"> },
  flags: TrainFlags,
  batchesPerEpoch: number,
): TrainSettings {
  const objective = objectiveOf(settings), { feedForwardMultiple: multiple } = flags;
  checkTogether({ ...flags, optimizer: settings.optimizer }, objective);
  const same = {
    ...flags,
    objective: flags.objective === objective ? undefined : flags.objective,
    feedForwardDim: flags.feedForwardDim ?? (multiple && multiple * settings.modelDim),
    feedForwardMultiple: undefined,
  };
  return resumeSettings(settings, step, same, batchesPerEpoch);
}

function configOf(settings: TrainSettings, vocabSize: number): LanguageConfig {
  const { architecture, contextLength, layers, heads, modelDim, feedForwardDim } = settings;
  const { dropoutRate, tied, initialStd } = settings;
  const sizes = { vocabSize, contextLength, layers, heads, modelDim, feedForwardDim };
  const head = objectiveOf(settings) === "mlm" ? {} : { tied };
  return { architecture, ...sizes, dropoutRate, initialStd, ...head } as LanguageConfig;
}

function expectText({ path, state }: ResumedRun<TrainState>, corpus: Corpus, source: Source): void {
  if (corpus.fingerprint === state.textFingerprint) return;
  throw new Error(
    `Cannot resume ${path}: ${describeNames(source)} is not the text it was trained on (${
      describeNames(state.source)
    } as it was then); give that text, or start a new run`,
  );
}

/** Sizes that decide no tensor's shape, such as the number of heads, would otherwise change unnoticed. */
function expectModel(
  { path, files, state, experiment }: ResumedRun<TrainState>,
  config: LanguageConfig,
  fingerprint: string,
): void {
  if (fingerprint !== state.tokenizerFingerprint) {
    throw new Error(
      `Cannot resume ${path}: its tokenizer.json is not the tokenizer it was trained with; the ids would mean other text`,
    );
  }
  const saved = new Map<string, unknown>(
    Object.entries(naming(path, () => loadConfig(files, { experiment }))),
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
