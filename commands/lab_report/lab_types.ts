/**
 * What a lab is: variants of a training run, each with several seeds, and what came of them.
 *
 * @module
 */

/** A training run that differs from the others of its lab in one respect. */
export interface Variant {
  /** Its name in files and tables, such as `no-norm`: small letters, digits, `-`, `_`, `.` and `=`; each once in a lab. */
  readonly name: string;
  /** The same in words, such as `without layer norms`. */
  readonly title: string;
  /** What the comparison with the baseline answers; empty where the variant is only one of a sweep. */
  readonly question: string;
  /** What there is to know to read its figures: sentences at the end of its conclusion. */
  readonly note?: string;
  /** Flags of `train`, as they are typed. They take the place of the same flags of the lab. */
  readonly flags: readonly string[];
  /** The URL or path of a file with parts of the model, which `train` gets as `--block`. */
  readonly block?: string;
}

/** Which command made a lab. */
export type LabKind = "ablations" | "sweep" | "scaling";

/** A lab as it was asked for. Everything in it decides what its runs compute. */
export interface LabDescription {
  /** The name of its folder, such as `ablations`. */
  readonly name: string;
  readonly kind: LabKind;
  /** A heading for the report, such as `Ablations of a GPT on tales`. */
  readonly title: string;
  /** Flags of `train` that all variants have, as they are typed. */
  readonly flags: readonly string[];
  readonly variants: readonly Variant[];
  readonly seeds: readonly number[];
  /** Where the runs compute, such as `wasm`. */
  readonly device?: string;
  /** The name of the variant that the others are compared with, if there is one. */
  readonly baseline?: string;
}

/** What a validation found about one skill; see data/oracle.ts. Losses are in nats a character. */
export interface SkillLoss {
  readonly positions: number;
  readonly loss: number;
  readonly optimal: number;
}

/** A validation during a run. */
export interface CurvePoint {
  readonly step: number;
  /** Nats a token. */
  readonly loss: number;
  /** By skill, where the run's metrics have them. */
  readonly skills?: Readonly<Record<string, SkillLoss>>;
}

/** A run that has ended: one line of `results.jsonl`. All but `seconds` is the same whenever and however often it is computed. */
export interface LabResult {
  /** The name of the variant. */
  readonly variant: string;
  readonly seed: number;
  /** All flags of the run but for its seed, folder, device and block: those of the lab and of the variant. */
  readonly flags: readonly string[];
  /** The folder of the run, in that of the lab. */
  readonly run: string;
  /** Parameters of the model; null where the run ended before it was made. */
  readonly parameters: number | null;
  /** Seconds of training, validation included. */
  readonly seconds: number;
  /** The last step with a record. */
  readonly steps: number;
  /** Whether a loss or gradient was not finite. The curve then ends before. */
  readonly diverged: boolean;
  /** Why the run diverged, or failed for another reason: then `diverged` is false, and the next call runs it again. */
  readonly reason?: string;
  /** The last validation loss, nats a token; null of a run that diverged or failed. */
  readonly loss: number | null;
  /** The lowest possible validation loss, nats a token; null where it is not known. */
  readonly optimal: number | null;
  /**
   * By skill, where the trained model was evaluated once more, each character with half a context or more before it (see
   * inference/skills.ts): then `loss` and `optimal` are of this evaluation, too.
   */
  readonly skills?: Readonly<Record<string, SkillLoss>>;
  /** The validations in the order of their steps. */
  readonly curve: readonly CurvePoint[];
}
