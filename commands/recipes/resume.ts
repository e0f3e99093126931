/**
 * Finding a run again: its checkpoint, and what it was started with.
 *
 * @module
 */
import { commandOf } from "../runs/run_command.ts";
import { basename, dirname, relative, resolve } from "@std/path";
import { quoted } from "../../core/quoted.ts";
import { loadTrainingState } from "../../checkpoints/checkpoint.ts";
import { inFile, trainingStateName } from "../../checkpoints/checkpoint_files.ts";
import { findCheckpoint, type FoundCheckpoint, naming } from "../files/checkpoint_folder.ts";
import type { Source } from "../texts/corpus.ts";
import { printDiagnostic } from "../cli/errors.ts";
import { finetuneFlags } from "../settings/finetune_flags.ts";
import { chooseLength, chooseSettings, type Settings } from "../settings/settings.ts";
import { checkSettings } from "../settings/state_settings.ts";
import { outputColumns, quote } from "../cli/terminal.ts";
import type { Best } from "../runs/train_loop.ts";
import { type TrainFlags, trainFlags } from "../settings/train_flags.ts";
import { visible } from "../cli/visible.ts";
import { cutText, wrapText } from "../cli/wrap.ts";

/** What `train` keeps in `training_state.json` besides the step. */
export interface RunState {
  /** All settings. */
  readonly settings: Settings;
  /** Where the text is. */
  readonly source: Source;
  /** What the text is. */
  readonly textFingerprint: string;
  /** What the tokenizer is. */
  readonly tokenizerFingerprint: string;
  /** Where the run ran. */
  readonly backend: { readonly name: string; readonly device: string };
  /** The lowest validation loss so far. */
  readonly best?: Best;
}

/** A run to go on with. */
export interface FoundRun<State = RunState> extends FoundCheckpoint {
  /** The folder of the run. */
  readonly folder: string;
  /** Steps done. */
  readonly step: number;
  /** What it was started with. */
  readonly state: State;
}

/** A state of which every field is there, to check types against. */
const example: RunState = {
  settings: chooseLength(chooseSettings({} as TrainFlags, "tiny"), {} as TrainFlags, 1),
  source: { data: [], validation: [], validationFraction: 0.1, replaceInvalid: false },
  textFingerprint: "",
  tokenizerFingerprint: "",
  backend: { name: "", device: "" },
};

/**
 * Finds and reads a run.
 *
 * @param path the folder of the run, or one of its checkpoints
 * @returns the run
 * @throws {Error} when there is none, or its state is damaged
 */
export function findRun(path: string): Promise<FoundRun> {
  return findRunOf(path, "train", example);
}

/**
 * Finds and reads a run of any command.
 *
 * @param path the folder of the run, or one of its checkpoints
 * @param command the command
 * @param example a state of that command of which every field is there
 * @returns the run
 * @throws {Error} when there is none, its state is damaged, or another command trained it
 */
export async function findRunOf<State extends object>(
  path: string,
  command: string,
  example: State,
): Promise<FoundRun<State>> {
  const checkpoint = await findCheckpoint(path, { prefer: ["last", "best"], training: true });
  const { step, ...state } = naming(checkpoint.path, () => loadTrainingState(checkpoint.files));
  const check = <Result>(body: () => Result): Result =>
    naming(checkpoint.path, () => inFile(trainingStateName(checkpoint.files), body));
  const other = check(() => commandOf(state));
  if (other !== command) {
    throw new Error(
      `Cannot resume ${path}: deno task ${other} trained it; deno task ${other} --resume goes on`,
    );
  }
  check(() => {
    checkTypes(state, example, "");
    checkBest(state.best);
    checkSettings(state.settings as object, command === "train" ? trainFlags : finetuneFlags);
  });
  if (!["last", "best"].includes(basename(checkpoint.path))) {
    throw new Error(`Cannot resume ${path}: it is not in the folder of a run; move it to RUN/last`);
  }
  return { ...checkpoint, folder: dirname(checkpoint.path), step, state: state as unknown as State };
}

/**
 * Throws unless everything that the example has is there, and is of the same kind. Lists hold texts or numbers, and
 * numbers are finite: `1e999` is valid JSON and means infinity.
 */
function checkTypes(actual: Record<string, unknown>, expected: object, path: string): void {
  for (const [name, value] of Object.entries(expected)) {
    const kind = (value: unknown) => Array.isArray(value) ? "array" : typeof value;
    const found = Object.hasOwn(actual, name) ? actual[name] : undefined;
    const isPlain = (value: unknown) =>
      typeof value === "string" || typeof value === "boolean" || Number.isFinite(value);
    const valid = kind(found) === kind(value) && found !== null &&
      (Array.isArray(found) ? found.every(isPlain) : kind(value) === "object" || isPlain(found));
    if (!valid) {
      throw new TypeError(`${path}${name} is ${quoted(found)}, expected a value of type ${kind(value)}`);
    }
    if (kind(value) === "object") checkTypes(found as Record<string, unknown>, value, `${path}${name}.`);
  }
}

/** Throws unless the best scores so far, which a run has only once it was validated, are what the loop compares with. */
function checkBest(best: unknown): void {
  if (best === undefined) return;
  const { step, validationLoss, accuracy = 0, macroF1 = 0 } = Object(best);
  if ([step, validationLoss, accuracy, macroF1].every(Number.isFinite)) return;
  throw new TypeError(`best is ${quoted(best)}, expected a step and scores that are numbers`);
}

/**
 * Lists the files outside the current folder that a resumed run is about to read, before it reads them: their names come
 * from a file in the folder of the run, which may be untrusted.
 *
 * @param folder the folder of the run
 * @param files the files that its state names
 */
export async function announceFiles(folder: string, files: readonly string[]): Promise<void> {
  const here = await Deno.realPath(".");
  const places = await Promise.all(files.map((name) => Deno.realPath(name).catch(() => resolve(name))));
  const outside = files.filter((_, index) => relative(here, places[index]).startsWith(".."));
  if (outside.length === 0) return;
  const names = outside.slice(0, 10).map((name) => quote(cutText(visible(name), 200)));
  const others = outside.length > 10 ? ` and ${outside.length - 10} others` : "";
  printDiagnostic(
    `${folder} was trained on ${names.join(" ")}${others}: these files will be read; --data names others`,
  );
}

/** What of the state of a run decides whether it goes on as it was. */
interface Circumstances extends Pick<RunState, "backend"> {
  readonly settings: Pick<Settings, "steps">;
}

/**
 * Where a run goes on, and what is not as it was.
 *
 * @param found the run
 * @param now its state from here on
 * @returns lines of text
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { describeResumption } from "./resume.ts";
 *
 * const backend = { name: "webgpu", device: "a GPU" }, state = { settings: { steps: 9 }, backend };
 * const found = { path: "runs/mine/last", step: 5, state };
 * assertEquals(describeResumption(found, state), "Going on from runs/mine/last after step 5.");
 * ```
 */
export function describeResumption(
  { path, step, state: before }: Pick<FoundRun<Circumstances>, "path" | "step" | "state">,
  now: Circumstances,
): string {
  const lines = [`Going on from ${path} after step ${step}.`];
  if (now.settings.steps !== before.settings.steps) {
    lines.push(
      `The learning rate now falls until step ${now.settings.steps}, not ${before.settings.steps}: ` +
        "the run is not the same as one of that length from the beginning.",
    );
  }
  if (now.backend.name !== before.backend.name || now.backend.device !== before.backend.device) {
    lines.push(
      `It ran on ${before.backend.device} before: from here on numbers differ in their last digits.`,
    );
  }
  return wrapText(lines.join("\n"), outputColumns());
}
