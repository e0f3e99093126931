/**
 * The learning rate of a run: the field that changes its peak, and the steps from which each peak has been in effect.
 *
 * @module
 */
import { FIELDS } from "../choices.ts";
import type { FromWorker, RateChange, ToWorker } from "../protocol.ts";
import { element, enable, isEnabled, write } from "./elements.ts";
import { describeRates, significant } from "./format.ts";

/** The field and the changes so far. */
export class RateView {
  readonly #input = element("rate", HTMLInputElement);

  /** Connects the field. */
  constructor(send: (message: ToWorker) => void) {
    const { least, most } = FIELDS.learningRate;
    Object.assign(this.#input, { min: `${least}`, max: `${most}` });
    element("rate-form").addEventListener("submit", (event) => {
      event.preventDefault();
      if (isEnabled("change-rate")) send({ kind: "rate", learningRate: this.#input.valueAsNumber });
    });
  }

  /** Shows an answer of the worker. */
  receive(message: FromWorker): void {
    if (message.kind === "began") {
      write("fact-rate", "–");
      this.#show([{ step: 1, learningRate: message.plan.choices.learningRate }]);
    } else if (message.kind === "rate") this.#show(message.rates);
    else if (message.kind === "progress") write("fact-rate", significant(message.learningRate));
    else if (message.kind === "state") {
      enable("change-rate", !["idle", "preparing", "done"].includes(message.state));
    }
  }

  #show(rates: readonly RateChange[]): void {
    this.#input.value = `${rates.at(-1)!.learningRate}`;
    write("rates", rates.length < 2 ? "" : describeRates(rates));
  }
}
