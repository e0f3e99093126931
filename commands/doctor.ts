/**
 * `doctor`: which devices this machine has and whether they compute correctly; or, for a run, whether it is intact.
 *
 * @module
 */
import { basename, dirname, join } from "@std/path";
import { type Command, defineCommand } from "./cli/command.ts";
import { jsonFlag } from "./cli/common_flags.ts";
import { cannotRead, UsageError } from "./cli/errors.ts";
import { examineMachine } from "./doctor/examine_machine.ts";
import { examineRun, removeLeftOvers } from "./doctor/examine_run.ts";
import type { Finding } from "./doctor/finding.ts";
import { entryAt } from "./files/disk.ts";
import { isCheckpointName, pathsOf, RUNS } from "./files/own_names.ts";
import { allowWriting } from "./cli/permissions.ts";
import { formatJson, print, quote } from "./cli/terminal.ts";

/** The command. */
export const doctor: Command = defineCommand({
  name: "doctor",
  summary: "Examine this machine's devices, or the folder of a run",
  usage: "[RUN] [flags]",
  examples: ["doctor", "doctor runs/my_novel", "doctor runs/my_novel --clean", "doctor --json | jq .faulty"],
  operand: "run",
  flags: {
    run: {
      kind: "text",
      description:
        "a run: whether it is intact or in use, where it can be resumed, and which files are left over",
      placeholder: "FOLDER",
      otherwise: "examine the machine",
    },
    clean: {
      kind: "boolean",
      description: "clean up after an interrupted process: remove half-written files, write missing records",
      default: false,
    },
    ...jsonFlag,
  },
  async run({ run, clean, json }) {
    if (run === undefined && clean) {
      throw new UsageError("--clean is for a run: deno task doctor RUN --clean");
    }
    const findings: Finding[] = [];
    for await (const finding of run === undefined ? examineMachine() : examineFolder(run, clean)) {
      findings.push({ ...finding, faulty: finding.faulty ?? false });
      // at once: a driver that crashes has then been named
      if (!json) print(`${finding.name.padEnd(14)}${finding.faulty ? "FAULTY: " : ""}${finding.text}`);
    }
    const faulty = findings.some(({ faulty }) => faulty);
    if (json) print(formatJson({ faulty, findings }));
    if (faulty) Deno.exitCode = 1;
  },
});

/** Examines a run, after cleaning it up where that is asked for. */
async function* examineFolder(path: string, clean: boolean): AsyncGenerator<Finding> {
  const { folder } = pathsOf(path);
  if (isCheckpointName(basename(folder)) && await entryAt(join(folder, "config.json")) !== undefined) {
    throw new RangeError(
      `Cannot examine ${path}: it is a checkpoint; deno task doctor ${
        quote(dirname(folder))
      } examines all of its run`,
    );
  }
  if (clean) {
    await Deno.stat(folder).catch(async (error) => {
      throw await cannotRead(path, error);
    });
    await allowWriting(path, [RUNS]);
  }
  try {
    if (clean) {
      const names = await removeLeftOvers(path);
      const text = names.join(", ") || "nothing: no files are left over";
      yield { name: "removed", text, figures: { names } };
    }
    yield* await examineRun(path);
  } catch (error) {
    throw await cannotRead(path, error);
  }
}
