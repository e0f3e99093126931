/**
 * What has become of a run of a lab: how far its folder says it is, and its figures.
 *
 * @module
 */
import { isAnyThere, lenientJson } from "../files/disk.ts";
import { checkpointsOf } from "../files/checkpoint_folder.ts";
import { describeEarlyStop } from "../runs/patience.ts";
import { keptRecords, readIfThere } from "../runs/run_records.ts";
import { readRun } from "../runs/run_state.ts";
import { TRAIN_SCHEMAS, type TrainState } from "../recipes/language_recipe.ts";
import type { CurvePoint, LabResult, SkillLoss } from "../lab_report/lab_types.ts";
import type { Ending } from "./train_process.ts";

/** How far a run is: without a checkpoint, with one to resume from, or at its end. */
export type RunStage = "new" | "begun" | "complete";

/** How far the run in a folder is. */
export async function stageOf(folder: string): Promise<RunStage> {
  return (await progressOf(folder)).stage;
}

/** The same, and the step of its checkpoint. */
async function progressOf(folder: string): Promise<{ readonly stage: RunStage; readonly step?: number }> {
  const checkpoints = (await checkpointsOf(folder)).flatMap(({ folder, former }) => [folder, former]);
  if (!await isAnyThere(checkpoints)) return { stage: "new" };
  // what cannot be read is for train to refuse
  const run = await readRun<TrainState>(folder, "train", TRAIN_SCHEMAS).catch(() => undefined);
  if (run === undefined) return { stage: "begun" };
  const { step, state: { settings } } = run;
  if (step >= settings.steps) return { stage: "complete", step };
  const records = keptRecords(await readIfThere(`${folder}/metrics.jsonl`), step);
  return { stage: describeEarlyStop(settings.patience, records) === undefined ? "begun" : "complete", step };
}

/** What `train` says when a loss is not finite: that of a batch before its update, or a validation after one. */
const DIVERGENCE = /^(The (validation )?loss at step (\d+) is .*?) \(seed \d+\)/;

/** How a run has diverged, if it has, and the steps before. */
export function divergenceOf(ending: Ending | undefined): { steps: number; reason: string } | undefined {
  const [, reason, validated, step] = ending?.error.match(DIVERGENCE) ?? [];
  return reason === undefined ? undefined : { steps: Number(step) - (validated ? 0 : 1), reason };
}

/**
 * The result of a run whose process has ended, or was not needed since its folder was complete; undefined where it is to be
 * continued because it was stopped.
 */
export async function outcomeOf(
  folder: string,
  run: Pick<LabResult, "variant" | "seed" | "flags" | "run">,
  { ending, stopped = false }: { readonly ending?: Ending; readonly stopped?: boolean } = {},
): Promise<LabResult | undefined> {
  const divergence = divergenceOf(ending), { stage, step } = await progressOf(folder);
  const isDone = !divergence && stage === "complete";
  if (!divergence && !isDone && stopped) return undefined;
  const { parameters, optimalLoss } = lenientJson(await readIfThere(`${folder}/run.json`));
  const records = keptRecords(await readIfThere(`${folder}/metrics.jsonl`), Infinity), last = records.at(-1);
  const curve = records.flatMap((record): CurvePoint[] => {
    const { step, validationLoss: loss, skills } = record as Skilled;
    return loss === undefined ? [] : [{ step, loss, ...skills && { skills } }];
  });
  // what was validated before is not the loss of the run
  const final = isDone && curve.at(-1)?.step === step ? curve.at(-1) : undefined;
  const failure = isDone ? `its metrics.jsonl lacks the validation of step ${step}` : describeFailure(ending);
  const numberOr = (value: unknown) => typeof value === "number" ? value : null;
  return {
    ...run,
    parameters: numberOr(parameters),
    seconds: last?.seconds ?? 0,
    // which of these have records depends on the clock
    steps: divergence?.steps ?? last?.step ?? 0,
    diverged: divergence !== undefined,
    reason: divergence?.reason ?? (final ? undefined : failure),
    loss: final?.loss ?? null,
    optimal: numberOr(optimalLoss),
    curve,
  };
}

type Skilled = ReturnType<typeof keptRecords>[number] & {
  readonly skills?: Readonly<Record<string, SkillLoss>>;
};

function describeFailure(ending: Ending | undefined): string {
  return ending?.error || `it ended with status ${ending?.code ?? "?"} and said nothing`;
}

/** The steps of the whole run, as it has counted them; undefined before it has begun. */
export async function stepsOf(folder: string): Promise<number | undefined> {
  const { settings } = lenientJson(await readIfThere(`${folder}/run.json`).catch(() => ""));
  const { steps } = (settings ?? {}) as { readonly steps?: unknown };
  return typeof steps === "number" ? steps : undefined;
}

/** Bytes at the end of `metrics.jsonl` among which is its last line. */
const LAST_LINES = 4000;

/** The step that a run has recorded last, for the screen; undefined where there is none yet. */
export async function currentStep(folder: string): Promise<number | undefined> {
  try {
    using file = await Deno.open(`${folder}/metrics.jsonl`);
    const { size } = await file.stat(), bytes = new Uint8Array(Math.min(size, LAST_LINES));
    await file.seek(size - bytes.length, Deno.SeekMode.Start);
    const read = await file.read(bytes) ?? 0;
    const lines = new TextDecoder().decode(bytes.subarray(0, read)).split("\n");
    const step = lines.findLast((line) => line.startsWith('{"step":'))?.match(/\d+/)?.[0];
    return step === undefined ? undefined : Number(step);
  } catch {
    return undefined; // not there yet
  }
}
