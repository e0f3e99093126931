/**
 * Prepares texts for a masked language model: cuts them into sequences, and sets how tokens are masked.
 *
 * @module
 */
import type { ConfigsByKind } from "../models/families.ts";
import type { Tokenizer } from "../tokenizers/tokenizer.ts";
import type { MaskedBatchOptions } from "./masked_batches.ts";
import { maskTokens } from "./mask_tokens.ts";
import { packDocuments } from "./sequences.ts";

/**
 * Texts prepared for a masked language model.
 *
 * @category Data
 */
export interface MaskedTexts<Part extends string> {
  /** The sequences of each part. */
  readonly sequences: Readonly<Record<Part, Uint32Array[]>>;
  /** Options for `maskedBatches`. */
  readonly options: MaskedBatchOptions;
}

/**
 * How texts are cut and masked.
 *
 * @category Data
 */
export interface MaskedTextSettings {
  /** Sequences in a batch. */
  readonly batchSize: number;
  /** Seed of the order and the masks. */
  readonly seed: number;
  /** Fraction of the tokens to predict; 0.15 unless given. */
  readonly maskRate?: number;
  /** How they are chosen and masked; `"huggingface"` unless given. */
  readonly maskRule?: "huggingface" | "fairseq";
  /** Whether each text starts a new sequence. */
  readonly lines?: boolean;
}

/**
 * Cuts texts into sequences for a masked language model.
 *
 * @param parts ids of each part of the texts; see `encodeDocuments`
 * @param config the model
 * @param tokenizer the tokenizer
 * @param settings sizes, seed, and how tokens are masked
 * @returns the sequences, and options for `maskedBatches`
 * @throws {Error} when the tokenizer lacks a special token, or pads with another than the model
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { MASKED_PRESETS } from "../training/presets/roberta_presets.ts";
 * import { CharTokenizer } from "../tokenizers/char_tokenizer.ts";
 * import { MASKED_SPECIAL_TOKENS } from "../tokenizers/special_tokens.ts";
 * import { maskedTexts } from "./masked_texts.ts";
 *
 * const tokenizer = CharTokenizer.fromText("ab", { specialTokens: MASKED_SPECIAL_TOKENS });
 * const config = { ...MASKED_PRESETS["roberta-tiny"].model, vocabSize: tokenizer.vocabSize };
 * const ids = { text: tokenizer.encode("abba") };
 * const { sequences, options } = maskedTexts(ids, config, tokenizer, { batchSize: 1, seed: 1 });
 * assertEquals([sequences.text[0].length, options.contextLength], [6, 6]);
 * ```
 *
 * @category Data
 */
export function maskedTexts<Part extends string>(
  parts: Readonly<Record<Part, Uint32Array>>,
  { vocabSize, contextLength: room, padId }: Pick<
    ConfigsByKind["masked"],
    "vocabSize" | "contextLength" | "padId"
  >,
  tokenizer: Tokenizer,
  settings: MaskedTextSettings,
): MaskedTexts<Part> {
  const { batchSize, seed, maskRate, maskRule: rule, lines = false } = settings;
  const tokens = maskTokens(tokenizer, padId), sequences = {} as Record<Part, Uint32Array[]>;
  let contextLength = 0; // no batch is padded to more than the longest sequence
  for (const part in parts) {
    sequences[part] = cutSequences(parts[part], { ...tokens, contextLength: room, lines });
    for (const { length } of sequences[part]) contextLength = Math.max(contextLength, length);
  }
  return { sequences, options: { ...tokens, vocabSize, contextLength, batchSize, seed, maskRate, rule } };
}

/**
 * Cuts ids, in which `</s>` ends each text, into sequences for a masked language model.
 *
 * @param ids the texts
 * @param options length, and ids of special tokens; `lines`: whether each text starts a new sequence
 * @returns the sequences, each starting with `<s>`
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { cutSequences } from "./masked_texts.ts";
 *
 * const options = { contextLength: 4, beginId: 0, endId: 2 }, ids = Uint32Array.of(5, 2, 6, 7, 8, 2);
 * const cut = (lines: boolean) => cutSequences(ids, { ...options, lines }).map((row) => [...row]);
 * assertEquals(cut(false), [[0, 5, 2, 6], [0, 7, 8, 2]]);
 * assertEquals(cut(true), [[0, 5, 2], [0, 6, 7, 8], [0, 2]]);
 * ```
 */
export function cutSequences(
  ids: Uint32Array,
  options: { contextLength: number; beginId: number; endId: number; lines: boolean },
): Uint32Array[] {
  const documents: Uint32Array[] = [];
  for (let from = 0; from < ids.length;) {
    const end = ids.indexOf(options.endId, from), to = end < 0 ? ids.length : end;
    documents.push(ids.subarray(from, to));
    from = to + 1;
  }
  if (!options.lines) return packDocuments(documents, options);
  return documents.filter(({ length }) => length > 0).flatMap((line) => packDocuments([line], options));
}
