/**
 * Turns the signals of Ctrl-C, `kill` and a closed terminal into a flag that the program checks between steps, instead of
 * ending it at once.
 *
 * @module
 */

/** How the shell reports a process that a signal has ended: 128 and the signal's number. */
const STATUSES = { SIGHUP: 129, SIGINT: 130, SIGTERM: 143 } as const;

/** The signals there are; Windows has no SIGTERM. */
const SIGNALS = (Object.keys(STATUSES) as (keyof typeof STATUSES)[])
  .filter((signal) => signal !== "SIGTERM" || Deno.build.os !== "windows");

/** A signal arrived before there was anything to save. */
export class InterruptedError extends Error {
  /** `"InterruptedError"`. */
  override readonly name = "InterruptedError";
  /** The exit status to end with. */
  readonly status: number;

  /**
   * Makes the error.
   *
   * @param status the exit status to end with
   */
  constructor(status: number) {
    super("Stopped before the first step");
    this.status = status;
  }
}

/**
 * Notices signals while it is in scope. The second one ends the program at once.
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
    this.#listeners = SIGNALS.map((signal) => {
      const listener = () => {
        if (this.status !== undefined) Deno.exit(STATUSES[signal]);
        this.status = STATUSES[signal];
      };
      Deno.addSignalListener(signal, listener);
      return [signal, listener];
    });
  }

  /**
   * Throws if a signal has arrived.
   *
   * @throws {InterruptedError} when one has
   */
  expectNone(): void {
    if (this.status !== undefined) throw new InterruptedError(this.status);
  }

  /** Lets signals end the program again. */
  [Symbol.dispose](): void {
    for (const [signal, listener] of this.#listeners) Deno.removeSignalListener(signal, listener);
  }
}
