/**
 * `evaluate --colours`: the text with each token coloured by its loss, or, where it is made of tales and tokens are
 * characters, by what the loss is above the optimum.
 *
 * @module
 */
import { dirname } from "@std/path";
import type { Backend } from "../../core/backend.ts";
import { log } from "../../core/math.ts";
import type { ModelKind, ModelsByKind } from "../../models/families.ts";
import { colouredPage } from "../../plots/coloured_page.ts";
import { colouredPlot } from "../../plots/coloured_plot.ts";
import { type ColouredToken, MOST_COLOURED } from "../../plots/coloured_text.ts";
import { textPieces } from "../../tokenizers/text_pieces.ts";
import type { Tokenizer } from "../../tokenizers/tokenizer.ts";
import { tokenLosses } from "../../training/evaluate.ts";
import { UsageError } from "../cli/errors.ts";
import type { Flags } from "../cli/flags.ts";
import { allowWriting } from "../cli/permissions.ts";
import { RUNS } from "../files/own_names.ts";
import { saveFile } from "../files/save_file.ts";
import { PICTURE_NAME, savePicture } from "../files/save_picture.ts";
import { talePositions } from "../texts/tale_positions.ts";

/** The flag. */
export const COLOUR_FLAGS = {
  colours: {
    kind: "text",
    description:
      "also write the text with each token coloured by its loss; of tales, by what the loss is above the " +
      "optimum (.html, .svg, .png)",
    placeholder: "[FILE]",
    bare: "runs/colours.html",
    otherwise: "none",
  },
} as const satisfies Flags;

/** Refuses a model that does not predict the next token, and a file that is no page or picture or may not be written. */
export async function expectColours(path: string, kind: ModelKind, model: string): Promise<void> {
  if (kind !== "causal") {
    throw new UsageError(
      `--colours is for a model that predicts the next token; that of ${model} fills masks: leave it out`,
    );
  }
  if (!path.endsWith(".html") && !PICTURE_NAME.test(path)) {
    throw new RangeError(`Cannot write ${path}: expected a name that ends in .html, .svg or .png`);
  }
  await allowWriting(dirname(path), [RUNS]);
}

/** Measures the tokens of a text, as many as are shown, and writes them to a file. */
export async function writeColours(
  path: string,
  backend: Backend,
  model: ModelsByKind["causal" | "masked"],
  { ids, tokenizer, title, subtitle, ...options }: {
    readonly ids: Uint32Array;
    readonly tokenizer: Tokenizer;
    readonly title: string;
    readonly subtitle: string;
    readonly batchSize?: number;
    onProgress(done: number, total: number): void;
  },
): Promise<void> {
  const isPage = path.endsWith(".html"), most = isPage ? MOST_COLOURED.page : MOST_COLOURED.picture;
  const positions = talePositions(tokenizer, ids);
  // the end of a tale whose beginning is not there has no optimum, and is not shown
  const first = positions ? Math.max(0, ids.findIndex((_, index) => positions(index) !== undefined)) : 0;
  const pieces = textPieces(tokenizer, ids.subarray(first)).map((piece) => ({
    text: piece.text,
    start: first + piece.start,
    end: first + piece.end,
  }));
  const measured = ids.subarray(0, pieces[Math.min(most, pieces.length) - 1].end);
  const losses = await tokenLosses(backend, model as ModelsByKind["causal"], measured, options);
  const tokens = pieces.map(({ text, start, end }): ColouredToken => {
    if (end > measured.length) return { text };
    // p(several tokens) is the product of theirs
    const loss = losses.subarray(start, end).reduce((sum, loss) => sum + loss, 0);
    const { probability, skill } = positions?.(start) ?? {};
    return { text, loss, skill, optimal: probability === undefined ? undefined : -log(probability) };
  });
  if (isPage) await saveFile(path, colouredPage(tokens, { title, subtitle }));
  else await savePicture(path, colouredPlot(tokens, { title, subtitle }));
}
