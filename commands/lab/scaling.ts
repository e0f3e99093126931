/**
 * `lab scaling`: models of many sizes, and the law that their losses follow; see scaling_sizes.ts.
 *
 * @module
 */
import { type Command, defineCommand } from "../cli/command.ts";
import { labFlags, runSession } from "./lab_session.ts";
import { SCALING_FLAGS, SCALING_VARIANTS } from "./scaling_sizes.ts";

/** The command. */
export const scaling: Command = defineCommand({
  name: "lab scaling",
  summary: "Train models of 13 sizes, fit a law to their losses, and test it on two that are left out",
  examples: ["lab scaling", "lab scaling --seeds 1"],
  flags: labFlags,
  run: (flags) =>
    runSession({
      ...{ name: "scaling", kind: "scaling", flags: SCALING_FLAGS },
      title: "The loss of a GPT above the optimal one, by its size",
      variants: SCALING_VARIANTS,
    }, flags),
});
