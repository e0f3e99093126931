import { assert, assertEquals } from "@std/assert";
import { talePositions } from "../commands/texts/tale_positions.ts";
import { oracle } from "../data/oracle.ts";
import { makeTales } from "../data/tales.ts";
import { trainBpe } from "../tokenizers/bpe/bpe_trainer.ts";
import { CharTokenizer } from "../tokenizers/char_tokenizer.ts";
import { CAUSAL_SPECIAL_TOKENS } from "../tokenizers/special_tokens.ts";
import { encodeDocuments } from "../tokenizers/token_file.ts";

const { text } = makeTales({ seed: 5, characters: 3000 }), expected = oracle(text);

/** What is said of every token of a text. */
function allOf(text: string, tokenizer = CharTokenizer.fromText(text)) {
  const ids = tokenizer.encode(text), positions = talePositions(tokenizer, ids);
  return positions && Array.from(ids, (_, index) => positions(index));
}

Deno.test("every character of whole tales has what the oracle says of it", () => {
  // an antecedent counts from the beginning of its tale here, and is not used
  const withoutPlace = (list: ReturnType<typeof allOf>) =>
    list!.map((position) => ({ ...position, antecedent: 0 }));
  assertEquals(withoutPlace(allOf(text)), withoutPlace(expected));
});

Deno.test("a text that begins and ends within tales: the end of the first one is left out", () => {
  const second = text.indexOf("\n\n") + 2, cut = text.slice(40, -25), found = allOf(cut)!;
  assertEquals(found.slice(0, second - 40), new Array(second - 40).fill(undefined));
  found.slice(second - 40).forEach((position, index) => {
    const { probability, skill } = expected[second + index];
    assertEquals([position!.probability, position!.skill], [probability, skill]);
  });
});

Deno.test("what is no tale among tales is left out, and documents are tales of their own", () => {
  const [first, second] = text.split(/(?<=\n\n)/), between = "Nobody 🐈 knows.\n\n";
  const found = allOf(first + between + second)!, other = [...between].length;
  assertEquals(found.slice(first.length, first.length + other), new Array(other).fill(undefined));
  assertEquals(found.filter(Boolean).length, first.length + second.length);
  assertEquals(found.at(-1)!.skill, expected[first.length + second.length - 1].skill);

  const tokenizer = CharTokenizer.fromText(text, { specialTokens: CAUSAL_SPECIAL_TOKENS });
  const ids = encodeDocuments(tokenizer, [first.trim(), second]), positions = talePositions(tokenizer, ids)!;
  const known = Array.from(ids, (_, index) => positions(index) !== undefined);
  assertEquals(known.filter((isKnown) => !isKnown).length, 2, "the ends of documents");
  assert(known[first.trim().length + 1], "the beginning of the second");
});

Deno.test("other texts, and tokens of several characters, have none", async () => {
  assertEquals(allOf("It was the best of times.\n\nIt was the worst of times.\n\n"), undefined);
  assertEquals(allOf("x"), undefined);
  assertEquals(talePositions(CharTokenizer.fromText("x"), new Uint32Array(0)), undefined);
  const bpe = await trainBpe([text], { vocabSize: 300 });
  assertEquals(talePositions(bpe, bpe.encode(text)), undefined);
});
