/**
 * A lab from its description to its report: what the commands of `lab` share.
 *
 * @module
 */
import { basename } from "@std/path";
import { MAX } from "../cli/common_flags.ts";
import { UsageError } from "../cli/errors.ts";
import { type FlagValues, group } from "../cli/flags.ts";
import { Interrupt } from "../cli/interrupt.ts";
import { Output } from "../cli/output.ts";
import { allowWriting } from "../cli/permissions.ts";
import { counted, formatFacts, outputColumns, quote } from "../cli/terminal.ts";
import { wrapText } from "../cli/wrap.ts";
import { LABS, pathsOf } from "../files/own_names.ts";
import { evaluateWith } from "./evaluated_run.ts";
import { isFailed, LabFolder, recordOf } from "./lab_folder.ts";
import { describeResult, LabProgress } from "./lab_progress.ts";
import type { LabDescription } from "../lab_report/lab_types.ts";
import { planVariants } from "./planned_runs.ts";
import { writeReport } from "./report.ts";
import { runLab } from "./run_lab.ts";
import { trainIn } from "./train_process.ts";

/** The most runs of a lab; more are taken for a typing error. */
export const MOST_RUNS = 1000;

/** Flags of every lab. */
export const labFlags = group("Lab", {
  seeds: {
    kind: "integer",
    atLeast: 1,
    atMost: MOST_RUNS,
    default: 3,
    description: "runs of each variant, with the seeds 1, 2 and so on; more can be added later",
  },
  jobs: {
    kind: "integer",
    atLeast: 1,
    atMost: MAX.threads,
    otherwise: "one for each processor",
    description: "runs at a time; results do not depend on it",
  },
  out: { kind: "text", description: "folder of the lab", placeholder: "FOLDER", otherwise: `${LABS}/NAME` },
  device: {
    kind: "choice",
    choices: ["wasm", "webgpu", "cpu"],
    default: "wasm",
    description:
      "wasm: WebAssembly, the same bits on every machine; webgpu: a GPU, one run at a time; cpu: the CPU reference",
  },
});

/** Runs a lab, or goes on with it, and writes its report. `name` is that of its folder, unless `--out` names one. */
export async function runSession(
  asked: Omit<LabDescription, "name" | "seeds"> & { readonly name: string },
  { seeds: count, jobs: askedJobs, out = `${LABS}/${asked.name}`, device }: FlagValues<typeof labFlags>,
): Promise<void> {
  const path = pathsOf(out).folder, seeds = Array.from({ length: count }, (_, index) => index + 1);
  const lab: LabDescription = { ...asked, name: basename(path), seeds }, { variants } = lab;
  if (device === "webgpu" && askedJobs !== undefined && askedJobs > 1) {
    throw new UsageError(`--jobs is ${askedJobs}, but a GPU takes one run at a time: leave it out`);
  }
  if (path.includes(",")) {
    throw new UsageError(
      `--out is ${quote(path)}: a comma ends a name in Deno's permissions; choose another`,
    );
  }
  const total = variants.length * count;
  if (total > MOST_RUNS) {
    throw new UsageError(
      `${counted(variants.length, "variant")} with ${
        counted(count, "seed")
      } each make ${total} runs: expected at most ${MOST_RUNS}`,
    );
  }
  const planned = await planVariants(lab, device);
  await allowWriting(path, [LABS]);
  using interrupt = new Interrupt();
  using folder = await LabFolder.open(path, recordOf(lab, planned, device));
  const before = folder.results.filter((result) => !isFailed(result)).length;
  const cores = navigator.hardwareConcurrency, most = device === "webgpu" ? 1 : askedJobs ?? cores;
  const jobs = Math.min(most, Math.max(1, total - before));
  const output = new Output(), progress = new LabProgress((text) => output.write(text));
  output.print(formatFacts([
    ["lab", `${lab.title}: ${counted(variants.length, "variant")}, ${counted(count, "seed")} each`],
    ["runs", `${total}${before > 0 ? `, of which ${before} are done` : ""}; ${jobs} at a time, on ${device}`],
    ["folder", path],
  ]));
  try {
    await runLab(folder, planned, {
      ...{ seeds, device, jobs, interrupt, progress, start: trainIn(path), evaluate: evaluateWith() },
      threads: Math.max(1, Math.floor(cores / jobs)),
      isBroken: () => output.failure !== undefined,
    });
  } finally {
    progress.finish();
  }
  const { results } = folder, done = results.filter((result) => !isFailed(result)), again = commandLine();
  if (output.failure && interrupt.status === undefined) {
    throw new Error(`${output.failure.message}; ${done.length} of ${total} runs are done; ${again} goes on`);
  }
  if (interrupt.status !== undefined && done.length < total) {
    Deno.exitCode = interrupt.status;
    const text =
      `Stopped: ${done.length} of ${total} runs are done, and those begun are saved.\nGo on: ${again}`;
    return output.print("\n" + wrapText(text, outputColumns()));
  }
  // the block of a sweep is a flag, or in a file of --config
  const withBlocks = planned.map(({ variant, block }) => ({ ...variant, block: block?.path }));
  const report = await writeReport(path, { ...lab, device, variants: withBlocks }, results);
  for (const line of ["", ...report]) output.print(line);
  const failed = results.filter(isFailed);
  if (failed.length > 0) {
    const [first] = failed.map(describeResult);
    throw new Error(`${failed.length} of ${total} runs failed; ${first}; ${again} tries again`);
  }
}

const commandLine = () => `deno task ${Deno.args.map(quote).join(" ")}`;
