/**
 * Reading the state of a run, which a checkpoint holds so that training can be resumed, and comparing it with a new one.
 *
 * @module
 */
import { basename, dirname, relative, resolve } from "@std/path";
import * as v from "valibot";
import { quoted } from "../../core/quoted.ts";
import { loadTrainingState } from "../../checkpoints/checkpoint.ts";
import { inFile, trainingStateName } from "../../checkpoints/checkpoint_files.ts";
import type { RunState as SavedRunState } from "../../checkpoints/runs/run_state.ts";
import type { Tokenizer } from "../../tokenizers/tokenizer.ts";
import { printDiagnostic } from "../cli/errors.ts";
import { counted, quote } from "../cli/terminal.ts";
import { visible } from "../../core/visible.ts";
import { cutText } from "../cli/wrap.ts";
import {
  checkpointsOf,
  findCheckpoint,
  type FoundCheckpoint,
  withPathInErrors,
} from "../files/checkpoint_folder.ts";
import { isCheckpointName } from "../files/own_names.ts";
import { expectSchema, FINITE, objectOf, TEXT } from "../settings/saved_settings.ts";
import type { RunSettings } from "../settings/settings.ts";

export type { Best, EpochLoss, Scores } from "../../checkpoints/runs/run_state.ts";

/** The commands that train. */
export type RunCommand = "train" | "finetune";

/** What a checkpoint of a run says about it, besides the step. */
export type RunState<Settings extends RunSettings = RunSettings, Source = unknown> = SavedRunState<
  Settings,
  Source
>;

/** A checkpoint of a run: the command that trained it, the steps done, and what else its state says. */
export interface TrainedCheckpoint<State extends RunState = RunState> extends FoundCheckpoint {
  readonly command: RunCommand;
  /** Steps done. */
  readonly step: number;
  readonly state: State;
}

/** A run to resume: its newest checkpoint. */
export interface ResumedRun<State extends RunState = RunState> extends TrainedCheckpoint<State> {
  /** The folder of the run. */
  readonly folder: string;
}

/** The command that trained a checkpoint. Messages name it, and the state may come from anywhere: others are refused. */
export function commandOf({ command = "train" }: Readonly<Record<string, unknown>>): RunCommand {
  if (command === "train" || command === "finetune") return command;
  throw new TypeError(`command is ${quoted(command)}, expected "train" or "finetune"`);
}

const BEST = objectOf({
  step: FINITE,
  validationLoss: FINITE,
  accuracy: v.optional(FINITE),
  macroF1: v.optional(FINITE),
});

/** What the state of a run must hold. */
export interface RunSchemas {
  readonly settings: v.GenericSchema;
  readonly source: v.GenericSchema;
}

/** Reads the state of a checkpoint. Settings and source must be as the schemas of the command that trained it say. */
export function readState(
  checkpoint: FoundCheckpoint,
  schemasOf: (command: RunCommand) => RunSchemas,
): TrainedCheckpoint {
  const { path, files } = checkpoint, file = trainingStateName(files);
  const { step, ...state } = withPathInErrors(path, () => loadTrainingState(files));
  const command = withPathInErrors(path, () => inFile(file, () => commandOf(state)));
  const schema = objectOf({
    ...schemasOf(command),
    textFingerprint: TEXT,
    tokenizerFingerprint: v.optional(TEXT),
    backend: objectOf({ name: TEXT, device: TEXT }),
    best: v.optional(BEST),
    epochLoss: v.optional(objectOf({ steps: FINITE, sum: FINITE })),
  });
  withPathInErrors(path, () => expectSchema(schema, state, file));
  return { ...checkpoint, command, step, state: state as unknown as RunState };
}

/**
 * Finds and reads a run that is to be resumed, by its folder or one of its checkpoints. This command must have trained it,
 * and its settings and source must be as the schemas say.
 */
export async function readRun<State extends RunState>(
  path: string,
  command: RunCommand,
  schemas: RunSchemas,
): Promise<ResumedRun<State>> {
  const prefer = (await checkpointsOf(path)).map(({ folder }) => basename(folder));
  const checkpoint = await findCheckpoint(path, { prefer, training: true });
  const trained = readState(checkpoint, (other) => {
    if (other === command) return schemas;
    throw new Error(
      `Cannot resume ${path}: deno task ${other} trained it; deno task ${other} --resume resumes it`,
    );
  });
  if (!isCheckpointName(basename(checkpoint.path))) {
    throw new Error(`Cannot resume ${path}: it is not in the folder of a run; move it to RUN/last`);
  }
  return { ...trained as TrainedCheckpoint<State>, folder: dirname(checkpoint.path) };
}

/** Refuses another tokenizer than that of the run, where its state says which that was: early classifiers do not. */
export function expectTokenizer({ path, state }: ResumedRun, { fingerprint }: Tokenizer): void {
  if (fingerprint === (state.tokenizerFingerprint ?? fingerprint)) return;
  throw new Error(
    `Cannot resume ${path}: its tokenizer.json is not the tokenizer it was trained with; the ids would mean other text`,
  );
}

/**
 * Lists the files outside the current folder that a command is about to read, before it reads them: their names come from a
 * file in the folder of the run, which may be untrusted. `flag` names others; "" where there is no such flag.
 */
export async function announceFiles(
  folder: string,
  files: readonly string[],
  flag: string = "--data",
): Promise<void> {
  const here = await Deno.realPath(".");
  const paths = await Promise.all(files.map((name) => Deno.realPath(name).catch(() => resolve(name))));
  const outside = files.filter((_, index) => relative(here, paths[index]).startsWith(".."));
  if (outside.length === 0) return;
  const names = outside.slice(0, 10).map((name) => quote(cutText(visible(name), 200)));
  const others = outside.length > 10 ? ` and ${outside.length - 10} others` : "";
  printDiagnostic(
    `${folder} was trained on ${names.join(" ")}${others}: these files will be read${
      flag && `; ${flag} names others`
    }`,
  );
}

/** Where a run is resumed, and what has changed since. */
export function describeResumption({ path, step, state: before }: ResumedRun, now: RunState): string {
  const lines = [`Resuming ${path} at step ${step}.`];
  if (now.settings.steps !== before.settings.steps) {
    lines.push(
      `The learning rate is now scheduled for ${
        counted(now.settings.steps, "step")
      }, not ${before.settings.steps}: ` +
        "the result differs from a run of that length without a break.",
    );
  }
  const [rate, rateBefore] = [now, before].map(({ settings }) => settings.learningRate);
  if (rate !== rateBefore) {
    lines.push(`The peak learning rate is now ${rate}, not ${rateBefore}, from step ${step + 1} on.`);
  }
  // WebAssembly computes the same bits on every machine, with any number of threads
  const isSame = now.backend.name === before.backend.name &&
    (now.backend.name === "wasm" || now.backend.device === before.backend.device);
  if (!isSame) {
    lines.push(
      `It ran on ${
        cutText(visible(before.backend.device), 200)
      } before: from here on numbers differ in their last digits.`,
    );
  }
  return lines.join("\n");
}
