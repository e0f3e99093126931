/**
 * The button that downloads a run, and what can be done with the file.
 *
 * @module
 */
import type { FromWorker, ToWorker } from "../protocol.ts";
import { element, enable, onClick, show } from "./elements.ts";

/** Downloads runs. */
export class TakeAway {
  /** Connects the button. */
  constructor(send: (message: ToWorker) => void) {
    onClick("download", () => send({ kind: "pack" }));
  }

  /** Shows an answer of the worker. */
  receive(message: FromWorker): void {
    if (message.kind === "state") {
      enable("download", message.state === "paused" || message.state === "done");
      if (message.state === "preparing") show("taken", false);
    } else if (message.kind === "packed") this.#save(message);
  }

  #save({ name, zip, commands }: FromWorker & { kind: "packed" }): void {
    const link = document.createElement("a");
    link.href = URL.createObjectURL(zip);
    link.download = `${name}.zip`;
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 60_000); // the browser may first ask where to put it
    element("taken-name").textContent = `${name}.zip`;
    element("taken-commands").textContent = commands.join("\n");
    show("taken", true);
  }
}
