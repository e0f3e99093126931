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
  examples: ["lab scaling", "lab scaling --seeds 1", "lab scaling --size quick"],
  flags: {
    size: {
      kind: "choice",
      choices: ["default", "quick"],
      default: "default",
      description: "default: models that learn the tales; quick: a few steps each, to see how it works",
    },
    ...labFlags,
  },
  run: ({ size, ...flags }) =>
    runSession({
      ...{
        name: size === "quick" ? "scaling-quick" : "scaling",
        kind: "scaling",
        flags: SCALING_FLAGS[size],
      },
      title: "The loss of a GPT above the optimal one, by its size",
      variants: SCALING_VARIANTS,
    }, flags),
});
