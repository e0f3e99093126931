/** What the tests of the tokenizers share: golden files, GPT-2's vocabulary, random texts. */

import type { Merge } from "../tokenizers/bpe_merges.ts";
import { BpeTokenizer } from "../tokenizers/bpe_tokenizer.ts";
import { symbolOfByte } from "../tokenizers/byte_symbols.ts";

const golden = new URL("../../shared/golden/tokenizers/", import.meta.url);

/** True if the golden files lie beside the checkout. */
export const hasGolden: boolean = await Deno.stat(golden).then(() => true, () => false);

/** The text of a golden file, with its byte order marks; of `bytes` bytes only, if given. */
export function readGolden(name: string, bytes?: number): string {
  const content = Deno.readFileSync(new URL(name, golden));
  return new TextDecoder("utf-8", { ignoreBOM: true }).decode(content.subarray(0, bytes));
}

// deno-lint-ignore no-explicit-any
export function readGoldenJson(name: string): any {
  return JSON.parse(readGolden(name));
}

/**
 * GPT-2's tokenizer, from the ranks in the npm package `tiktoken`, or undefined where that package cannot be had.
 *
 * The ranks list tokens only. The merge that makes a token is found by merging its bytes with all lower ranks: what two
 * parts are left is the pair.
 */
export async function loadGpt2(): Promise<BpeTokenizer | undefined> {
  let ranks: string;
  try {
    const module = await import("npm:tiktoken@1.0.22/encoders/r50k_base.json", { with: { type: "json" } });
    // The package describes its JSON files by the types of its CommonJS ones.
    ranks = (module.default as unknown as { bpe_ranks: string }).bpe_ranks;
  } catch {
    return undefined;
  }
  const tokens = ranks.trim().split(" ").slice(2).map((base64) => atob(base64));
  const rankOf = new Map(tokens.map((token, rank) => [token, rank]));
  const merges: Merge[] = [];
  tokens.forEach((token, rank) => {
    if (token.length === 1) return;
    const parts = [...token];
    while (parts.length > 2) {
      let best = -1;
      let bestRank = rank;
      for (let i = 1; i < parts.length; i++) {
        const merged = rankOf.get(parts[i - 1] + parts[i]) ?? rank;
        if (merged < bestRank) [best, bestRank] = [i, merged];
      }
      parts.splice(best - 1, 2, parts[best - 1] + parts[best]);
    }
    merges.push([rankOf.get(parts[0])!, rankOf.get(parts[1])!]);
  });
  const visible = tokens.map((token) =>
    Array.from(token, (byte) => symbolOfByte[byte.charCodeAt(0)]).join("")
  );
  const end = "<|endoftext|>";
  return new BpeTokenizer({
    tokens: [...visible, end],
    merges,
    specialTokens: [
      {
        content: end,
        id: tokens.length,
        leftStrip: false,
        rightStrip: false,
        singleWord: false,
        special: true,
      },
    ],
  });
}

/** Random numbers below a bound, the same in each run. */
export function seededNumbers(seed: number): (bound: number) => number {
  let state = seed >>> 0;
  return (bound) => {
    state = state + 0x9e3779b9 >>> 0;
    let mixed = Math.imul(state ^ state >>> 16, 0x85ebca6b);
    mixed = Math.imul(mixed ^ mixed >>> 13, 0xc2b2ae35);
    return ((mixed ^ mixed >>> 16) >>> 0) % bound;
  };
}

/** Characters of many scripts and kinds, and some that are none. */
const characters = [
  ..."abcdeE st'llrevm  \n\n\t\r.,!?-_(19$",
  ..."éßΩжאع中日한ไñ²½Ⅷ٣",
  ..."😀👩\u200d\u0301\u00a0\u3000\u0085\u2028\ufeff\u0000",
  "\ud800",
  "\udc00",
];

/** A random text of mixed scripts. */
export function randomText(below: (bound: number) => number, length: number): string {
  // Few different characters at a time, so that pairs repeat.
  const chosen = Array.from({ length: 1 + below(12) }, () => characters[below(characters.length)]);
  return Array.from({ length }, () => chosen[below(chosen.length)]).join("");
}
