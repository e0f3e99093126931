/**
 * What can be chosen before a run. The page needs it as well as the worker, so it imports the presets alone and not the
 * whole library, which would be bundled twice.
 *
 * @module
 */
import type { MaskedPreset, Objective, Preset } from "../mod.ts";
import { PRESETS } from "../training/presets/gpt_presets.ts";
import { MASKED_PRESETS } from "../training/presets/roberta_presets.ts";
import type { Choices } from "./protocol.ts";

const { gpt1: _gpt1, gpt2: _gpt2, ...ours } = PRESETS, { "roberta-base": _base, ...masked } = MASKED_PRESETS;

/** The presets that a page has memory for, by what they predict. */
const BY_OBJECTIVE = { causal: ours, mlm: masked };

/** The presets by name. */
export const PAGE_PRESETS: Readonly<Record<PresetName, Preset | MaskedPreset>> = { ...ours, ...masked };

/** A preset of the page. */
export type PresetName = keyof typeof ours | keyof typeof masked;

/** The names of the presets of a kind of model. */
export const presetNames = (objective: Objective): PresetName[] =>
  Object.keys(BY_OBJECTIVE[objective]) as PresetName[];

/** What a preset is for, in one line. */
export const summaryOf = (name: PresetName): string => PAGE_PRESETS[name].summary;

/** Lengths of a text, in characters, up to which it is short, and from which on it is long. */
const SHORT = 20_000, LONG = 300_000;

/** The preset of a text of so many characters; the built-in tales have none. */
export function usualPreset(objective: Objective, characters?: number): PresetName {
  const isShort = characters !== undefined && characters <= SHORT;
  if (objective === "mlm") return isShort ? "roberta-short" : "roberta-tiny";
  if (characters === undefined) return "tiny";
  return isShort ? "short-text" : characters >= LONG ? "long-text" : "medium-text";
}

/** The choices that a preset stands for. */
export function choicesOf(preset: PresetName): Choices {
  const { model, training } = PAGE_PRESETS[preset];
  const { layers, heads, modelDim, contextLength } = model, { batchSize, steps, learningRate } = training;
  return { preset, layers, heads, modelDim, contextLength, batchSize, steps, learningRate, seed: 1 };
}

/** The fields of numbers, and what they may be. */
export const FIELDS = {
  layers: { label: "Layers", least: 1, most: 24 },
  heads: { label: "Heads", least: 1, most: 64 },
  modelDim: { label: "Width", least: 1, most: 1024 },
  contextLength: { label: "Context", least: 2, most: 2048 },
  batchSize: { label: "Batch", least: 1, most: 256 },
  steps: { label: "Steps", least: 1, most: 1_000_000 },
  learningRate: { label: "Learning rate", least: 1e-6, most: 1 },
  seed: { label: "Seed", least: 0, most: 2 ** 32 - 1 },
} as const satisfies Partial<Record<keyof Choices, { label: string; least: number; most: number }>>;

/** The name of a field of a number. */
export type FieldName = keyof typeof FIELDS;
