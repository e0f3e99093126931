/**
 * Carries out a recipe in the folder of a run: new or resumed, until its last step or a signal.
 *
 * @module
 */
import type * as v from "valibot";
import type { Backend } from "../../core/backend.ts";
import { allocateParameters } from "../../core/module.ts";
import type { DeviceChoice, OpenedBackend } from "../../core/open_backend.ts";
import { restoreTraining } from "../../checkpoints/checkpoint.ts";
import { TrainingRun } from "../../training/train.ts";
import { printDiagnostic } from "../cli/errors.ts";
import type { Interrupt } from "../cli/interrupt.ts";
import { Output } from "../cli/output.ts";
import { allowWriting } from "../cli/permissions.ts";
import { ProgressLine } from "../cli/progress.ts";
import { formatFacts, outputColumns, quote } from "../cli/terminal.ts";
import { wrapText } from "../cli/wrap.ts";
import { withBackend } from "../cli/with_backend.ts";
import { naming, newestRun } from "../files/checkpoint_folder.ts";
import { withBlock } from "../files/block_file.ts";
import { BLOCK_COPY, RUNS } from "../files/own_names.ts";
import type { RunFolder } from "../runs/run_folder.ts";
import { writeRunJson } from "../runs/run_json.ts";
import { folderOf, inRunFolder } from "../runs/run_place.ts";
import {
  describeResumption,
  readRun,
  type ResumedRun,
  type RunCommand,
  type RunState,
} from "../runs/run_state.ts";
import { describeDryRun } from "./dry_run.ts";
import { blockArguments, type Recipe, type RecipeContext, type Session } from "./recipe.ts";
import { throwFailure, trainAndSave } from "./train_loop.ts";

/** The flags that decide where and how far a recipe is carried out. */
export interface SessionFlags {
  /** Name of a new run. */
  readonly name?: string;
  /** Folder of a new run. */
  readonly out?: string;
  /** Folder of the run to resume; empty for the newest one. */
  readonly resume?: string;
  /** The step to stop after. */
  readonly stopAfter?: number;
  /** Where the model lives. */
  readonly device?: DeviceChoice;
  /** A file with parts of the model. */
  readonly block?: string;
  /** Whether to stop before the first step. */
  readonly dryRun?: boolean;
  /** Whether to write TensorBoard events. */
  readonly tensorboard?: boolean;
}

/** A command that trains. */
export interface RunDescription<State extends RunState> {
  /** Its name. */
  readonly command: RunCommand;
  /** What the state of a run must hold. */
  readonly schemas: { readonly settings: v.GenericSchema; readonly source: v.GenericSchema };
  /** The name of a new run, unless one is given. */
  name(): Promise<string> | string;
  /** Makes the recipe. */
  recipe(context: RecipeContext<State>): Promise<Recipe>;
}

/**
 * Starts or resumes a run, and trains it.
 *
 * @param description the command
 * @param flags where and how far to train
 * @throws {Error} when flags, texts and model do not fit together, or something cannot be read or written
 */
export async function runSession<State extends RunState>(
  description: RunDescription<State>,
  flags: SessionFlags,
): Promise<void> {
  const { command, schemas } = description, asked = folderOf(flags);
  const resume = flags.resume === "" ? await newestRun() : flags.resume;
  const read = async () =>
    resume === undefined
      ? undefined
      : await withBlock(await readRun<State>(resume, command, schemas), flags.block);
  if (flags.dryRun) {
    const resumed = await read();
    return await withBackend(flags.device, async ({ backend, reason }) => {
      const recipe = await description.recipe({ backend, resumed });
      new Output().print(describeDryRun(recipe, [["device", `${backend.device}: ${reason}`]]));
    });
  }
  await allowWriting(resume ?? asked ?? RUNS, [RUNS]);
  const place = resume === undefined ? { asked, name: await description.name() } : { resume };
  await inRunFolder(place, async (folder, interrupt) => {
    const resumed = await read();
    await withBackend(flags.device, async (opened) => {
      const recipe = await description.recipe({ ...opened, folder: folder.path, resumed });
      interrupt.expectNone();
      await carryOut(recipe, opened, { folder, interrupt, resumed, flags });
    });
  });
}

async function carryOut(
  recipe: Recipe,
  { backend, reason }: OpenedBackend,
  { folder, interrupt, resumed, flags }: {
    readonly folder: RunFolder;
    readonly interrupt: Interrupt;
    readonly resumed?: ResumedRun;
    readonly flags: SessionFlags;
  },
): Promise<void> {
  const run = await startRun(recipe, backend, resumed);
  if (resumed) await folder.rewind(resumed);
  const state = { ...recipe.state, backend: { name: backend.name, device: backend.device } };
  const output = new Output(), progress = new ProgressLine({ write: (text) => output.write(text) });
  const facts = [["device", `${backend.device}: ${reason}`], ...recipe.facts, ["run", folder.path]] as const;
  output.print(formatFacts(facts) + "\n");
  if (resumed) output.print(wrapText(describeResumption(resumed, state), outputColumns()) + "\n");

  const { stopAfter } = flags, best = resumed?.state.best;
  const session: Session = {
    ...{ recipe, run, folder, state, best, stopAfter, interrupt, output, progress },
  };
  if (recipe.block?.bytes) await folder.addFile(BLOCK_COPY, recipe.block.bytes);
  await folder.logEvents({ wanted: flags.tensorboard ?? false });
  const finishRunJson = await writeRunJson(folder.path, state, { config: recipe.config, step: run.step });
  await trainAndSave(session);
  await finishRunJson(run.step).catch((error) => printDiagnostic(error.message));
  await end(session);
  await throwFailure(session);
}

/** A run of the recipe with its initial, pretrained or saved values. */
async function startRun(recipe: Recipe, backend: Backend, resumed?: ResumedRun): Promise<TrainingRun> {
  const { model, batches, state: { settings } } = recipe;
  const store = resumed && allocateParameters(backend, model);
  const run = new TrainingRun(backend, model, batches, settings, { store });
  if (resumed) naming(resumed.path, () => restoreTraining(run, resumed.files));
  else await recipe.initialize?.(run.store);
  return run;
}

/** Draws the loss curve, and prints the result or how to continue. */
async function end(session: Session): Promise<void> {
  const { recipe, run, folder, interrupt, output, progress } = session, { steps } = run.settings;
  const { optimalLoss: loss, unit, state: { command = "train" } } = recipe;
  await folder.draw({
    title: folder.path,
    subtitle: `step ${run.step} of ${steps}`,
    unit,
    reference: loss === undefined ? undefined : { loss, label: "optimal" },
  }).catch((error) => printDiagnostic(`The loss curve could not be drawn: ${error.message}`));
  const report = await recipe.report(session).finally(() => progress.finish());
  if (report !== undefined) return output.print(`\n${report}`);
  Deno.exitCode = interrupt.status!;
  const given = blockArguments(recipe.block), evaluation = recipe.evaluation(folder.path);
  const stop = { step: run.step, steps, command: command + given, evaluation: evaluation + given };
  output.print("\n" + wrapText(describeStop(folder.path, stop), outputColumns()));
}

/**
 * Says at which step a run was stopped, and what to type next.
 *
 * @param folder the folder of the run
 * @param stop `step`: steps done, of so many `steps`; `command`: the command that trains it; `evaluation`: the command line
 * that evaluates it
 * @returns lines of text
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { describeStop } from "./session.ts";
 *
 * const stop = { steps: 9, command: "train", evaluation: "evaluate --checkpoint runs/mine/last --data FILE" };
 * assertEquals(
 *   describeStop("runs/mine", { ...stop, step: 5 }),
 *   "Stopped: step 5 of 9 is saved in runs/mine/last.\nResume it: deno task train --resume runs/mine",
 * );
 * ```
 */
export function describeStop(
  folder: string,
  { step, steps, command, evaluation }: {
    readonly step: number;
    readonly steps: number;
    readonly command: string;
    readonly evaluation: string;
  },
): string {
  const saved = `step ${step} of ${steps} is saved in ${folder}/last`;
  return step < steps
    ? `Stopped: ${saved}.\nResume it: deno task ${command} --resume ${quote(folder)}`
    : `Stopped during the evaluation: ${saved}.\nEvaluate it: deno task ${evaluation}`;
}
