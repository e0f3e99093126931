/**
 * The same small runs, many times on one device: all must give the same losses, the same model and the same state of the
 * optimizer, bit for bit. Every second one is saved on its way and goes on in a new run, each at another step.
 *
 *     run 1    ──────────────────────────▶ sums
 *     run 2    ─────────▶ saved, restored ─▶ the same sums?
 *     run 3    ──────────────────────────▶ the same sums?
 *     run 4    ──▶ saved, restored ────────▶ …
 *
 * @module
 */
import { modelFiles, restoreTraining, trainingFiles } from "../../checkpoints/checkpoint.ts";
import { sumOf } from "../../checkpoints/sums.ts";
import type { Backend } from "../../core/backend.ts";
import { causalBatches } from "../../data/batches.ts";
import { makeTales } from "../../data/tales.ts";
import type { Model } from "../../models/families.ts";
import { CharTokenizer } from "../../tokenizers/char_tokenizer.ts";
import { train, type TrainingRun } from "../../training/train.ts";
import { type SmallRun, smallRuns, startSmallRun } from "../../training/verification/small_runs.ts";
import { counted } from "../cli/terminal.ts";
import { isHardwareGpu } from "../cli/with_backend.ts";
import { conclusionLine, describeMachine, resultLine } from "./report.ts";

/** How often, and how long each time. */
export interface Repetitions {
  readonly runs: number;
  readonly steps: number;
}

/** A repeated run that gave something else than the first. */
export interface DifferentRun {
  /** Which one, from 2. */
  readonly run: number;
  /** The step at which it was saved and restored, if it was. */
  readonly resumedAt?: number;
  /** The first step whose loss or norm of the gradient differs; missing if only the results do. */
  readonly step?: number;
  /** SHA-256 of its model.safetensors. */
  readonly sha256: string;
}

/** All runs of one model. */
export interface RepeatedModel {
  readonly name: string;
  readonly steps: number;
  /** SHA-256 of the model.safetensors of the first run. */
  readonly sha256: string;
  readonly equal: boolean;
  readonly different: readonly DifferentRun[];
}

/** What a run gives. */
interface Outcome {
  readonly sums: readonly string[];
  /** Loss and norm of the gradient of each step. */
  readonly reports: readonly number[];
}

/**
 * A model that is wide enough for the kernels of large shapes: on a GPU the small ones, whose sizes fit no tile, do not reach
 * all of them. On a processor it would take minutes.
 */
function wideRun(steps: number): SmallRun {
  const { text } = makeTales({ seed: 11, characters: 100_000 }), tokenizer = CharTokenizer.fromText(text);
  const [{ settings }] = smallRuns(), rows = { contextLength: 256, batchSize: 8, seed: 11 };
  return {
    name: "gpt2, wide",
    config: {
      ...{ architecture: "gpt2", vocabSize: tokenizer.vocabSize, contextLength: 256, layers: 4, heads: 8 },
      ...{ modelDim: 256, feedForwardDim: 1024, dropoutRate: 0.1 },
    },
    batches: causalBatches(tokenizer.encode(text), rows),
    settings: { ...settings, accumulation: 1, steps },
  };
}

/** Trains every model as often as is asked for, and says of each whether all of its runs are equal. */
export async function repeatRuns(
  backend: Backend,
  { runs, steps, models, say }: Repetitions & {
    /** What to train: a model of every family, and on a GPU a wide one, unless given. */
    readonly models?: readonly SmallRun[];
    say(line: string): void;
  },
): Promise<
  Repetitions & {
    readonly equal: boolean;
    readonly device: string;
    readonly models: readonly RepeatedModel[];
  }
> {
  const { device } = backend, results: RepeatedModel[] = [], start = performance.now();
  say(describeMachine(device));
  const chosen = models ?? [...smallRuns(), ...isHardwareGpu(backend) ? [wideRun(steps)] : []];
  for (const small of chosen) {
    const result = await repeatRun(backend, small, { runs, steps });
    const { name, sha256, equal, different: [first] } = result;
    results.push(result);
    say(resultLine(name, sha256, equal ? `= ${runs} runs` : describeDifference(first, result)));
  }
  const count = results.filter(({ equal }) => equal).length, equal = count === results.length;
  const seconds = ((performance.now() - start) / 1000).toFixed(1), resumed = Math.floor(runs / 2);
  say(conclusionLine(
    "result",
    `${count} of ${results.length} models are the same, bit for bit, in ${runs} runs of ${
      counted(steps, "step")
    }, ` +
      `${resumed} of them resumed (${seconds}s)`,
  ));
  return { equal, device, runs, steps, models: results };
}

function describeDifference(
  { run, resumedAt, step, sha256 }: DifferentRun,
  { different: { length } }: RepeatedModel,
): string {
  const how = resumedAt === undefined ? "" : `, resumed at step ${resumedAt},`;
  const where = step === undefined ? "after the last step" : `at step ${step}`;
  const others = length < 2 ? "" : length === 2 ? "; so does 1 other" : `; so do ${length - 1} others`;
  return `DIFFERS in run ${run}${how} which gives ${sha256}, first ${where}${others}`;
}

async function repeatRun(
  backend: Backend,
  small: SmallRun,
  { runs, steps }: Repetitions,
): Promise<RepeatedModel> {
  // the only width of the feed-forward network that the format of a GPT-1 can hold
  const config = { ...small.config, feedForwardDim: 4 * small.config.modelDim };
  const settings = { ...small.settings, steps };
  // all runs are made in two: one from the initial values, the other from what the first has saved
  const [first, second] = [1, 2].map(() => startSmallRun(backend, { ...small, config, settings }));
  const initial = await filesOf(first);
  let expected: Outcome | undefined;
  const different: DifferentRun[] = [];
  for (let run = 1; run <= runs; run++) {
    restoreTraining(first, initial);
    const resumedAt = run % 2 === 0 && steps > 1 ? 1 + run * 7 % (steps - 1) : undefined;
    const outcome = await outcomeOf(first, second, resumedAt);
    if (expected === undefined) expected = outcome;
    else if (String(outcome.sums) !== String(expected.sums)) {
      const { reports } = expected,
        at = outcome.reports.findIndex((value, index) => value !== reports[index]);
      const step = at < 0 ? undefined : Math.floor(at / 2) + 1;
      different.push({ run, ...resumedAt && { resumedAt }, ...step && { step }, sha256: outcome.sums[0] });
    }
  }
  const { name } = small, [sha256] = expected!.sums;
  return { name, steps, sha256, equal: different.length === 0, different };
}

/** Trains to the end; if it is resumed at some step, the second run takes over there. */
async function outcomeOf(first: TrainingRun, second: TrainingRun, resumedAt?: number): Promise<Outcome> {
  const reports: number[] = [];
  const advance = async (run: TrainingRun, last: number) => {
    for await (const some of train(run, { interval: 100, pauseAfter: (step) => step === last })) {
      reports.push(...some.flatMap(({ loss, gradientNorm }) => [loss, gradientNorm]));
      if (run.step === last) break;
    }
  };
  let run = first;
  if (resumedAt !== undefined) {
    await advance(first, resumedAt);
    restoreTraining(run = second, await filesOf(first));
  }
  await advance(run, run.settings.steps);
  const files = await filesOf(run), kept = ["model.safetensors", "optimizer.safetensors"];
  const sums = await Promise.all(kept.map((name) => sumOf(files[name])));
  return { sums: [...sums, await sumOf(new Uint8Array(Float64Array.from(reports).buffer))], reports };
}

async function filesOf(run: TrainingRun) {
  return { ...await modelFiles(run.backend, run.model as Model, run.store), ...await trainingFiles(run) };
}
