/**
 * `lab ablations`: models that lack one part each, beside the plain one; see ablations/.
 *
 * @module
 */
import { GPT_ABLATIONS, GPT_SIZES } from "../../ablations/gpt.ts";
import { ROBERTA_ABLATIONS, ROBERTA_SIZES } from "../../ablations/roberta.ts";
import { type Command, defineCommand } from "../cli/command.ts";
import { nearest, UsageError } from "../cli/errors.ts";
import { labFlags, runSession } from "./lab_session.ts";
import type { Variant } from "../lab_report/lab_types.ts";

const LISTS = {
  causal: { model: "GPT", variants: GPT_ABLATIONS, sizes: GPT_SIZES },
  mlm: { model: "RoBERTa", variants: ROBERTA_ABLATIONS, sizes: ROBERTA_SIZES },
} as const;

/** The command. */
export const ablations: Command = defineCommand({
  name: "lab ablations",
  summary: "Train models that lack one part each, and say what each part is for",
  examples: ["lab ablations", "lab ablations --size quick", "lab ablations --objective mlm --seeds 2"],
  flags: {
    objective: {
      kind: "choice",
      choices: ["causal", "mlm"],
      default: "causal",
      description: "which model: causal, a GPT; mlm, a RoBERTa",
    },
    size: {
      kind: "choice",
      choices: ["default", "quick"],
      default: "default",
      description: "default: models that learn the tales; quick: tiny ones, to see how it works",
    },
    only: {
      kind: "text",
      placeholder: "NAME,...",
      otherwise: "all",
      description: "only these variants, beside the baseline",
    },
    ...labFlags,
  },
  async run({ objective, size, only, ...flags }) {
    const { model, variants, sizes } = LISTS[objective], [baseline] = variants;
    const name = ["ablations", objective === "mlm" && "mlm", size === "quick" && "quick"].filter(Boolean);
    await runSession({
      ...{ name: name.join("-"), kind: "ablations", flags: sizes[size], baseline: baseline.name },
      title: `Ablations of a ${model} on tales`,
      variants: only === undefined ? variants : chooseVariants(variants, only),
    }, flags);
  },
});

/** The baseline, which is the first, and the variants of these names. */
export function chooseVariants(variants: readonly Variant[], only: string): Variant[] {
  const names = variants.map(({ name }) => name), asked = only.split(",").map((name) => name.trim());
  for (const name of asked) {
    if (names.includes(name)) continue;
    const near = nearest(name, names);
    throw new UsageError(
      `--only names "${name}": ${near ? `did you mean ${near}?` : `expected one of ${names.join(", ")}`}`,
    );
  }
  return variants.filter(({ name }, index) => index === 0 || asked.includes(name));
}
