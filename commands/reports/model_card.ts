/**
 * The model card of a checkpoint, `README.md`: what the model is, what it was trained on and how well it does. The lines at
 * its top are YAML, which the Hugging Face Hub reads.
 *
 * A card says what is known when it is saved, and depends on the run alone: not on the clock, nor on the name of its folder.
 *
 * @module
 */
import { hasOwnFormat } from "../../checkpoints/experiment_format.ts";
import { toHuggingFaceConfig } from "../../checkpoints/hugging_face/formats.ts";
import { kindOf, type ModelConfig, type ModelKind } from "../../models/families.ts";
import type { Experiment } from "../../models/experiment.ts";
import type { MetricsRecord } from "../../training/tensorboard_events.ts";
import { formatNumber, formatPercent, formatPerplexity, quote } from "../cli/terminal.ts";
import type { Best } from "../runs/run_state.ts";
import { spread, validationsOf } from "../runs/validations.ts";
import { commandLine, type FlagRecord } from "../settings/repeat.ts";
import { codeBlock, inlineCode, markdownTable, shortList } from "./markdown.ts";
import { describeSizes, modelSizes } from "./model_sizes.ts";

/** What a card says about a run that does not change while it trains. */
export interface CardSubject {
  /** The files with the texts, as they were typed; none for the built-in tales. */
  readonly files: readonly string[];
  /** Those to validate on; none for a part of the texts. */
  readonly validationFiles: readonly string[];
  /** The pretrained checkpoint, if there was one. */
  readonly pretrained?: string;
  /** Sizes of the data, and the tokenizer, in plain words. */
  readonly data: readonly string[];
  /** Values to compare the results with. */
  readonly baselines: readonly (readonly [name: string, value: string])[];
  /** The flags that repeat the run. */
  readonly flags: FlagRecord;
}

/** A run at the moment when its checkpoint is saved. */
export interface CardMoment {
  readonly command: string;
  readonly config: ModelConfig;
  readonly experiment?: Experiment;
  readonly parameters: number;
  readonly backend: { readonly name: string; readonly device: string };
  readonly step: number;
  readonly steps: number;
  readonly records: readonly MetricsRecord[];
  readonly best?: Best;
  /** How it is trained, in plain words. */
  readonly training: string;
}

/** What differs between the kinds of models. */
const KINDS: Readonly<Record<ModelKind, { task: string; does: string; auto: string; use: string }>> = {
  causal: {
    task: "text-generation",
    does: "predicts the next token of a text, and so writes texts",
    auto: "AutoModelForCausalLM",
    use: 'generate --checkpoint FOLDER --prompt "…"',
  },
  masked: {
    task: "fill-mask",
    does: "predicts masked tokens of a text",
    auto: "AutoModelForMaskedLM",
    use: 'fill-mask --checkpoint FOLDER --text "… <mask> …"',
  },
  classifier: {
    task: "text-classification",
    does: "classifies texts",
    auto: "AutoModelForSequenceClassification",
    use: 'classify --checkpoint FOLDER --text "…"',
  },
};

/** The most names of files and labels. */
const MAX_NAMES = 10;

/** The card, without its seal. */
export function modelCard(subject: CardSubject, moment: CardMoment): string {
  const { config, experiment, step, steps } = moment, kind = kindOf(config), { task, does } = KINDS[kind];
  const { files, validationFiles, pretrained, data, flags } = subject;
  const labels = "labels" in config ? [`classes: ${shortList(config.labels, MAX_NAMES)}`] : [];
  const texts = files.length === 0
    ? "the built-in tales of Miniformer, sampled from a grammar"
    : shortList(files, MAX_NAMES);
  const [start, before] = pretrained === undefined
    ? ["random initial values", ""]
    : [inlineCode(pretrained), ", from those of the model that it began with"];
  const ours = hasOwnFormat(config, experiment);
  const block = experiment && { block: `${experiment.name}.ts` };
  return [
    [
      "---",
      `library_name: ${ours ? "miniformer" : "transformers"}`,
      `pipeline_tag: ${task}`,
      "tags:",
      "- miniformer",
      `- ${config.architecture}`,
      "# To fill in before this is published:",
      "# language: en",
      "# license: mit",
      "---",
    ].join("\n"),
    `# A ${config.architecture} model that ${does}`,
    `Trained from ${start} with Miniformer, miniature transformers in TypeScript. This is step ${step} of ${steps}. It has ` +
    `learned from the texts below${before} and from nothing else, and is meant for experiments: ${
      kind === "classifier" ? "it judges as their labels do" : "it repeats what these texts say"
    }, right or wrong.`,
    "## Results",
    describeResults(subject, moment),
    "## Data",
    list([
      `texts: ${texts}`,
      ...validationFiles.length > 0 ? [`validated on: ${shortList(validationFiles, MAX_NAMES)}`] : [],
      ...data,
      ...labels,
    ]),
    "## Model",
    list([
      describeSizes(modelSizes(config, experiment, moment.parameters)),
      ...describePooling(config),
      ...describeExperiment(experiment),
    ]),
    "## Training",
    list([moment.training, `computed on ${inlineCode(moment.backend.device)}`]),
    "To train it again:",
    codeBlock(commandLine(moment.command, { ...flags, ...block, device: moment.backend.name }), "sh"),
    "## Use",
    "`FOLDER` is the folder that holds this file.",
    codeBlock(`deno task ${KINDS[kind].use}${block ? ` --block ${quote(block.block)}` : ""}`, "sh"),
    ...ours ? [] : [codeBlock(pythonFor(kind), "python"), ...describeOnnx(config, kind)],
  ].join("\n\n") + "\n";
}

const list = (lines: readonly string[]): string => lines.map((line) => `- ${line}`).join("\n");

function describePooling(config: ModelConfig): string[] {
  if (!("pooling" in config && config.pooling === "mean")) return [];
  return [
    "texts are classified by the mean of the hidden states of all their tokens, which `transformers` has no class for: it " +
    "cannot load the model",
  ];
}

function describeExperiment(experiment: Experiment | undefined): string[] {
  if (experiment === undefined) return [];
  return [
    `parts of the model are custom code, in ${
      inlineCode(`${experiment.name}.ts`)
    } (SHA-256 ${experiment.sha256}), which ` +
    "is not in this folder: `transformers` cannot load the model, and Miniformer needs that file with `--block`",
  ];
}

const pythonFor = (kind: ModelKind): string =>
  [
    `from transformers import ${KINDS[kind].auto}, AutoTokenizer`,
    "",
    'tokenizer = AutoTokenizer.from_pretrained("FOLDER")',
    `model = ${KINDS[kind].auto}.from_pretrained("FOLDER")`,
  ].join("\n");

/** The classes that optimum exports and transformers.js runs; see docs/hugging_face.md. */
const TRANSFORMERS_JS_CLASSES = ["GPT2LMHeadModel", "RobertaForMaskedLM", "RobertaForSequenceClassification"];

function describeOnnx(config: ModelConfig, kind: ModelKind): string[] {
  const { architectures: [name] } = toHuggingFaceConfig(config) as { architectures: [string] };
  if (!TRANSFORMERS_JS_CLASSES.includes(name)) return [];
  const task = kind === "causal" ? "text-generation-with-past" : KINDS[kind].task;
  return [
    `transformers.js uses it, too, after \`optimum-cli export onnx --model FOLDER --task ${task} FOLDER/onnx\`.`,
  ];
}

/** The most rows of the table of validations, and the longest bar in it. */
const MAX_ROWS = 10, MAX_BAR = 20;

/** The validations so far, of many some that are spread evenly, and baselines. */
function describeResults({ baselines }: CardSubject, { config, records, best, step }: CardMoment): string {
  const isClassifier = kindOf(config) === "classifier", unit = isClassifier ? "text" : "token";
  const rows = validationsOf(records);
  const notes = baselines.map(([name, value]) => `${name}: ${value}`);
  if (rows.length === 0) return ["Not validated yet.", ...notes.length > 0 ? [list(notes)] : []].join("\n\n");
  const most = Math.max(...rows.map(({ validationLoss }) => validationLoss));
  const shown = spread(rows, MAX_ROWS);
  const table = markdownTable([
    ["step", "epoch", "training loss", "validation loss", isClassifier ? "accuracy" : "perplexity", ""],
    ...shown.map(({ step, epoch, trainingLoss, validationLoss, accuracy }) => [
      String(step),
      formatNumber(epoch),
      trainingLoss.toFixed(4),
      validationLoss.toFixed(4),
      isClassifier ? formatPercent(accuracy ?? 0) : formatPerplexity(validationLoss),
      "█".repeat(Math.max(1, Math.round(MAX_BAR * validationLoss / most))),
    ]),
  ]);
  const ahead = best && best.step < step
    ? [`best validation so far: ${best.validationLoss.toFixed(4)} at step ${best.step}`]
    : [];
  return [
    table,
    `Losses are in nats per ${unit}. The training loss is the mean since the validation before; the validation loss is ` +
    "measured on the same part of the validation text each time, and drawn as bars.",
    ...notes.length + ahead.length > 0 ? [list([...ahead, ...notes])] : [],
  ].join("\n\n");
}
