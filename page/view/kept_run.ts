/**
 * What offers to go on with a run that was kept when the page was closed.
 *
 * @module
 */
import type { FromWorker, ToWorker } from "../protocol.ts";
import { onClick, show, write } from "./elements.ts";
import { wholeNumber } from "./format.ts";

/** Offers a kept run, once. */
export class KeptRunView {
  /** Asks whether there is one. */
  constructor(send: (message: ToWorker) => void) {
    onClick("go-on", () => send({ kind: "restore" }));
    send({ kind: "find" });
  }

  /** Shows an answer of the worker. */
  receive(message: FromWorker): void {
    if (message.kind === "began") show("kept", false);
    if (message.kind !== "found") return;
    const { own, step, steps } = message;
    const text = own ? "your text" : "the tales";
    write("kept-what", `A run on ${text} was kept at step ${wholeNumber(step)} of ${wholeNumber(steps)}.`);
    show("kept", true);
  }
}
