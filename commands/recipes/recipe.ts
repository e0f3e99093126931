/**
 * What distinguishes the commands that train: `train` and `finetune` each make a {@linkcode Recipe}, and session.ts
 * carries out either in the same way.
 *
 * @module
 */
import type { ParameterStore } from "../../core/module.ts";
import type { Batch, BatchSource } from "../../data/batches.ts";
import type { Model, ObservableModel } from "../../models/families.ts";
import type { Learner } from "../../models/learner.ts";
import type { Tokenizer } from "../../tokenizers/tokenizer.ts";
import type { TrainingRun } from "../../training/train.ts";
import type { Interrupt } from "../cli/interrupt.ts";
import type { Output } from "../cli/output.ts";
import type { ProgressLine } from "../cli/progress.ts";
import type { CardSubject } from "../reports/model_card.ts";
import type { RunFolder } from "../runs/run_folder.ts";
import type { RunSkills } from "../runs/run_skills.ts";
import type { Best, EpochLoss, LastingState, Scores } from "../../checkpoints/runs/run_state.ts";
import type { RunState } from "../runs/run_state.ts";
import type { RunSettings } from "../settings/settings.ts";
import type { SequenceCounts } from "./objectives.ts";
import type { RunAttention } from "./run_attention.ts";
import type { TrainFlags } from "../settings/train_flags.ts";
import type { SpeedMeter } from "../cost/speed_meter.ts";

/** The text whose attention maps a run shows, and the model that they are of. */
export interface AttentionText {
  readonly model: ObservableModel;
  /** The text as the model reads it. */
  readonly ids: Uint32Array;
  /** The texts of its tokens. */
  readonly tokens: readonly string[];
}

/** A name and a value, printed in two columns. */
export type Fact = readonly [name: string, text: string];

/** A model, its batches, and how it is evaluated. */
export interface Recipe {
  /** What a checkpoint says about the run, except for what changes during training. */
  readonly state: LastingState<RunSettings>;
  /** Values of flags that repeat the run, for `run.json`. */
  readonly config: Readonly<Record<string, unknown>>;
  /** What the model cards of its checkpoints say about it. */
  readonly card: CardSubject;
  /** The model, without values yet. */
  readonly model: Learner & Pick<Model, "config" | "experiment">;
  readonly tokenizer: Tokenizer;
  readonly batches: BatchSource;
  /** What it is validated on during training. */
  readonly validation: readonly Batch[];
  /** What is printed before the first step. */
  readonly facts: readonly Fact[];
  /** Measures the validation loss by skill, of a causal model of tales. */
  readonly skills?: RunSkills;
  /** How many sequences the texts of a language model make. */
  readonly sequences?: SequenceCounts;
  /** The lowest possible loss, where it is known: a line in the loss curve. */
  readonly optimalLoss?: number;
  /** What the loss is averaged over. */
  readonly unit: "token" | "text";
  /** A text, and the model whose attention to it is drawn. */
  readonly attention?: AttentionText;
  /** Replaces initial values by pretrained ones, in a new run. */
  initialize?(store: ParameterStore): Promise<void>;
  /** Scores of the model as it is now, besides the validation loss. */
  scores?(): Promise<Omit<Scores, "validationLoss">>;
  /** Text that shows what the model has learned after a step. */
  sample(step: number): Promise<string>;
  /** Evaluates the trained model. It may throw an InterruptedError when a signal arrives. */
  report(session: Session): Promise<{ readonly results: readonly Fact[]; readonly table?: string }>;
  /** A command line that uses the model; `model` is the value of `--checkpoint`, and `--block` where it has one. */
  use(model: string): Fact;
  /** The command line, without `deno task`, that evaluates the run in a folder. */
  evaluation(folder: string): string;
}

/** The flags that decide where and how far a recipe is carried out. */
export type SessionFlags = Partial<
  Pick<
    TrainFlags,
    | "name"
    | "out"
    | "resume"
    | "stopAfter"
    | "device"
    | "threads"
    | "block"
    | "dryRun"
    | "tensorboard"
    | "attentionEvery"
  >
>;

/** A recipe that is being carried out. */
export interface Session {
  readonly recipe: Recipe;
  readonly run: TrainingRun;
  readonly folder: RunFolder;
  readonly flags: SessionFlags;
  /** What a checkpoint says about the run, but for the best scores. */
  readonly state: RunState;
  /** The best scores so far. */
  best?: Best;
  /** Keeps and draws attention maps, where the recipe has a text for them. */
  readonly attention?: RunAttention;
  /** The losses of the epoch so far. */
  epochLoss?: EpochLoss;
  readonly interrupt: Interrupt;
  readonly output: Output;
  readonly progress: ProgressLine;
  readonly meter: SpeedMeter;
}
