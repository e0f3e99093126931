/**
 * `fill-mask`: what a masked language model thinks stood at each `<mask>`.
 *
 * @module
 */
import type { Tokenizer } from "../tokenizers/tokenizer.ts";
import { type FilledMask, fillMask as fill } from "../inference/fill_mask.ts";
import { findCheckpoint, newestRun, openModel } from "./files/checkpoint_folder.ts";
import { type Command, defineCommand } from "./cli/command.ts";
import { checkpointFlag, deviceFlag, MOST, truncateFlag } from "./cli/common_flags.ts";
import { fitText } from "./texts/fit_text.ts";
import { maskTokens } from "../data/mask_tokens.ts";
import { outputColumns, print } from "./cli/terminal.ts";
import { visible } from "./cli/visible.ts";
import { withBackend } from "./cli/with_backend.ts";
import { padText, textWidth, wrapText } from "./cli/wrap.ts";

/** The command. */
export const fillMask: Command = defineCommand({
  name: "fill-mask",
  summary: "Tell what may stand at each <mask> of a text",
  usage: "--text TEXT [flags]",
  examples: ['fill-mask --checkpoint runs/corpus --text "The king <mask> the crown." --top_k 5'],
  flags: {
    ...checkpointFlag("a RoBERTa"),
    text: { kind: "text", description: "a text with one <mask> or several", required: true },
    topK: {
      kind: "integer",
      description: "how many guesses to show for each",
      atLeast: 1,
      atMost: MOST.vocabSize,
      default: 5,
    },
    ...truncateFlag,
    ...deviceFlag,
  },
  async run({ checkpoint, text, topK, truncate = false, device }) {
    const found = await findCheckpoint(checkpoint ?? await newestRun());
    await withBackend(device, async ({ backend }) => {
      const { model, tokenizer } = openModel(backend, found, "masked");
      const { maskId } = maskTokens(tokenizer), { contextLength } = model.config;
      const whole = tokenizer.encode(text, { addSpecialTokens: true });
      if (!whole.includes(maskId)) {
        throw new Error('The text has no <mask>: write <mask> for what is missing, as in "The <mask> sat."');
      }
      const ids = fitText(whole, contextLength, truncate);
      if (!ids.includes(maskId)) {
        throw new Error(
          `No <mask> is left among the first ${contextLength} tokens: shorten the text before it`,
        );
      }
      const filled = await fill(backend, model, ids, { maskId, topK });
      print(describe(ids, filled, tokenizer));
    });
  },
});

/** The guesses for each mask in a table of probability, token and, where it is the only mask, the text with it. */
function describe(ids: Uint32Array, filled: readonly FilledMask[], tokenizer: Tokenizer): string {
  const textWith = (guesses: ReadonlyMap<number, number>) =>
    tokenizer.decode(ids.map((id, place) => guesses.get(place) ?? id), { skipSpecialTokens: true })
      .trim().replaceAll("\n", "↵");
  const parts = filled.map(({ position, candidates }, index) => {
    const names = candidates.map(({ id }) => visible(JSON.stringify(tokenizer.decode([id]))));
    const width = Math.max(...names.map(textWidth));
    const rows = candidates.map(({ id, probability }, rank) => {
      const text = filled.length === 1 ? textWith(new Map([[position, id]])) : "";
      const line = `${(100 * probability).toFixed(1).padStart(5)} %  ${padText(names[rank], width)}  ${text}`;
      return wrapText(line.trimEnd(), outputColumns(), 11 + width);
    });
    return [...filled.length > 1 ? [`<mask> ${index + 1}`] : [], ...rows].join("\n");
  });
  const best = new Map(filled.map(({ position, candidates }) => [position, candidates[0].id]));
  return [...parts, ...filled.length > 1 ? [wrapText(textWith(best), outputColumns())] : []].join("\n\n");
}
