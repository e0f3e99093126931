/**
 * The vocabulary of a tokenizer, and how well it fits texts.
 *
 * @module
 */
import type { BpeTokenizer } from "../../tokenizers/bpe_tokenizer.ts";
import { CharTokenizer } from "../../tokenizers/char_tokenizer.ts";
import { formatFacts } from "../cli/terminal.ts";
import { visible } from "../cli/visible.ts";
import { cutText } from "../cli/wrap.ts";
import { describeTokenizer } from "../files/tokenizer_folder.ts";
import { pieceOf } from "./token_table.ts";

type AnyTokenizer = BpeTokenizer | CharTokenizer;

/**
 * Describes a vocabulary.
 *
 * @param tokenizer the tokenizer
 * @param show how many of the longest tokens to list
 * @returns the description, a line for each fact
 *
 * @example
 * ```ts
 * import { assertStringIncludes } from "@std/assert";
 * import { CharTokenizer } from "../../tokenizers/char_tokenizer.ts";
 * import { describeVocabulary } from "./tokenizer_fit.ts";
 *
 * assertStringIncludes(describeVocabulary(CharTokenizer.fromText("abc"), 3), 'longest tokens    "a" "b" "c"');
 * ```
 */
export function describeVocabulary(tokenizer: AnyTokenizer, show: number): string {
  const ids = ordinaryIds(tokenizer);
  const lengths = new Map(ids.map((id) => [id, [...tokenizer.decode([id])].length]));
  const longest = ids.sort((a, b) => lengths.get(b)! - lengths.get(a)! || a - b).slice(0, show);
  const rows: [string, string][] = [
    ["tokenizer", describeTokenizer(tokenizer)],
    [
      "special tokens",
      tokenizer.specialTokens.map(({ content, id }) => `${content} ${id}`).join("  ") || "none",
    ],
    ["fingerprint", tokenizer.fingerprint],
  ];
  if (show > 0) rows.push(["longest tokens", pieces(tokenizer, longest)]);
  return table(rows);
}

/**
 * Describes how well a tokenizer fits texts.
 *
 * @param tokenizer the tokenizer
 * @param texts the texts
 * @param show how many tokens to list where there are many
 * @returns the description, a line for each fact
 *
 * @example
 * ```ts
 * import { assertStringIncludes } from "@std/assert";
 * import { CharTokenizer } from "../../tokenizers/char_tokenizer.ts";
 * import { describeFit } from "./tokenizer_fit.ts";
 *
 * const fit = describeFit(CharTokenizer.fromText("abc"), ["abba"], 3);
 * assertStringIncludes(fit, "bytes per token   1.00");
 * assertStringIncludes(fit, 'unused tokens     1 (33.3 %), such as "c"');
 * ```
 */
export function describeFit(
  tokenizer: AnyTokenizer,
  texts: readonly string[],
  show: number,
): string {
  const uses = new Float64Array(tokenizer.vocabSize);
  const missing = new Map<string, number>();
  let [bytes, characters, tokens] = [0, 0, 0];
  const count = (id: number): void => {
    tokens++;
    uses[id]++;
  };
  // Character by character and piece by piece: an array of all characters of a long text would not fit into memory.
  for (const text of texts) {
    for (const part of text) {
      const character = part.toWellFormed(), codePoint = character.codePointAt(0)!;
      characters++;
      if (tokenizer instanceof CharTokenizer) {
        const id = tokenizer.idOf(character);
        if (id === undefined) {
          missing.set(character, (missing.get(character) ?? 0) + 1);
          continue;
        }
        count(id);
      }
      bytes += codePoint < 0x80 ? 1 : codePoint < 0x800 ? 2 : codePoint < 0x10000 ? 3 : 4;
    }
    if (tokenizer instanceof CharTokenizer) continue;
    tokenizer.encodePieces(text, (ids) => ids.forEach(count), { specialTokens: "text" });
  }
  const ordinary = ordinaryIds(tokenizer);
  const unused = ordinary.filter((id) => uses[id] === 0);
  const frequent = ordinary.filter((id) => uses[id] > 0).sort((a, b) => uses[b] - uses[a]).slice(0, show);
  const missed = [...missing.values()].reduce((sum, count) => sum + count, 0);
  const list = [...missing].sort((a, b) => b[1] - a[1]).slice(0, show)
    .map(([character]) => JSON.stringify(character));
  const rows: [string, string][] = [
    ["characters", String(characters)],
    ["tokens", String(tokens)],
    ["bytes per token", (bytes / tokens).toFixed(2)],
    [
      "coverage",
      missed === 0 ? "100 %" : `${(100 - 100 * missed / characters).toFixed(2)} %, without ${list.join(" ")}`,
    ],
    [
      "unused tokens",
      `${unused.length} (${(100 * unused.length / ordinary.length).toFixed(1)} %)` +
      (unused.length > 0 && show > 0 ? `, such as ${pieces(tokenizer, unused.slice(-show))}` : ""),
    ],
  ];
  if (show > 0) rows.push(["most frequent", pieces(tokenizer, frequent)]);
  return table(rows);
}

function ordinaryIds(tokenizer: AnyTokenizer): number[] {
  const special = new Set(tokenizer.specialTokens.map(({ id }) => id));
  return [...tokenizer.vocabulary().values()].filter((id) => !special.has(id));
}

/** Pieces side by side. Long ones are cut: some vocabularies hold whole lines of dashes. */
function pieces(tokenizer: AnyTokenizer, ids: readonly number[]): string {
  return ids.map((id) => {
    const piece = pieceOf(tokenizer, id), { length } = piece;
    return length <= 42 ? piece : `${cutText(visible(piece), 30)} (${length - 2} long)`;
  }).join(" ");
}

function table(rows: readonly (readonly [string, string])[]): string {
  return formatFacts(rows.map(([name, value]) => [name, visible(value)]), 18);
}
