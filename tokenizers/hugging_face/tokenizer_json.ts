/**
 * Reading `tokenizer.json`.
 *
 * The file describes a pipeline of normalizer, pre-tokenizer, model, post-processor and decoder, each of many kinds. Three
 * pipelines are supported here: byte-level BPE, one character per token, and BERT's WordPiece. Anything else in a file is an
 * error that names it, because text encoded differently than in training would silently give worse results.
 *
 * @module
 */

import type { Merge } from "../bpe/bpe_merges.ts";
import { quoted } from "../quoted.ts";
import { BARE_FRAME, bertFrame, type Frame, robertaFrame, type SpecialToken } from "../special_tokens.ts";
import type { WordPieceParts } from "../wordpiece/wordpiece_tokenizer.ts";
import { CHARACTER_PATTERN, type JsonObject, specialTokenFrom } from "./tokenizer_files.ts";
import { addToken, parseJson, readMerges, readVocabulary, type Vocabulary } from "./vocabulary_files.ts";

/** What a tokenizer is made of, whatever file it was read from. */
export interface TokenizerDescription {
  /** Byte-level BPE, one character per token, or WordPiece. */
  readonly kind: "bpe" | "char" | "wordpiece";
  /** The token of each id. */
  readonly tokens: (string | undefined)[];
  /** The merges in order, as ids; none for characters. */
  readonly merges: readonly Merge[];
  /** The special tokens, by id. */
  readonly specialTokens: readonly SpecialToken[];
  /** What goes around a text. */
  readonly frame: Frame;
  /** Whether a space is put in front of a text. */
  readonly addPrefixSpace: boolean;
  /** The id of what the vocabulary lacks. */
  readonly unknownId: number | undefined;
  /** Whether several unknown bytes in a row make one id. */
  readonly fuseUnknown: boolean;
  /** How words are made of pieces, for WordPiece. */
  readonly wordPiece?: WordPieceDescription;
}

/** What a file says of WordPiece besides tokens and frame. */
export type WordPieceDescription = Pick<
  WordPieceParts,
  "pieces" | "prefix" | "longestWord" | "normalization" | "cleanTokens"
>;

/**
 * Reads the text of a tokenizer.json file.
 *
 * @param json The text.
 * @returns What it describes.
 * @throws {TypeError} If it is not JSON, not of this form, or describes something that is not supported.
 * @throws {RangeError} If ids clash, or a merge names a token that is not in the vocabulary.
 *
 * @example
 * ```ts
 * import { readTokenizerJson } from "./tokenizer_json.ts";
 * import { assertEquals } from "@std/assert";
 *
 * import { CharTokenizer } from "../char_tokenizer.ts";
 *
 * const files = CharTokenizer.fromText("abc").toHuggingFace();
 * assertEquals(readTokenizerJson(files["tokenizer.json"]).tokens, ["a", "b", "c"]);
 * ```
 */
export function readTokenizerJson(json: string): TokenizerDescription {
  const file = parseJson("tokenizer.json", json), model = objectAt(file, "model"), kind = kindOf(model);
  // transformers ignores the lengths that a WordPiece file was saved with; its normalizer is read below
  for (const part of kind === "wordpiece" ? [] : ["normalizer", "truncation", "padding"]) {
    if (file[part] != null) refuse(part, file[part], "null");
  }
  const vocabulary = readVocabulary("tokenizer.json: model.vocab", model.vocab),
    { tokens, idOf } = vocabulary;
  const pieces = new Map(idOf); // without the tokens that are added now
  const specialTokens = readAddedTokens(file.added_tokens ?? [], vocabulary), unknownToken = model.unk_token;
  const description: TokenizerDescription = {
    kind,
    tokens,
    merges: [],
    specialTokens,
    frame: readFrame(file.post_processor, tokens),
    addPrefixSpace: false,
    unknownId: typeof unknownToken === "string" ? idOf.get(unknownToken) : undefined,
    fuseUnknown: false,
  };
  if (kind === "wordpiece") return { ...description, wordPiece: readWordPiece(file, model, pieces) };
  if (kind === "bpe") return { ...description, ...readBpe(file, model, idOf) };
  expectCharacters(file);
  return description;
}

/** The kind of a model. Files from before there were several kinds of models have no type. */
function kindOf(model: JsonObject): TokenizerDescription["kind"] {
  const { type } = model, isOld = type === undefined;
  if (type === "BPE" || (isOld && "merges" in model)) return "bpe";
  if (type === "WordPiece" || (isOld && "max_input_chars_per_word" in model)) return "wordpiece";
  if (type === "WordLevel") return "char";
  return refuse("model.type", type, "BPE, WordPiece, or WordLevel of single characters");
}

/** Refuses a file that does not cut texts into single characters. */
function expectCharacters(file: JsonObject): void {
  expectKind(file, "pre_tokenizer", "Split");
  const pattern = (file.pre_tokenizer as { pattern?: JsonObject }).pattern?.Regex;
  if (pattern !== CHARACTER_PATTERN) refuse("pre_tokenizer.pattern", pattern, CHARACTER_PATTERN);
  expectKind(file, "decoder", "Fuse");
}

/** Options of a BPE model that change how texts are encoded, and are not supported. */
const BPE_OPTIONS = [
  "dropout",
  "continuing_subword_prefix",
  "end_of_word_suffix",
  "byte_fallback",
  "ignore_merges",
];

/** Reads what a file says of byte-level BPE besides tokens and frame. */
function readBpe(
  file: JsonObject,
  model: JsonObject,
  idOf: ReadonlyMap<string, number>,
): Pick<TokenizerDescription, "merges" | "addPrefixSpace" | "fuseUnknown"> {
  for (const option of BPE_OPTIONS) if (model[option]) refuse(`model.${option}`, model[option], "null");
  expectKind(file, "pre_tokenizer", "ByteLevel");
  expectKind(file, "decoder", "ByteLevel");
  const preTokenizer = file.pre_tokenizer as JsonObject;
  if (preTokenizer.use_regex === false) refuse("pre_tokenizer.use_regex", false, "true");
  return {
    merges: readMerges("tokenizer.json: model.merges", model.merges, idOf),
    // files from before the option existed leave it out, which means true
    addPrefixSpace: preTokenizer.add_prefix_space !== false,
    fuseUnknown: model.fuse_unk === true,
  };
}

/** Longest word that a file may ask for, in characters: every piece of it is looked up. BERT's is 100. */
const MAX_WORD = 1000;

/** Reads what a file says of WordPiece besides tokens and frame. */
function readWordPiece(
  file: JsonObject,
  model: JsonObject,
  pieces: ReadonlyMap<string, number>,
): WordPieceDescription {
  expectKind(file, "normalizer", "BertNormalizer");
  expectKind(file, "pre_tokenizer", "BertPreTokenizer");
  expectKind(file, "decoder", "WordPiece");
  const normalizer = file.normalizer as JsonObject, decoder = file.decoder as JsonObject;
  const choice = (part: JsonObject, where: string, name: string): boolean => {
    const value = part[name];
    return typeof value === "boolean" ? value : refuse(`${where}.${name}`, value, "true or false");
  };
  const { continuing_subword_prefix: prefix = "##", max_input_chars_per_word: longestWord = 100 } = model;
  if (typeof prefix !== "string") refuse("model.continuing_subword_prefix", prefix, "a text");
  if (decoder.prefix !== prefix) refuse("decoder.prefix", decoder.prefix, quoted(prefix));
  if (typeof longestWord !== "number" || !(longestWord >= 0 && longestWord <= MAX_WORD)) {
    refuse("model.max_input_chars_per_word", longestWord, `a number up to ${MAX_WORD}`);
  }
  return {
    pieces,
    prefix: prefix as string,
    longestWord: longestWord as number,
    normalization: {
      cleanText: choice(normalizer, "normalizer", "clean_text"),
      separateChinese: choice(normalizer, "normalizer", "handle_chinese_chars"),
      lowerCase: choice(normalizer, "normalizer", "lowercase"),
      ...normalizer.strip_accents == null
        ? {}
        : { stripAccents: choice(normalizer, "normalizer", "strip_accents") },
    },
    cleanTokens: choice(decoder, "decoder", "cleanup"),
  };
}

function readAddedTokens(value: unknown, vocabulary: Vocabulary): SpecialToken[] {
  if (!Array.isArray(value)) {
    throw new TypeError(`Cannot read tokenizer.json: added_tokens is ${quoted(value)}, expected an array`);
  }
  return value.map((entry: JsonObject | null) => {
    const { content, id, ...options } = entry ?? {};
    if (typeof content !== "string" || content === "") {
      throw new TypeError(
        `Cannot read tokenizer.json: added_tokens holds ${quoted(entry)}, expected a content and an id`,
      );
    }
    addToken("tokenizer.json: added_tokens", content, id, vocabulary);
    return specialTokenFrom(content, id as number, options);
  }).sort((a, b) => a.id - b.id);
}

/** Deepest nesting of `Sequence` processors that is read; published files have one level. */
const MAX_SEQUENCE_DEPTH = 8;

function readFrame(value: unknown, tokens: readonly (string | undefined)[], depth = 0): Frame {
  if (value == null) return BARE_FRAME;
  const processor = value as JsonObject;
  const idOf = (id: unknown): number => {
    if (typeof id === "number" && tokens[id] !== undefined) return id;
    throw new RangeError(
      `Cannot read tokenizer.json: post_processor names id ${quoted(id)}, which is not in the vocabulary`,
    );
  };
  const listAt = (object: unknown, key: string): unknown[] => {
    const list = (object as JsonObject)[key] ?? [];
    return Array.isArray(list) ? list : refuse(`post_processor.${key}`, list, "an array");
  };
  const special = (processor.special_tokens ?? {}) as JsonObject;
  const idsOf = (name: unknown): unknown[] => {
    const found = typeof name === "string" && Object.hasOwn(special, name) ? special[name] : undefined;
    return found == null ? [name] : listAt(found, "ids");
  };
  const readTemplate = (key: string): Frame["single"] =>
    listAt(processor, key).flatMap((piece): Frame["single"] => {
      const { Sequence, SpecialToken } = (piece ?? {}) as Record<string, JsonObject | undefined>;
      if (Sequence != null) return [Sequence.id === "A" ? "text" : "pair"];
      return idsOf(SpecialToken?.id).map(idOf);
    });
  switch (processor.type) {
    case "ByteLevel": // It corrects the offsets of tokens and leaves the ids alone.
      return BARE_FRAME;
    case "RobertaProcessing":
      return robertaFrame(idOf(listAt(processor, "cls")[1]), idOf(listAt(processor, "sep")[1]));
    case "BertProcessing":
      return bertFrame(idOf(listAt(processor, "cls")[1]), idOf(listAt(processor, "sep")[1]));
    case "TemplateProcessing":
      return { single: readTemplate("single"), pair: readTemplate("pair") };
    case "Sequence": {
      if (depth === MAX_SEQUENCE_DEPTH) {
        refuse("post_processor", "a deeply nested Sequence", `at most ${MAX_SEQUENCE_DEPTH} levels`);
      }
      const all = listAt(processor, "processors").map((one) => readFrame(one, tokens, depth + 1));
      const frames = all.filter((frame) => frame !== BARE_FRAME);
      if (frames.length > 1) refuse("post_processor", "several that add tokens", "one");
      return frames[0] ?? BARE_FRAME;
    }
    default:
      return refuse(
        "post_processor.type",
        processor.type,
        "ByteLevel, RobertaProcessing, BertProcessing, TemplateProcessing",
      );
  }
}

function expectKind(file: JsonObject, part: string, kind: string): void {
  const type = (file[part] as JsonObject | null)?.type;
  if (type !== kind) refuse(part, type ?? null, kind);
}

function objectAt(file: JsonObject, key: string): JsonObject {
  const value = file[key];
  if (typeof value !== "object" || value === null || Array.isArray(value)) refuse(key, value, "an object");
  return value as JsonObject;
}

function refuse(where: string, value: unknown, expected: string): never {
  throw new TypeError(
    `Cannot use tokenizer.json: ${where} is ${quoted(value)}, expected ${expected}`,
  );
}
