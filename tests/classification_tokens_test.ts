import { assert, assertEquals, assertStrictEquals } from "@std/assert";
import { BaseTokenizer, type IdList } from "../tokenizers/base_tokenizer.ts";
import { trainBpe } from "../tokenizers/bpe/bpe_trainer.ts";
import { CharTokenizer } from "../tokenizers/char_tokenizer.ts";
import {
  CLASSIFICATION_SPECIAL_TOKENS,
  withClassificationTokens,
} from "../tokenizers/classification_tokens.ts";
import { loadTokenizer } from "../tokenizers/hugging_face/hugging_face.ts";
import { CAUSAL_SPECIAL_TOKENS, frameOf, type SpecialToken } from "../tokenizers/special_tokens.ts";

const text = "low lower lowest, low and slow";
const tokenizers = {
  "characters": CharTokenizer.fromText(text),
  "bpe": await trainBpe([text], { vocabSize: 270, specialTokens: CAUSAL_SPECIAL_TOKENS }),
};

for (const [name, plain] of Object.entries(tokenizers)) {
  Deno.test(`withClassificationTokens, ${name}: old ids stay, new ones follow and frame texts`, () => {
    const tokenizer = withClassificationTokens(plain), first = plain.vocabSize;
    assertEquals(tokenizer.vocabSize, first + 4);
    assertEquals(
      CLASSIFICATION_SPECIAL_TOKENS.map((token) => tokenizer.idOf(token)),
      [0, 1, 2, 3].map((n) => first + n),
    );
    const [ids, pair] = ["slow", "low"].map((text) => plain.encode(text));
    assertEquals(tokenizer.encode("slow"), ids);
    const framed = tokenizer.encode("slow", { addSpecialTokens: true });
    assertEquals([...framed], [first, ...ids, first + 2]);
    const both = tokenizer.encode("slow", { addSpecialTokens: true, pair: "low" });
    assertEquals([...both], [first, ...ids, first + 1, ...pair, first + 2]);
    assertEquals(tokenizer.decode(both, { skipSpecialTokens: true }), "slowlow");
  });

  Deno.test(`withClassificationTokens, ${name}: saved and read again, and asked twice, it is the same`, () => {
    const tokenizer = withClassificationTokens(plain), again = loadTokenizer(tokenizer.toHuggingFace());
    assertEquals(again.fingerprint, tokenizer.fingerprint);
    const options = { addSpecialTokens: true, pair: "low" };
    assertEquals(again.encode("slow", options), tokenizer.encode("slow", options));
    assertStrictEquals(withClassificationTokens(again), again);
  });
}

/** A tokenizer of another kind, saved like one of characters: it encodes lower case as upper case. */
class UpperCase extends BaseTokenizer {
  override readonly algorithm = "upper-case characters";
  readonly #tokens: readonly string[];

  constructor(tokens: readonly string[], specialTokens: readonly SpecialToken[] = []) {
    super(tokens, specialTokens, frameOf(specialTokens));
    this.#tokens = tokens;
  }

  protected override encodeStretch(text: string, start: number, end: number, ids: IdList): void {
    for (const letter of text.slice(start, end).toUpperCase()) ids.push(this.idOf(letter)!);
  }

  override decodeStream() {
    return { push: (ids: number | Iterable<number>) => [ids].flat().join(), end: () => "" };
  }

  override withSpecialTokens(added: readonly SpecialToken[]): UpperCase {
    return new UpperCase([...this.#tokens, ...added.map(({ content }) => content)], added);
  }

  override toHuggingFace(): Record<string, string> {
    return new CharTokenizer(this.#tokens, this.specialTokens).toHuggingFace();
  }
}

Deno.test("withClassificationTokens: a tokenizer of another kind remains one", () => {
  const tokenizer = withClassificationTokens(new UpperCase(["A", "B"]));
  assert(tokenizer instanceof UpperCase);
  assertEquals([...tokenizer.encode("ab", { addSpecialTokens: true })], [2, 0, 1, 4]);
});
