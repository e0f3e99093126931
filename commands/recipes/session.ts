/**
 * Carries out a recipe in the folder of a run, new or resumed, until its last step or a signal:
 *
 *     read the run to resume → open the device → make the recipe → initialize or restore the model
 *       → train (train_loop.ts) → evaluate and report
 *
 * @module
 */
import type { Backend } from "../../core/backend.ts";
import { allocateParameters, countParameters } from "../../core/module.ts";
import { restoreTraining } from "../../checkpoints/checkpoint.ts";
import type { Experiment } from "../../models/experiment.ts";
import type { OptimizerFactory } from "../../training/optimizer.ts";
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
import { newestRun, refusePytorchFile, withPathInErrors } from "../files/checkpoint_folder.ts";
import { BLOCK_COPY, RUNS } from "../files/own_names.ts";
import { expectRun, runOf } from "../runs/claim.ts";
import { epochTable } from "../runs/epoch_table.ts";
import { describeEarlyStop } from "../runs/patience.ts";
import { describeContents } from "../runs/run_contents.ts";
import { describeSkills, drawSkills } from "../runs/run_skills.ts";
import { writeRunJson } from "../runs/run_json.ts";
import { folderOf, inRunFolder } from "../runs/run_place.ts";
import {
  describeResumption,
  readRun,
  type ResumedRun,
  type RunCommand,
  type RunSchemas,
  type RunState,
} from "../runs/run_state.ts";
import { describeDryRun } from "./dry_run.ts";
import { lookAhead } from "./look_ahead.ts";
import type { Fact, Recipe, Session, SessionFlags } from "./recipe.ts";
import { RunAttention } from "./run_attention.ts";
import { throwFailure, trainAndSave } from "./train_loop.ts";

/** A command that trains. */
export interface RunDescription<State extends RunState> {
  readonly command: RunCommand;
  /** What the state of a run must hold. */
  readonly schemas: RunSchemas;
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
  const asked = folderOf(flags), { block, device, threads } = flags;
  const resume = flags.resume === "" ? await newestRun() : flags.resume;
  if (resume !== undefined) await refusePytorchFile(resume, "resume");
  const read = async () => {
    if (resume === undefined) return { file: block === undefined ? undefined : await readBlock(block) };
    const resumed = await withBlock(await readRun<State>(resume, command, schemas), block);
    return { resumed, experiment: resumed.experiment };
  };
  if (flags.dryRun) {
    const { resumed, file, experiment = file?.experiment } = await read();
    return await withBackend({ device, threads }, async ({ backend, reason }) => {
      const recipe = await makeRecipe(backend, { resumed, experiment });
      const device: Fact = ["device", `${backend.device}: ${reason}`];
      const { fact } = await lookAhead(recipe, backend, { ...flags, resumed });
      print(describeDryRun(recipe, [device, ...recipe.facts, fact]));
    });
  }
  if (resume !== undefined) await expectRun(await runOf(resume)); // before permission to write there is requested
  await allowWriting(resume ?? asked ?? RUNS, [RUNS]);
  const place = resume === undefined ? { asked, name: await name() } : { resume };
  await inRunFolder(place, async (folder, interrupt) => {
    const { resumed, file, experiment = file?.experiment } = await read();
    await withBackend({ device, threads }, async ({ backend, reason }) => {
      const recipe = await makeRecipe(backend, { resumed, experiment, folder: folder.path });
      interrupt.throwIfInterrupted();
      const run = await startRun(recipe, backend, { resumed });
      const rewound = resumed && await folder.rewind(resumed);
      const state = { ...recipe.state, backend: { name: backend.name, device: backend.device } };
      const output = new Output(), progress = new ProgressLine({ write: (text) => output.write(text) });
      const device: Fact = ["device", `${backend.device}: ${reason}`];
      output.print(formatFacts([device, ...recipe.facts, ["run", folder.path]]));
      if (backend.name === "webgpu") progress.announce("compiling shaders …");
      const { fact, meter, rehearsed } = await lookAhead(recipe, backend, { ...flags, resumed, run });
      progress.finish();
      output.print(formatFacts([fact]) + "\n");
      if (!rehearsed) progress.announce("computing the first step …");
      if (resumed) {
        const notes = [describeResumption(resumed, state), ...rewound?.notes ?? []].join("\n");
        output.print(wrapText(notes, outputColumns()) + "\n");
      }

      if (file) await folder.addFile(BLOCK_COPY, file.bytes);
      await folder.startEvents({ requested: flags.tensorboard ?? false });
      const attention = await RunAttention.start(recipe, run, folder, flags);
      const { config, model, sequences } = recipe, before = resumed?.state.backend;
      const elsewhere = before?.name === "torch" ? { device: before.device } : undefined;
      const finishRunJson = await writeRunJson(folder.path, state, {
        ...{ config, step: run.step, parameters: countParameters(model) },
        ...{ sequences, experiment: model.experiment, optimalLoss: recipe.optimalLoss, elsewhere },
      });
      const best = rewound?.best, epochLoss = resumed?.state.epochLoss;
      const begun = { recipe, run, folder, flags, state, best, epochLoss, attention };
      const session = { ...begun, interrupt, output, progress, meter };
      await trainAndSave(session);
      await finishRunJson(run.step, meter.figures).catch((error) => printDiagnostic(error.message));
      await finish(session);
      await throwFailure(session);
    });
  });
}

/** A run of the recipe with its initial, pretrained or saved values; with its own optimizer unless another is given. */
export async function startRun(
  recipe: Recipe,
  backend: Backend,
  { resumed, optimizer }: { readonly resumed?: ResumedRun; readonly optimizer?: OptimizerFactory } = {},
): Promise<TrainingRun> {
  const { model, batches, state: { settings } } = recipe;
  const store = resumed && allocateParameters(backend, model);
  const run = new TrainingRun(backend, model, batches, settings, { store, optimizer });
  if (resumed) withPathInErrors(resumed.path, () => restoreTraining(run, resumed.files));
  else await recipe.initialize?.(run.store);
  return run;
}

/** Draws the loss curve, and prints the results, or how to continue where a signal has stopped the run. */
async function finish(session: Session): Promise<void> {
  const { recipe, run, folder, attention, interrupt, output, progress } = session, { steps } = run.settings;
  const { optimalLoss: loss, unit } = recipe;
  await folder.draw({
    subtitle: `step ${run.step} of ${steps}`,
    unit,
    axis: recipe.state.settings.evaluationInterval === "epoch" ? "epoch" : "step",
    reference: loss === undefined ? undefined : { loss, label: "optimal" },
  }).catch((error) => printDiagnostic(`The loss curve could not be drawn: ${error.message}`));
  await attention?.draw();
  await drawSkills(folder, `step ${run.step} of ${steps}`);
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
  const { recipe, run, folder, best, flags, meter } = session, { steps, patience } = recipe.state.settings;
  const { results, table } = await recipe.report(session);
  const model = quote(folder.path) + blockArguments(flags);
  const facts: Fact[] = [
    ["done", `step ${run.step} of ${steps}, ${formatDuration(folder.records.at(-1)?.seconds ?? 0)}`],
    ...results,
  ];
  const skills = describeSkills(folder);
  if (skills !== undefined) facts.push(["skills", skills]);
  const speed = meter.describe();
  if (speed !== undefined) facts.push(["speed", speed]);
  if (best && best.step < run.step) facts.push(["best", `step ${best.step}, kept in ${folder.path}/best`]);
  const next: Fact[] = [["files", await describeContents(folder.path)], recipe.use(model)];
  const earlyStop = describeEarlyStop(run.step < steps ? patience : undefined, folder.records);
  if (earlyStop) facts.splice(1, 0, ["stopped", `by ${earlyStop}`]);
  if (run.step < steps) {
    const more = earlyStop ? " --patience 0" : "";
    next.push(["resume", `deno task ${recipe.state.command} --resume ${model}${more}`]);
  }
  const tables = [epochTable(folder.records), table].filter((table) => table !== undefined);
  return tables.length === 0
    ? formatFacts([...facts, ...next])
    : [formatFacts(facts), ...tables, formatFacts(next)].join("\n\n");
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
