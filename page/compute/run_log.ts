/**
 * What a run keeps of its steps: the records of `metrics.jsonl`, and the scores in its checkpoints.
 *
 * @module
 */
import type { MetricsRecord, StepReport } from "../../mod.ts";
import type { RateChange } from "../protocol.ts";
import { addToEpoch, type Best, type EpochLoss, isBetter } from "../../checkpoints/runs/run_state.ts";

/** A sample and the step after which it was taken. */
export interface Sample {
  readonly step: number;
  readonly text: string;
}

/** What a log holds. Plain JSON. */
export interface LogContent {
  readonly records: readonly MetricsRecord[];
  readonly samples: readonly Sample[];
  /** The changes of the learning rate. */
  readonly rates: readonly RateChange[];
  readonly best?: Best;
  readonly epochLoss?: EpochLoss;
  readonly milliseconds: number;
}

/** The steps of a run so far. */
export class RunLog {
  /** One for each step. */
  records: MetricsRecord[] = [];
  /** The samples that were shown. */
  samples: Sample[] = [];
  /** The changes of the learning rate. */
  rates: RateChange[] = [];
  readonly #stepsPerEpoch: number;
  #best: Best | undefined;
  #epochLoss: EpochLoss | undefined;
  #milliseconds = 0;

  /** @param stepsPerEpoch Steps of an epoch, not always a whole number. */
  constructor(stepsPerEpoch: number) {
    this.#stepsPerEpoch = stepsPerEpoch;
  }

  /** All of it. */
  get content(): LogContent {
    const { records, samples, rates } = this;
    return { records, samples, rates, ...this.scores, milliseconds: this.#milliseconds };
  }

  set content({ records, samples, rates = [], best, epochLoss, milliseconds }: LogContent) {
    this.records = [...records];
    this.samples = [...samples];
    this.rates = [...rates];
    this.#best = best;
    this.#epochLoss = epochLoss;
    this.#milliseconds = milliseconds;
  }

  /** The scores as a checkpoint holds them. */
  get scores(): { readonly best?: Best; readonly epochLoss?: EpochLoss } {
    return { best: this.#best, epochLoss: this.#epochLoss };
  }

  /** Adds steps, the time that they took, and the loss of a validation after the last one. */
  add(reports: readonly StepReport[], milliseconds: number, validationLoss?: number): void {
    const { step } = reports.at(-1)!;
    this.#milliseconds += milliseconds;
    const seconds = Math.round(this.#milliseconds) / 1000;
    for (const report of reports) {
      this.#epochLoss = addToEpoch(this.#epochLoss, report, this.#stepsPerEpoch);
      const measured = report.step === step && validationLoss !== undefined ? { validationLoss } : {};
      this.records.push({ ...report, ...measured, seconds });
    }
    if (validationLoss !== undefined && isBetter({ validationLoss }, this.#best)) {
      this.#best = { step, validationLoss };
    }
  }
}
