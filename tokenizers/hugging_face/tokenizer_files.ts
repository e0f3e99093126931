/**
 * The parts that every tokenizer's Hugging Face files share: added tokens, the frame, and the two companions that
 * `transformers` reads beside `tokenizer.json`.
 *
 * @module
 */

import { type Frame, robertaFrame, type SpecialToken } from "../special_tokens.ts";

/** An object of a JSON file. */
export type JsonObject = { [key: string]: unknown };

/** The pattern by which Hugging Face `tokenizers` splits a text into single code points. */
export const CHARACTER_PATTERN = "[\\s\\S]";

/** Which token `transformers` takes for which purpose, where the vocabulary has it. */
const PURPOSES: readonly (readonly [purpose: string, contents: readonly string[]])[] = [
  ["bos_token", ["<s>", "<|endoftext|>"]],
  ["eos_token", ["</s>", "<|endoftext|>"]],
  ["unk_token", ["<unk>"]],
  ["sep_token", ["</s>"]],
  ["pad_token", ["<pad>"]],
  ["cls_token", ["<s>"]],
  ["mask_token", ["<mask>"]],
];

/**
 * Writes `tokenizer.json` and its companions `tokenizer_config.json` and `special_tokens_map.json`.
 *
 * @param parts What differs between tokenizers.
 * @param parts.specialTokens The special tokens, by id.
 * @param parts.frame What goes around a text.
 * @param parts.tokenOf The token of an id.
 * @param parts.preTokenizer The `pre_tokenizer` of tokenizer.json.
 * @param parts.decoder The `decoder` of tokenizer.json.
 * @param parts.model The `model` of tokenizer.json.
 * @param parts.config Further entries of tokenizer_config.json.
 * @returns The text of each file, by file name.
 */
export function writeTokenizerFiles(
  { specialTokens, frame, tokenOf, preTokenizer, decoder, model, config }: {
    specialTokens: readonly SpecialToken[];
    frame: Frame;
    tokenOf: (id: number) => string;
    preTokenizer: JsonObject;
    decoder: JsonObject;
    model: JsonObject;
    config?: JsonObject;
  },
): Record<string, string> {
  const tokenizerJson = {
    version: "1.0",
    truncation: null,
    padding: null,
    added_tokens: specialTokens.map(addedToken),
    normalizer: null,
    pre_tokenizer: preTokenizer,
    post_processor: postProcessor(frame, tokenOf),
    decoder,
    model,
  };
  const contents = new Map(specialTokens.map((token) => [token.content, token]));
  const map: JsonObject = {};
  for (const [purpose, candidates] of PURPOSES) {
    const content = candidates.find((candidate) => contents.get(candidate)?.special);
    if (content === undefined) continue;
    const token = contents.get(content)!;
    map[purpose] = token.leftStrip || token.rightStrip || token.singleWord ? tokenFields(token) : content;
  }
  const tokenizerConfig = {
    // The class that reads tokenizer.json as it stands; those named after a model build their own from parts of it.
    tokenizer_class: "PreTrainedTokenizerFast",
    clean_up_tokenization_spaces: false,
    ...config,
    ...Object.fromEntries(Object.entries(map).map(([purpose, token]) => [purpose, typedToken(token)])),
  };
  return {
    "tokenizer.json": JSON.stringify(tokenizerJson) + "\n",
    "tokenizer_config.json": JSON.stringify(tokenizerConfig, null, 2) + "\n",
    "special_tokens_map.json": JSON.stringify(map, null, 2) + "\n",
  };
}

function tokenFields(token: SpecialToken): JsonObject {
  return {
    content: token.content,
    single_word: token.singleWord,
    lstrip: token.leftStrip,
    rstrip: token.rightStrip,
    normalized: false,
  };
}

/**
 * Reads a special token.
 *
 * @param content The token.
 * @param id Its id.
 * @param fields Its fields in a file; those that are missing are false.
 * @returns The token.
 */
export function specialTokenFrom(content: string, id: number, fields: JsonObject): SpecialToken {
  return {
    content,
    id,
    leftStrip: fields.lstrip === true,
    rightStrip: fields.rstrip === true,
    singleWord: fields.single_word === true,
    special: fields.special === true,
    ...fields.normalized === true ? { normalized: true } : {},
  };
}

/** A token as tokenizer_config.json has it: transformers.js reads no object without this type. */
function typedToken(token: unknown): unknown {
  return typeof token === "string" ? token : { __type: "AddedToken", ...token as JsonObject };
}

function addedToken(token: SpecialToken): JsonObject {
  return { id: token.id, ...tokenFields(token), special: token.special };
}

function postProcessor(frame: Frame, tokenOf: (id: number) => string): JsonObject | null {
  if (frame.single.length === 1 && frame.pair.length === 0) return null;
  const [begin, , end] = frame.single;
  if (typeof begin === "number" && typeof end === "number" && sameFrame(frame, robertaFrame(begin, end))) {
    return {
      type: "RobertaProcessing",
      sep: [tokenOf(end), end],
      cls: [tokenOf(begin), begin],
      trim_offsets: true,
      add_prefix_space: false,
    };
  }
  const used = [...new Set([...frame.single, ...frame.pair])].filter((part) => typeof part === "number");
  const template = (parts: Frame["single"]): JsonObject[] =>
    parts.map((part) =>
      typeof part === "number"
        ? { SpecialToken: { id: tokenOf(part), type_id: 0 } }
        : { Sequence: { id: part === "text" ? "A" : "B", type_id: 0 } }
    );
  return {
    type: "TemplateProcessing",
    single: template(frame.single),
    pair: template(frame.pair.length > 0 ? frame.pair : ["text", "pair"]),
    special_tokens: Object.fromEntries(
      used.map((id) => [tokenOf(id), { id: tokenOf(id), ids: [id], tokens: [tokenOf(id)] }]),
    ),
  };
}

function sameFrame(a: Frame, b: Frame): boolean {
  return JSON.stringify(a) === JSON.stringify(b);
}
