/**
 * A recorded run, repeated from its settings and compared with its checkpoints, from the earliest to the newest.
 *
 * @module
 */
import { basename, join } from "@std/path";
import { loadModel, modelFiles } from "../../checkpoints/checkpoint.ts";
import { quoted } from "../../core/quoted.ts";
import type { Experiment } from "../../models/experiment.ts";
import { train, type TrainingRun } from "../../training/train.ts";
import { parameterValues } from "../../training/verification/tensor_sums.ts";
import { ProgressLine } from "../cli/progress.ts";
import { counted } from "../cli/terminal.ts";
import { type DeviceWord, withBackend } from "../cli/with_backend.ts";
import { withBlock } from "../files/block_file.ts";
import { checkpointsOf, findCheckpoint, withPathInErrors } from "../files/checkpoint_folder.ts";
import { isAnyThere } from "../files/disk.ts";
import { pathsOf } from "../files/own_names.ts";
import { sumOf } from "../../checkpoints/sums.ts";
import type { Recipe } from "../recipes/recipe.ts";
import { readState, type TrainedCheckpoint } from "../runs/run_state.ts";
import { readRates, type RecordedRates } from "./recorded_rates.ts";
import { beginAgain, schemasOf } from "./repeat.ts";
import { conclusionLine, describeMachine, resultLine } from "./report.ts";

/** A checkpoint of a run, and the model that the repeated run has after the same step. */
export interface CheckpointResult {
  readonly path: string;
  readonly step: number;
  /** SHA-256 of the recorded model.safetensors, and of the same file of the repeated run. */
  readonly recorded: string;
  readonly repeated: string;
  readonly equal: boolean;
  /** The first tensor that differs, in the order of the model. */
  readonly tensor?: string;
}

/** The result for a run: its checkpoints up to the first that differs. */
export interface RunResult {
  readonly equal: boolean;
  readonly run: string;
  readonly command: string;
  readonly device: string;
  /** The step after which the learning rate or the length of the run was changed for the last time, if they were. */
  readonly changedAfter?: number;
  readonly checkpoints: readonly CheckpointResult[];
}

/** Where a run is repeated. */
interface Place {
  readonly block?: string;
  readonly threads?: number;
  say(line: string): void;
}

/** Repeats a run, given by its folder or one of its checkpoints, on the backend it ran on. */
export async function verifyRun(path: string, { block, threads, say }: Place): Promise<RunResult> {
  const { targets, newest: found } = await checkpointsAt(path), newest = await withBlock(found, block);
  const { command, state: { backend: before } } = newest, device = expectDevice(path, before.name);
  let result: RunResult | undefined;
  await withBackend({ device, threads }, async ({ backend }) => {
    if (backend.name === "webgpu" && backend.device !== before.device) {
      throw new Error(
        `Cannot repeat ${path}: it ran on ${
          quoted(before.device)
        }, and here is ${backend.device}: a GPU repeats ` +
          "its own bits only, WebAssembly (--device wasm) those of every machine",
      );
    }
    say(describeMachine(backend.device));
    if (backend.name !== "wasm") say(conclusionLine("note", ONE_MACHINE));
    const rates = await readRates(newest), { changedAfter } = rates;
    if (changedAfter !== undefined) say(conclusionLine("note", changeOfRate(changedAfter)));
    const { recipe, run } = await beginAgain(backend, newest, { block, rates }), start = performance.now();
    const checkpoints = await compareAll(recipe, run, { targets, experiment: newest.experiment, say });
    const equal = checkpoints.every(({ equal }) => equal);
    const seconds = ((performance.now() - start) / 1000).toFixed(1);
    const again = `deno task ${command} with the settings of ${path} gives`;
    const verdict = equal ? "the same model, bit for bit" : OTHER + withoutRates(rates);
    say(conclusionLine("result", `${again} ${verdict} (${seconds}s)`));
    result = { equal, run: path, command, device: backend.device, changedAfter, checkpoints };
  });
  return result!;
}

const ONE_MACHINE =
  "equal bits on every machine are promised of WebAssembly (--device wasm) only; another device " +
  "repeats its own with the same driver and version of Deno";

const OTHER =
  "another model; that is to be expected of a run that was resumed with other --data or on another --device, " +
  "or trained by another version";

/** What is repeated of a run whose rate was changed. */
const changeOfRate = (step: number): string =>
  `after step ${step} the learning rate or the length of the run was changed: every step that metrics.jsonl records is ` +
  "repeated with its rate";

/** What else may be the reason for a difference: steps whose rate nothing records are repeated with the newest settings. */
const withoutRates = ({ missing }: RecordedRates): string =>
  missing === 0
    ? ""
    : `; or of one whose learning rate was changed: metrics.jsonl lacks the rates of ${
      counted(missing, "step")
    }`;

function expectDevice(path: string, name: string): DeviceWord {
  const device = (["wasm", "webgpu", "cpu"] as const).find((device) => device === name);
  if (device !== undefined) return device;
  throw new Error(`Cannot repeat ${path}: it ran on ${quoted(name)}, which this version does not have`);
}

/** A checkpoint to compare with. */
interface Target {
  readonly path: string;
  readonly step: number;
}

/** The checkpoints of a run in the order of their steps, or the one that the path names; and what is in the newest. */
async function checkpointsAt(path: string): Promise<{ targets: Target[]; newest: TrainedCheckpoint }> {
  const { folder } = pathsOf(path), paths: string[] = [], targets: Target[] = [];
  if (!await isAnyThere([join(folder, "config.json")])) {
    for (const { folder: checkpoint, former } of await checkpointsOf(folder)) {
      if (await isAnyThere([checkpoint, former])) paths.push(checkpoint);
    }
  }
  let newest: TrainedCheckpoint | undefined;
  for (const each of paths.length > 0 ? paths : [folder]) {
    const found = await readCheckpoint(each);
    targets.push({ path: each, step: found.step });
    if (newest === undefined || found.step > newest.step) newest = found;
  }
  return { targets: targets.sort((a, b) => a.step - b.step), newest: newest! };
}

async function readCheckpoint(path: string): Promise<TrainedCheckpoint> {
  return readState(await findCheckpoint(path), schemasOf);
}

/** Trains from one checkpoint to the next, until the newest or the first that differs. */
async function compareAll(
  recipe: Recipe,
  run: TrainingRun,
  { targets, experiment, say }: Pick<Place, "say"> & {
    readonly targets: readonly Target[];
    readonly experiment?: Experiment;
  },
): Promise<CheckpointResult[]> {
  const results: CheckpointResult[] = [], { step: last } = targets[targets.length - 1];
  // progress goes to standard error, because another program may read the results
  const write = (text: string) => void Deno.stderr.writeSync(new TextEncoder().encode(text));
  const progress = new ProgressLine({ terminal: Deno.stderr.isTerminal(), write });
  try {
    for (const target of targets) {
      if (run.step < target.step) {
        for await (const _ of train(run, { pauseAfter: (step) => step === target.step })) {
          progress.advance("training", run.step, last);
          if (run.step === target.step) break;
        }
      }
      const result = await compare(recipe, run, target, experiment);
      const { path, step, recorded, equal, tensor } = result;
      results.push(result);
      progress.finish();
      const difference = `DIFFERS, first in ${tensor}: repeated, it is ${result.repeated}`;
      say(resultLine(`${basename(path)} at ${step}`, recorded, equal ? "= repeated" : difference));
      if (!equal) break;
    }
  } finally {
    progress.finish();
  }
  return results;
}

async function compare(
  { model }: Recipe,
  { backend, store, step }: TrainingRun,
  { path }: Target,
  experiment: Experiment | undefined,
): Promise<CheckpointResult> {
  const found = await readCheckpoint(path);
  if (found.step !== step) {
    throw new Error(`${path} was saved anew meanwhile: repeat the run once it has ended`);
  }
  const repeatedFiles = await modelFiles(backend, model, store);
  const [recorded, repeated] = await Promise.all(
    [found.files, repeatedFiles].map((files) => sumOf(files["model.safetensors"])),
  );
  if (recorded === repeated) return { path, step, recorded, repeated, equal: true };
  // another version may have written the same tensors in another order
  const { weights } = withPathInErrors(path, () => loadModel(found.files, { experiment }));
  const values = await parameterValues(backend, store);
  const tensor = values.find(({ name, data }) => !isSame(data, weights.get(name)?.data))?.name;
  return { path, step, recorded, repeated, equal: tensor === undefined, ...tensor && { tensor } };
}

/** Whether numbers are equal bit for bit. */
function isSame(a: Float32Array, b: Float32Array | undefined): boolean {
  if (a.length !== b?.length) return false;
  const [ours, theirs] = [a, b].map(({ buffer, byteOffset, length }) =>
    new Uint32Array(buffer, byteOffset, length)
  );
  return ours.every((bits, index) => bits === theirs[index]);
}
