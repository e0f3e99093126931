/**
 * Reading the parts of vocabulary files: JSON objects, tables of ids, lists of merges.
 *
 * Every error names the file, the entry, and what was expected there.
 *
 * @module
 */

import type { Merge } from "../bpe/bpe_merges.ts";
import { escaped, quoted } from "../quoted.ts";
import type { JsonObject } from "./tokenizer_files.ts";

/**
 * Longest file that is parsed, in characters. The largest published tokenizer.json has 34 million; the parsed file takes
 * many times as much memory.
 */
const MAX_JSON_LENGTH = 2 ** 26;

/** Ids must be below this: 60 times the size of the largest published vocabulary. */
const ID_LIMIT = 2 ** 24;

/**
 * Most ids that may be left without a token. Every id is a row of the embedding table, used or not, so without a bound a
 * file of a few bytes could ask for a table of millions of rows.
 */
const MAX_UNUSED_IDS = 100_000;

/**
 * Parses a JSON file that holds an object.
 *
 * @param name The name of the file.
 * @param json Its text.
 * @returns The object.
 * @throws {TypeError} If it is not JSON, or not an object.
 *
 * @example
 * ```ts
 * import { parseJson } from "./vocabulary_files.ts";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(parseJson("vocab.json", '{"a": 0}'), { a: 0 });
 * ```
 */
export function parseJson(name: string, json: string): JsonObject {
  if (json.length > MAX_JSON_LENGTH) {
    throw new TypeError(
      `Cannot read ${name}: it has ${json.length} characters, expected at most ${MAX_JSON_LENGTH}`,
    );
  }
  let value: unknown;
  try {
    value = JSON.parse(json);
  } catch (error) {
    throw new TypeError(`Cannot read ${name}: it is not JSON (${escaped((error as Error).message)})`, {
      cause: error,
    });
  }
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    throw new TypeError(`Cannot read ${name}: it holds ${quoted(value)}, expected an object`);
  }
  return value as JsonObject;
}

/** A vocabulary in both directions. */
export interface Vocabulary {
  /** The token of each id; undefined where an id is not used. */
  readonly tokens: (string | undefined)[];
  /** The id of each token. */
  readonly idOf: Map<string, number>;
}

/**
 * The vocabulary of a list of tokens.
 *
 * @param tokens The token of each id; undefined where an id is not used.
 * @returns The vocabulary, with the same list.
 *
 * @example
 * ```ts
 * import { vocabularyOf } from "./vocabulary_files.ts";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals([...vocabularyOf(["a", undefined, "c"]).idOf], [["a", 0], ["c", 2]]);
 * ```
 */
export function vocabularyOf(tokens: (string | undefined)[]): Vocabulary {
  const idOf = new Map(tokens.flatMap((token, id) => token === undefined ? [] : [[token, id] as const]));
  return { tokens, idOf };
}

/**
 * Reads a vocabulary: an object with the id of each token.
 *
 * @param where What to name in an error.
 * @param value The object.
 * @returns The vocabulary.
 * @throws {TypeError} If it is not an object of ids.
 * @throws {RangeError} If two tokens have one id.
 *
 * @example
 * ```ts
 * import { readVocabulary } from "./vocabulary_files.ts";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(readVocabulary("vocab.json", { a: 0, c: 2 }).tokens, ["a", undefined, "c"]);
 * ```
 */
export function readVocabulary(where: string, value: unknown): Vocabulary {
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    throw new TypeError(
      `Cannot read ${where}: it is ${quoted(value)}, expected an object with the id of each token`,
    );
  }
  const vocabulary: Vocabulary = { tokens: [], idOf: new Map() };
  const entries = Object.entries(value);
  for (const [token, id] of entries) addToken(where, token, id, vocabulary, entries.length);
  return vocabulary;
}

/**
 * Adds a token to a vocabulary.
 *
 * @param where What to name in an error.
 * @param token The token.
 * @param id Its id, as read.
 * @param vocabulary The vocabulary.
 * @param count How many tokens the whole vocabulary has; as many as it has now unless given.
 * @throws {TypeError} If the id is no id.
 * @throws {RangeError} If the token has another id already, the id has another token, or the id leaves more than 100,000
 * ids without a token.
 */
export function addToken(
  where: string,
  token: string,
  id: unknown,
  { tokens, idOf }: Vocabulary,
  count: number = idOf.size,
): void {
  if (typeof id !== "number" || !Number.isInteger(id) || id < 0 || id >= ID_LIMIT) {
    throw new TypeError(
      `Cannot read ${where}: the id of ${quoted(token)} is ${quoted(id)}, expected a whole number from 0 to ${
        ID_LIMIT - 1
      }`,
    );
  }
  if ((tokens[id] ?? token) !== token || (idOf.get(token) ?? id) !== id) {
    throw new RangeError(
      `Cannot read ${where}: ${quoted(token)} has id ${id}, but ` +
        (idOf.has(token)
          ? `it has id ${idOf.get(token)} already`
          : `that is the id of ${quoted(tokens[id])}`),
    );
  }
  if (id > count + MAX_UNUSED_IDS) {
    throw new RangeError(
      `Cannot read ${where}: the id of ${
        quoted(token)
      } is ${id}, which leaves more than ${MAX_UNUSED_IDS} ids unused`,
    );
  }
  while (tokens.length < id) tokens.push(undefined);
  tokens[id] = token;
  idOf.set(token, id);
}

/**
 * Reads merges, written as pairs or, in older files, as strings with a space between.
 *
 * @param where What to name in an error.
 * @param value The array of merges.
 * @param idOf The id of each token.
 * @returns The merges, as ids.
 * @throws {TypeError} If a merge is not two tokens.
 * @throws {RangeError} If it names a token that is not in the vocabulary.
 *
 * @example
 * ```ts
 * import { readMerges } from "./vocabulary_files.ts";
 * import { assertEquals } from "@std/assert";
 *
 * const idOf = new Map([["a", 0], ["b", 1], ["ab", 2]]);
 * assertEquals(readMerges("merges.txt", ["a b"], idOf), [[0, 1]]);
 * ```
 */
export function readMerges(where: string, value: unknown, idOf: ReadonlyMap<string, number>): Merge[] {
  if (!Array.isArray(value)) {
    throw new TypeError(`Cannot read ${where}: it is ${quoted(value)}, expected an array`);
  }
  const idAt = (token: unknown, rank: number): number => {
    const id = idOf.get(token as string);
    if (id === undefined) {
      throw new RangeError(
        `Cannot read ${where}: merge ${rank} names ${quoted(token)}, which is not in the vocabulary`,
      );
    }
    return id;
  };
  return value.map((merge, rank) => {
    const pair = typeof merge === "string" ? merge.split(" ") : merge;
    if (!Array.isArray(pair) || pair.length !== 2) {
      throw new TypeError(`Cannot read ${where}: merge ${rank} is ${quoted(merge)}, expected two tokens`);
    }
    const [left, right] = [idAt(pair[0], rank), idAt(pair[1], rank)];
    if (!idOf.has(pair[0] + pair[1])) idAt(pair[0] + pair[1], rank);
    return [left, right];
  });
}
