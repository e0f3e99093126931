/**
 * What `train` learns from and with: chosen by flags for a new run, or found again for one that goes on.
 *
 * @module
 */
import type { Backend } from "../../core/backend.ts";
import { toHuggingFaceConfig } from "../../checkpoints/hugging_face_formats.ts";
import type { BpeTokenizer } from "../../tokenizers/bpe_tokenizer.ts";
import type { CharTokenizer } from "../../tokenizers/char_tokenizer.ts";
import { MASKED_SPECIAL_TOKENS } from "../../tokenizers/special_tokens.ts";
import { loadConfig } from "../../checkpoints/checkpoint.ts";
import { naming, tokenizerOf } from "../files/checkpoint_folder.ts";
import { chooseTokenizer, type Corpus, readCorpus, type Source } from "../texts/corpus.ts";
import { maskTokens } from "../../data/mask_tokens.ts";
import { isFast } from "../runs/memory.ts";
import { objectiveOf } from "../../models/families.ts";
import { choosePreset, type LanguageConfig } from "../settings/presets.ts";
import { announceFiles, type FoundRun } from "./resume.ts";
import { chooseSettings, type PartialSettings } from "../settings/settings.ts";
import type { TrainFlags } from "../settings/train_flags.ts";
import { describeNames } from "./train_report.ts";

/** What is known of a run before its texts are turned into ids. */
export interface TrainPlan {
  /** The settings, but for what follows from the length of the texts. */
  readonly settings: PartialSettings;
  /** Where the texts are. */
  readonly source: Source;
  /** The texts. */
  readonly corpus: Corpus;
  /** The tokenizer. */
  readonly tokenizer: BpeTokenizer | CharTokenizer;
  /** The model. */
  readonly config: LanguageConfig;
}

/**
 * Plans a new run.
 *
 * @param flags what was asked for
 * @param backend where it runs
 * @returns the plan
 * @throws {Error} when flags do not fit together, or a text or tokenizer cannot be used
 */
export async function planRun(flags: TrainFlags, backend: Backend): Promise<TrainPlan> {
  const settings = chooseSettings(flags, choosePreset(flags, isFast(backend)));
  const { validationFraction, replaceInvalid } = settings, isMasked = objectiveOf(settings) === "mlm";
  const source = {
    data: flags.data ?? [],
    validation: flags.validation ?? [],
    ...{ validationFraction, replaceInvalid },
  };
  const corpus = await corpusOf(source, settings);
  const tokenizer = await chooseTokenizer(settings.tokenizer, corpus, {
    vocabSize: flags.vocabSize,
    specialTokens: isMasked ? MASKED_SPECIAL_TOKENS : undefined,
  });
  if (isMasked) maskTokens(tokenizer);
  const config = configOf(settings, tokenizer.vocabSize);
  toHuggingFaceConfig(config); // what could not be saved is refused now
  return { settings, source, corpus, tokenizer, config };
}

/**
 * Finds the plan of a run again.
 *
 * @param found the run
 * @param flags where the texts are, if they were moved
 * @returns the plan
 * @throws {Error} when text, tokenizer or model are not those it was started with
 */
export async function findPlan(found: FoundRun, flags: TrainFlags): Promise<TrainPlan> {
  const { settings, source: before } = found.state;
  const source = {
    ...before,
    data: flags.data ?? before.data,
    validation: flags.validation ?? before.validation,
  };
  if (flags.data === undefined) await announceFiles(found.folder, [...source.data, ...source.validation]);
  const corpus = await corpusOf(source, settings);
  checkText(found, corpus, source);
  const tokenizer = tokenizerOf(found);
  checkTokenizer(found, tokenizer.fingerprint);
  const config = configOf(settings, tokenizer.vocabSize);
  checkModel(found, config);
  return { settings, source, corpus, tokenizer, config };
}

/** The texts. Their optimal loss, where it is known, is that of a model that sees only the past. */
async function corpusOf(source: Source, settings: PartialSettings): Promise<Corpus> {
  const corpus = await readCorpus(source);
  return objectiveOf(settings) === "mlm" ? { ...corpus, optimalLoss: undefined } : corpus;
}

function configOf(settings: PartialSettings, vocabSize: number): LanguageConfig {
  const { architecture, contextLength, layers, heads, modelDim, feedForwardDim } = settings;
  const { dropoutRate, tied, initialStd } = settings;
  const sizes = { vocabSize, contextLength, layers, heads, modelDim, feedForwardDim };
  const common = { ...sizes, dropoutRate, initialStd };
  const family = objectiveOf(settings) === "mlm" ? {} : { tied };
  return { architecture, ...common, ...family } as LanguageConfig;
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
