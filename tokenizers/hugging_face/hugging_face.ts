/**
 * Reading the tokenizer of a checkpoint folder, as Hugging Face `transformers` and this library write it.
 *
 * Newer folders hold `tokenizer.json`, which is complete. Older ones hold `vocab.json` and `merges.txt`, or BERT's `vocab.txt`,
 * which contain neither special tokens nor what goes around a text; these are taken from the files beside them and from the
 * well-known names in the vocabulary, see `added_tokens.ts`.
 *
 * @module
 */

import { BpeTokenizer } from "../bpe/bpe_tokenizer.ts";
import { CharTokenizer } from "../char_tokenizer.ts";
import { shortened } from "../quoted.ts";
import { frameOf } from "../special_tokens.ts";
import type { WordPieceTokenizer } from "../wordpiece/wordpiece_tokenizer.ts";
import { readCompanions, specialTokensOf } from "./added_tokens.ts";
import { readTokenizerJson, type TokenizerDescription } from "./tokenizer_json.ts";
import { parseJson, readMerges, readVocabulary, vocabularyOf } from "./vocabulary_files.ts";
import { readWordPieceTokenizer } from "./wordpiece_files.ts";

/**
 * The tokenizers that are read from files.
 *
 * @category Tokenizers
 */
export type LoadedTokenizer = BpeTokenizer | CharTokenizer | WordPieceTokenizer;

/**
 * Makes a tokenizer from the files of a folder.
 *
 * @param files The text of each file, by file name: `tokenizer.json`, or `vocab.json` with `merges.txt`, or `vocab.txt` and,
 * where they exist, `tokenizer_config.json`, `special_tokens_map.json` and `added_tokens.json`. Other files are ignored.
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
 *
 * @category Tokenizers
 */
export function loadTokenizer(files: Readonly<Record<string, string>>): LoadedTokenizer {
  if (files["tokenizer.json"] !== undefined) {
    const description = withCompanions(readTokenizerJson(files["tokenizer.json"]), files);
    return BUILDERS[description.kind](description, files);
  }
  if (files["vocab.json"] !== undefined && files["merges.txt"] !== undefined) {
    return fromVocabAndMerges(files);
  }
  if (files["vocab.txt"] !== undefined) {
    return readWordPieceTokenizer(files);
  }
  const names = Object.keys(files);
  throw new TypeError(
    "Cannot load a tokenizer: expected tokenizer.json, or vocab.json and merges.txt, or vocab.txt, found " +
      (names.length > 0 ? names.slice(0, 6).map(shortened).join(", ") : "no file"),
  );
}

/** How each kind of tokenizer is built. */
const BUILDERS: Readonly<
  Record<
    TokenizerDescription["kind"],
    (description: TokenizerDescription, files: Readonly<Record<string, string>>) => LoadedTokenizer
  >
> = {
  bpe: (description) => buildFrom("tokenizer.json", () => new BpeTokenizer(description)),
  char: ({ tokens, specialTokens }) =>
    buildFrom("tokenizer.json", () => {
      const unused = tokens.indexOf(undefined);
      if (unused >= 0) throw new RangeError(`no character has id ${unused}`);
      return new CharTokenizer(tokens as string[], specialTokens);
    }),
  wordpiece: (description, files) => readWordPieceTokenizer(files, description),
};

/** Builds a tokenizer from what was read; an error names the file. */
function buildFrom<Made>(file: string, make: () => Made): Made {
  try {
    return make();
  } catch (error) {
    throw new RangeError(`Cannot use ${file}: ${(error as Error).message}`, { cause: error });
  }
}

/**
 * A tokenizer with what the files beside `tokenizer.json` say of it. They count where the class that `tokenizer_config.json`
 * names, or without a name the family of the model, builds its tokenizer anew; other classes use tokenizer.json as it is.
 */
function withCompanions(
  description: TokenizerDescription,
  files: Readonly<Record<string, string>>,
): TokenizerDescription {
  if (description.kind !== "bpe") return description;
  const companions = readCompanions(files), { add_prefix_space: prefix } = companions.config;
  if (!companions.rebuilt) return description;
  const { tokens, specialTokens, addPrefixSpace } = description;
  return {
    ...description,
    specialTokens: specialTokensOf(companions, vocabularyOf(tokens), specialTokens),
    addPrefixSpace: typeof prefix === "boolean" ? prefix : addPrefixSpace,
  };
}

function fromVocabAndMerges(files: Readonly<Record<string, string>>): BpeTokenizer {
  const vocabulary = readVocabulary("vocab.json", parseJson("vocab.json", files["vocab.json"]));
  const companions = readCompanions(files), specialTokens = specialTokensOf(companions, vocabulary);
  const lines = files["merges.txt"].split(/\r?\n/).filter((line) =>
    line !== "" && !line.startsWith("#version")
  );
  const parts = {
    tokens: vocabulary.tokens,
    merges: readMerges("merges.txt", lines, vocabulary.idOf),
    specialTokens,
    frame: frameOf(specialTokens),
    addPrefixSpace: companions.config.add_prefix_space === true,
  };
  return buildFrom("vocab.json and merges.txt", () => new BpeTokenizer(parts));
}
