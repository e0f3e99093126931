/**
 * The model card of a run: what the recipes of `train` and `finetune` say in it, and the file at the moment of a save.
 *
 * @module
 */
import { countParameters } from "../../core/module.ts";
import type { Baseline } from "../../data/baselines.ts";
import { countCharacters } from "../../inference/text_measures.ts";
import type { BaseTokenizer } from "../../tokenizers/base_tokenizer.ts";
import { sealCard } from "../../files/card.ts";
import type { FolderFiles } from "../files/disk.ts";
import { CARD_NAME } from "../files/own_names.ts";
import { describeTokenizer } from "../files/tokenizer_folder.ts";
import { type CardSubject, modelCard } from "../reports/model_card.ts";
import type { FinetuneFlags } from "../settings/finetune_flags.ts";
import { chooseFinetuning, type FinetuneSizes } from "../settings/finetune_settings.ts";
import { fewestFlags, type FlagRecord } from "../settings/repeat.ts";
import { chooseSettings, type TrainSettings, withLength } from "../settings/settings.ts";
import type { TrainFlags } from "../settings/train_flags.ts";
import type { Corpus, EncodedCorpus, Source } from "../texts/corpus.ts";
import { describeSequences } from "./language_report.ts";
import type { PreparedObjective } from "./objectives.ts";
import type { Session } from "./recipe.ts";
import { counted } from "../cli/terminal.ts";

/** The card of a checkpoint that is saved now, as a file. */
export async function cardOf({ recipe, run, state, best, folder }: Session): Promise<FolderFiles> {
  const { model, model: { config, experiment } } = recipe, { command = "train", backend } = state;
  const [, training = ""] = recipe.facts.find(([name]) => name === "training") ?? [];
  const text = modelCard(recipe.card, {
    ...{ command, config, experiment, backend, best, training, parameters: countParameters(model) },
    ...{ step: run.step, steps: run.settings.steps, records: folder.records },
  });
  return { [CARD_NAME]: await sealCard(text) };
}

/** What the card of a language model says. */
export function languageCard(
  { source, corpus, encoded, objective, tokenizer, baselines, settings }: {
    readonly source: Source;
    readonly corpus: Corpus;
    readonly encoded: EncodedCorpus;
    readonly objective: Pick<PreparedObjective, "sequences" | "masked">;
    readonly tokenizer: BaseTokenizer;
    readonly baselines: readonly Baseline[];
    readonly settings: TrainSettings;
  },
): CardSubject {
  const sizes = (part: "training" | "validation") => {
    const characters = corpus[part].reduce((sum, text) => sum + countCharacters(text), 0);
    return `${part} text: ${characters} characters, ${encoded[part].length} tokens`;
  };
  const { preset, ...others } = settings;
  const choose = (flags: FlagRecord) =>
    withLength(chooseSettings(flags as unknown as TrainFlags, preset), flags as unknown as TrainFlags, 1);
  const part = `, the last ${percent(source.validationFraction)} of the texts`;
  return {
    ...{ files: source.data, validationFiles: source.validation },
    data: [
      sizes("training"),
      sizes("validation") + (source.validation.length === 0 ? part : ""),
      `sequences: ${describeSequences(objective)}`,
      `tokenizer: ${describeTokenizer(tokenizer)}`,
    ],
    baselines: baselines.map(({ name, loss }) => [`${name} prediction`, `${loss.toFixed(4)} nats per token`]),
    flags: { ...named(source), preset, ...fewestFlags(others, choose) },
  };
}

/** What the card of a classifier says; `flags` are those that repeat the run. */
export function classifierCard(
  { source, flags, sizes, validation }: {
    readonly source: { readonly checkpoint: string; readonly data: string; readonly validation?: string };
    readonly flags: FlagRecord;
    readonly sizes: FinetuneSizes;
    /** The class of each validation text; those of the training texts are in the sizes. */
    readonly validation: readonly number[];
  },
): CardSubject {
  const { labels, classes } = sizes, counts = labels.map(() => 0);
  for (const label of classes) counts[label]++;
  const majority = counts.indexOf(Math.max(...counts));
  const share = validation.filter((label) => label === majority).length / validation.length;
  const choose = (flags: FlagRecord) => chooseFinetuning(flags as unknown as FinetuneFlags, sizes);
  return {
    files: [source.data],
    validationFiles: source.validation === undefined ? [] : [source.validation],
    pretrained: flags.fromScratch === true ? undefined : source.checkpoint,
    data: [`${counted(classes.length, "text")} to train on, ${validation.length} to validate on`],
    baselines: [["majority prediction", `accuracy ${percent(share)}`]],
    flags: fewestFlags(flags, choose),
  };
}

const percent = (share: number): string => `${Number((100 * share).toFixed(1))} %`;

/** The most names of files in a command line. */
const MAX_FILES = 20;

/** The files of a source as flags; of very many the first ones. */
function named({ data, validation }: Source): FlagRecord {
  const few = (names: readonly string[]) => {
    if (names.length === 0) return undefined;
    return names.length > MAX_FILES ? [...names.slice(0, MAX_FILES), "…"] : names;
  };
  return { data: few(data), validation: few(validation) };
}
