/**
 * What `train` prints before the first step and after the last one.
 *
 * @module
 */
import type { LanguageConfig } from "../../checkpoints/runs/language_settings.ts";
import { isTooLittleToChoose } from "../../checkpoints/runs/run_state.ts";
import type { AdapterClass } from "../../core/backend.ts";
import { visible } from "../../core/visible.ts";
import type { Batch } from "../../data/batches.ts";
import type { Baseline } from "../../data/baselines.ts";
import type { Experiment } from "../../models/experiment.ts";
import type { BaseTokenizer } from "../../tokenizers/base_tokenizer.ts";
import { totalWeight } from "../../training/batch_tensors.ts";
import { evaluate } from "../../training/evaluate.ts";
import { estimateMemory } from "../../training/memory.ts";
import type { Preset } from "../../training/presets/preset.ts";
import type { MaskedPreset } from "../../training/presets/roberta_presets.ts";
import { type OptimizerSetting, updateRule } from "../../training/optimizers.ts";
import { counted, formatCount, formatNumber, formatPerplexity, megabytes } from "../cli/terminal.ts";
import { describeTokenizer } from "../files/tokenizer_folder.ts";
import { type PresetName, PRESETS_BY_NAME } from "../settings/presets.ts";
import type { TrainSettings } from "../settings/settings.ts";
import { type EncodedCorpus, type Source, VOCAB_SIZE } from "../texts/corpus.ts";
import type { PreparedObjective } from "./objectives.ts";
import type { Fact, Session } from "./recipe.ts";
import { describeEpochs } from "./run_epochs.ts";

/** A language model that is to be trained. */
export interface LanguageTask {
  readonly settings: TrainSettings;
  readonly config: LanguageConfig;
  readonly experiment?: Experiment;
  readonly tokenizer: BaseTokenizer;
  /** What runs the shaders of the backend, if it has any: attention then keeps less. */
  readonly adapterClass?: AdapterClass;
  readonly source: Source;
  readonly encoded: EncodedCorpus;
  readonly baselines: readonly Baseline[];
  readonly textFingerprint: string;
  readonly objective: PreparedObjective;
  /** Batches of the training text to evaluate it on. */
  readonly seen: readonly Batch[];
}

/** What a run is about to do. */
export function describeLanguageModel(task: LanguageTask): Fact[] {
  const { settings, config, experiment, encoded: { training, validation } } = task;
  const { steps, batchSize, accumulation, learningRate, minLearningRate, schedule, optimizer } = settings;
  const { parameters, parameterBytes, activationBytes } = estimateMemory(config, batchSize, {
    maskRate: settings.maskRate,
    precision: settings.precision,
    recompute: settings.recompute,
    optimizer,
    experiment,
    adapterClass: task.adapterClass,
  });
  const epochs = formatNumber(steps * accumulation / task.objective.batches.batchesPerEpoch);
  // a product of floating-point numbers may be 0.00030000000000000003
  const lowestRate = Number((schedule === "constant" ? learningRate : minLearningRate).toPrecision(12));
  const times = accumulation > 1 ? `${accumulation} × ` : "";
  return [
    ["preset", `${settings.preset}: ${summaryOf(settings.preset, task.source)}`],
    [
      "model",
      `${describeArchitecture(config, experiment)}, ${counted(config.layers, "layer")}, ` +
      `${counted(config.heads, "head")}, ` +
      `${config.modelDim} wide, context ${config.contextLength}: ${formatCount(parameters)} parameters, ` +
      `about ${megabytes(parameterBytes + activationBytes)} of memory${
        settings.recompute ? " with --recompute" : ""
      }`,
    ],
    [
      "data",
      `${describeNames(task.source)}: ${formatCount(training.length)} training tokens, ` +
      `${formatCount(validation.length)} validation tokens (${describeTokenizer(task.tokenizer)})`,
    ],
    ["sequences", describeSequences(task.objective)],
    [
      "training",
      `${
        counted(steps, "step")
      } of ${times}${batchSize} × ${config.contextLength} tokens, ${epochs} epochs, ` +
      describeOptimizer(settings) +
      `learning rate ${learningRate} to ${lowestRate} ` +
      `(${schedule}), seed ${settings.seed}`,
    ],
    ...describeEpochs({ ...task.objective, settings }),
    ["baselines", task.baselines.map(({ name, loss }) => `${name} ${loss.toFixed(3)}`).join(", ")],
  ];
}

/** How many sequences the texts make: `452 of 512 tokens in each epoch, 52 in the validation text`. */
export function describeSequences(
  { sequences: { training, validation, length }, masked }: Pick<PreparedObjective, "sequences" | "masked">,
): string {
  return `${training} of ${masked ? "up to " : ""}${counted(length, "token")} in each epoch, ` +
    `${validation} in the validation text`;
}

/** What a preset is for. The default one is described by the tales, which a text of one's own is not. */
function summaryOf(preset: PresetName, { data }: Source): string {
  return preset === "tiny" && data.length > 0
    ? "the sizes and settings for the built-in tales"
    : PRESETS_BY_NAME[preset].summary;
}

/** The optimizer, if the run was given one, with its settings: `sgd with momentum 0.9, `. */
export function describeOptimizer(
  settings: Pick<TrainSettings, "optimizer" | OptimizerSetting>,
): string {
  if (settings.optimizer === undefined) return "";
  const defaults = Object.entries(updateRule(settings.optimizer).defaults);
  const values = defaults.map(([name, value]) => `${name} ${settings[name as OptimizerSetting] ?? value}`);
  return `${[settings.optimizer, values.join(", ")].filter(Boolean).join(" with ")}, `;
}

/** The architecture of a model in words, such as `gpt1`, or `gpt1 with my_block`. */
export function describeArchitecture(
  { architecture }: Pick<LanguageConfig, "architecture">,
  experiment?: Experiment,
): string {
  return experiment ? `${architecture} with ${experiment.name}` : architecture;
}

/** The most tokens that are masked one at a time: each takes a forward pass. */
const MAX_ONE_BY_ONE = 512;

/** Evaluates a trained language model on the whole validation text. A signal ends that with an InterruptedError. */
export async function reportLanguageModel(session: Session, task: LanguageTask): Promise<Fact[]> {
  const { run, interrupt, progress, recipe: { optimalLoss } } = session, { masked } = task.objective;
  const lossOn = (name: string, batches: readonly Batch[]) =>
    evaluate(run.backend, task.objective.model, batches, {
      onProgress(done, total) {
        interrupt.throwIfInterrupted();
        progress.advance(`evaluating on ${name}`, done, total);
      },
    });
  const batches = task.objective.evaluationBatches("validation");
  const loss = await lossOn("the whole validation text", batches);
  const trainingLoss = await lossOn("training text", task.seen);
  const { length } = task.encoded.validation, evaluated = totalWeight(batches);
  const targets = masked || evaluated < 0.99 * length ? `${evaluated} of ${length}` : `all ${length}`;
  const facts: Fact[] = [[
    "loss",
    `validation ${loss.toFixed(4)} nats per token (perplexity ${
      formatPerplexity(loss)
    }) on ${targets} tokens, ` +
    `training ${trainingLoss.toFixed(4)}`,
  ]];
  if (masked) {
    const oneByOne = masked.oneByOneBatches(MAX_ONE_BY_ONE);
    const pseudo = formatPerplexity(await lossOn("tokens masked one by one", oneByOne));
    const [unigram, oneByOneUnigram] = [batches, oneByOne].map((batches) =>
      formatPerplexity(masked.unigramLoss(batches))
    );
    facts.push(
      ["pseudo", `perplexity ${pseudo}, masking one token at a time (${totalWeight(oneByOne)} tokens)`],
      ["unigram", `perplexity ${unigram}, and ${oneByOneUnigram} one at a time`],
    );
  }
  if (optimalLoss !== undefined) {
    facts.push(["optimal", `${optimalLoss.toFixed(4)}, gap ${(loss - optimalLoss).toFixed(4)}`]);
  }
  const expected = expectedResult(task.settings, task.textFingerprint);
  if (expected && !task.experiment) facts.push(["expect", expected]);
  const { best } = session, { folder } = session;
  if (isTooLittleToChoose(length) && best && best.step < run.step) {
    facts.push([
      "used",
      `${folder.path}/last: ${counted(length, "validation token")} ${
        length === 1 ? "is" : "are"
      } too few to choose a checkpoint by`,
    ]);
  }
  return facts;
}

/** The result to expect on a text, where it was measured on that text with these settings. */
export function expectedResult(
  settings: TrainSettings,
  textFingerprint: string,
  preset: Preset | MaskedPreset = PRESETS_BY_NAME[settings.preset],
): string | undefined {
  if (!("expectation" in preset) || preset.expectation?.textFingerprint !== textFingerprint) return;
  const { model, training, expectation } = preset;
  const measured = { tokenizer: "char", accumulation: 1, ...model, ...training, ...expectation.settings };
  const vocabSize = settings.vocabSize ?? VOCAB_SIZE;
  const given = new Map<string, unknown>(Object.entries({ ...settings, vocabSize }));
  const isSame = Object.entries(measured).every(([name, value]) => given.get(name) === value);
  return isSame ? expectation.result : undefined;
}

/**
 * A command line that uses the model, with words of texts: of the validation text, which it has not seen in training, if that
 * is long enough. `fits` says of a masked model whether a text is short enough for it.
 */
export function describeUse(model: string, texts: readonly string[], fits?: (text: string) => boolean): Fact {
  const text = beginning(texts);
  if (fits) {
    const [words] = text.match(/(?<!\S)\p{L}+(?: \p{L}+){4}(?!\S)/u) ?? [];
    let masked = words ? words.replace(/ \p{L}+(?= \p{L}+$)/u, " <mask>") : "<mask>";
    while (masked !== "<mask>" && !fits(masked)) {
      masked = masked.startsWith("<mask>") ? "<mask>" : masked.slice(masked.indexOf(" ") + 1);
    }
    return ["fill", `deno task fill-mask --checkpoint ${model} --text "${masked}"`];
  }
  const words = firstWords(texts), prompt = words ? ` --prompt "${words}"` : "";
  return [
    "generate",
    `deno task generate --checkpoint ${model}${prompt} --temperature 0.8 --max_new_tokens 300`,
  ];
}

const beginning = (texts: readonly string[]) => texts.join("").slice(0, 10_000);

/** Two or three words at the beginning of a sentence, if there are some in the texts. */
export function firstWords(texts: readonly string[]): string | undefined {
  return beginning(texts).match(/(?<!\S)\p{Lu}\p{Ll}+(?: \p{Ll}+){1,2}(?=[ ])/u)?.[0];
}

/** The texts of a run in words, such as `a.txt, b.txt and 3 others`. */
export function describeNames({ data, validation }: Source): string {
  if (data.length === 0) return "the built-in tales";
  const names = [...data, ...validation].map(visible), others = names.length - 2;
  return others < 2 ? names.join(", ") : `${names.slice(0, 2).join(", ")} and ${others} others`;
}
