/**
 * `lab`: many runs of `train` that are compared.
 *
 * @module
 */
import { chooseCommand, type Command } from "./cli/command.ts";

/** The group of commands. */
export const lab: Command = chooseCommand("lab", "Train many variants of a model, and compare them", {
  ablations: async () => (await import("./lab/ablations.ts")).ablations,
  scaling: async () => (await import("./lab/scaling.ts")).scaling,
  sweep: async () => (await import("./lab/sweep.ts")).sweep,
});
