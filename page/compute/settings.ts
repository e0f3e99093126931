/**
 * The settings of a run on the page: those of `deno task train` for the same text, so that the same choices give the same
 * bits. `tests/page_settings_test.ts` compares the two.
 *
 * @module
 */
import { usualInterval } from "../../checkpoints/runs/intervals.ts";
import {
  type LanguageSettings,
  languageSettings,
  withSteps,
} from "../../checkpoints/runs/language_settings.ts";
import { type FieldName, FIELDS, PAGE_PRESETS } from "../choices.ts";
import type { Choices } from "../protocol.ts";

/** Refuses a number that its field may not have. */
export function checkNumber(name: FieldName, value: number): void {
  const { label, least, most } = FIELDS[name], isWhole = name !== "learningRate";
  if (value >= least && value <= most && (!isWhole || Number.isInteger(value))) return;
  const given = Number.isNaN(value) ? "empty" : value;
  throw new RangeError(
    `${label} is ${given}: enter ${isWhole ? "a whole number" : "a number"} from ${least} to ${most}`,
  );
}

/** Refuses choices that no model can have. */
export function checkChoices(choices: Choices): void {
  for (const name of Object.keys(FIELDS) as FieldName[]) checkNumber(name, choices[name]);
  const { heads, modelDim } = choices;
  if (modelDim % heads === 0) return;
  const divisors = Array.from({ length: Math.min(64, modelDim) }, (_, index) => index + 1)
    .filter((count) => modelDim % count === 0);
  throw new RangeError(
    `Heads is ${heads}, which does not divide width ${modelDim}: enter ${divisors.join(", ")}`,
  );
}

/** The settings of a run with these choices. */
export function settingsOf({ preset, ...given }: Choices): LanguageSettings {
  return withSteps(languageSettings(preset, PAGE_PRESETS[preset], given), given);
}

/** Steps after which there is a sample before the first validation, to show how it begins. */
const FIRST_SAMPLES: readonly number[] = [1, 20, 100];

/** Whether there is a sample after a step. */
export const hasSample = (step: number, steps: number): boolean =>
  step === steps || step % usualInterval(steps) === 0 || FIRST_SAMPLES.includes(step);
