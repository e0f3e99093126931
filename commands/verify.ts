/**
 * `verify`: whether this machine computes the models that are published, bit for bit; or whether a recorded run, repeated
 * from its settings, gives its model again. Nothing is written.
 *
 * @module
 */
import { type Command, defineCommand } from "./cli/command.ts";
import { blockFlag, deviceFlag, jsonFlag } from "./cli/common_flags.ts";
import { UsageError } from "./cli/errors.ts";
import { formatJson, print } from "./cli/terminal.ts";
import { withBackend } from "./cli/with_backend.ts";
import { verifyFamilies } from "./verify/families.ts";
import { versions } from "./verify/report.ts";
import { verifyRun } from "./verify/run.ts";

/** The command. */
export const verify: Command = defineCommand({
  name: "verify",
  summary: "Check that models are computed bit for bit as published, or as recorded by a run",
  usage: "[RUN] [flags]",
  examples: [
    "verify",
    "verify --threads 1",
    "verify pretrained/tales",
    "verify runs/my_novel",
    "verify --json | jq .equal",
  ],
  operand: "run",
  flags: {
    run: {
      kind: "text",
      description: "a run or a pretrained model: train it again from its settings, and compare",
      placeholder: "FOLDER",
      otherwise: "train a small model of every family, and compare it with the published one",
    },
    ...blockFlag,
    threads: deviceFlag.threads,
    ...jsonFlag,
  },
  async run({ run, block, threads, json }) {
    if (run === undefined && block !== undefined) {
      throw new UsageError("--block is for a run: deno task verify RUN --block FILE");
    }
    const say = json ? () => {} : print, start = performance.now();
    const seconds = () => Math.round(performance.now() - start) / 1000;
    if (run !== undefined) {
      const result = await verifyRun(run, { block, threads, say });
      if (!result.equal) Deno.exitCode = 1;
      if (json) print(formatJson({ ...result, ...versions(), seconds: seconds() }));
      return;
    }
    await withBackend({ device: "wasm", threads }, async ({ backend }) => {
      const result = await verifyFamilies(backend, { say });
      if (!result.equal) Deno.exitCode = 1;
      if (json) print(formatJson({ ...result, ...versions(), seconds: seconds() }));
    });
  },
});
