/**
 * What `--dry-run` prints.
 *
 * @module
 */
import { formatFacts, outputColumns } from "../cli/terminal.ts";
import { visible } from "../../core/visible.ts";
import { cutText } from "../cli/wrap.ts";
import type { Fact, Recipe } from "./recipe.ts";

/** Sequences of the first batch that are shown. */
const SHOWN = 3;

/** Describes what a run would do, with all its settings and its first training sequences. */
export function describeDryRun({ batches, tokenizer, state }: Recipe, facts: readonly Fact[]): string {
  const { inputs, batchSize, contextLength } = batches.at(0);
  const sequences = Array.from({ length: Math.min(batchSize, SHOWN) }, (_, index) => {
    const ids = inputs.subarray(index * contextLength, (index + 1) * contextLength);
    return `  ${cutText(visible(tokenizer.decode(Array.from(ids))), Math.max(20, outputColumns() - 2))}\n`;
  });
  return `${formatFacts(facts)}\nsettings ${JSON.stringify(state.settings, null, 2)}\n\n` +
    `first batch, ${batchSize} × ${contextLength} tokens:\n${sequences.join("")}\n` +
    "Nothing was trained: --dry-run.";
}
