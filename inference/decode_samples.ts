/**
 * The text of generated tokens, while they are generated.
 *
 * @module
 */
import { endOfText } from "../tokenizers/token_file.ts";
import type { Tokenizer } from "../tokenizers/tokenizer.ts";

/**
 * Decodes what `generate` yields, each sample up to the token that ends a text.
 *
 * @example
 * ```ts
 * import { CharTokenizer, decodeSamples } from "@miniformer/miniformer";
 * import { assertEquals } from "@std/assert";
 *
 * const tokenizer = CharTokenizer.fromText("abc"), [a, b, c] = tokenizer.encode("abc");
 * const read = async function* () {
 *   yield [Uint32Array.of(a, b), Uint32Array.of(c, c)];
 *   yield [Uint32Array.of(c), Uint32Array.of(a)];
 * };
 * const pieces = await Array.fromAsync(decodeSamples(read(), tokenizer));
 * assertEquals(pieces.map(([first]) => first).join(""), "abc");
 * assertEquals(pieces.map(([, second]) => second).join(""), "cca");
 * ```
 *
 * @param tokens The new tokens of each sample, read after read.
 * @param tokenizer The tokenizer.
 * @param endId The token that ends a text, such as `endId` of the model; `<|endoftext|>`, `</s>` or `[SEP]` unless given.
 * @yields The new text of each sample. A character whose bytes are not complete yet comes with the next piece, or at the
 * end as U+FFFD. When all samples have ended, no more tokens are read.
 * @throws {RangeError} If the model has tokens that the tokenizer does not have, and draws one of them.
 * @category Inference
 */
export async function* decodeSamples(
  tokens: AsyncIterable<readonly Uint32Array[]>,
  tokenizer: Tokenizer,
  endId: number | undefined = endOfText(tokenizer),
): AsyncGenerator<string[]> {
  let samples: { stream: ReturnType<Tokenizer["decodeStream"]>; ended: boolean }[] | undefined;
  for await (const read of tokens) {
    samples ??= read.map(() => ({ stream: tokenizer.decodeStream(), ended: false }));
    yield samples.map((sample, index) => {
      if (sample.ended) return "";
      const end = endId === undefined ? -1 : read[index].indexOf(endId);
      sample.ended = end >= 0;
      const ids = sample.ended ? read[index].subarray(0, end) : read[index];
      expectTokens(ids, tokenizer);
      return sample.stream.push(ids);
    });
    if (samples.every(({ ended }) => ended)) break;
  }
  yield (samples ?? []).map(({ stream }) => stream.end());
}

/** Refuses ids without a token: a model may have more rows than its tokenizer has tokens, but a trained one does not draw them. */
function expectTokens(ids: Uint32Array, { vocabSize }: Tokenizer): void {
  const unknown = ids.find((id) => id >= vocabSize);
  if (unknown === undefined) return;
  throw new RangeError(
    `The model has drawn token ${unknown}, and its tokenizer has ids 0 to ${vocabSize - 1} only: ` +
      "use the tokenizer that it was trained with",
  );
}
