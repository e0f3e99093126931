/**
 * What `evaluate --report` adds to an evaluation: sizes, names of texts, and what the model writes or fills in.
 *
 * @module
 */
import type { Backend } from "../../core/backend.ts";
import { countParameters } from "../../core/module.ts";
import { maskedTexts, type MaskedTextSettings } from "../../data/masked_texts.ts";
import { filledSample } from "../../inference/fill_mask.ts";
import { countCharacters } from "../../inference/text_measures.ts";
import { kindOf, type ModelsByKind } from "../../models/families.ts";
import type { Tokenizer } from "../../tokenizers/tokenizer.ts";
import type { FoundFolder } from "../files/checkpoint_folder.ts";
import type { ReportDetails } from "./evaluation.ts";
import { modelSizes } from "./model_sizes.ts";
import { type EvaluationTexts, stateOf } from "./run_texts.ts";
import { measureWriting, sampleTokens } from "./writing.ts";

/** Samples from the model, or fills masks, and collects what the report says besides the evaluation. */
export async function detailsOf(
  backend: Backend,
  model: ModelsByKind["causal" | "masked"],
  tokenizer: Tokenizer,
  { found, texts, ids, settings, checkMemory, onProgress }: {
    readonly found: FoundFolder;
    readonly texts: EvaluationTexts;
    /** The evaluated text. */
    readonly ids: Uint32Array;
    readonly settings: MaskedTextSettings;
    /** Refuses samples of this many tokens if they do not fit into memory. */
    checkMemory(tokens: number): void;
    onProgress(done: number, total: number): void;
  },
): Promise<ReportDetails> {
  const { step } = stateOf(found), { config, experiment } = model;
  const details = {
    ...typeof step === "number" ? { step } : {},
    model: modelSizes(config, experiment, countParameters(model)),
    ...{ text: texts.name, trainingText: texts.trainingName, trainingTextMissing: texts.missing },
  };
  if (kindOf(config) === "masked") {
    const masked = model as ModelsByKind["masked"];
    const { sequences } = maskedTexts({ text: ids }, config, tokenizer, settings);
    return { ...details, filled: await filledSample(backend, masked, tokenizer, sequences.text) };
  }
  const characters = texts.evaluated.reduce((sum, text) => sum + countCharacters(text), 0);
  const maxNewTokens = sampleTokens(characters, ids.length), { training, evaluated } = texts;
  checkMemory(maxNewTokens);
  const options = { texts: evaluated, maxNewTokens, training, seed: settings.seed, onProgress };
  const writing = await measureWriting(backend, model as ModelsByKind["causal"], tokenizer, options);
  return { ...details, ...writing };
}
