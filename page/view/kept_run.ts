/**
 * What offers to go on with a run that was kept when the page was closed, and warns where a run is not kept.
 *
 * @module
 */
import type { FromWorker, ToWorker } from "../protocol.ts";
import { enable, onClick, show, write } from "./elements.ts";
import { wholeNumber } from "./format.ts";

/** Offers a kept run. */
export class KeptRunView {
  readonly #send: (message: ToWorker) => void;

  /** Asks whether there is one. */
  constructor(send: (message: ToWorker) => void) {
    this.#send = send;
    onClick("go-on", () => {
      enable("go-on", false);
      send({ kind: "restore" });
    });
    send({ kind: "find" });
  }

  /** Shows an answer of the worker. */
  receive(message: FromWorker): void {
    if (message.kind === "began" || message.kind === "opened") write("unkept", "");
    if (message.kind === "unkept") {
      write(
        "unkept",
        `This run is lost when the page is closed: ${message.reason}. Download it to keep it.`,
      );
    }
    if (message.kind === "state" && message.state === "preparing") enable("go-on", false);
    if (message.kind === "state" && message.state === "idle") {
      show("kept", false);
      this.#send({ kind: "find" });
    }
    if (message.kind !== "found") return;
    const { own, step, steps } = message, text = own ? "your text" : "the tales";
    write(
      "kept-what",
      `A run on ${text} was kept at step ${wholeNumber(step)} of ${wholeNumber(steps)}. ` +
        "A new run replaces it.",
    );
    enable("go-on", true);
    show("kept", true);
  }
}
