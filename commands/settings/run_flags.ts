/**
 * Flags of the commands that train, `train` and `finetune`, described once, and what both compute from them. Each command
 * adds its own defaults.
 *
 * @module
 */
import { MOST } from "../cli/common_flags.ts";
import { UsageError } from "../cli/errors.ts";
import type { Flags, TextFlag } from "../cli/flags.ts";

/** How to learn. */
export const runFlags = {
  validationFraction: {
    kind: "number",
    description: "part of the data to validate on",
    above: 0,
    below: 1,
    otherwise: "0.1",
  },
  accumulation: {
    kind: "integer",
    description: "batches whose gradients are averaged for one step",
    atLeast: 1,
    atMost: MOST.accumulation,
    otherwise: "1",
  },
  learningRate: {
    kind: "number",
    description: "peak learning rate",
    above: 0,
    atMost: MOST.factor,
    aliases: ["lr"],
  },
  dropoutRate: {
    kind: "number",
    description: "part of the activations to drop while training",
    atLeast: 0,
    below: 1,
    aliases: ["dropout"],
  },
  weightDecay: { kind: "number", description: "decoupled weight decay", atLeast: 0, atMost: MOST.factor },
  seed: {
    kind: "integer",
    description: "decides initial values, the order of texts, dropout and samples",
    atLeast: 0,
    atMost: 2 ** 52,
    otherwise: "1",
  },
  stopAfter: {
    kind: "integer",
    description: "end after this step; the learning rate falls as if the run went on",
    atLeast: 1,
    atMost: MOST.steps,
    otherwise: "the last step",
  },
} as const satisfies Flags;

/** Name and folder of a new run, or the folder of one to go on with. */
export type FolderFlags = Readonly<Record<"name" | "out" | "resume", TextFlag>>;

/**
 * The flags that say where a run is.
 *
 * @param wording `name`: what the name is when none is given; `changeable`: what may be given anew for a run that goes on
 * @returns the flags
 *
 * @example
 * ```ts
 * import { assertStringIncludes } from "@std/assert";
 * import { folderFlags } from "./run_flags.ts";
 *
 * const { resume } = folderFlags({ name: "that of the data", changeable: "--epochs and --stop-after" });
 * assertStringIncludes(resume.description, "--epochs and --stop-after may be given anew");
 * ```
 */
export function folderFlags({ name, changeable }: { name: string; changeable: string }): FolderFlags {
  return {
    name: {
      kind: "text",
      description: "name of the run, kept in runs/NAME",
      otherwise: `${name}; -2 and so on is added where there is one already`,
    },
    out: { kind: "text", description: "folder of the run", placeholder: "FOLDER", otherwise: "runs/NAME" },
    resume: {
      kind: "text",
      description: `go on with this run; ${changeable} may be given anew`,
      placeholder: "FOLDER",
      otherwise: "a new run",
    },
  };
}

/**
 * Converts epochs to steps.
 *
 * @param epochs times to see all texts
 * @param perEpoch steps in an epoch
 * @returns the steps, rounded up
 * @throws {UsageError} when they are more than a run may have
 *
 * @example
 * ```ts
 * import { assertEquals, assertThrows } from "@std/assert";
 * import { stepsOfEpochs } from "./run_flags.ts";
 *
 * assertEquals(stepsOfEpochs(3, 50.25), 151);
 * assertThrows(() => stepsOfEpochs(1e6, 1e5), Error, "--epochs 1000000 makes 1e+11 steps: expected at most 1000000000");
 * ```
 */
export function stepsOfEpochs(epochs: number, perEpoch: number): number {
  const steps = Math.ceil(epochs * perEpoch);
  if (steps <= MOST.steps) return steps;
  throw new UsageError(
    `--epochs ${epochs} makes ${
      Number(steps.toPrecision(3)).toExponential()
    } steps: expected at most ${MOST.steps}`,
  );
}
