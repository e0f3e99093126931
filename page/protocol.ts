/**
 * The messages between the page and the worker that computes: the only place where the two meet.
 *
 *     page    → worker   text, device, plan, begin, run, step, pause, rate, generate, reset, pack, find, restore, open,
 *                        supply, resume, distribution, attention, inside, surprise
 *     worker  → page     device, planned, began, state, progress, rate, validated, sample, generated, packed, found,
 *                        unkept, failed, opened, resumable, distribution, attention, inside, surprise, skills
 *
 * The worker answers in the order of the messages, except that pause and reset interrupt what is running, and that a
 * question (distribution, attention, inside, surprise) is answered, and a learning rate changed, between two steps.
 *
 * @module
 */
import type {
  AttentionMap,
  DeviceChoice,
  ExcessFigures,
  ModelConfig,
  ModelKind,
  TracedStage,
  TracedTensor,
} from "../mod.ts";
import type { PresetName } from "./choices.ts";

/** What the user chooses before a run. Plain JSON. */
export interface Choices {
  /** Decides the kind of model and all settings that have no field. */
  readonly preset: PresetName;
  readonly layers: number;
  readonly heads: number;
  readonly modelDim: number;
  readonly contextLength: number;
  /** Sequences in a batch. */
  readonly batchSize: number;
  readonly steps: number;
  readonly learningRate: number;
  readonly seed: number;
}

/** What the choices amount to. */
export interface Plan {
  readonly parameters: number;
  readonly vocabSize: number;
  /** Characters of the text, training and validation together. */
  readonly characters: number;
  /** The choices as they are trained: a text may be too short for the context. */
  readonly choices: Choices;
  /** Estimated memory in bytes. */
  readonly bytes: number;
  /** What was changed to fit, in one line each. */
  readonly notes: readonly string[];
}

/** A line to compare losses with, in nats per token. */
export interface Reference {
  readonly name: "uniform" | "unigram" | "optimal";
  readonly loss: number;
}

/** A file that was opened or dropped, by its path with slashes; it is not read yet. */
export interface GivenFile {
  readonly path: string;
  readonly blob: Blob;
}

/** What the page asks for. */
export type ToWorker =
  /** The text to train on; null for the built-in tales. */
  | { readonly kind: "text"; readonly text: string | null }
  | { readonly kind: "device"; readonly device: DeviceChoice }
  | { readonly kind: "plan"; readonly choices: Choices }
  | { readonly kind: "begin"; readonly choices: Choices }
  | { readonly kind: "run" }
  | { readonly kind: "step" }
  | { readonly kind: "pause" }
  /** Another peak learning rate, from the next step on. */
  | { readonly kind: "rate"; readonly learningRate: number }
  | {
    readonly kind: "generate";
    readonly prompt: string;
    readonly temperature: number;
    readonly topK?: number;
    readonly topP?: number;
    readonly seed: number;
  }
  | { readonly kind: "reset" }
  /** The run as a zip. */
  | { readonly kind: "pack" }
  /** Whether there is a kept run. */
  | { readonly kind: "find" }
  /** Resumes the kept run, paused. */
  | { readonly kind: "restore" }
  /** Opens the model among files: a folder, a zip, or several files. */
  | { readonly kind: "open"; readonly files: readonly GivenFile[] }
  /** The text that the run of the opened model was trained on. */
  | { readonly kind: "supply"; readonly file: GivenFile }
  /** Resumes the run of the opened model, paused. */
  | { readonly kind: "resume" }
  | Question;

/** What the page asks about a model; of each kind only the newest counts, and its answer is renewed as the model learns. */
export type Question =
  /** Which token comes next, or stands at the first mask, and what sampling makes of the probabilities. */
  | {
    readonly kind: "distribution";
    readonly prompt: string;
    readonly temperature: number;
    readonly topK: number;
    readonly topP: number;
  }
  | { readonly kind: "attention"; readonly line: string }
  /** The loss on each token of this text, in place of the one that is shown. */
  | { readonly kind: "surprise"; readonly text: string }
  /** One stage of a training step on a line, see `traceStep`; −1 reads none. */
  | {
    readonly kind: "inside";
    /** Null when the panel is closed. */
    readonly line: string | null;
    /** The tokens that the masks of the line hide, as text; for a masked model. */
    readonly hidden: string;
    readonly stage: number;
  };

/** A token that may come next, or a class. */
export interface TokenChance {
  readonly token: string;
  /** The model's. */
  readonly probability: number;
  /** The value that is shown instead, of the single output of a regression. */
  readonly score?: string;
  /** The one it is drawn with; 0 if it is excluded. */
  readonly sampled: number;
}

/** A token of a text, and how well it was predicted, in nats. */
export interface SurprisingToken {
  readonly text: string;
  /** NaN for the first token. */
  readonly loss: number;
  /** Of tales. */
  readonly optimal?: number;
  readonly skill?: string;
}

/** A row of the table of skills. */
export interface SkillRow extends ExcessFigures {
  readonly skill: string;
}

/** What the worker is doing; it is idle until a run has begun or a model is opened. */
export type WorkerState = "idle" | "opened" | "preparing" | "training" | "paused" | "generating" | "done";

/** The loss of one step, in nats per token. */
export interface StepLoss {
  readonly step: number;
  readonly loss: number;
}

/** A peak learning rate, and the first step that it holds for. */
export interface RateChange {
  readonly step: number;
  readonly learningRate: number;
}

/** What the worker answers. */
export type FromWorker =
  | { readonly kind: "device"; readonly name: string; readonly device: string; readonly reason: string }
  | { readonly kind: "planned"; readonly plan: Plan }
  | {
    readonly kind: "began";
    readonly plan: Plan;
    readonly masked: boolean;
    /** A prompt to begin with. */
    readonly prompt: string;
    readonly references: readonly Reference[];
    /** A line whose attention is shown at first. */
    readonly line: string;
  }
  /** A model was opened, to be looked at. */
  | {
    readonly kind: "opened";
    /** Of the folder or file. */
    readonly name: string;
    readonly task: ModelKind;
    readonly architecture: ModelConfig["architecture"];
    readonly layers: number;
    readonly heads: number;
    readonly modelDim: number;
    readonly contextLength: number;
    readonly parameters: number;
    readonly vocabSize: number;
    /** Of a classifier, how many. */
    readonly classes: number | undefined;
    /** Whether it classifies pairs of texts. */
    readonly pairs: boolean;
    /** The step it was saved at, where that is known. */
    readonly step: number | undefined;
    /** The token of a mask, where it has one. */
    readonly mask: string | undefined;
    readonly prompt: string;
    readonly line: string;
    /** A text to colour. */
    readonly text: string;
  }
  /** Whether the run of the opened model can be resumed: in a sentence, and what it still needs; without `needs` it cannot. */
  | { readonly kind: "resumable"; readonly about: string; readonly needs?: "text" | "nothing" }
  | { readonly kind: "state"; readonly state: WorkerState }
  | {
    readonly kind: "progress";
    readonly losses: readonly StepLoss[];
    /** That of the last of these steps. */
    readonly learningRate: number;
    readonly tokensPerSecond: number;
    readonly secondsLeft: number;
  }
  /** The peak learning rates so far, the one chosen before the run first. */
  | { readonly kind: "rate"; readonly rates: readonly RateChange[] }
  | { readonly kind: "validated"; readonly step: number; readonly loss: number }
  | { readonly kind: "sample"; readonly step: number; readonly text: string }
  /** The next piece of a text that is generated. */
  | { readonly kind: "generated"; readonly piece: string }
  /** The run as a zip that holds a folder of this name, and the commands that use the folder. */
  | {
    readonly kind: "packed";
    readonly name: string;
    readonly zip: Blob;
    readonly commands: readonly string[];
  }
  /** A run was kept: on a text of the user's own or the tales, its step, and that of its end. */
  | { readonly kind: "found"; readonly own: boolean; readonly step: number; readonly steps: number }
  /** The run is not kept when the page is closed: why, as the end of a sentence. */
  | { readonly kind: "unkept"; readonly reason: string }
  /** Something asked for could not be done: one line with what to do. */
  | { readonly kind: "failed"; readonly at: ToWorker["kind"]; readonly message: string }
  /** The most likely next tokens, the likeliest first. */
  | { readonly kind: "distribution"; readonly step: number; readonly tokens: readonly TokenChance[] }
  | {
    readonly kind: "attention";
    readonly step: number;
    readonly line: string;
    readonly tokens: readonly string[];
    readonly maps: readonly AttentionMap[];
  }
  | {
    readonly kind: "inside";
    readonly step: number;
    /** The tokens that the model reads, with their ids. */
    readonly tokens: readonly string[];
    readonly ids: Uint32Array;
    /** The tokens that it predicts, and the positions of those in `tokens` where it does. */
    readonly targets: readonly string[];
    readonly positions: readonly number[];
    /** Says that the line was cut, if it was. */
    readonly note: string;
    /** The vocabulary, unless it is large. */
    readonly vocabulary: readonly string[];
    /** The stages of the step, and which of them has values. */
    readonly stages: readonly TracedStage[];
    readonly stage: number;
    /** The parameters that this stage reads; of a large one the first rows. */
    readonly parameters: Readonly<Record<string, TracedTensor>>;
  }
  | { readonly kind: "surprise"; readonly step: number; readonly tokens: readonly SurprisingToken[] }
  | { readonly kind: "skills"; readonly step: number; readonly rows: readonly SkillRow[] };
