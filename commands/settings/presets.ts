/**
 * The presets of `train`, for every objective, and which one is used when none is named.
 *
 * @module
 */
import { ARCHITECTURES, type Objective, objectiveOf } from "../../models/families.ts";
import type { LanguageConfig } from "../../checkpoints/runs/language_settings.ts";
import type { Preset } from "../../training/presets/preset.ts";
import { PRESETS } from "../../training/presets/gpt_presets.ts";
import { MASKED_PRESETS, type MaskedPreset } from "../../training/presets/roberta_presets.ts";
import { UsageError } from "../cli/errors.ts";

/** A preset for `--preset`. */
export type PresetName = keyof typeof PRESETS | keyof typeof MASKED_PRESETS;

/** All presets by name. */
export const PRESETS_BY_NAME: Readonly<Record<PresetName, Preset | MaskedPreset>> = {
  ...PRESETS,
  ...MASKED_PRESETS,
};

/** The architectures of the presets: those that a run can begin with. Others are read, such as BERT. */
export const TRAINED_ARCHITECTURES: readonly LanguageConfig["architecture"][] = ARCHITECTURES.filter((
  architecture,
) => Object.values(PRESETS_BY_NAME).some(({ model }) => model.architecture === architecture));

/** Lengths of a text, in characters, up to which it is short, and from which on it is long. */
const SHORT = 20_000, LONG = 300_000;

/** Whether a text of so many characters is short, medium or long. */
export function lengthOf(characters: number): "short" | "medium" | "long" {
  return characters >= LONG ? "long" : characters <= SHORT ? "short" : "medium";
}

/** The preset of a new run: the one that was named, or the one that suits objective, text and device. */
export function choosePreset(
  { objective, preset, architecture }: {
    readonly objective?: Objective;
    readonly preset?: PresetName;
    readonly architecture?: LanguageConfig["architecture"];
  },
  { characters, hardwareGpu }: {
    /** The length of a text of the user's own; the built-in tales have none. */
    readonly characters?: number;
    readonly hardwareGpu: boolean;
  },
): PresetName {
  if (preset === undefined) {
    const length = characters === undefined ? "long" : lengthOf(characters);
    if ((objective ?? (architecture && objectiveOf({ architecture }))) === "mlm") {
      if (length === "short") return "roberta-short";
      return hardwareGpu && length === "long" ? "roberta-mini" : "roberta-tiny";
    }
    if (characters === undefined) return "tiny";
    return hardwareGpu && length === "long" ? "mini-transformer-lab" : `${length}-text`;
  }
  const natural = objectiveOf(PRESETS_BY_NAME[preset].model);
  if (objective === undefined || objective === natural) return preset;
  const fitting = Object.entries(PRESETS_BY_NAME)
    .filter(([, { model }]) => objectiveOf(model) === objective).map(([name]) => name);
  throw new UsageError(
    `--preset ${preset} is for --objective ${natural}: expected one of ${fitting.join(", ")}`,
  );
}
