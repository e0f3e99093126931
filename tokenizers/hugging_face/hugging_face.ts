/**
 * Reading the tokenizer of a checkpoint folder, as Hugging Face `transformers` and this library write it.
 *
 * Newer folders hold `tokenizer.json`, which is complete. Older ones hold `vocab.json` and `merges.txt`, which contain
 * neither special tokens nor what goes around a text; these are taken from the files beside them and from the well-known
 * names in the vocabulary.
 *
 * @module
 */

import { BpeTokenizer } from "../bpe/bpe_tokenizer.ts";
import { CharTokenizer } from "../char_tokenizer.ts";
import { quoted, shortened } from "../quoted.ts";
import {
  CAUSAL_SPECIAL_TOKENS,
  frameOf,
  MASKED_SPECIAL_TOKENS,
  type SpecialToken,
} from "../special_tokens.ts";
import type { JsonObject } from "./tokenizer_files.ts";
import { readTokenizerJson, type TokenizerDescription } from "./tokenizer_json.ts";
import { addToken, parseJson, readMerges, readVocabulary } from "./vocabulary_files.ts";

/**
 * Makes a tokenizer from the files of a folder.
 *
 * @param files The text of each file, by file name: `tokenizer.json`, or `vocab.json` with `merges.txt` and, where they
 * exist, `tokenizer_config.json`, `special_tokens_map.json` and `added_tokens.json`. Other files are ignored.
 * @returns The tokenizer.
 * @throws {TypeError} If files are missing or damaged, or describe something that is not supported.
 * @throws {RangeError} If they contradict themselves.
 *
 * @example
 * ```ts
 * import { CharTokenizer, loadTokenizer } from "@miniformer/miniformer";
 * import { assertEquals } from "@std/assert";
 *
 * const tokenizer = loadTokenizer(CharTokenizer.fromText("To be, or not to be").toHuggingFace());
 * assertEquals(tokenizer.decode(tokenizer.encode("tent")), "tent");
 * ```
 */
export function loadTokenizer(files: Readonly<Record<string, string>>): BpeTokenizer | CharTokenizer {
  if (files["tokenizer.json"] !== undefined) {
    const description = readTokenizerJson(files["tokenizer.json"]);
    return buildFrom("tokenizer.json", () => BUILDERS[description.kind](description));
  }
  if (files["vocab.json"] !== undefined && files["merges.txt"] !== undefined) {
    return fromVocabAndMerges(files);
  }
  const names = Object.keys(files);
  throw new TypeError(
    "Cannot load a tokenizer: expected tokenizer.json, or vocab.json and merges.txt, found " +
      (names.length > 0 ? names.slice(0, 6).map(shortened).join(", ") : "no file"),
  );
}

/** How each kind of tokenizer is built. */
const BUILDERS: Readonly<
  Record<TokenizerDescription["kind"], (description: TokenizerDescription) => BpeTokenizer | CharTokenizer>
> = {
  bpe: (description) => new BpeTokenizer(description),
  char({ tokens, specialTokens }) {
    const unused = tokens.indexOf(undefined);
    if (unused >= 0) throw new RangeError(`no character has id ${unused}`);
    return new CharTokenizer(tokens as string[], specialTokens);
  },
};

/** Builds a tokenizer from what was read; an error names the file. */
function buildFrom<Made>(file: string, make: () => Made): Made {
  try {
    return make();
  } catch (error) {
    throw new RangeError(`Cannot use ${file}: ${(error as Error).message}`, { cause: error });
  }
}

function fromVocabAndMerges(files: Readonly<Record<string, string>>): BpeTokenizer {
  const vocabulary = readVocabulary("vocab.json", parseJson("vocab.json", files["vocab.json"]));
  const companion = (name: string): JsonObject =>
    files[name] === undefined ? {} : parseJson(name, files[name]);
  const config = companion("tokenizer_config.json");
  const added = companion("added_tokens.json");
  for (const [token, id] of Object.entries(added)) addToken("added_tokens.json", token, id, vocabulary);

  // Of entries about the same token, later ones take precedence.
  const found = new Map<string, JsonObject>();
  const names = [...MASKED_SPECIAL_TOKENS, ...CAUSAL_SPECIAL_TOKENS];
  for (const content of names) found.set(content, { lstrip: content === "<mask>", special: true });
  for (const content of Object.keys(added)) if (!found.has(content)) found.set(content, {});
  for (const source of [config, companion("special_tokens_map.json")]) {
    for (const [purpose, token] of Object.entries(source)) {
      if (!purpose.endsWith("_token") || token === null) continue;
      if (typeof token === "string") found.set(token, { special: true, ...found.get(token) });
      else if (typeof token === "object") {
        found.set((token as JsonObject).content as string, { ...token, special: true });
      }
    }
  }
  for (const [id, token] of Object.entries(config.added_tokens_decoder ?? {})) {
    const content = (token as JsonObject | null)?.content;
    if (typeof content !== "string" || !/^\d{1,9}$/.test(id)) {
      throw new TypeError(
        `Cannot read tokenizer_config.json: added_tokens_decoder holds ${quoted(token)} for id ${
          quoted(id)
        }, expected a token with a content for each whole number`,
      );
    }
    addToken("tokenizer_config.json", content, Number(id), vocabulary);
    found.set(content, token as JsonObject);
  }

  const specialTokens: SpecialToken[] = [];
  for (const [content, token] of found) {
    const id = vocabulary.idOf.get(content);
    if (id === undefined) continue;
    specialTokens.push({
      content,
      id,
      leftStrip: token.lstrip === true,
      rightStrip: token.rstrip === true,
      singleWord: token.single_word === true,
      special: token.special === true,
    });
  }
  specialTokens.sort((a, b) => a.id - b.id);
  const lines = files["merges.txt"].split(/\r?\n/).filter((line) =>
    line !== "" && !line.startsWith("#version")
  );
  const parts = {
    tokens: vocabulary.tokens,
    merges: readMerges("merges.txt", lines, vocabulary.idOf),
    specialTokens,
    frame: frameOf(specialTokens),
    addPrefixSpace: config.add_prefix_space === true,
  };
  return buildFrom("vocab.json and merges.txt", () => new BpeTokenizer(parts));
}
