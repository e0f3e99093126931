import { assert, assertAlmostEquals, assertEquals, assertRejects } from "@std/assert";
import { CpuBackend } from "../core/cpu_backend.ts";
import { initialize } from "../core/module.ts";
import { oracle } from "../data/oracle.ts";
import { makeTales } from "../data/tales.ts";
import { antecedentHeads, type CausalStates } from "../inference/heads/antecedents.ts";
import { recallsOf } from "../inference/heads/recalls.ts";
import { Gpt, type GptConfig } from "../models/gpt.ts";
import { trainBpe } from "../tokenizers/bpe/bpe_trainer.ts";
import { CharTokenizer } from "../tokenizers/char_tokenizer.ts";
import { assertClose, everyBackend, TOLERANCES } from "./_testing.ts";

const TALE =
  "Mia was a shy girl. Mia wanted a red kite. One hot day Mia ran to the hill and met proud Fox. " +
  'Fox had a fine red kite. Mia said, "I like your kite." Fox said, "You can have it for some jam." ' +
  "Mia went home and made some jam. Fox ate the jam, and Mia took the kite. Who ate the jam? Fox did. " +
  "Mia and Fox were true friends.\n\n";

const config: GptConfig = {
  ...{ architecture: "gpt2", contextLength: 90, layers: 2, heads: 2, modelDim: 8, feedForwardDim: 16 },
  ...{ vocabSize: 64, dropoutRate: 0, initialStd: 0.5 },
};

/** A model of one layer that attends where it is told: the weights by head, query and the window's place in the text. */
function attending(
  backend: CpuBackend,
  weightsOf: (head: number, query: number, start: number) => ArrayLike<number>,
  { contextLength, heads, startOf }: {
    contextLength: number;
    heads: number;
    startOf: (window: Uint32Array) => number;
  },
): CausalStates {
  return {
    config: { ...config, layers: 1, contextLength, heads },
    states(ids, { weights } = {}) {
      const [, time] = ids.shape, start = startOf(ids.storage as Uint32Array);
      const data = new Float32Array(heads * time * time);
      for (let row = 0; row < heads * time; row++) {
        data.set(Float32Array.from(weightsOf(Math.floor(row / time), row % time, start)), row * time);
      }
      weights!.push(backend.from(data, [1, heads, time, time]));
      return ids;
    },
  };
}

Deno.test("antecedentHeads counts, by the weights before each recalled letter, letters and words of earlier mentions", async () => {
  const { text } = makeTales({ seed: 5, characters: 3000 }), tokenizer = CharTokenizer.fromText(text);
  const backend = new CpuBackend(), recalls = recallsOf(text, oracle(text)), contextLength = 90;
  const byIndex = new Map(recalls.map((recall) => [recall.index, recall]));
  const peak = (query: number, key: number, weight: number) => {
    const row = new Float32Array(query + 1).fill(query === 0 ? 1 : (1 - weight) / query);
    if (key >= 0 && key <= query) row[key] = weight;
    return row;
  };
  // heads: uniform; the first letter of the last mention; the letter after it; the letter itself, from the next query
  const model = attending(backend, (head, query, start) => {
    const recall = byIndex.get(start + query + (head === 3 ? 0 : 1));
    const key = (recall?.mentions.at(-1) ?? start) - start;
    if (head === 0) return new Float32Array(query + 1).fill(1 / (query + 1));
    return peak(query, head === 2 ? key + 1 : key, 0.75);
  }, { contextLength, heads: 4, startOf: (window) => text.indexOf(tokenizer.decode(window)) });
  const figures = await antecedentHeads(backend, model, tokenizer, text),
    [uniform, letter, after, late] = figures.heads;

  // those with a mention in the window, counted anew
  const startOf = (index: number) =>
    Math.min(Math.max(0, Math.ceil((index - contextLength) / 45)) * 45, text.length - 1 - contextLength);
  const within = recalls.filter(({ index, mentions }) => mentions.at(-1)! >= startOf(index));
  assertEquals(figures.recalls.map(({ index }) => index), within.map(({ index }) => index));
  assert(within.length > 20 && within.length < recalls.length);
  const seen = within.map((recall) => recall.mentions.filter((at) => at >= startOf(recall.index)));
  assertEquals(figures.recalls.map(({ mentions }) => mentions), seen);
  assert(seen.some(({ length }, at) => length > 1 && length < within[at].mentions.length), "some, not all");
  const mean = (value: (at: number) => number) =>
    within.reduce((sum, _, at) => sum + value(at), 0) / within.length;
  const visible = (at: number) => within[at].index - startOf(within[at].index);
  const chance = {
    letter: mean((at) => seen[at].length / visible(at)),
    word: mean((at) => seen[at].length * within[at].word.length / visible(at)),
  };
  assertAlmostEquals(figures.chance.letter, chance.letter, 1e-12);
  assertAlmostEquals(figures.chance.word, chance.word, 1e-12);
  assertAlmostEquals(uniform.weights.letter, chance.letter, 1e-6);
  assertAlmostEquals(uniform.weights.word, chance.word, 1e-6);

  assertEquals([letter.hits, after.hits], [{ letter: 1, word: 1 }, { letter: 0, word: 1 }]);
  assert(letter.weights.letter > 0.75 && letter.weights.letter < 0.8);
  assertEquals(Array.from(letter.largest), seen.map((mentions) => mentions.at(-1)!));
  assertEquals(Array.from(after.largest), seen.map((mentions) => mentions.at(-1)! + 1));
  assert(late.hits.letter < 0.1, "a head that attends one query too late does not predict the letter");
  assertEquals(figures.heads.map(({ layer, head }) => [layer, head]), [[0, 0], [0, 1], [0, 2], [0, 3]]);
});

everyBackend("antecedentHeads: equal on every backend, with several layers", async (backend) => {
  const { text } = makeTales({ seed: 6, characters: 600 }), tokenizer = CharTokenizer.fromText(text);
  const measure = (on: typeof backend) => {
    const model = new Gpt(config);
    initialize(on, model, 3);
    return antecedentHeads(on, model, tokenizer, text);
  };
  const expected = await measure(new CpuBackend()), actual = await measure(backend);
  assertEquals(actual.recalls, expected.recalls);
  const weightsOf = ({ heads }: typeof expected) =>
    heads.flatMap(({ weights: { letter, word } }) => [letter, word]);
  const data = Float32Array.from(weightsOf(expected));
  assertClose(Float32Array.from(weightsOf(actual)), { shape: [8], data }, TOLERANCES.rows, "mean weights");
  assertEquals(new Set(data).size, 8, "each head is another");
});

Deno.test("antecedentHeads refuses tokens that are no characters, other vocabularies and other texts", async () => {
  const backend = new CpuBackend(), model = new Gpt(config), characters = CharTokenizer.fromText(TALE);
  initialize(backend, model, 1);
  const measure = (
    tokenizer: Parameters<typeof antecedentHeads>[2],
    text = TALE,
    own: CausalStates = model,
  ) => antecedentHeads(backend, own, tokenizer, text);
  const bpe = await trainBpe([TALE], { vocabSize: 300 });
  await assertRejects(
    () => measure(bpe),
    TypeError,
    "a token of this model is not a character; use one with",
  );
  const few = CharTokenizer.fromText("Mia "),
    lenient = CharTokenizer.fromText("Mia ", { specialTokens: ["<unk>"] });
  for (const one of [few, lenient]) {
    await assertRejects(
      () => measure(one),
      RangeError,
      `"w", a character of the tales, is not in the vocabulary`,
    );
  }
  const other = TALE.replace("kite", "tree");
  await assertRejects(() => measure(characters, other), RangeError, "Cannot read the text as tales");
  const short = new Gpt({ ...config, contextLength: 3 });
  initialize(backend, short, 1);
  await assertRejects(
    () => measure(characters, TALE, short),
    RangeError,
    "within a window of 3 characters; give more",
  );
});
