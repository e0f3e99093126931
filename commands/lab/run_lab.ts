/**
 * Carries out a lab: its runs in processes of their own, several at a time, each new, resumed, or done already.
 *
 * A run computes the same bits whatever runs beside it. So the results depend neither on the order of the runs nor on their
 * number at a time, nor on how often the lab was stopped or killed; only their seconds do.
 *
 * @module
 */
import { join } from "@std/path";
import type { Interrupt } from "../cli/interrupt.ts";
import { inspectLock } from "../files/lock.ts";
import { LOCK_NAME } from "../files/own_names.ts";
import type { EvaluateRun } from "./evaluated_run.ts";
import { LabFolder } from "./lab_folder.ts";
import { describeResult, type LabState, type TimedRun } from "./lab_progress.ts";
import type { LabDevice, PlannedVariant } from "./planned_runs.ts";
import { currentStep, outcomeOf, stageOf, stepsOf } from "./run_outcome.ts";
import type { Ending, StartTrain, TrainProcess } from "./train_process.ts";

/** What {@linkcode runLab} needs besides the runs. */
export interface LabOptions {
  readonly seeds: readonly number[];
  readonly device: LabDevice;
  /** The most runs at a time. */
  readonly jobs: number;
  /** Threads of each. */
  readonly threads: number;
  readonly start: StartTrain;
  /** Evaluates the models of runs whose validations have figures by skill. */
  readonly evaluate: EvaluateRun;
  readonly interrupt: Pick<Interrupt, "status">;
  /** Shows how far the lab is, and lines that stay. */
  readonly progress: { update(state: LabState): void; print(text: string): void };
  /** Whether output can no longer be written, as when the terminal is gone: then the lab is stopped, too. */
  isBroken?(): boolean;
}

/** A run that has not ended. */
interface LabRun extends TimedRun {
  readonly name: string;
  readonly planned: PlannedVariant;
  steps: number;
  firstStep?: number;
  step?: number;
  seconds?: number;
  begun?: number;
  process?: TrainProcess;
}

/** Milliseconds between two looks at signals and at the steps of the runs. */
const TICK = 200;

/** Milliseconds to wait for a run that another process, left behind by a killed lab, is still training. */
const PATIENCE = 120_000;

/** What `train` says where a run that a killed lab has left behind holds the folder, or has just changed it. */
const TAKEN = / is using it|something already exists there|it has done \d+ steps of/;

/** Runs what has not ended yet, until all has, or a signal. Runs are then stopped and saved before it returns. */
export async function runLab(
  folder: LabFolder,
  planned: readonly PlannedVariant[],
  { seeds, device, jobs, threads, start, evaluate, interrupt, progress, isBroken = () => false }: LabOptions,
): Promise<void> {
  // all variants with the first seed, then all with the second
  const runs = seeds.flatMap((seed) =>
    planned.map((plan): LabRun => {
      const { variant: { name: variant }, steps, work } = plan;
      const result = folder.resultOf(variant, seed), name = LabFolder.runName(variant, seed);
      const { seconds, steps: step, loss = null } = result ?? {};
      return {
        variant,
        seed,
        name,
        steps: loss !== null && step || steps,
        work,
        planned: plan,
        seconds,
        step,
      };
    })
  );
  const deviceFlags = [`--device=${device}`, ...device === "wasm" ? [`--threads=${threads}`] : []];
  const ended = runs.filter(({ variant, seed }) => folder.resultOf(variant, seed));
  const waiting = runs.filter((run) => !ended.includes(run));
  const running = new Map<LabRun, Promise<void>>();
  let failure: unknown, isStopping = false;

  const stop = () => {
    isStopping = true;
    for (const { process } of running.keys()) process?.stop();
  };
  while (true) {
    while (running.size < jobs && waiting.length > 0) {
      const run = waiting.shift()!;
      const done = carryOut(run).catch((error) => failure ??= error).finally(() => running.delete(run));
      running.set(run, done);
    }
    if (running.size === 0) break;
    await soonest([...running.values()], TICK);
    const isToStop = interrupt.status !== undefined || failure !== undefined || isBroken();
    if (isToStop && !isStopping) stop();
    await Promise.all([...running.keys()].map(look));
    progress.update({ ended, running: [...running.keys()], waiting, total: runs.length, jobs });
  }
  if (failure !== undefined) throw failure;

  async function carryOut(run: LabRun): Promise<void> {
    const { name, variant, seed, planned: { flags } } = run, path = join(folder.path, name);
    let ending: Ending | undefined;
    for (let attempt = 1; attempt <= 3; attempt++) {
      await untilFree(path, name);
      const stage = await stageOf(path);
      if (stage === "complete") break;
      if (isStopping) return;
      ending = await train(run, path, stage);
      if (isStopping || !TAKEN.test(ending.error)) break;
    }
    const identity = { variant, seed, flags, run: name };
    const outcome = await outcomeOf(path, identity, { ending, stopped: isStopping });
    if (outcome === undefined) return;
    const isOfTales = outcome.curve.some(({ skills }) => skills);
    const result = isOfTales && outcome.loss !== null
      ? { ...outcome, ...await evaluate(path, [...blockFlags(run), ...deviceFlags]) }
      : outcome;
    await folder.add(result);
    ended.push({ ...run, step: result.steps, seconds: run.seconds ?? result.seconds });
    progress.print(
      `${`${ended.length}`.padStart(`${runs.length}`.length)}/${runs.length} ${describeResult(result)}`,
    );
  }

  /** Starts or resumes a run, and waits for its end. */
  async function train(run: LabRun, path: string, stage: "new" | "begun"): Promise<Ending> {
    const { seed, planned: { flags } } = run;
    run.firstStep = await currentStep(path) ?? 0;
    run.begun = performance.now();
    run.process = start([
      ...flags,
      ...blockFlags(run),
      `--seed=${seed}`,
      ...deviceFlags,
      stage === "begun" ? `--resume=${path}` : `--out=${path}`,
    ]);
    if (isStopping) run.process.stop();
    const ending = await run.process.ended;
    run.seconds = (performance.now() - run.begun) / 1000;
    return ending;
  }

  /** A lab that was killed leaves runs behind, which save their step and end as soon as they want to print something. */
  async function untilFree(path: string, name: string): Promise<void> {
    const begun = performance.now();
    for (let isFirst = true; !isStopping && performance.now() - begun < PATIENCE; isFirst = false) {
      const { state, holder } = await inspectLock(join(path, LOCK_NAME)).catch(() => ({
        state: "free",
        holder: "",
      }));
      if (state !== "held") return;
      if (isFirst) progress.print(`waiting for ${holder}, which is still training ${name}`);
      await new Promise((resolve) => setTimeout(resolve, TICK));
    }
  }

  /** Finds out how far a run is. */
  async function look(run: LabRun): Promise<void> {
    if (run.begun === undefined) return;
    const step = await currentStep(join(folder.path, run.name));
    if (step === run.step) return;
    // that of the plan is a guess where the tokens of the text had to be counted
    run.steps = await stepsOf(join(folder.path, run.name)) ?? run.steps;
    run.step = step;
    run.seconds = (performance.now() - run.begun) / 1000;
  }
}

/** Whatever uses the model of a run needs its block again. */
const blockFlags = ({ planned: { block } }: LabRun): string[] => block ? [`--block=${block.path}`] : [];

/** Waits for the first of several promises, at most so many milliseconds. */
async function soonest(promises: readonly Promise<void>[], milliseconds: number): Promise<void> {
  let timer;
  await Promise.race([...promises, new Promise((resolve) => timer = setTimeout(resolve, milliseconds))]);
  clearTimeout(timer);
}
