/**
 * Carries out a recipe in the folder of a run, new or resumed, until its last step or a signal:
 *
 *     read the run to resume → open the device → make the recipe → initialize or restore the model
 *       → train (train_loop.ts) → evaluate and report
 *
 * @module
 */
import type * as v from "valibot";
import type { Backend } from "../../core/backend.ts";
import { allocateParameters } from "../../core/module.ts";
import { restoreTraining } from "../../checkpoints/checkpoint.ts";
import type { Experiment } from "../../models/experiment.ts";
import { TrainingRun } from "../../training/train.ts";
import { printDiagnostic } from "../cli/errors.ts";
import { InterruptedError } from "../cli/interrupt.ts";
import { Output } from "../cli/output.ts";
import { allowWriting } from "../cli/permissions.ts";
import { ProgressLine } from "../cli/progress.ts";
import { formatDuration, formatFacts, outputColumns, print, quote } from "../cli/terminal.ts";
import { withBackend } from "../cli/with_backend.ts";
import { wrapText } from "../cli/wrap.ts";
import { readBlock, withBlock } from "../files/block_file.ts";
import { newestRun, withPathInErrors } from "../files/checkpoint_folder.ts";
import { BLOCK_COPY, RUNS } from "../files/own_names.ts";
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
import { describeImpatience } from "./patience.ts";
import type { Fact, Recipe, Session, SessionFlags } from "./recipe.ts";
import { throwFailure, trainAndSave } from "./train_loop.ts";

/** A command that trains. */
export interface RunDescription<State extends RunState> {
  readonly command: RunCommand;
  /** What the state of a run must hold. */
  readonly schemas: { readonly settings: v.GenericSchema; readonly source: v.GenericSchema };
  /** The name of a new run, unless one is given. */
  name(): Promise<string> | string;
  /**
   * Makes the recipe. `resumed` is the run to resume, if it is no new one; `experiment` has the parts that `--block` names;
   * `folder` is that of the run, where encoded texts may be cached, and is missing in a dry run.
   */
  recipe(
    backend: Backend,
    run: { readonly resumed?: ResumedRun<State>; readonly experiment?: Experiment; readonly folder?: string },
  ): Promise<Recipe>;
}

/** Starts or resumes a run, and trains it. */
export async function runSession<State extends RunState>(
  { command, schemas, name, recipe: makeRecipe }: RunDescription<State>,
  flags: SessionFlags,
): Promise<void> {
  const asked = folderOf(flags), { block, device } = flags;
  const resume = flags.resume === "" ? await newestRun() : flags.resume;
  const read = async () => {
    if (resume === undefined) return { file: block === undefined ? undefined : await readBlock(block) };
    const resumed = await withBlock(await readRun<State>(resume, command, schemas), block);
    return { resumed, experiment: resumed.experiment };
  };
  if (flags.dryRun) {
    const { resumed, file, experiment = file?.experiment } = await read();
    return await withBackend(device, async ({ backend, reason }) => {
      const recipe = await makeRecipe(backend, { resumed, experiment });
      print(describeDryRun(recipe, ["device", `${backend.device}: ${reason}`]));
    });
  }
  await allowWriting(resume ?? asked ?? RUNS, [RUNS]);
  const place = resume === undefined ? { asked, name: await name() } : { resume };
  await inRunFolder(place, async (folder, interrupt) => {
    const { resumed, file, experiment = file?.experiment } = await read();
    await withBackend(device, async ({ backend, reason }) => {
      const recipe = await makeRecipe(backend, { resumed, experiment, folder: folder.path });
      interrupt.throwIfInterrupted();
      const run = await startRun(recipe, backend, resumed);
      if (resumed) await folder.rewind(resumed);
      const state = { ...recipe.state, backend: { name: backend.name, device: backend.device } };
      const output = new Output(), progress = new ProgressLine({ write: (text) => output.write(text) });
      const facts: Fact[] = [["device", `${backend.device}: ${reason}`], ...recipe.facts];
      output.print(formatFacts([...facts, ["run", folder.path]]) + "\n");
      if (resumed) output.print(wrapText(describeResumption(resumed, state), outputColumns()) + "\n");

      if (file) await folder.addFile(BLOCK_COPY, file.bytes);
      await folder.startEvents({ requested: flags.tensorboard ?? false });
      const { config, model } = recipe;
      const finishRunJson = await writeRunJson(folder.path, state, {
        ...{ config, step: run.step },
        experiment: model.experiment,
      });
      const best = resumed?.state.best;
      const session = { recipe, run, folder, flags, state, best, interrupt, output, progress };
      await trainAndSave(session);
      await finishRunJson(run.step).catch((error) => printDiagnostic(error.message));
      await finish(session);
      await throwFailure(session);
    });
  });
}

/** A run of the recipe with its initial, pretrained or saved values. */
async function startRun(recipe: Recipe, backend: Backend, resumed?: ResumedRun): Promise<TrainingRun> {
  const { model, batches, state: { settings } } = recipe;
  const store = resumed && allocateParameters(backend, model);
  const run = new TrainingRun(backend, model, batches, settings, { store });
  if (resumed) withPathInErrors(resumed.path, () => restoreTraining(run, resumed.files));
  else await recipe.initialize?.(run.store);
  return run;
}

/** Draws the loss curve, and prints the results, or how to continue where a signal has stopped the run. */
async function finish(session: Session): Promise<void> {
  const { recipe, run, folder, interrupt, output, progress } = session, { steps } = run.settings;
  const { optimalLoss: loss, unit } = recipe;
  await folder.draw({
    title: folder.path,
    subtitle: `step ${run.step} of ${steps}`,
    unit,
    reference: loss === undefined ? undefined : { loss, label: "optimal" },
  }).catch((error) => printDiagnostic(`The loss curve could not be drawn: ${error.message}`));
  try {
    interrupt.throwIfInterrupted();
    const report = await describeResults(session).finally(() => progress.finish());
    output.print(`\n${report}`);
  } catch (error) {
    if (!(error instanceof InterruptedError)) throw error;
    Deno.exitCode = error.status;
    output.print("\n" + wrapText(describeStop(session), outputColumns()));
  }
}

async function describeResults(session: Session): Promise<string> {
  const { recipe, run, folder, best, flags } = session, { steps, patience } = recipe.state.settings;
  const { results, table } = await recipe.report(session);
  const model = quote(folder.path) + blockArguments(flags);
  const facts: Fact[] = [
    ["done", `step ${run.step} of ${steps}, ${formatDuration(folder.records.at(-1)?.seconds ?? 0)}`],
    ...results,
  ];
  if (best && best.step < run.step) facts.push(["best", `step ${best.step}, kept in ${folder.path}/best`]);
  const next: Fact[] = [["files", await folder.describe()], recipe.use(model)];
  const impatience = describeImpatience(run.step < steps ? patience : undefined, folder.records);
  if (impatience) facts.splice(1, 0, ["stopped", `by ${impatience}`]);
  if (run.step < steps) {
    const more = impatience ? " --patience 0" : "";
    next.push(["resume", `deno task ${recipe.state.command} --resume ${model}${more}`]);
  }
  return table === undefined
    ? formatFacts([...facts, ...next])
    : `${formatFacts(facts)}\n\n${table}\n\n${formatFacts(next)}`;
}

/** Which step of a stopped run is saved, and what to type next. */
export function describeStop(
  { recipe, run, folder, flags }: Pick<Session, "recipe" | "run" | "folder" | "flags">,
): string {
  const saved = `step ${run.step} of ${run.settings.steps} is saved in ${folder.path}/last`;
  const block = blockArguments(flags);
  return run.step < run.settings.steps
    ? `Stopped: ${saved}.\nResume it: deno task ${recipe.state.command} --resume ${
      quote(folder.path)
    }${block}`
    : `Stopped during the evaluation: ${saved}.\nEvaluate it: deno task ${
      recipe.evaluation(folder.path)
    }${block}`;
}

const blockArguments = ({ block }: SessionFlags) => block === undefined ? "" : ` --block ${quote(block)}`;
