/**
 * Ctrl-C as a question that the program asks when it suits it, instead of a sudden end.
 *
 * @module
 */

/** How the shell reports a process that a signal has ended: 128 and the signal's number. */
const statuses = { SIGINT: 130, SIGTERM: 143 } as const;

/**
 * Notices Ctrl-C and `kill` while it is in scope. The second time, the program ends at once.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { Interrupt } from "./interrupt.ts";
 *
 * using interrupt = new Interrupt();
 * assertEquals(interrupt.status, undefined);
 * ```
 */
export class Interrupt implements Disposable {
  /** The exit status to end with, once there was a signal. */
  status: number | undefined;
  readonly #listeners: (readonly [Deno.Signal, () => void])[];

  /** Starts to notice. */
  constructor() {
    const signals = Deno.build.os === "windows"
      ? ["SIGINT" as const]
      : ["SIGINT" as const, "SIGTERM" as const];
    this.#listeners = signals.map((signal) => {
      const listener = () => {
        if (this.status !== undefined) Deno.exit(statuses[signal]);
        this.status = statuses[signal];
      };
      Deno.addSignalListener(signal, listener);
      return [signal, listener];
    });
  }

  /** Lets signals end the program again. */
  [Symbol.dispose](): void {
    for (const [signal, listener] of this.#listeners) Deno.removeSignalListener(signal, listener);
  }
}
