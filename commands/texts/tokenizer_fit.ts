/**
 * The vocabulary of a tokenizer, and how well it fits texts.
 *
 * @module
 */
import type { BaseTokenizer } from "../../tokenizers/base_tokenizer.ts";
import { measureFit } from "../../tokenizers/tokenizer_fit.ts";
import { WordPieceTokenizer } from "../../tokenizers/wordpiece/wordpiece_tokenizer.ts";
import { formatFacts } from "../cli/terminal.ts";
import { visible } from "../../core/visible.ts";
import { cutText } from "../cli/wrap.ts";
import { describeTokenizer } from "../files/tokenizer_folder.ts";
import { pieceOf } from "./token_table.ts";

/** Describes a vocabulary, with some of the longest tokens. */
export function describeVocabulary(tokenizer: BaseTokenizer, show: number): string {
  const ids = ordinaryIds(tokenizer);
  const lengths = new Map(ids.map((id) => [id, [...tokenizer.decode([id])].length]));
  const longest = ids.sort((a, b) => lengths.get(b)! - lengths.get(a)! || a - b).slice(0, show);
  const special = tokenizer.specialTokens.map(({ content, id }) => `${content} ${id}`);
  return describe({
    tokenizer: describeTokenizer(tokenizer),
    "special tokens": special.join("  ") || "none",
    fingerprint: tokenizer.fingerprint,
    "longest tokens": pieces(tokenizer, longest),
  });
}

/** Describes how well a tokenizer fits texts, with some of the tokens that are unused or frequent. */
export function describeFit(tokenizer: BaseTokenizer, texts: readonly string[], show: number): string {
  const { characters, bytes, tokens, uses, missing } = measureFit(tokenizer, texts);
  const ordinary = ordinaryIds(tokenizer), unused = ordinary.filter((id) => uses[id] === 0);
  const frequent = ordinary.filter((id) => uses[id] > 0).sort((a, b) => uses[b] - uses[a]).slice(0, show);
  const missed = [...missing.values()].reduce((sum, count) => sum + count, 0);
  const worst = [...missing].sort((a, b) => b[1] - a[1]).slice(0, show);
  const list = worst.map(([character]) => JSON.stringify(character)).join(" ");
  const examples = pieces(tokenizer, show > 0 ? unused.slice(-show) : []);
  const share = (100 * unused.length / ordinary.length).toFixed(1);
  return describe({
    characters: String(characters),
    tokens: String(tokens),
    "bytes per token": (bytes / tokens).toFixed(2),
    ...tokenizer instanceof WordPieceTokenizer
      ? { "unknown words": unknownWords(uses[tokenizer.unknownId], tokens) }
      : {
        coverage: missed === 0
          ? "100 %"
          : `${(100 - 100 * missed / characters).toFixed(2)} %, without ${list}`,
      },
    "unused tokens": `${unused.length} (${share} %)${examples && `, such as ${examples}`}`,
    "most frequent": pieces(tokenizer, frequent),
  });
}

/** How many words WordPiece has no pieces for. */
const unknownWords = (count: number, tokens: number): string =>
  `${count} (${(100 * count / tokens).toFixed(2)} % of the tokens)`;

function ordinaryIds(tokenizer: BaseTokenizer): number[] {
  const special = new Set(tokenizer.specialTokens.map(({ id }) => id));
  return [...tokenizer.vocabulary().values()].filter((id) => !special.has(id));
}

/** Pieces side by side. Long ones are cut: some vocabularies hold whole lines of dashes. */
function pieces(tokenizer: BaseTokenizer, ids: readonly number[]): string {
  return ids.map((id) => {
    const piece = pieceOf(tokenizer, id), { length } = piece;
    return length <= 42 ? piece : `${cutText(visible(piece), 30)} (${length - 2} long)`;
  }).join(" ");
}

/** A line for each fact that is not empty. */
function describe(facts: Readonly<Record<string, string>>): string {
  const rows = Object.entries(facts).filter(([, text]) => text !== "");
  return formatFacts(rows.map(([name, text]) => [name, visible(text)]), 18);
}
