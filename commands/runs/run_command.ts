/**
 * The commands that train, and so can continue a run.
 *
 * @module
 */
import { quoted } from "../../core/quoted.ts";

/**
 * The command that trained a checkpoint, which a message may then name: the state may come from anywhere.
 *
 * @param state the state of the run
 * @returns `train` or `finetune`
 * @throws {TypeError} when it is another
 *
 * @example
 * ```ts
 * import { assertEquals, assertThrows } from "@std/assert";
 * import { commandOf } from "./run_command.ts";
 *
 * assertEquals([{}, { command: "finetune" }].map(commandOf), ["train", "finetune"]);
 * assertThrows(() => commandOf({ command: "rm" }), TypeError, 'command is "rm", expected "train" or "finetune"');
 * ```
 */
export function commandOf({ command = "train" }: Readonly<Record<string, unknown>>): "train" | "finetune" {
  if (command === "train" || command === "finetune") return command;
  throw new TypeError(`command is ${quoted(command)}, expected "train" or "finetune"`);
}
