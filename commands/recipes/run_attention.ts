/**
 * The attention maps of a run: those at its end as a picture, and those of each validation as a page with a slider. They are
 * of one text, the beginning of the validation text, so that steps and runs can be compared.
 *
 * @module
 */
import { type AttentionMap, attentionMaps } from "../../inference/attention_maps.ts";
import { attentionStack, type ModelsByKind } from "../../models/families.ts";
import { attentionFrame, attentionPage } from "../../plots/attention_page.ts";
import { attentionPlot } from "../../plots/attention_plot.ts";
import { MAX_SQUARES } from "../../plots/picture.ts";
import type { Tokenizer } from "../../tokenizers/tokenizer.ts";
import type { TrainingRun } from "../../training/train.ts";
import { printDiagnostic } from "../cli/errors.ts";
import type { RunFolder } from "../runs/run_folder.ts";
import type { AttentionText, Recipe, SessionFlags } from "./recipe.ts";

/** Most tokens of the text: their labels can be read, and a line of a book has not many more words. */
const MAX_TOKENS = 24;

/** Most bytes of a page: browsers open it at once. */
const MAX_PAGE_BYTES = 16e6;

/**
 * The first words of a text, short enough that the maps of all heads fit into one picture. A text that is cut anywhere, as
 * validation texts are, begins in the middle of a word, which is skipped; a special token at the beginning stays.
 */
export function attentionText(
  model: ModelsByKind["causal" | "masked"],
  text: Uint32Array,
  tokenizer: Tokenizer,
): AttentionText {
  const stack = attentionStack(model), { layers, heads } = stack.config;
  const fitting = Math.floor(Math.sqrt(MAX_SQUARES / (layers * heads)));
  const most = Math.max(1, Math.min(MAX_TOKENS, fitting));
  const tokens = Array.from(text, (id) => tokenizer.decode([id]));
  const special = tokenizer.specialTokens.some(({ id }) => id === text[0]) ? 1 : 0;
  const space = tokens.findIndex((token) => /^\s/.test(token));
  const word = space + (/\S/.test(tokens[space] ?? "") ? 0 : 1); // 0 where there is no space
  const start = word + most - special <= text.length ? Math.max(word, special) : special;
  const ids = Uint32Array.of(...text.subarray(0, special), ...text.subarray(start, start + most - special));
  return { model: stack, ids, tokens: Array.from(ids, (id) => tokenizer.decode([id])) };
}

/** Keeps the attention maps of a run. */
export class RunAttention {
  readonly #text: AttentionText;
  readonly #run: TrainingRun;
  readonly #folder: RunFolder;
  /** Bytes of the page, where one is kept. */
  #bytes: number | undefined;

  private constructor(text: AttentionText, run: TrainingRun, folder: RunFolder) {
    [this.#text, this.#run, this.#folder] = [text, run, folder];
  }

  /**
   * Begins or continues the page, if that was requested or the run has one. Its first frame is that of the initial values.
   * It throws where the model, with a block of the user's, does not give its attention weights.
   */
  static async start(
    { attention: text }: Recipe,
    run: TrainingRun,
    folder: RunFolder,
    { attentionEvery: requested = false }: SessionFlags,
  ): Promise<RunAttention | undefined> {
    if (text === undefined) return;
    const attention = new RunAttention(text, run, folder), { layers, heads } = text.model.config;
    if (requested) await attention.#maps();
    const head = attentionPage({ title: `${folder.path}: attention`, tokens: text.tokens, layers, heads });
    attention.#bytes = await folder.startPage(head, { requested, step: run.step });
    if (run.step === 0) await attention.keep(0);
    return attention;
  }

  /** Adds the maps of a step to the page, where one is kept and not full. */
  async keep(step: number): Promise<void> {
    if (this.#bytes === undefined) return;
    const frame = attentionFrame(step, await this.#maps());
    if (this.#bytes + frame.length > MAX_PAGE_BYTES) {
      this.#bytes = undefined;
      return printDiagnostic(
        `attention.html is full with ${MAX_PAGE_BYTES / 1e6} MB: steps from ${step} on are left out`,
      );
    }
    this.#bytes += frame.length;
    await this.#folder.addFrame(frame);
  }

  /** Draws the maps as they are now. */
  async draw(): Promise<void> {
    try {
      const title = `${this.#folder.path}: attention after step ${this.#run.step}`;
      const svg = await attentionPlot(await this.#maps(), this.#text.tokens, title);
      await this.#folder.addPicture("attention", svg);
    } catch (error) {
      printDiagnostic(`The attention maps could not be drawn: ${(error as Error).message}`);
    }
  }

  async #maps(): Promise<AttentionMap[]> {
    return await attentionMaps(this.#run.backend, this.#text.model, this.#text.ids);
  }
}
