import { assertEquals, assertRejects } from "@std/assert";
import { decodeSamples } from "../inference/decode_samples.ts";
import { CAUSAL_SPECIAL_TOKENS } from "../tokenizers/special_tokens.ts";
import { trainBpe } from "../tokenizers/bpe/bpe_trainer.ts";

/** Bytes only: every letter outside ASCII takes several tokens. */
const tokenizer = await trainBpe(["ab"], { vocabSize: 257, specialTokens: CAUSAL_SPECIAL_TOKENS });

async function* reads(...reads: (readonly number[])[][]): AsyncGenerator<Uint32Array[]> {
  for (const read of reads) yield read.map((ids) => Uint32Array.from(ids));
}

Deno.test("a character whose bytes come in several reads is decoded whole, and an unfinished one as U+FFFD", async () => {
  const [...bytes] = tokenizer.encode("é"), [a] = tokenizer.encode("a");
  assertEquals(bytes.length, 2);
  const pieces = await Array.fromAsync(
    decodeSamples(reads([[a, bytes[0]]], [[bytes[1], bytes[0]]]), tokenizer),
  );
  assertEquals(pieces, [["a"], ["é"], ["\ufffd"]]);
});

Deno.test("each sample ends at its own end token, and reading stops when all have ended", async () => {
  const [a, b] = tokenizer.encode("ab"), end = tokenizer.idOf("<|endoftext|>")!;
  let count = 0;
  const counted = async function* () {
    for await (const read of reads([[a, end, b], [b]], [[b], [end]], [[a], [a]])) {
      count++;
      yield read;
    }
  };
  const pieces = await Array.fromAsync(decodeSamples(counted(), tokenizer));
  assertEquals(pieces, [["a", "b"], ["", ""], ["", ""]]);
  assertEquals(count, 2);
});

Deno.test("a text ends at the token that is given, and at no other", async () => {
  const [a, b] = tokenizer.encode("ab"), end = tokenizer.idOf("<|endoftext|>")!;
  const decode = (endId: number) => Array.fromAsync(decodeSamples(reads([[a, end, b, a]]), tokenizer, endId));
  assertEquals(await decode(b), [["a<|endoftext|>"], [""]]);
  assertEquals(await decode(tokenizer.vocabSize), [["a<|endoftext|>ba"], [""]]);
});

Deno.test("the end of a text, and what is drawn after it, need not be tokens of the tokenizer", async () => {
  const [a, b] = tokenizer.encode("ab"), end = tokenizer.vocabSize;
  const drawn = reads([[a, end, end + 1], [b]], [[end + 1], [end]]);
  assertEquals(await Array.fromAsync(decodeSamples(drawn, tokenizer, end)), [["a", "b"], ["", ""], ["", ""]]);
});

Deno.test("a token that the tokenizer does not have is refused, with what to do", async () => {
  await assertRejects(
    () => Array.fromAsync(decodeSamples(reads([[1], [257]]), tokenizer)),
    RangeError,
    "The model has drawn token 257, and its tokenizer has ids 0 to 256 only: use the tokenizer that it was trained with",
  );
});
