/**
 * A model that was trained elsewhere, ready to be looked at.
 *
 * @module
 */
import {
  type Backend,
  type CheckpointFiles,
  countParameters,
  kindOf,
  type LoadedTokenizer,
  loadModel,
  loadTokenizer,
  type ModelsByKind,
  restoreModel,
} from "../../../mod.ts";
import { allocateParameters } from "../../../core/module.ts";
import {
  lenientJson,
  TOKENIZER_INPUT_FILES,
  trainingStateName,
} from "../../../checkpoints/checkpoint_files.ts";
import { buildModel } from "../../../models/families.ts";
import { COLOURED, type LookSource } from "../look/looks.ts";
import { firstPrompt } from "../prompt.ts";
import type { FromWorker } from "../../protocol.ts";

/** The text to begin with, unless there is that of a run. */
const SENTENCE = "The old cat sat by the window and looked at the rain.";

/** A model on a device, and the message that describes it to the page. */
export interface OpenedModel {
  readonly source: LookSource;
  readonly message: Omit<FromWorker & { kind: "opened" }, "training" | "line">;
  /** Gives its memory back. */
  close(): void;
}

/** Reads the tokenizer among the files of a checkpoint. */
export function tokenizerOf(files: CheckpointFiles): LoadedTokenizer {
  const decoder = new TextDecoder(), texts: Record<string, string> = {};
  for (const name of TOKENIZER_INPUT_FILES) {
    const bytes = files[name];
    if (bytes !== undefined) texts[name] = typeof bytes === "string" ? bytes : decoder.decode(bytes);
  }
  return loadTokenizer(texts);
}

/** Puts the model of a checkpoint on a device. `text` is the validation text of its run, the first one that is coloured. */
export function openModel(
  backend: Backend,
  name: string,
  files: CheckpointFiles,
  text?: string,
): OpenedModel {
  const { config, weights } = loadModel(files), tokenizer = tokenizerOf(files), kind = kindOf(config);
  if (tokenizer.vocabSize > config.vocabSize) {
    throw new Error(
      `the tokenizer has ${tokenizer.vocabSize} tokens, the model ${config.vocabSize}: they do not belong together`,
    );
  }
  const mask = ["<mask>", "[MASK]"].find((token) => tokenizer.idOf(token) !== undefined);
  if (kind === "masked" && mask === undefined) {
    throw new Error(
      "its tokenizer has no <mask> or [MASK], which a masked model fills: add the files of the right one",
    );
  }
  const model = buildModel(config), store = allocateParameters(backend, model);
  restoreModel(backend, store, weights);
  const { step, pairs } = lenientJson(files[trainingStateName(files)]), { layers, heads, modelDim } = config;
  const shown = textFor(tokenizer, [text, SENTENCE]), labels = "labels" in config ? config.labels : undefined;
  return {
    source: {
      backend,
      model: model as ModelsByKind["causal"],
      tokenizer,
      validation: tokenizer.encode(shown),
      step: () => typeof step === "number" ? step : 0,
      pairs: pairs === true,
    },
    message: {
      kind: "opened",
      ...{ name, task: kind, mask, vocabSize: tokenizer.vocabSize, pairs: pairs === true },
      step: typeof step === "number" ? step : undefined,
      prompt: firstPrompt({ model: model as ModelsByKind["causal"], tokenizer }, shown, mask),
      text: shown.slice(0, COLOURED),
      ...{ architecture: config.architecture, layers, heads, modelDim, contextLength: config.contextLength },
      parameters: countParameters(model),
      classes: labels?.length,
    },
    close: () => backend.free(store.values, store.gradients),
  };
}

/** The first of these texts that the tokenizer can encode; else the known characters of the last one, or tokens of the vocabulary. */
function textFor(tokenizer: LoadedTokenizer, texts: readonly (string | undefined)[]): string {
  for (const text of texts) {
    try {
      if (text !== undefined && tokenizer.encode(text).length > 1) return text;
    } catch {
      // a character is not in the vocabulary
    }
  }
  const known = Array.from(SENTENCE).filter((character) => tokenizer.idOf(character) !== undefined).join("");
  if (known.trim().length > 1) return known;
  const special = new Set(tokenizer.specialTokens.map(({ id }) => id));
  const ids = Array.from({ length: tokenizer.vocabSize }, (_, id) => id).filter((id) => !special.has(id));
  return tokenizer.decode(ids.slice(0, 40));
}
