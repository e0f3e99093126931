/**
 * The output of a training run. When standard output fails, because the reader of a pipe has exited, the disk is full or
 * the terminal was closed, the run must be saved first, so the failure is kept and not thrown.
 *
 * @module
 */
import { reason } from "./errors.ts";
import { writeOut } from "./terminal.ts";

/**
 * Standard output that keeps its first failure and writes nothing after it.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { Output } from "./output.ts";
 *
 * const output = new Output(() => {
 *   throw new Error("no paper");
 * });
 * output.print("loss 1.2");
 * assertEquals(output.failure?.message, "no paper");
 * ```
 */
export class Output {
  /** The first failure. */
  failure: Error | undefined;
  readonly #write: (text: string) => void;

  /**
   * Makes an output without a failure.
   *
   * @param write writes text as it is; to standard output unless given
   */
  constructor(write: (text: string) => void = writeOut) {
    this.#write = write;
  }

  /**
   * Writes text as it is, unless writing has failed before.
   *
   * @param text the text
   */
  write(text: string): void {
    if (this.failure) return;
    try {
      this.#write(text);
    } catch (error) {
      this.failure = error instanceof Deno.errors.BrokenPipe
        ? new Error(`Cannot write to standard output: ${reason(error)}`, { cause: error })
        : error as Error;
    }
  }

  /**
   * Writes a line.
   *
   * @param text the line, without a newline at its end
   */
  print(text: string): void {
    this.write(text + "\n");
  }
}
