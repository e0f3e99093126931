/**
 * How well a tokenizer fits texts: what `tokenizer inspect` shows.
 *
 * @module
 */
import type { BaseTokenizer } from "./base_tokenizer.ts";
import { CharTokenizer } from "./char_tokenizer.ts";

/** Counts over texts. */
export interface TokenizerFit {
  /** Characters (code points) of the texts. */
  readonly characters: number;
  /** Bytes in UTF-8 of the characters that could be encoded. */
  readonly bytes: number;
  /** Tokens of the texts. */
  readonly tokens: number;
  /** How often each id occurs, (V). */
  readonly uses: Float64Array;
  /** How often each character occurs that is not in the vocabulary. */
  readonly missing: ReadonlyMap<string, number>;
}

/**
 * Measures how well a tokenizer fits texts. Bytes per token, the compression, compare tokenizers on the same text.
 *
 * @param tokenizer The tokenizer. Characters that are not in the vocabulary of a {@linkcode CharTokenizer} are counted and
 * left out; other tokenizers must be able to encode every character.
 * @param texts The texts; what looks like a special token is ordinary text.
 * @returns The counts.
 *
 * @example
 * ```ts
 * import { measureFit } from "./tokenizer_fit.ts";
 * import { CharTokenizer } from "@miniformer/miniformer";
 * import { assertEquals } from "@std/assert";
 *
 * const { bytes, tokens, uses, missing } = measureFit(CharTokenizer.fromText("abé"), ["aébz"]);
 * assertEquals(bytes / tokens, 4 / 3);
 * assertEquals([...uses], [1, 1, 1]);
 * assertEquals([...missing], [["z", 1]]);
 * ```
 */
export function measureFit(tokenizer: BaseTokenizer, texts: Iterable<string>): TokenizerFit {
  const uses = new Float64Array(tokenizer.vocabSize), missing = new Map<string, number>();
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
  return { characters, bytes, tokens, uses, missing };
}
