/**
 * Which special tokens a folder has, where several of its files name them.
 *
 * The rules are those of `transformers` 5, whose classes for GPT-2, RoBERTa and BERT build a tokenizer anew from its parts:
 *
 * 1. If `tokenizer_config.json` has `added_tokens_decoder`, that is the list. Otherwise it is what `added_tokens.json` adds,
 *    and over it the `added_tokens` of `tokenizer.json`.
 * 2. To the list come the tokens that have a role, such as `mask_token`, in `tokenizer_config.json` or, where rule 1 found no
 *    decoder, in `special_tokens_map.json`, which takes precedence. One that the list has stays as it is there.
 * 3. Then come the tokens whose names the class fixes, if the vocabulary has them.
 *
 * A token that is given by its name alone includes no white space. So a RoBERTa's `<mask>` takes the space before it only
 * where a file says so, as every `tokenizer.json` of one does; older versions of transformers did it always.
 *
 * @module
 */

import { quoted } from "../quoted.ts";
import {
  BERT_SPECIAL_TOKENS,
  CAUSAL_SPECIAL_TOKENS,
  MASKED_SPECIAL_TOKENS,
  type SpecialToken,
} from "../special_tokens.ts";
import { type JsonObject, specialTokenFrom } from "./tokenizer_files.ts";
import { addToken, parseJson, type Vocabulary } from "./vocabulary_files.ts";

/** The classes that build a tokenizer anew, and the names that each fixes. */
const CLASSES: readonly (readonly [pattern: RegExp, names: readonly string[]])[] = [
  [/^RobertaTokenizer(Fast)?$/, MASKED_SPECIAL_TOKENS],
  [/^GPT2Tokenizer(Fast)?$/, CAUSAL_SPECIAL_TOKENS],
  [/^BertTokenizer(Fast)?$/, BERT_SPECIAL_TOKENS],
];

/** What stands beside a vocabulary. */
export interface Companions {
  /** `tokenizer_config.json`. */
  readonly config: JsonObject;
  /** `special_tokens_map.json`. */
  readonly map: JsonObject;
  /** `added_tokens.json`. */
  readonly added: JsonObject;
  /** The names that the class of the tokenizer fixes; nothing if the folder names no class. */
  readonly names?: readonly string[];
  /** Whether its class builds the tokenizer anew, so that the companions count beside `tokenizer.json`. */
  readonly rebuilt: boolean;
}

/**
 * Reads the companions of a vocabulary.
 *
 * @param files The text of each file, by file name.
 * @returns The companions, empty where they are missing.
 * @throws {TypeError} If one is not a JSON object, or special tokens are to be split in texts.
 */
export function readCompanions(files: Readonly<Record<string, string>>): Companions {
  const [config, map, added] = ["tokenizer_config.json", "special_tokens_map.json", "added_tokens.json"].map(
    (name) => files[name] === undefined ? {} : parseJson(name, files[name]),
  );
  const { tokenizer_class: name, split_special_tokens: split } = config;
  if (split) {
    throw new TypeError(
      `Cannot use tokenizer_config.json: split_special_tokens is ${quoted(split)}, only false is supported`,
    );
  }
  const names = CLASSES.find(([pattern]) => typeof name === "string" && pattern.test(name))?.[1];
  return { config, map, added, names, rebuilt: name === undefined || names !== undefined };
}

/**
 * The special tokens of a folder.
 *
 * @param companions The files beside the vocabulary.
 * @param vocabulary The vocabulary; tokens that the companions add are added to it.
 * @param fromJson The `added_tokens` of `tokenizer.json`, if the folder has it.
 * @returns The tokens, by id.
 * @throws {TypeError} If an entry is not what it should be.
 * @throws {RangeError} If a token has two ids, or an id two tokens.
 */
export function specialTokensOf(
  { config, map, added, names }: Companions,
  vocabulary: Vocabulary,
  fromJson?: readonly SpecialToken[],
): SpecialToken[] {
  const found = new Map<string, SpecialToken>();
  const find = (content: string, fields: JsonObject) => {
    const id = vocabulary.idOf.get(content);
    if (id === undefined || found.has(content)) return;
    found.set(content, specialTokenFrom(content, id, fields));
  };
  const decoder = config.added_tokens_decoder;
  const roles = decoder == null ? { ...config, ...map } : config, named = tokensIn(roles);
  if (decoder == null) {
    for (const token of fromJson ?? []) found.set(token.content, token);
    for (const [content, id] of Object.entries(added)) {
      addToken("added_tokens.json", content, id, vocabulary);
      find(content, { special: named.has(content), normalized: !named.has(content) });
    }
  } else {
    for (const [id, token] of Object.entries(decoder)) {
      const content = (token as JsonObject | null)?.content;
      if (typeof content !== "string" || !/^\d{1,9}$/.test(id)) {
        throw new TypeError(
          `Cannot read tokenizer_config.json: added_tokens_decoder holds ${quoted(token)} for id ${
            quoted(id)
          }, expected a token with a content for each whole number`,
        );
      }
      addToken("tokenizer_config.json", content, Number(id), vocabulary);
      find(content, token as JsonObject);
    }
  }
  for (const [content, options] of named) find(content, { ...options, special: true });
  const fixed = names ?? (fromJson ? [] : [...MASKED_SPECIAL_TOKENS, ...CAUSAL_SPECIAL_TOKENS]);
  for (const content of fixed) find(content, { special: true });
  return [...found.values()].sort((a, b) => a.id - b.id);
}

/**
 * The tokens that have a role, and those that are listed without one. A role is null where there is no token for it. Of
 * entries about one token the last counts that differs from all before it.
 */
function tokensIn(roles: JsonObject): Map<string, JsonObject> {
  const tokens = new Map<string, JsonObject>(), seen = new Set<string>();
  const extra = roles.extra_special_tokens ?? roles.additional_special_tokens;
  const single = Object.entries(roles).filter(([role]) => role.endsWith("_token")).map(([, token]) => token);
  for (const token of [...single, ...Array.isArray(extra) ? extra : []]) {
    const { content = token, lstrip, rstrip, single_word } = (token ?? {}) as JsonObject;
    const entry = JSON.stringify([content, typeof token, lstrip, rstrip, single_word]);
    if (typeof content !== "string" || seen.has(entry)) continue;
    seen.add(entry);
    tokens.set(content, typeof token === "string" ? {} : token as JsonObject);
  }
  return tokens;
}
