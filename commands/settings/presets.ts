/**
 * The presets of `train`, for every objective, and which one is used when none is named.
 *
 * @module
 */
import { type ConfigsByKind, type Objective, objectiveOf } from "../../models/families.ts";
import { type Preset, PRESETS } from "../../training/presets.ts";
import { MASKED_PRESETS, type MaskedPreset } from "../../training/roberta_presets.ts";
import { UsageError } from "../cli/errors.ts";

/** The sizes of a language model. */
export type LanguageConfig = ConfigsByKind["causal" | "masked"];

/** A preset for `--preset`. */
export type PresetName = keyof typeof PRESETS | keyof typeof MASKED_PRESETS;

/** All presets by name. */
export const PRESETS_BY_NAME: Readonly<Record<PresetName, Preset | MaskedPreset>> = {
  ...PRESETS,
  ...MASKED_PRESETS,
};

/** The preset of a new run: the one that was named, or the one that suits objective, data and device. */
export function choosePreset(
  { objective, preset, architecture, data }: {
    readonly objective?: Objective;
    readonly preset?: PresetName;
    readonly architecture?: LanguageConfig["architecture"];
    readonly data?: readonly string[];
  },
  hasHardwareGpu: boolean,
): PresetName {
  if (preset === undefined) {
    if ((objective ?? (architecture && objectiveOf({ architecture }))) === "mlm") {
      return hasHardwareGpu ? "roberta-mini" : "roberta-tiny";
    }
    return hasHardwareGpu && data !== undefined ? "mini-transformer-lab" : "tiny";
  }
  const natural = objectiveOf(PRESETS_BY_NAME[preset].model);
  if (objective === undefined || objective === natural) return preset;
  const fitting = Object.entries(PRESETS_BY_NAME)
    .filter(([, { model }]) => objectiveOf(model) === objective).map(([name]) => name);
  throw new UsageError(
    `--preset ${preset} is for --objective ${natural}: expected one of ${fitting.join(", ")}`,
  );
}
