/**
 * `fill-mask`: the likeliest tokens at each `<mask>` of a text.
 *
 * @module
 */
import { decodeFilled, type FilledText, fillMask as fill } from "../inference/fill_mask.ts";
import { findModel } from "./files/block_file.ts";
import { openModel } from "./files/checkpoint_folder.ts";
import { type Command, defineCommand } from "./cli/command.ts";
import { deviceFlag, jsonFlag, MAX, modelFlags, truncateFlag } from "./cli/common_flags.ts";
import { fitText } from "./texts/examples.ts";
import { maskTokens } from "../data/mask_tokens.ts";
import { formatJson, outputColumns, print } from "./cli/terminal.ts";
import { visible } from "../core/visible.ts";
import { withBackend } from "./cli/with_backend.ts";
import { padText, textWidth, wrapText } from "./cli/wrap.ts";

/** The command. */
export const fillMask: Command = defineCommand({
  name: "fill-mask",
  summary: "Predict the token at each <mask> of a text",
  usage: "--text TEXT [flags]",
  examples: [
    'fill-mask --checkpoint runs/corpus --text "The king <mask> the crown." --top_k 5',
    'fill-mask --text "The <mask> sat." --json | jq -r .text',
  ],
  flags: {
    ...modelFlags("a RoBERTa or BERT", "roberta"),
    text: {
      kind: "text",
      description: "a text with one <mask> or several, in a BERT's [MASK]",
      required: true,
    },
    topK: {
      kind: "integer",
      description: "candidates for each mask",
      atLeast: 1,
      atMost: MAX.vocabSize,
      default: 5,
    },
    ...truncateFlag,
    ...deviceFlag,
    ...jsonFlag,
  },
  async run({ checkpoint, block, text, topK, truncate = false, device, threads, json }) {
    const found = await findModel({ checkpoint, block }, "roberta");
    await withBackend({ device, threads }, async ({ backend }) => {
      const { model, tokenizer } = openModel(backend, found, "masked");
      const { contextLength, padId } = model.config, { maskId } = maskTokens(tokenizer, padId);
      const mask = tokenizer.tokenOf(maskId);
      if (!tokenizer.encode(text).includes(maskId)) {
        throw new Error(
          `The text has no ${mask}: write ${mask} for what is missing, as in "The ${mask} sat."`,
        );
      }
      const ids = fitText(tokenizer, { text }, { contextLength, truncate });
      if (!ids.includes(maskId)) {
        throw new Error(
          `No ${mask} is left among the first ${contextLength} tokens: shorten the text before it`,
        );
      }
      const filled = await fill(backend, model, ids, { maskId, topK, tokens: tokenizer.vocabSize });
      const result = decodeFilled(ids, filled, tokenizer);
      print(json ? formatJson({ checkpoint: found.path, ...result }) : describe(result));
    });
  },
});

/** Probability and token of each candidate in a table; the whole text, too, where there is only one mask. */
function describe({ text, masks }: FilledText): string {
  const columns = outputColumns(), single = masks.length === 1;
  const shown = (text: string) => visible(text.trim().replaceAll("\n", "↵"));
  const parts = masks.map(({ candidates }, index) => {
    const names = candidates.map(({ token }) => visible(JSON.stringify(token)));
    const width = Math.max(...names.map(textWidth));
    const rows = candidates.map(({ probability, text }, rank) => {
      const line = `${(100 * probability).toFixed(1).padStart(5)} %  ${padText(names[rank], width)}`;
      return wrapText(single ? `${line}  ${shown(text)}` : line.trimEnd(), columns, 11 + width);
    });
    return [...single ? [] : [`<mask> ${index + 1}`], ...rows].join("\n");
  });
  return [...parts, ...single ? [] : [wrapText(shown(text), columns)]].join("\n\n");
}
