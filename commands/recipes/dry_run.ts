/**
 * What `--dry-run` prints.
 *
 * @module
 */
import { formatFacts, outputColumns } from "../cli/terminal.ts";
import { visible } from "../cli/visible.ts";
import { cutText } from "../cli/wrap.ts";
import type { Facts, Recipe } from "./recipe.ts";

/** Sequences of the first batch that are shown. */
const SHOWN = 3;

/**
 * Describes a run that is not carried out: what it would do, all its settings, and its first training sequences.
 *
 * @param recipe the run
 * @param facts what else is known
 * @returns lines of text
 */
export function describeDryRun(recipe: Recipe, facts: Facts): string {
  const { batches, tokenizer, state } = recipe, { inputs, batchSize, contextLength } = batches.at(0);
  const sequences = Array.from({ length: Math.min(batchSize, SHOWN) }, (_, index) => {
    const text = tokenizer.decode(
      Array.from(inputs.subarray(index * contextLength, (index + 1) * contextLength)),
    );
    return `  ${cutText(visible(text), Math.max(20, outputColumns() - 2))}`;
  });
  const settings = JSON.stringify(state.settings, null, 2);
  return `${formatFacts([...facts, ...recipe.facts])}\nsettings ${settings}\n\n` +
    `first batch, ${batchSize} × ${contextLength} tokens:\n${
      sequences.join("\n")
    }\n\nNothing was trained: --dry-run.`;
}
