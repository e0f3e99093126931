/**
 * What distinguishes the commands that train: `train` and `finetune` each make a {@linkcode Recipe}, and session.ts
 * carries out any of them in the same way.
 *
 * @module
 */
import type { Backend } from "../../core/backend.ts";
import type { ParameterStore } from "../../core/module.ts";
import type { Batch, BatchSource } from "../../data/batches.ts";
import type { Model } from "../../models/families.ts";
import type { Learner } from "../../models/learner.ts";
import type { Tokenizer } from "../../tokenizers/tokenizer.ts";
import type { Interrupt } from "../cli/interrupt.ts";
import { quote } from "../cli/terminal.ts";
import type { Output } from "../cli/output.ts";
import type { ProgressLine } from "../cli/progress.ts";
import type { TrainingRun } from "../../training/train.ts";
import type { RunFolder } from "../runs/run_folder.ts";
import type { Best, ResumedRun, RunState, Scores } from "../runs/run_state.ts";

/** Names and values, printed in two columns. */
export type Facts = readonly (readonly [name: string, text: string])[];

/** What a recipe is made for. */
export interface RecipeContext<State extends RunState> {
  /** Where the model will live. */
  readonly backend: Backend;
  /** The folder of the run, where encoded texts may be cached; a dry run has none. */
  readonly folder?: string;
  /** The run to resume, unless it is a new one. */
  readonly resumed?: ResumedRun<State>;
}

/** A model, its batches, and how it is evaluated. */
export interface Recipe {
  /** What a checkpoint says about the run, except for what changes during training. */
  readonly state: Omit<RunState, "backend" | "best">;
  /** The file with parts of the model, if it has any. */
  readonly block?: BlockSource;
  /** Values of flags that repeat the run. */
  readonly config: Readonly<Record<string, unknown>>;
  /** The model, without values yet. */
  readonly model: Learner & Pick<Model, "config" | "experiment">;
  /** Its tokenizer. */
  readonly tokenizer: Tokenizer;
  /** What it is trained on. */
  readonly batches: BatchSource;
  /** What it is validated on while it is trained. */
  readonly validation: readonly Batch[];
  /** What is known before the first step. */
  readonly facts: Facts;
  /** The lowest loss that is possible, where it is known: a line in the loss curve. */
  readonly optimalLoss?: number;
  /** What the loss is counted per, a token or a text. */
  readonly unit: "token" | "text";
  /** Replaces initial values by pretrained ones, in a new run. */
  initialize?(store: ParameterStore): Promise<void>;
  /** Scores of the model as it is now, besides the validation loss. */
  scores?(): Promise<Omit<Scores, "validationLoss">>;
  /** Text that shows what the model has learned after a step. */
  sample(step: number): Promise<string>;
  /** Evaluates the trained model, and describes the result; nothing when a signal has stopped that. */
  report(session: Session): Promise<string | undefined>;
  /** The command line, without `deno task`, that evaluates a checkpoint of the run in this folder. */
  evaluation(folder: string): string;
}

/** A file with parts of a model. */
export interface BlockSource {
  /** Where it is. */
  readonly path: string;
  /** Its content, of which a new run keeps a copy. */
  readonly bytes?: Uint8Array;
}

/**
 * What a command line needs besides, when the model has parts of its own.
 *
 * @param block the file with the parts
 * @returns nothing, or such as ` --block my_block.ts`
 */
export function blockArguments(block?: BlockSource): string {
  return block ? ` --block ${quote(block.path)}` : "";
}

/** A recipe that is being carried out. */
export interface Session {
  /** What is carried out. */
  readonly recipe: Recipe;
  /** The model in training. */
  readonly run: TrainingRun;
  /** Its folder. */
  readonly folder: RunFolder;
  /** What a checkpoint says about it. */
  readonly state: RunState;
  /** The best scores so far. */
  best?: Best;
  /** The step to stop after, before the last one. */
  readonly stopAfter?: number;
  /** Whether a signal asks to stop. */
  readonly interrupt: Interrupt;
  /** Where to print. */
  readonly output: Output;
  /** Where to show progress. */
  readonly progress: ProgressLine;
}
