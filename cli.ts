/**
 * The command line: finds the command, prints an error as one line, and exits with status 1 for it, or 2 for wrong usage.
 *
 * @module
 */
import { chooseCommand, type Command } from "./commands/cli/command.ts";
import { describeError, exitStatus, printDiagnostic } from "./commands/cli/errors.ts";

/** The commands of Miniformer. */
export const miniformer: Command = chooseCommand(
  "",
  "Miniformer: miniature transformers, trained and sampled in TypeScript",
  {
    train: async () => (await import("./commands/train.ts")).train,
    generate: async () => (await import("./commands/generate.ts")).generate,
    "fill-mask": async () => (await import("./commands/fill_mask.ts")).fillMask,
    finetune: async () => (await import("./commands/finetune.ts")).finetune,
    classify: async () => (await import("./commands/classify.ts")).classify,
    attention: async () => (await import("./commands/attention.ts")).attention,
    evaluate: async () => (await import("./commands/evaluate.ts")).evaluate,
    compare: async () => (await import("./commands/compare.ts")).compare,
    lab: async () => (await import("./commands/lab.ts")).lab,
    verify: async () => (await import("./commands/verify.ts")).verify,
    doctor: async () => (await import("./commands/doctor.ts")).doctor,
    tokenizer: async () => (await import("./commands/tokenizer.ts")).tokenizer,
  },
);

/** Ends the program with an error in one line. */
function fail(error: unknown): never {
  const text = describeError(error, Deno.args.includes("--verbose"));
  if (text) printDiagnostic(text);
  Deno.exit(exitStatus(error));
}

if (import.meta.main) {
  // a block of the user's may fail outside of any call
  addEventListener("unhandledrejection", ({ reason }) => fail(reason));
  addEventListener("error", ({ error }) => fail(error));
  await miniformer.run(Deno.args).catch(fail);
}
