/**
 * Reading the tokenizer of a BERT: `tokenizer.json`, or `vocab.txt` with one token a line.
 *
 * The class `BertTokenizer` of `transformers` 5 takes the vocabulary of either, and builds everything else anew: how texts are
 * normalized, and which tokens go around them, is what `tokenizer_config.json` says, or usual for BERT where it says nothing.
 * So `do_lower_case` false counts, even if `tokenizer.json` has letters become lower case. Other classes use it as it is.
 *
 * @module
 */

import { quoted } from "../quoted.ts";
import { bertFrame } from "../special_tokens.ts";
import { type WordPieceParts, WordPieceTokenizer } from "../wordpiece/wordpiece_tokenizer.ts";
import { type Companions, readCompanions, specialTokensOf } from "./added_tokens.ts";
import type { JsonObject } from "./tokenizer_files.ts";
import type { TokenizerDescription } from "./tokenizer_json.ts";
import { type Vocabulary, vocabularyOf } from "./vocabulary_files.ts";

/** The files that belong to a tokenizer, and are written back. */
const FILES = [
  "tokenizer.json",
  "vocab.txt",
  "tokenizer_config.json",
  "special_tokens_map.json",
  "added_tokens.json",
];

/** The roles of special tokens, and the token of each where no file names one. */
const ROLES = {
  unk_token: "[UNK]",
  sep_token: "[SEP]",
  pad_token: "[PAD]",
  cls_token: "[CLS]",
  mask_token: "[MASK]",
} as const;

/**
 * Makes the tokenizer of a BERT.
 *
 * @param files The text of each file, by file name.
 * @param description What `tokenizer.json` describes; nothing if the folder has `vocab.txt` only.
 * @returns The tokenizer.
 * @throws {TypeError} If a file is damaged, or describes something that is not supported.
 * @throws {RangeError} If a token that is needed is not in the vocabulary.
 *
 * @example
 * ```ts
 * import { readWordPieceTokenizer } from "./wordpiece_files.ts";
 * import { assertEquals } from "@std/assert";
 *
 * const tokenizer = readWordPieceTokenizer({ "vocab.txt": "[PAD]\n[UNK]\n[CLS]\n[SEP]\n[MASK]\nplay\n##ing\n" });
 * assertEquals(tokenizer.encode("Playing!", { addSpecialTokens: true }), Uint32Array.of(2, 5, 6, 1, 3));
 * ```
 */
export function readWordPieceTokenizer(
  files: Readonly<Record<string, string>>,
  description?: TokenizerDescription,
): WordPieceTokenizer {
  const companions = readCompanions(files), { config } = companions, { tokenizer_class: name } = config;
  if (description === undefined && !companions.rebuilt) {
    throw new TypeError(
      `Cannot use vocab.txt: tokenizer_class is ${
        quoted(name)
      }, expected "BertTokenizer" or "BertTokenizerFast"`,
    );
  }
  const parts = description && !companions.rebuilt ? asDescribed(description) : rebuilt(
    companions,
    description ? vocabularyOf(description.tokens) : readVocabularyText(files["vocab.txt"]),
    description,
  );
  const kept = FILES.filter((name) => files[name] !== undefined).map((name) => [name, files[name]]);
  return new WordPieceTokenizer({
    ...parts,
    cleanText: choiceIn(config, "clean_up_tokenization_spaces") ?? false,
    files: Object.fromEntries(kept),
  });
}

type Described = Omit<WordPieceParts, "cleanText" | "files">;

/** A tokenizer as `tokenizer.json` describes it. */
function asDescribed(
  { tokens, specialTokens, frame, unknownId, wordPiece }: TokenizerDescription,
): Described {
  if (unknownId === undefined) {
    throw new RangeError("Cannot use tokenizer.json: model.unk_token is not in the vocabulary");
  }
  return { tokens, specialTokens, frame, unknownId, ...wordPiece! };
}

/** A tokenizer as its class builds it from a vocabulary and `tokenizer_config.json`. */
function rebuilt(
  companions: Companions,
  vocabulary: Vocabulary,
  description: TokenizerDescription | undefined,
): Described {
  const { config, map } = companions, pieces = description?.wordPiece?.pieces ?? new Map(vocabulary.idOf);
  const named = config.added_tokens_decoder == null ? { ...config, ...map } : config;
  const tokenFor = (role: keyof typeof ROLES): string => {
    const value = named[role] === undefined ? ROLES[role] : named[role];
    const content = (value as JsonObject | null)?.content ?? value;
    if (typeof content === "string") return content;
    throw new TypeError(`Cannot use tokenizer_config.json: ${role} is ${quoted(value)}, expected a token`);
  };
  const names = Object.keys(ROLES).map((role) => tokenFor(role as keyof typeof ROLES));
  const specialTokens = specialTokensOf({ ...companions, names }, vocabulary, description?.specialTokens);
  const idOf = (role: keyof typeof ROLES): number => {
    const content = tokenFor(role), id = vocabulary.idOf.get(content);
    if (id !== undefined) return id;
    const file = description ? "tokenizer.json" : "vocab.txt";
    throw new RangeError(`Cannot use ${file}: ${role} is ${quoted(content)}, which is not in the vocabulary`);
  };
  const stripAccents = choiceIn(config, "strip_accents");
  return {
    tokens: vocabulary.tokens,
    pieces,
    specialTokens,
    frame: bertFrame(idOf("cls_token"), idOf("sep_token")),
    unknownId: idOf("unk_token"),
    prefix: "##",
    longestWord: 100,
    normalization: {
      cleanText: true,
      separateChinese: choiceIn(config, "tokenize_chinese_chars") ?? true,
      lowerCase: choiceIn(config, "do_lower_case") ?? true,
      ...stripAccents === undefined ? {} : { stripAccents },
    },
    cleanTokens: true,
  };
}

function choiceIn(config: JsonObject, name: string): boolean | undefined {
  const value = config[name] ?? undefined;
  if (value === undefined || typeof value === "boolean") return value;
  throw new TypeError(
    `Cannot use tokenizer_config.json: ${name} is ${quoted(value)}, expected true or false`,
  );
}

/** Reads a token from each line; of lines with the same token the last counts. */
function readVocabularyText(text: string): Vocabulary {
  const vocabulary: Vocabulary = { tokens: [], idOf: new Map() };
  const lines = text.split("\n");
  if (lines.at(-1) === "") lines.pop();
  for (const [id, line] of lines.entries()) {
    const token = line.replace(/\p{White_Space}+$/u, ""), before = vocabulary.idOf.get(token);
    if (before !== undefined) vocabulary.tokens[before] = undefined;
    vocabulary.tokens.push(token);
    vocabulary.idOf.set(token, id);
  }
  return vocabulary;
}
