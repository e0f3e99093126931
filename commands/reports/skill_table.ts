/**
 * What a model has learned of tales, skill by skill: whether an evaluated text holds tales, and the table of the figures.
 *
 *     skill             characters    loss  optimal  excess  share of excess
 *     spelling              33,012  0.0012   0.0000  0.0012            2.1 %
 *
 * @module
 */
import type { Backend } from "../../core/backend.ts";
import { readTales } from "../../data/tales/tale_text.ts";
import { scoreTales, type TaleFigures, taleFigures } from "../../inference/skills.ts";
import type { ModelsByKind } from "../../models/families.ts";
import { CharTokenizer } from "../../tokenizers/char_tokenizer.ts";
import type { Tokenizer } from "../../tokenizers/tokenizer.ts";
import type { TokenLossOptions } from "../../training/evaluate.ts";
import { formatPercent } from "../cli/terminal.ts";
import { formatTable } from "../cli/wrap.ts";

/** The figures of a causal model by skill, where the texts hold tales and a token is a character. */
export async function skillsOn(
  texts: readonly string[],
  backend: Backend,
  model: ModelsByKind["causal"],
  tokenizer: Tokenizer,
  options: TokenLossOptions,
): Promise<TaleFigures | undefined> {
  if (!(tokenizer instanceof CharTokenizer)) return undefined;
  const tales = readTales(texts.join(""));
  if (tales === undefined || tales.positions.length < 2) return undefined; // nothing stands before the first character
  return taleFigures(await scoreTales(backend, model, tokenizer, tales, options));
}

/** The table, the headings first. */
export function skillRows({ all, skills, recallByDistance, recallByList }: TaleFigures): string[][] {
  const row = (name: string, { positions, loss, optimal, excess, share }: TaleFigures["all"]) => [
    ...[name, positions.toLocaleString("en")],
    ...[loss, optimal, excess].map((nats) => nats.toFixed(4)),
    formatPercent(share),
  ];
  return [
    ["skill", "characters", "loss", "optimal", "excess", "share of excess"],
    ...skills.map((figures) => row(figures.skill, figures)),
    ...recallByDistance.map((figures) => row(describeRange(figures), figures)),
    ...recallByList.map((figures) => row(`recall of {${figures.list}}`, figures)),
    row("all", all),
  ];
}

function describeRange({ from, to }: { readonly from: number; readonly to?: number }): string {
  return `recall, ${to === undefined ? `${from} or more` : `${from} to ${to}`} back`;
}

/** What the columns and rows mean. */
export const SKILL_MEANINGS: Readonly<Record<string, string>> = {
  "optimal": "mean of −ln p(character), p its true probability given its tale so far",
  "excess": "the loss beyond the optimal one: what is left to learn",
  "spelling": "letters of a word once it is clear which one it is",
  "wording": "the fixed text of a sentence",
  "plot": "which sentence follows, or how a sentence goes on",
  "choice": "a word that is drawn at random here",
  "agreement": "the form that goes with a word, as in *her* kite",
  "recall":
    "a word that the tale has mentioned earlier; also by how many characters earlier, and by list of words",
  "all": "all characters of whole tales",
};

/** The table for the screen. */
export function skillTable(figures: TaleFigures): string {
  const heading = "by skill; here each character is read with half a window or more before it:";
  return `${heading}\n${formatTable(skillRows(figures), Infinity)}`;
}
