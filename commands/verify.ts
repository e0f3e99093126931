/**
 * `verify`: whether this machine computes the models that are published, bit for bit; or whether a recorded run, repeated
 * from its settings, gives its model again; or whether a device gives the same bits however often. Nothing is written.
 *
 * @module
 */
import { type Command, defineCommand } from "./cli/command.ts";
import { blockFlag, deviceFlag, jsonFlag, MAX } from "./cli/common_flags.ts";
import { UsageError } from "./cli/errors.ts";
import { formatJson, print } from "./cli/terminal.ts";
import { withBackend } from "./cli/with_backend.ts";
import { verifyFamilies } from "./verify/families.ts";
import { repeatRuns } from "./verify/repetitions.ts";
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
    "verify --runs 20 --device webgpu",
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
    runs: {
      kind: "integer",
      atLeast: 2,
      atMost: 1000,
      description:
        "train the small models this often, every second time saved and resumed on the way, and compare",
      otherwise: "once, compared with the published models",
    },
    steps: {
      kind: "integer",
      atLeast: 1,
      atMost: MAX.steps,
      description: "steps of each of these --runs",
      otherwise: "100",
    },
    device: { ...deviceFlag.device, default: undefined, otherwise: "auto with --runs, else wasm" },
    threads: deviceFlag.threads,
    ...jsonFlag,
  },
  async run({ run, block, runs, steps, device, threads, json }) {
    if (run === undefined && block !== undefined) {
      throw new UsageError("--block is for a run: deno task verify RUN --block FILE");
    }
    if (run !== undefined && runs !== undefined) {
      throw new UsageError("--runs trains small models: leave out the run, which is repeated once");
    }
    if (runs === undefined && steps !== undefined) {
      throw new UsageError("--steps is for --runs: deno task verify --runs 20 --steps 100");
    }
    if (runs === undefined && device !== undefined) {
      throw new UsageError(
        "--device is for --runs: a run is repeated on the device it ran on, and what is published is of --device wasm",
      );
    }
    const say = json ? () => {} : print, start = performance.now();
    const finish = <Result extends { readonly equal: boolean }>(result: Result) => {
      if (!result.equal) Deno.exitCode = 1;
      const seconds = Math.round(performance.now() - start) / 1000;
      if (json) print(formatJson({ ...result, ...versions(), seconds }));
    };
    if (run !== undefined) return finish(await verifyRun(run, { block, threads, say }));
    await withBackend({ device: runs === undefined ? "wasm" : device, threads }, async ({ backend }) => {
      finish(
        runs === undefined
          ? await verifyFamilies(backend, { say })
          : await repeatRuns(backend, { runs, steps: steps ?? 100, say }),
      );
    });
  },
});
