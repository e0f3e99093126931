/**
 * Repeating a recorded run: the recipe is made anew, from the settings in its checkpoint alone.
 *
 * @module
 */
import type { Backend } from "../../core/backend.ts";
import { loadConfig } from "../../checkpoints/checkpoint.ts";
import { objectiveOf } from "../../models/families.ts";
import type { TrainingRun } from "../../training/train.ts";
import { quoted } from "../../core/quoted.ts";
import { reason } from "../cli/errors.ts";
import {
  classifierRecipe,
  FINETUNE_SCHEMAS,
  type FinetuneState,
  repeatedFlags,
} from "../recipes/classifier_recipe.ts";
import { languageRecipe, TRAIN_SCHEMAS, type TrainState } from "../recipes/language_recipe.ts";
import type { Recipe } from "../recipes/recipe.ts";
import { startRun } from "../recipes/session.ts";
import type { RunCommand, RunSchemas, RunState, TrainedCheckpoint } from "../runs/run_state.ts";
import { announceFiles } from "../runs/run_state.ts";
import type { FinetuneFlags } from "../settings/finetune_flags.ts";
import { INTERVALS } from "../settings/settings.ts";
import type { TrainFlags } from "../settings/train_flags.ts";
import { counted } from "../cli/terminal.ts";
import { type RecordedRates, withRates } from "./recorded_rates.ts";

/** What the states of the runs of each command must hold. */
export const schemasOf = (command: RunCommand): RunSchemas =>
  ({ train: TRAIN_SCHEMAS, finetune: FINETUNE_SCHEMAS })[command];

/**
 * A run before its first step, with the settings of a checkpoint and the learning rates that were recorded. The error says why
 * it cannot be repeated.
 */
export async function beginAgain(
  backend: Backend,
  checkpoint: TrainedCheckpoint,
  { block, rates }: { readonly block?: string; readonly rates: RecordedRates },
): Promise<{ readonly recipe: Recipe; readonly run: TrainingRun }> {
  try {
    const recipe = await makeRecipe(backend, checkpoint, block);
    expectSame(recipe.state, checkpoint.state);
    const { step, state: { settings: { steps } } } = checkpoint;
    if (step > steps) throw new Error(`it says that it has done ${counted(step, "step")} of ${steps}`);
    return { recipe, run: await startRun(recipe, backend, { optimizer: withRates(rates) }) };
  } catch (error) {
    throw new Error(`Cannot repeat ${checkpoint.path}: ${reason(error)}`, { cause: error });
  }
}

async function makeRecipe(
  backend: Backend,
  { path, files, state, command, experiment }: TrainedCheckpoint,
  block: string | undefined,
): Promise<Recipe> {
  if (command === "train") {
    const { settings, source: { data, validation } } = state as TrainState;
    await announceFiles(path, [...data, ...validation], "");
    const named = (list: readonly string[]) => list.length > 0 ? list : undefined;
    const flags = { ...settings, data: named(data), validation: named(validation) };
    return await languageRecipe(flags as unknown as TrainFlags, backend, { experiment });
  }
  const { settings, source } = state as FinetuneState, { data, validation, checkpoint } = source;
  await announceFiles(path, [data, ...validation === undefined ? [] : [validation], checkpoint], "");
  const config = loadConfig(files, { kind: "classifier", experiment });
  const causal = objectiveOf(config) === "causal";
  const flags = repeatedFlags(source, settings, { labels: config.labels, causal });
  return await classifierRecipe({ ...flags, block } as unknown as FinetuneFlags, backend, {});
}

/** Settings that decide nothing of what is computed. */
const WITHOUT_EFFECT: ReadonlySet<string> = new Set([...INTERVALS, "patience", "saveDtype"]);

/** Refuses to repeat a run on other texts, with another tokenizer or other settings than it had. */
function expectSame(again: Recipe["state"], before: RunState): void {
  if (again.textFingerprint !== before.textFingerprint) {
    throw new Error("its texts have changed since it was trained on them; restore them as they were");
  }
  const { tokenizerFingerprint = again.tokenizerFingerprint } = before;
  if (again.tokenizerFingerprint !== tokenizerFingerprint) {
    throw new Error("its tokenizer has changed: the same settings now give another one");
  }
  const now = new Map<string, unknown>(Object.entries(again.settings));
  for (const [name, value] of Object.entries(before.settings)) {
    if (WITHOUT_EFFECT.has(name) || JSON.stringify(now.get(name)) === JSON.stringify(value)) continue;
    throw new Error(
      `its ${name} was ${quoted(value)}, and repeated with its settings is ${quoted(now.get(name))}`,
    );
  }
}
