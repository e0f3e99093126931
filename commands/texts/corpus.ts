/**
 * The texts of a run, split into training and validation, and their ids.
 *
 * @module
 */
import { BpeTokenizer } from "../../tokenizers/bpe_tokenizer.ts";
import { trainBpe } from "../../tokenizers/bpe_trainer.ts";
import { CharTokenizer } from "../../tokenizers/char_tokenizer.ts";
import { CAUSAL_SPECIAL_TOKENS } from "../../tokenizers/special_tokens.ts";
import { encodeDocuments, fingerprintOfDocuments } from "../../tokenizers/token_file.ts";
import { makeTales } from "../../data/tales.ts";
import { readTexts } from "./files.ts";
import { cachedIds } from "./token_cache.ts";
import { readTokenizer } from "../files/tokenizer_folder.ts";

/** The source of the texts. Kept in each checkpoint. */
export interface Source {
  /** Files, folders, globs; none means the built-in tales. */
  readonly data: readonly string[];
  /** Validation texts; none means the end of the data. */
  readonly validation: readonly string[];
  /** Fraction of the data for validation. */
  readonly validationFraction: number;
  /** Whether bytes that are not UTF-8 are read as U+FFFD. */
  readonly replaceInvalid: boolean;
}

/** The texts. */
export interface Corpus {
  /** For training. */
  readonly training: readonly string[];
  /** For validation. */
  readonly validation: readonly string[];
  /** Changes when any of them does. */
  readonly fingerprint: string;
  /** The optimal loss in nats a character, where it is known. */
  readonly optimalLoss?: number;
}

/** The built-in corpus is always the same, so that runs can be compared; a short run sees it once. */
const TALES = { seed: 1, characters: 1_250_000 };

/**
 * Reads the texts of a run.
 *
 * @param source their source
 * @returns the texts
 * @throws {Error} when a file cannot be read
 *
 * @example
 * ```ts
 * import { assert } from "@std/assert";
 * import { readCorpus } from "./corpus.ts";
 *
 * const source = { data: ["LICENSE"], validation: [], validationFraction: 0.2, replaceInvalid: false };
 * const { training, validation } = await readCorpus(source);
 * assert(training[0].length > 3.9 * validation[0].length);
 * ```
 */
export async function readCorpus(source: Source): Promise<Corpus> {
  const read = async (files: readonly string[]) => (await readTexts(files, source)).map(({ text }) => text);
  const tales = source.data.length === 0 ? makeTales(TALES) : undefined;
  const texts = tales ? [tales.text] : await read(source.data);
  const [training, validation] = source.validation.length === 0
    ? split(texts, 1 - source.validationFraction)
    : [texts, await read(source.validation)];
  return {
    training,
    validation,
    fingerprint: fingerprintOfDocuments([...training, "", ...validation]),
    optimalLoss: tales?.natsPerCharacter,
  };
}

/** Splits texts after a fraction of their length, between characters. */
function split(texts: readonly string[], fraction: number): [string[], string[]] {
  const length = texts.reduce((sum, text) => sum + text.length, 0);
  const before: string[] = [], after: string[] = [];
  let left = Math.floor(length * fraction);
  for (const text of texts) {
    const isInside = left < text.length && (text.codePointAt(left - 1) ?? 0) > 0xffff;
    const cut = Math.max(0, Math.min(left + (isInside ? 1 : 0), text.length));
    if (cut > 0) before.push(text.slice(0, cut));
    if (cut < text.length) after.push(text.slice(cut));
    left -= text.length;
  }
  return [before, after];
}

/**
 * Makes or reads the tokenizer of a run.
 *
 * @param choice `char`, `bpe`, or the folder of a tokenizer
 * @param corpus the texts
 * @param options for a new tokenizer: `vocabSize`, for `bpe`, and `specialTokens`
 * @returns the tokenizer
 * @throws {Error} when it cannot be read or made
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { chooseTokenizer } from "./corpus.ts";
 *
 * const corpus = { training: ["abca"], validation: ["d"], fingerprint: "" };
 * assertEquals((await chooseTokenizer("char", corpus)).vocabSize, 4);
 * ```
 */
export async function chooseTokenizer(
  choice: string,
  { training, validation }: Corpus,
  { vocabSize = 1024, specialTokens }: { vocabSize?: number; specialTokens?: readonly string[] } = {},
): Promise<BpeTokenizer | CharTokenizer> {
  // The rare characters of the validation text must be in the vocabulary, too.
  if (choice === "char") {
    return CharTokenizer.fromText([...training, ...validation].join(""), { specialTokens });
  }
  if (choice !== "bpe") return await readTokenizer(choice);
  return await trainBpe(training, {
    vocabSize,
    specialTokens: specialTokens ?? CAUSAL_SPECIAL_TOKENS,
    lines: true,
  });
}

/** A corpus as ids. */
export interface EncodedCorpus {
  /** For training. */
  readonly training: Uint32Array;
  /** For validation. */
  readonly validation: Uint32Array;
}

/**
 * Encodes the texts of a run. Byte pairs take time to find, so the ids are kept in the folder of the run, if there is one.
 *
 * @param corpus the texts
 * @param tokenizer the tokenizer
 * @param folder the folder of the run
 * @param options `lines`: whether each line that is not empty is a text
 * @returns the ids
 * @throws {RangeError} when a character is not in the vocabulary
 */
export async function encodeCorpus(
  { training, validation }: Corpus,
  tokenizer: BpeTokenizer | CharTokenizer,
  folder: string | undefined,
  { lines = false }: { lines?: boolean } = {},
): Promise<EncodedCorpus> {
  const encode = async (name: string, texts: readonly string[]): Promise<Uint32Array> => {
    const documents = lines ? linesOf(texts) : texts;
    return tokenizer instanceof BpeTokenizer && folder !== undefined
      ? (await cachedIds(`${folder}/${name}.ids`, tokenizer, documents)).ids
      : encodeDocuments(tokenizer, documents);
  };
  return {
    training: await encode("training", training),
    validation: await encode("validation", validation),
  };
}

/**
 * The lines of texts.
 *
 * @param texts the texts
 * @returns all lines that are not empty
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { linesOf } from "./corpus.ts";
 *
 * assertEquals(linesOf(["a\nb\r\n", "\n\nc"]), ["a", "b", "c"]);
 * ```
 */
export function linesOf(texts: readonly string[]): string[] {
  return texts.flatMap((text) => text.split(/\r?\n/).filter(Boolean));
}
