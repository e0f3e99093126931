/**
 * What `train` prints before the first step and after the last one.
 *
 * @module
 */
import type { Batch, BatchSource } from "../../data/batches.ts";
import { type Baseline, baselines } from "../../data/baselines.ts";
import type { Experiment } from "../../models/experiment.ts";
import type { BpeTokenizer } from "../../tokenizers/bpe_tokenizer.ts";
import type { CharTokenizer } from "../../tokenizers/char_tokenizer.ts";
import { formatCount, formatDuration, formatFacts, quote } from "../cli/terminal.ts";
import { describeTokenizer } from "../files/tokenizer_folder.ts";
import { type LanguageConfig, PRESETS_BY_NAME } from "../settings/presets.ts";
import type { TrainSettings } from "../settings/settings.ts";
import type { Corpus, EncodedCorpus, Source } from "../texts/corpus.ts";
import { countTargets, measure } from "./measure.ts";
import { estimateMemory, megabytes } from "./memory.ts";
import type { PreparedObjective } from "./objectives.ts";
import { blockArguments, type Facts, type Session } from "./recipe.ts";

/** What is known before training begins. */
export interface LanguageModelDescription {
  /** How it is trained. */
  readonly settings: TrainSettings;
  /** Its sizes. */
  readonly config: LanguageConfig;
  /** Parts of its own. */
  readonly experiment?: Experiment;
  /** Its tokenizer. */
  readonly tokenizer: BpeTokenizer | CharTokenizer;
  /** The files with the texts. */
  readonly source: Source;
  /** Tokens in them. */
  readonly tokens: { readonly training: number; readonly validation: number };
  /** Baselines of the validation text. */
  readonly baselines: readonly Baseline[];
  /** Its batches. */
  readonly batches: Pick<BatchSource, "batchesPerEpoch">;
}

/**
 * What a run is about to do.
 *
 * @param description what is known
 * @returns the rows that are printed
 */
export function describeLanguageModel(description: LanguageModelDescription): Facts {
  const { settings, config, experiment, tokenizer, tokens, baselines, batches, source } = description;
  const { steps, batchSize, accumulation, learningRate, minLearningRate, schedule, optimizer } = settings;
  const { parameters, parameterBytes, activationBytes } = estimateMemory(config, batchSize, {
    optimizer,
    experiment,
  });
  const epochs = (steps * accumulation / batches.batchesPerEpoch).toPrecision(3);
  const times = accumulation > 1 ? `${accumulation} × ` : "";
  return [
    ["preset", `${settings.preset}: ${PRESETS_BY_NAME[settings.preset].summary}`],
    [
      "model",
      `${
        describeArchitecture(config, experiment)
      }, ${config.layers} layers, ${config.heads} heads, ${config.modelDim} wide, ` +
      `context ${config.contextLength}: ${formatCount(parameters)} parameters, about ` +
      `${megabytes(parameterBytes + activationBytes)} of memory`,
    ],
    [
      "data",
      `${describeNames(source)}: ${formatCount(tokens.training)} training tokens, ` +
      `${formatCount(tokens.validation)} validation tokens (${describeTokenizer(tokenizer)})`,
    ],
    [
      "training",
      `${steps} steps of ${times}${batchSize} × ${config.contextLength} tokens, ${epochs} epochs, ` +
      (optimizer === "sgd" ? `SGD with momentum ${settings.momentum}, ` : "") +
      `learning rate ${learningRate} to ${schedule === "constant" ? learningRate : minLearningRate} ` +
      `(${schedule}), seed ${settings.seed}`,
    ],
    ["baselines", baselines.map(({ name, loss }) => `${name} ${loss.toFixed(3)}`).join(", ")],
  ];
}

/**
 * The architecture of a model in words.
 *
 * @param config the model
 * @param experiment parts of its own
 * @returns such as `gpt1`, `gpt1 with my_block`
 */
export function describeArchitecture(
  { architecture }: Pick<LanguageConfig, "architecture">,
  experiment?: Experiment,
): string {
  return experiment ? `${architecture} with ${experiment.name}` : architecture;
}

/** What the report needs besides. */
interface Trained extends LanguageModelDescription {
  readonly objective: PreparedObjective;
  /** Batches of the training text. */
  readonly seen: readonly Batch[];
  readonly corpus: Corpus;
}

/** The most tokens that are masked one by one: each takes a forward pass. */
const MAX_ONE_BY_ONE = 512;

/**
 * Evaluates a trained language model on the whole validation text.
 *
 * @param session the session, after its last step
 * @param trained the model and its texts
 * @returns the report, or undefined when a signal stopped the evaluation
 */
export async function reportLanguageModel(session: Session, trained: Trained): Promise<string | undefined> {
  const { run, folder, best, interrupt, progress, recipe } = session;
  const { objective, settings, tokens, corpus } = trained, stopped = () => interrupt.status !== undefined;
  const lossOn = async (name: string, batches: readonly Batch[]) => {
    if (stopped()) return undefined;
    const onProgress = (done: number, total: number) =>
      progress.advance(`evaluating on ${name}`, done, total);
    return await measure(run.backend, recipe.model, batches, { stopped, onProgress });
  };
  const everything = objective.evaluationBatches("validation");
  const whole = await lossOn("the whole validation text", everything);
  const seen = await lossOn("training text", trained.seen);
  const { masked } = objective, oneByOne = masked?.oneByOne(MAX_ONE_BY_ONE);
  const pseudo = oneByOne && await lossOn("tokens masked one by one", oneByOne);
  if (whole === undefined || seen === undefined || oneByOne && pseudo === undefined) return undefined;

  const model = quote(folder.path) + blockArguments(recipe.block);
  const { optimalLoss } = recipe, preset = PRESETS_BY_NAME[settings.preset];
  const targets = masked ? `${countTargets(everything)} of ${tokens.validation}` : `all ${tokens.validation}`;
  const facts: [string, string][] = [
    [
      "done",
      `step ${run.step} of ${settings.steps}, ${formatDuration(folder.records.at(-1)?.seconds ?? 0)}`,
    ],
    [
      "loss",
      `validation ${whole.toFixed(4)} nats per token (perplexity ${
        perplexity(whole)
      }) on ${targets} tokens, ` +
      `training ${seen.toFixed(4)}`,
    ],
  ];
  if (masked && oneByOne && pseudo !== undefined) {
    const unigram = (batches: readonly Batch[]) => perplexity(masked.unigram(batches));
    facts.push(
      [
        "pseudo",
        `perplexity ${perplexity(pseudo)}, masking one token at a time (${countTargets(oneByOne)} tokens)`,
      ],
      ["unigram", `perplexity ${unigram(everything)}, and ${unigram(oneByOne)} one at a time`],
    );
  }
  if (optimalLoss !== undefined) {
    facts.push(["optimal", `${optimalLoss.toFixed(4)}, gap ${(whole - optimalLoss).toFixed(4)}`]);
  } else if ("expectation" in preset && preset.expectation) {
    facts.push(["expect", preset.expectation]);
  }
  if (best && best.step < run.step) facts.push(["best", `step ${best.step}, kept in ${folder.path}/best`]);
  facts.push(
    ["files", await folder.describe()],
    masked ? ["fill", fillLine(model, corpus)] : ["generate", generateLine(model, corpus)],
  );
  if (run.step < settings.steps) {
    facts.push(["resume", `deno task train --resume ${quote(folder.path)}${blockArguments(recipe.block)}`]);
  }
  return formatFacts(facts);
}

const perplexity = (loss: number): string => Math.exp(loss).toPrecision(4);

/** The beginning of the validation text, from which an example is taken: the model has not seen it in training. */
const unseen = ({ validation }: Corpus): string => validation.join("").slice(0, 10_000);

/** A command line that generates text. */
function generateLine(model: string, corpus: Corpus): string {
  const [words] = unseen(corpus).match(/(?<!\S)\p{Lu}\p{Ll}+(?: \p{Ll}+){1,2}(?=[ ])/u) ?? [];
  return `deno task generate --checkpoint ${model}${words ? ` --prompt "${words}"` : ""} ` +
    "--temperature 0.8 --max_new_tokens 300";
}

/** A command line that fills a mask. */
function fillLine(model: string, corpus: Corpus): string {
  const [words] = unseen(corpus).match(/(?<!\S)\p{L}+(?: \p{L}+){4}(?!\S)/u) ?? [];
  const text = words ? words.replace(/ \p{L}+(?= \p{L}+$)/u, " <mask>") : "<mask>";
  return `deno task fill-mask --checkpoint ${model} --text "${text}"`;
}

/**
 * The baselines of the validation text.
 *
 * @param corpus the texts
 * @param encoded their ids
 * @param config the model
 * @returns the baselines in nats per token, the optimal loss last where it is known
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { validationBaselines } from "./language_report.ts";
 *
 * const encoded = { training: new Uint32Array(0), validation: Uint32Array.of(0, 1) };
 * const corpus = { training: [], validation: ["ab"], fingerprint: "", optimalLoss: 0.1 };
 * const losses = validationBaselines(corpus, encoded, { vocabSize: 2 }).map(({ loss }) => loss);
 * assertEquals(losses, [Math.LN2, Math.LN2, 0.1]);
 * ```
 */
export function validationBaselines(
  { validation, optimalLoss }: Corpus,
  { validation: ids }: EncodedCorpus,
  { vocabSize }: Pick<LanguageConfig, "vocabSize">,
): Baseline[] {
  const characters = validation.reduce((sum, text) => sum + text.length, 0);
  const optimal = optimalLoss === undefined ? undefined : optimalLoss * characters / ids.length;
  return baselines(ids, { vocabSize, optimal });
}

/**
 * The texts of a run in words.
 *
 * @param source where they are
 * @returns such as `a.txt, b.txt and 3 others`
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { describeNames } from "./language_report.ts";
 *
 * const source = { data: ["a", "b", "c", "d"], validation: [], validationFraction: 0.1, replaceInvalid: false };
 * assertEquals(describeNames(source), "a, b and 2 others");
 * ```
 */
export function describeNames({ data, validation }: Source): string {
  if (data.length === 0) return "the built-in tales";
  const names = [...data, ...validation], others = names.length - 2;
  return others < 2 ? names.join(", ") : `${names.slice(0, 2).join(", ")} and ${others} others`;
}
