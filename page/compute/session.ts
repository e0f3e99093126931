/**
 * A run: a model with its batches, and what is measured of it.
 *
 * @module
 */
import {
  type Backend,
  baselines,
  type Batch,
  type BatchSource,
  buildModel,
  causalBatches,
  defaultPrompt,
  estimateMemory,
  evaluate,
  expectKind,
  filledSample,
  kindOf,
  maskedBatches,
  maskedTexts,
  maskedValidationBatches,
  type ModelsByKind,
  TrainingRun,
  validationBatches,
} from "../../mod.ts";
import { isDue } from "../../checkpoints/runs/intervals.ts";
import {
  type LanguageConfig,
  languageConfig,
  type LanguageSettings,
} from "../../checkpoints/runs/language_settings.ts";
import { allocateParameters } from "../../core/module.ts";
import { endOfText } from "../../tokenizers/token_file.ts";
import type { Tokenizer } from "../../tokenizers/tokenizer.ts";
import { continueText } from "./answer.ts";
import type { Corpus } from "./corpus.ts";
import type { LookSource } from "./look/looks.ts";
import type { Choices, Plan, RateChange, Reference } from "../protocol.ts";
import { RunLog } from "./run_log.ts";
import { checkChoices, checkNumber, settingsOf } from "./settings.ts";

/** More memory than this is refused: a browser may end a page that takes more, without an error. */
const MAX_BYTES = 3e9;

/** Tokens of a sample. */
const SAMPLE_LENGTH = 200;

/** The shares of a long text that a validation reads: at least 20 batches and so many tokens. */
const VALIDATION = { batches: 20, tokens: 16_384 };

/** The sizes of the model of a run, and the token at which its texts end. */
export function configOf(settings: LanguageSettings, tokenizer: Tokenizer): LanguageConfig {
  const sizes = languageConfig(settings, tokenizer.vocabSize);
  const endId = kindOf(sizes) === "causal" ? endOfText(tokenizer) : undefined;
  return endId === undefined ? sizes : { ...sizes, endId } as LanguageConfig;
}

/** What choices amount to with a text. It throws where they cannot be trained. */
export function planRun(asked: Choices, corpus: Corpus): Plan {
  checkChoices(asked);
  const { length } = corpus.training,
    contextLength = Math.min(asked.contextLength, Math.floor((length - 1) / 2));
  const choices = { ...asked, contextLength };
  const notes = contextLength < asked.contextLength
    ? [`Context ${contextLength} instead of ${asked.contextLength}: half of the ${length} training tokens`]
    : [];
  return { ...planSettings(settingsOf(choices), choices, corpus), notes };
}

/** What the settings of a run amount to, with the choices that are shown of them. It throws where they take too much memory. */
export function planSettings(
  settings: LanguageSettings,
  choices: Choices,
  { tokenizer, characters }: Corpus,
): Plan {
  const { batchSize, optimizer } = settings, { vocabSize } = tokenizer;
  const { parameters, ...memory } = estimateMemory(configOf(settings, tokenizer), batchSize, { optimizer });
  const bytes = memory.parameterBytes + memory.activationBytes + memory.tensorBytes;
  if (bytes > MAX_BYTES) {
    throw new RangeError(
      `This takes about ${(bytes / 1e9).toFixed(1)} GB of memory, a page has at most ${MAX_BYTES / 1e9}: ` +
        "enter a smaller width, batch or context",
    );
  }
  return { parameters, vocabSize, characters, choices, bytes, notes: [] };
}

/** A run from elsewhere that is resumed. */
export interface Continued {
  /** Its settings, which the choices of the page need not be able to express. */
  readonly settings: LanguageSettings;
}

/** A model in training. */
export class Session {
  /** The steps, and what they change. */
  readonly run: TrainingRun;
  /** What was chosen before the run. */
  readonly choices: Choices;
  /** Its records. */
  readonly log: RunLog;
  /** Losses to compare with. */
  readonly references: readonly Reference[];
  /** Tokens that are read in a step. */
  readonly tokensPerStep: number;
  /** The text that it is trained on. */
  readonly corpus: Corpus;
  /** The model. */
  readonly model: ModelsByKind["causal" | "masked"];
  /** Whether it was started elsewhere. */
  readonly isContinued: boolean;
  /** The settings that it was started with. */
  readonly begunWith: LanguageSettings;
  readonly #stepsPerEpoch: number;
  readonly #validation: readonly Batch[];
  /** The sequences of the samples of a masked model. */
  readonly #sequences: readonly Uint32Array[] = [];

  /**
   * Makes the model of a run that {@linkcode planRun} has checked, and draws its initial values; with `continued` the values
   * are left to be restored.
   */
  constructor(backend: Backend, { choices }: Plan, corpus: Corpus, continued?: Continued) {
    const { tokenizer, training, validation } = corpus, settings = continued?.settings ?? settingsOf(choices);
    const { batchSize, contextLength, seed, accumulation = 1 } = settings,
      sizes = { contextLength, batchSize };
    const config = configOf(settings, tokenizer);
    const windows = Math.max(VALIDATION.batches * batchSize, Math.ceil(VALIDATION.tokens / contextLength));
    let batches: BatchSource;
    if (kindOf(config) === "masked") {
      const known = expectKind(config, "masked");
      const { sequences, options } = maskedTexts({ training, validation }, known, tokenizer, settings);
      this.model = buildModel<"masked">(known);
      batches = maskedBatches(sequences.training, options);
      this.#validation = maskedValidationBatches(sequences.validation, { ...options, limit: windows });
      this.#sequences = sequences.validation;
    } else {
      this.model = buildModel<"causal">(expectKind(config, "causal"));
      batches = causalBatches(training, { ...sizes, seed });
      const length = Math.min(contextLength, validation.length - 1);
      this.#validation = validationBatches(validation, { ...sizes, contextLength: length, windows });
    }
    this.corpus = corpus;
    this.tokensPerStep = accumulation * batchSize * contextLength;
    this.references = baselines(validation, { vocabSize: tokenizer.vocabSize, optimal: corpus.optimalLoss });
    const store = continued && allocateParameters(backend, this.model);
    this.run = new TrainingRun(backend, this.model, batches, settings, { store });
    this.isContinued = continued !== undefined;
    this.choices = choices;
    this.begunWith = settings;
    this.#stepsPerEpoch = batches.batchesPerEpoch / accumulation;
    this.log = new RunLog(this.#stepsPerEpoch);
  }

  /** Whether there is a validation after a step. */
  isValidated(step: number): boolean {
    const { steps, evaluationInterval } = this.begunWith;
    return step === steps || isDue(step, evaluationInterval, this.#stepsPerEpoch);
  }

  /** The settings from the next step on. */
  get settings(): LanguageSettings {
    const { learningRate, minLearningRate } = this.run.settings;
    return { ...this.begunWith, learningRate, minLearningRate };
  }

  /** The peak learning rates, each with the first step that it holds for. */
  get rates(): readonly RateChange[] {
    return [{ step: 1, learningRate: this.choices.learningRate }, ...this.log.rates];
  }

  /** Replaces the peak learning rate from the next step on. Of several changes before that step the last one holds. */
  changeRate(learningRate: number): void {
    checkNumber("learningRate", learningRate);
    this.run.changeLearningRate(learningRate);
    const step = this.run.step + 1;
    this.log.rates = [...this.log.rates.filter((change) => change.step < step), { step, learningRate }];
  }

  /** Whether the model fills masks instead of continuing a text. */
  get masked(): boolean {
    return kindOf(this.model.config) === "masked";
  }

  /** What {@linkcode Looks} looks at. */
  get looked(): LookSource {
    const { run, model, corpus: { tokenizer, validation } } = this;
    return { backend: run.backend, model, tokenizer, validation, step: () => run.step };
  }

  /** The loss on the validation text, in nats per token. */
  async validate(): Promise<number> {
    const { backend, step } = this.run, loss = await evaluate(backend, this.model, this.#validation);
    if (Number.isFinite(loss)) return loss;
    throw new Error(`The validation loss at step ${step} is ${loss}: reset, and lower the learning rate`);
  }

  /** Text that shows what the model has learned: the one that `deno task train` prints after this step. */
  async sample(): Promise<string> {
    const { run: { backend, step, settings: { seed } } } = this, { tokenizer } = this.corpus;
    if (this.masked) {
      return await filledSample(backend, this.model as ModelsByKind["masked"], tokenizer, this.#sequences);
    }
    let text = "";
    const options = { maxNewTokens: SAMPLE_LENGTH, temperature: 0.8, seed: seed + step };
    for await (const piece of continueText(this.looked, defaultPrompt(tokenizer), options)) text += piece;
    return text.trim();
  }
}
