/**
 * What `train` can teach, and the presets for it.
 *
 * @module
 */
import { type Objective, objectiveOf } from "../../models/families.ts";
import type { GptConfig } from "../../models/gpt.ts";
import { type Preset, PRESETS } from "../../training/presets.ts";
import type { RobertaConfig } from "../../models/roberta.ts";
import { MASKED_PRESETS, type MaskedPreset } from "../../training/roberta_presets.ts";
import { UsageError } from "../cli/errors.ts";

/** The sizes of a language model. */
export type LanguageConfig = GptConfig | RobertaConfig;

/** A preset for `--preset`. */
export type PresetName = keyof typeof PRESETS | keyof typeof MASKED_PRESETS;

/** All presets by name. */
export const presets: Readonly<Record<PresetName, Preset | MaskedPreset>> = { ...PRESETS, ...MASKED_PRESETS };

/**
 * The preset of a new run: the one that was asked for, or the one that suits objective, data and device.
 *
 * @param flags what was asked for
 * @param isFast whether there is a hardware GPU
 * @returns the name of the preset
 * @throws {UsageError} when preset and objective do not fit together
 *
 * @example
 * ```ts
 * import { assertEquals, assertThrows } from "@std/assert";
 * import { choosePreset } from "./presets.ts";
 *
 * assertEquals(choosePreset({ objective: "mlm" }, false), "roberta-tiny");
 * assertThrows(() => choosePreset({ objective: "mlm", preset: "tiny" }, false), Error, "--preset tiny is for");
 * ```
 */
export function choosePreset(
  { objective, preset, data }: { objective?: Objective; preset?: PresetName; data?: readonly string[] },
  isFast: boolean,
): PresetName {
  if (preset === undefined) {
    if (objective === "mlm") return isFast ? "roberta-mini" : "roberta-tiny";
    return isFast && data !== undefined ? "mini-transformer-lab" : "tiny";
  }
  const natural = objectiveOf(presets[preset].model);
  if (objective === undefined || objective === natural) return preset;
  const fitting = Object.entries(presets).filter(([, { model }]) => objectiveOf(model) === objective);
  throw new UsageError(
    `--preset ${preset} is for --objective ${natural}: expected one of ${
      fitting.map(([name]) => name).join(", ")
    }`,
  );
}
