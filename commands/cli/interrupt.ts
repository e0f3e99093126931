/**
 * The signals of Ctrl-C, `kill` and a closed terminal set a flag that a run checks between steps, so that it can be saved.
 *
 * @module
 */

/** The exit statuses that shells expect after a signal: 128 and its number. */
const STATUSES = { SIGHUP: 129, SIGINT: 130, SIGTERM: 143 } as const;

/** The signals of this system; Windows has no SIGTERM. */
const SIGNALS = (Object.keys(STATUSES) as (keyof typeof STATUSES)[])
  .filter((signal) => signal !== "SIGTERM" || Deno.build.os !== "windows");

/** A signal arrived before the first step. */
export class InterruptedError extends Error {
  /** `"InterruptedError"`. */
  override readonly name = "InterruptedError";
  /** The exit status. */
  readonly status: number;

  /**
   * Makes the error.
   *
   * @param status the exit status
   */
  constructor(status: number) {
    super("Stopped before the first step");
    this.status = status;
  }
}

/**
 * Catches signals while it is in scope. The second one ends the program at once.
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
  /** The exit status, once a signal has arrived. */
  status: number | undefined;
  readonly #listeners: (readonly [Deno.Signal, () => void])[];

  /** Adds the listeners. */
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

  /** Removes the listeners: signals end the program again. */
  [Symbol.dispose](): void {
    for (const [signal, listener] of this.#listeners) Deno.removeSignalListener(signal, listener);
  }
}
