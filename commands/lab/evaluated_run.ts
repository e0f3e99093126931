/**
 * What the trained model of a run has learned of the tales, by skill.
 *
 * A validation reads windows side by side. What cannot be known at the beginning of a window costs any model 0.04 nats a
 * character: a floor that hides how much better one model is than another. So the last figures of a run are those of
 * `evaluate`, which reads half a context or more before every character.
 *
 * @module
 */
import { fromFileUrl } from "@std/path";
import type { TaleFigures } from "../../inference/skills.ts";
import type { LabResult } from "../lab_report/lab_types.ts";

/** The fields of a result that an evaluation gives. */
export type Evaluated = Required<Pick<LabResult, "loss" | "optimal" | "skills">>;

/** Evaluates the model of the run in a folder; `flags` are those of the device and of a block. */
export type EvaluateRun = (folder: string, flags: readonly string[]) => Promise<Evaluated>;

/** Runs `evaluate` of this program in a process that may write nothing. Ctrl-C does not reach it: it takes seconds. */
export function evaluateWith(program: URL = new URL("../../cli.ts", import.meta.url)): EvaluateRun {
  const cli = program.protocol === "file:" ? fromFileUrl(program) : program.href;
  return async (folder, flags) => {
    const { success, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
      args: [
        ...["run", "-q", "--no-prompt", "--allow-read", "--allow-sys=systemMemoryInfo", cli],
        ...["evaluate", `--checkpoint=${folder}/last`, ...flags, "--json"],
      ],
      env: { NO_COLOR: "1" },
      ...{ stdin: "null", stdout: "piped", stderr: "piped", detached: true },
    }).output();
    const said = new TextDecoder().decode(success ? stdout : stderr);
    if (!success) {
      throw new Error(
        `Cannot evaluate ${folder}: ${said.match(/^error: (.*)$/m)?.[1] ?? "evaluate says nothing"}`,
      );
    }
    const { all: { loss, optimal }, skills } = JSON.parse(said).tales as TaleFigures;
    const figures = skills.map(({ skill, ...part }) => {
      return [skill, { positions: part.positions, loss: part.loss, optimal: part.optimal }];
    });
    return { loss, optimal, skills: Object.fromEntries(figures) };
  };
}
