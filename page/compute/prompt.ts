/**
 * The text that stands in the prompt at first.
 *
 * @module
 */
import { CharTokenizer, kindOf } from "../../mod.ts";
import type { LookSource } from "./look/looks.ts";

/** Words of a prompt, and characters where the text has no words as short as that. */
const PROMPT = { words: /^\s*(\S+\s+\S+\s+\S+)/, characters: 24 };

/** Words of a prompt for a masked model by tokens that are not characters. */
const MASKED_WORDS = 8;

/**
 * The first words of a text; for a masked model with a mask among them, and never more than it can read. What is continued may
 * be longer than the context.
 */
export function firstPrompt(
  { model, tokenizer }: Pick<LookSource, "model" | "tokenizer">,
  text: string,
  mask = "<mask>",
): string {
  const kind = kindOf(model.config);
  if (kind === "causal") return Array.from(firstWords(text)).slice(0, PROMPT.characters).join("");
  const areCharacters = kind === "masked" && tokenizer instanceof CharTokenizer;
  const parts = areCharacters
    ? Array.from(firstWords(text)).slice(0, PROMPT.characters)
    : text.trim().split(/\s+/).slice(0, kind === "masked" ? MASKED_WORDS : undefined);
  for (let count = parts.length; count > 0; count--) {
    const some = parts.slice(0, count);
    if (kind === "masked") some[areCharacters ? count >> 1 : 2 % count] = mask;
    const prompt = some.join(areCharacters ? "" : " ");
    if (tokenizer.encode(prompt, { addSpecialTokens: true }).length <= model.config.contextLength) {
      return prompt;
    }
  }
  return kind === "masked" ? mask : "";
}

/** The first three words of a text. */
const firstWords = (text: string): string => text.match(PROMPT.words)?.[1] ?? text.trim();
