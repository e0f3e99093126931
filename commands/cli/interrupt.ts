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

/** A signal arrived before the first step, or during the evaluation after the last one. */
export class InterruptedError extends Error {
  /** Takes the exit status. */
  constructor(readonly status: number) {
    super("Stopped before the first step");
  }
}

/** Catches signals while it is in scope. The second one ends the program at once. */
export class Interrupt implements Disposable {
  /** The exit status, once a signal has arrived. */
  status: number | undefined;
  readonly #listeners = SIGNALS.map((signal) => ({
    signal,
    listener: () => {
      if (this.status !== undefined) Deno.exit(STATUSES[signal]);
      this.status = STATUSES[signal];
    },
  }));

  /** Adds the listeners. */
  constructor() {
    for (const { signal, listener } of this.#listeners) Deno.addSignalListener(signal, listener);
  }

  /** Throws an {@linkcode InterruptedError} if a signal has arrived. */
  throwIfInterrupted(): void {
    if (this.status !== undefined) throw new InterruptedError(this.status);
  }

  /** Removes the listeners: signals end the program again. */
  [Symbol.dispose](): void {
    for (const { signal, listener } of this.#listeners) Deno.removeSignalListener(signal, listener);
  }
}
