/**
 * The output of a training run. When standard output fails, because the reader of a pipe has exited, the disk is full or
 * the terminal was closed, the run must be saved first, so the failure is kept and not thrown.
 *
 * @module
 */
import { reason } from "./errors.ts";
import { writeOut } from "./terminal.ts";

/** Standard output, or another writer of text, that keeps its first failure and writes nothing after it. */
export class Output {
  /** The first failure. */
  failure: Error | undefined;
  readonly #write: (text: string) => void;

  constructor(write: (text: string) => void = writeOut) {
    this.#write = write;
  }

  /** Writes text as it is. */
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

  /** Writes a line. */
  print(text: string): void {
    this.write(text + "\n");
  }
}
