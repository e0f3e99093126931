/**
 * `run.json`, which records how a run came about: its settings, the size of its model, and for each time it was started or
 * resumed the command line, versions, device and speed. `--config` takes it as it is.
 *
 * @module
 */
import { join } from "@std/path";
import denoJson from "../../deno.json" with { type: "json" };
import type { Experiment } from "../../models/experiment.ts";
import { lenientJson } from "../files/disk.ts";
import { saveFile } from "../files/save_file.ts";
import { readIfThere } from "./run_records.ts";
import type { RunState } from "./run_state.ts";

/**
 * Writes `run.json` when a session starts at a step, with the values of flags that repeat the run. Gives a function that
 * writes it again when the session ends after another step, with figures about its speed.
 */
export async function writeRunJson(
  folder: string,
  { command, backend }: RunState,
  { config, experiment, step: firstStep, parameters, sequences, optimalLoss, elsewhere }: {
    readonly config: Readonly<Record<string, unknown>>;
    /** Learned numbers of the model, a tied weight counted once. */
    readonly parameters?: number;
    /** How many sequences the texts of a language model make. */
    readonly sequences?: object;
    /** The lowest possible validation loss, where it is known. */
    readonly optimalLoss?: number;
    /** Parts of the model, from a file that is given by hand each time. */
    readonly experiment?: Experiment;
    readonly step: number;
    /** The device of the steps since the last session here, if another program computed them. */
    readonly elsewhere?: { readonly device: string };
  },
): Promise<(lastStep: number, figures: object) => Promise<void>> {
  const block = experiment && { name: experiment.name, sha256: experiment.sha256 };
  const path = join(folder, "run.json"), begun = performance.now();
  // A damaged file is replaced: nothing depends on the sessions in it.
  const { sessions } = firstStep > 0 ? lenientJson(await readIfThere(path).catch(() => "")) : {};
  const before: Partial<Record<"firstStep" | "lastStep", number>>[] = Array.isArray(sessions) ? sessions : [];
  const last = before.at(-1), end = last?.lastStep ?? last?.firstStep ?? 0;
  if (elsewhere && end < firstStep) before.push({ ...elsewhere, firstStep: end, lastStep: firstStep });
  const session = {
    started: new Date().toISOString(),
    commandLine: Deno.args,
    miniformer: denoJson.version,
    deno: Deno.version.deno,
    device: backend.device,
    firstStep,
  };
  const save = async (session: object) => {
    const sessions = [...before, session];
    const run = { command, block, parameters, sequences, optimalLoss, settings: config, sessions };
    await saveFile(path, JSON.stringify(run, null, 2) + "\n");
  };
  await save(session);
  return async (lastStep, figures) => {
    const seconds = Math.round(performance.now() - begun) / 1000;
    await save({ ...session, lastStep, seconds, ...figures });
  };
}
