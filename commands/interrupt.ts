/**
 * Signals as a question that the program asks when it suits it, instead of a sudden end: Ctrl-C, `kill`, and a terminal
 * that is closed.
 *
 * @module
 */

/** How the shell reports a process that a signal has ended: 128 and the signal's number. */
const STATUSES = { SIGHUP: 129, SIGINT: 130, SIGTERM: 143 } as const;

/** The signals there are; Windows has no SIGTERM. */
const SIGNALS = (Object.keys(STATUSES) as (keyof typeof STATUSES)[])
  .filter((signal) => signal !== "SIGTERM" || Deno.build.os !== "windows");

/**
 * Notices signals while it is in scope. At first a signal ends the program, after some last work that must not wait; from
 * {@linkcode Interrupt.defer} on it is only remembered, and the second one ends the program.
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
  #atOnce: (() => void) | undefined;

  /**
   * Starts to notice.
   *
   * @param atOnce what to do before the program is ended by a signal; without it, signals are deferred from the start
   */
  constructor(atOnce?: () => void) {
    this.#atOnce = atOnce;
    this.#listeners = SIGNALS.map((signal) => {
      const listener = () => {
        this.#atOnce?.();
        if (this.#atOnce || this.status !== undefined) Deno.exit(STATUSES[signal]);
        this.status = STATUSES[signal];
      };
      Deno.addSignalListener(signal, listener);
      return [signal, listener];
    });
  }

  /** From now on a signal is remembered in `status`, for the program to end when it has saved. */
  defer(): void {
    this.#atOnce = undefined;
  }

  /** Lets signals end the program again. */
  [Symbol.dispose](): void {
    for (const [signal, listener] of this.#listeners) Deno.removeSignalListener(signal, listener);
  }
}
