/**
 * `tokenizer inspect`: what a vocabulary holds, and how well it fits a text.
 *
 * @module
 */
import type { BpeTokenizer } from "../tokenizers/bpe_tokenizer.ts";
import { CharTokenizer } from "../tokenizers/char_tokenizer.ts";
import { type Command, defineCommand } from "./cli/command.ts";
import { MOST, replaceInvalidFlag } from "./cli/common_flags.ts";
import { readTexts } from "./texts/files.ts";
import { formatFacts, print } from "./cli/terminal.ts";
import { describeTokenizer, readTokenizer } from "./files/tokenizer_folder.ts";
import { pieceOf, tokenizerFlag } from "./tokenizer_encode.ts";
import { visible } from "./cli/visible.ts";

/** The command. */
export const inspectTokenizer: Command = defineCommand({
  name: "tokenizer inspect",
  summary: "Show what a tokenizer holds, and how well it fits a text",
  usage: "--tokenizer FOLDER [--data FILE...]",
  examples: ["tokenizer inspect --tokenizer tokenizers/mine --data held-out.txt"],
  flags: {
    ...tokenizerFlag,
    data: { kind: "list", description: "texts to try it on: files, folders, globs", placeholder: "FILE..." },
    show: {
      kind: "integer",
      description: "how many tokens to list",
      default: 20,
      atLeast: 0,
      atMost: MOST.vocabSize,
    },
    ...replaceInvalidFlag,
  },
  async run({ tokenizer: path, data, show, replaceInvalid }) {
    const tokenizer = await readTokenizer(path);
    print(describeVocabulary(tokenizer, show));
    if (!data) return;
    const texts = await readTexts(data, { replaceInvalid });
    print("\n" + describeFit(tokenizer, texts.map((source) => source.text), show));
  },
});

/**
 * What a vocabulary holds.
 *
 * @param tokenizer the tokenizer
 * @param show how many of the longest tokens to list
 * @returns the description, one line a fact
 *
 * @example
 * ```ts
 * import { assertStringIncludes } from "@std/assert";
 * import { CharTokenizer } from "../tokenizers/char_tokenizer.ts";
 * import { describeVocabulary } from "./tokenizer_inspect.ts";
 *
 * assertStringIncludes(describeVocabulary(CharTokenizer.fromText("abc"), 3), 'longest tokens    "a" "b" "c"');
 * ```
 */
export function describeVocabulary(tokenizer: BpeTokenizer | CharTokenizer, show: number): string {
  const special = new Set(tokenizer.specialTokens.map((token) => token.id));
  const ids = [...tokenizer.vocabulary().values()].filter((id) => !special.has(id));
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
 * How well a tokenizer fits texts.
 *
 * @param tokenizer the tokenizer
 * @param texts the texts
 * @param show how many tokens to list where there are many
 * @returns the description, one line a fact
 *
 * @example
 * ```ts
 * import { assertStringIncludes } from "@std/assert";
 * import { CharTokenizer } from "../tokenizers/char_tokenizer.ts";
 * import { describeFit } from "./tokenizer_inspect.ts";
 *
 * const fit = describeFit(CharTokenizer.fromText("abc"), ["abba"], 3);
 * assertStringIncludes(fit, "bytes per token   1.00");
 * assertStringIncludes(fit, 'unused tokens     1 (33.3 %), such as "c"');
 * ```
 */
export function describeFit(
  tokenizer: BpeTokenizer | CharTokenizer,
  texts: readonly string[],
  show: number,
): string {
  const uses = new Float64Array(tokenizer.vocabSize);
  const missing = new Map<string, number>();
  let [bytes, characters, tokens] = [0, 0, 0];
  const countId = (id: number): void => {
    tokens++;
    uses[id]++;
  };
  // Character by character and piece by piece: an array of all characters of a long text would not fit into memory.
  for (const text of texts) {
    const oneByOne = tokenizer instanceof CharTokenizer;
    for (const character of text) {
      characters++;
      const known = character.toWellFormed(), codePoint = known.codePointAt(0)!;
      const id = oneByOne ? tokenizer.idOf(known) : undefined;
      if (id !== undefined) countId(id);
      if (oneByOne && id === undefined) missing.set(known, (missing.get(known) ?? 0) + 1);
      else bytes += codePoint < 0x80 ? 1 : codePoint < 0x800 ? 2 : codePoint < 0x10000 ? 3 : 4;
    }
    if (!oneByOne) tokenizer.encodePieces(text, (ids) => ids.forEach(countId), { specialTokens: "text" });
  }
  const special = new Set(tokenizer.specialTokens.map((token) => token.id));
  const ordinary = [...tokenizer.vocabulary().values()].filter((id) => !special.has(id));
  const unused = ordinary.filter((id) => uses[id] === 0);
  const frequent = ordinary.filter((id) => uses[id] > 0).sort((a, b) => uses[b] - uses[a]).slice(0, show);
  const share = (part: number, whole: number): string => `${(100 * part / whole).toFixed(1)} %`;

  const missed = [...missing.values()].reduce((sum, count) => sum + count, 0);
  const list = [...missing].sort((a, b) => b[1] - a[1]).slice(0, show).map(([character]) =>
    JSON.stringify(character)
  );
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
      `${unused.length} (${share(unused.length, ordinary.length)})` +
      (unused.length > 0 && show > 0 ? `, such as ${pieces(tokenizer, unused.slice(-show))}` : ""),
    ],
  ];
  if (show > 0) rows.push(["most frequent", pieces(tokenizer, frequent)]);
  return table(rows);
}

/** Pieces side by side; some vocabularies hold whole lines of dashes. */
function pieces(tokenizer: BpeTokenizer | CharTokenizer, ids: readonly number[]): string {
  return ids.map((id) => {
    const piece = pieceOf(tokenizer, id);
    return piece.length <= 42
      ? piece
      : `${piece.slice(0, 20)}…${piece.slice(-10)} (${piece.length - 2} long)`;
  }).join(" ");
}

function table(rows: readonly (readonly [string, string])[]): string {
  return formatFacts(rows.map(([name, value]) => [name, visible(value)]), 18);
}
