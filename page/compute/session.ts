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
  decodeFilled,
  defaultPrompt,
  estimateMemory,
  evaluate,
  expectKind,
  filledSample,
  fillMask,
  generateText,
  type GenerateTextOptions,
  kindOf,
  maskedBatches,
  maskedTexts,
  maskedValidationBatches,
  maskTokens,
  type ModelsByKind,
  TrainingRun,
  validationBatches,
} from "../../mod.ts";
import { languageConfig, type LanguageSettings } from "../../checkpoints/runs/language_settings.ts";
import { yieldToEvents } from "../../training/evaluate.ts";
import type { Corpus } from "./corpus.ts";
import type { LookSource } from "./looks.ts";
import type { Choices, Plan, RateChange, Reference } from "../protocol.ts";
import { RunLog } from "./run_log.ts";
import { checkChoices, checkNumber, settingsOf } from "./settings.ts";

/** More memory than this is refused: a page that takes more may be ended without a word. */
const MAX_BYTES = 3e9;

/** Tokens of a sample, and of a text that is generated. */
const SAMPLE_LENGTH = 200, TEXT_LENGTH = 400;

/** The shares of a long text that a validation reads: at least 20 batches and so many tokens. */
const VALIDATION = { batches: 20, tokens: 16_384 };

/** How a text is drawn. */
export type Sampling = Pick<GenerateTextOptions, "temperature" | "topK" | "topP" | "seed">;

/** What choices amount to with a text. It throws where they cannot be trained. */
export function planRun(asked: Choices, { tokenizer: { vocabSize }, characters, training }: Corpus): Plan {
  checkChoices(asked);
  const contextLength = Math.min(asked.contextLength, Math.floor((training.length - 1) / 2));
  const choices = { ...asked, contextLength }, config = languageConfig(settingsOf(choices), vocabSize);
  const { parameters, ...memory } = estimateMemory(config, choices.batchSize);
  const bytes = memory.parameterBytes + memory.activationBytes + memory.tensorBytes;
  if (bytes > MAX_BYTES) {
    throw new RangeError(
      `This takes about ${(bytes / 1e9).toFixed(1)} GB of memory, a page has at most ${MAX_BYTES / 1e9}: ` +
        "enter a smaller width, batch or context",
    );
  }
  const notes = contextLength < asked.contextLength
    ? [
      `Context ${contextLength} instead of ${asked.contextLength}: half of the ${training.length} training tokens`,
    ]
    : [];
  return { parameters, vocabSize, characters, choices, bytes, notes };
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
  /** The settings that follow from the choices. */
  readonly #settings: LanguageSettings;
  readonly #validation: readonly Batch[];
  /** What a masked model is shown on. */
  readonly #sequences: readonly Uint32Array[] = [];

  /** Draws the initial values of a model that {@linkcode planRun} has checked. */
  constructor(backend: Backend, { choices }: Plan, corpus: Corpus) {
    const { batchSize, contextLength, seed } = choices, { tokenizer, training, validation } = corpus;
    const settings = settingsOf(choices),
      config = languageConfig(settings, tokenizer.vocabSize),
      sizes = { contextLength, batchSize };
    const windows = Math.max(VALIDATION.batches * batchSize, Math.ceil(VALIDATION.tokens / contextLength));
    let batches: BatchSource;
    if (kindOf(config) === "masked") {
      const known = expectKind(config, "masked");
      const { sequences, options } = maskedTexts({ training, validation }, known, tokenizer, {
        batchSize,
        seed,
      });
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
    this.tokensPerStep = batchSize * contextLength;
    this.references = baselines(validation, { vocabSize: tokenizer.vocabSize, optimal: corpus.optimalLoss });
    this.run = new TrainingRun(backend, this.model, batches, settings);
    this.choices = choices;
    this.#settings = settings;
    this.log = new RunLog(batches.batchesPerEpoch);
  }

  /** The settings from the next step on. */
  get settings(): LanguageSettings {
    const { learningRate, minLearningRate } = this.run.settings;
    return { ...this.#settings, learningRate, minLearningRate };
  }

  /** The peak learning rates, each with the first step that it holds for. */
  get rates(): readonly RateChange[] {
    return [{ step: 1, learningRate: this.choices.learningRate }, ...this.log.rates];
  }

  /** Replaces the peak learning rate from the next step on. Of several changes before it the last one counts. */
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
    for await (const piece of this.#continue(defaultPrompt(tokenizer), options)) text += piece;
    return text.trim();
  }

  /** Continues a prompt piece by piece, or fills its masks. */
  async *answer(prompt: string, sampling: Sampling): AsyncGenerator<string> {
    if (!this.masked) {
      yield* this.#continue(prompt, { ...sampling, maxNewTokens: TEXT_LENGTH });
      return;
    }
    const model = this.model as ModelsByKind["masked"], { tokenizer } = this.corpus;
    const { maskId } = maskTokens(tokenizer, model.config.padId);
    const ids = tokenizer.encode(prompt, { addSpecialTokens: true });
    if (!ids.includes(maskId)) {
      throw new Error("The text has no <mask>: write <mask> where a character is missing");
    }
    yield decodeFilled(ids, await fillMask(this.run.backend, model, ids, { maskId }), tokenizer).text;
  }

  async *#continue(
    prompt: string,
    options: Sampling & { maxNewTokens: number },
  ): AsyncGenerator<string> {
    const source = { backend: this.run.backend, model: this.model, tokenizer: this.corpus.tokenizer };
    for await (const piece of generateText(source, { ...options, prompt })) {
      yield piece;
      await yieldToEvents();
    }
  }
}
