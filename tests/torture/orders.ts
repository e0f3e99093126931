/** What the program is made to do to itself, see `faults.ts`. */

/** The variable of the environment that holds the orders. */
export const ORDERS_VARIABLE = "MINIFORMER_TORTURE";

/** Begins each line on stderr that names an operation. */
export const OPERATION_MARK = "\u0001operation ";

/**
 * What happens at an operation:
 *
 * - `count`: nothing
 * - `kill`: the process is killed before it
 * - `torn`: half of it is done, then the process is killed
 * - `full`: from it on, the disk is full
 * - `fail`: it fails, and no other; all later ones, too, where a path is given
 * - `signal`: the process gets a signal
 */
export type Mode = "count" | "kill" | "torn" | "full" | "fail" | "signal";

/** Orders to one process. */
export interface Orders {
  /** What to do. */
  readonly mode: Mode;
  /** At which operation, counted from 0. */
  readonly at: number;
  /** Counts operations on paths that end in this only. */
  readonly path?: string;
  /** Which signal. */
  readonly signal?: Deno.Signal;
  /** Milliseconds from the operation to the signal. */
  readonly delay?: number;
}

/** An operation that changes something on the disk. */
export interface Operation {
  /** Such as `rename`. */
  readonly kind: string;
  /** The path as the program gave it. */
  readonly path: string;
  /** Whether half of it can be done. */
  readonly divisible: boolean;
  /** Whether it fails on a full disk. */
  readonly growing: boolean;
}
