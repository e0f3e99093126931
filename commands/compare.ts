/**
 * `compare`: the figures of several runs, the settings that differ, and their curves in one picture.
 *
 * @module
 */
import { basename, dirname } from "@std/path";
import { curvesPlot } from "../plots/curves_plot.ts";
import { type Command, defineCommand } from "./cli/command.ts";
import { jsonFlag } from "./cli/common_flags.ts";
import { allowWriting } from "./cli/permissions.ts";
import { formatFacts, formatJson, print } from "./cli/terminal.ts";
import { LABS, RUNS } from "./files/own_names.ts";
import { PICTURE_NAME, savePicture } from "./files/save_picture.ts";
import {
  describeComparison,
  differencesOf,
  expectSeveral,
  readComparedRun,
} from "./reports/compared_runs.ts";

/** The command. */
export const compare: Command = defineCommand({
  name: "compare",
  summary: "Compare runs: their figures, the settings that differ, and their curves",
  usage: "RUN RUN... [flags]",
  examples: [
    "compare runs/tales runs/tales-2",
    "compare lab/sweep/runs/* --out runs/curves.svg",
    "compare runs/tales runs/tales-2 --json | jq .differences",
  ],
  operand: "runs",
  flags: {
    runs: { kind: "list", description: "folders of two or more runs", placeholder: "FOLDER..." },
    out: {
      kind: "text",
      description: "picture of the validation losses over the steps, .svg or .png",
      placeholder: "FILE",
      otherwise: "none",
    },
    ...jsonFlag,
  },
  async run({ runs: paths = [], out, json }) {
    expectSeveral(paths);
    if (out !== undefined) {
      if (!PICTURE_NAME.test(out)) {
        throw new RangeError(`Cannot write ${out}: expected a name that ends in .svg or .png`);
      }
      await allowWriting(dirname(out), [RUNS, LABS]);
    }
    const runs = [];
    for (const path of paths) runs.push(await readComparedRun(path));
    expectSeveral(runs.map(({ run }) => run));
    if (out !== undefined) {
      const curves = runs.map(({ run, curve }, index) => ({
        name: `${index + 1} ${endOf(run)}`, // as in the table
        points: curve.map(({ step, loss }) => ({ step, value: loss })),
      }));
      const isOfTexts = runs.every(({ accuracy }) => accuracy !== undefined);
      const valueTitle = `validation loss (nats per ${isOfTexts ? "text" : "token"})`;
      await savePicture(out, await curvesPlot(curves, { title: "Validation loss", valueTitle }));
    }
    if (json) return print(formatJson({ runs, differences: differencesOf(runs) }));
    print(describeComparison(runs));
    if (out !== undefined) print(`\n${formatFacts([["picture", out]])}`);
  },
});

/** The longest name in the legend of the picture, in characters. */
const LONGEST = 21;

/** The name of a run without its folder; of a long one the end, which is what differs in a lab. */
function endOf(run: string): string {
  const name: string = basename(run);
  return name.length > LONGEST ? `…${name.slice(1 - LONGEST)}` : name;
}
