import { assert, assertEquals, assertNotEquals, assertRejects } from "@std/assert";
import { BpeTokenizer } from "../tokenizers/bpe/bpe_tokenizer.ts";
import { type BpeTrainingProgress, learnBpe, trainBpe } from "../tokenizers/bpe/bpe_trainer.ts";
import { countPreTokens } from "../tokenizers/bpe/pre_token_counts.ts";
import { MASKED_SPECIAL_TOKENS } from "../tokenizers/special_tokens.ts";
import { hasGolden, readGolden, readGoldenJson } from "./_tokenizer_data.ts";

for (
  const [corpus, name, lines, vocabSize] of [
    ["tinyshakespeare-200k.txt", "ts200k-files", true, 512],
    ["tinyshakespeare-200k.txt", "ts200k-files", true, 2048],
    ["edge.txt", "edge-files", true, 512],
    ["edge.txt", "edge-files", true, 2048],
    ["edge.txt", "edge-whole", false, 512],
    ["edge.txt", "edge-whole", false, 2048],
  ] as const
) {
  Deno.test({
    name: `training ${name}-v${vocabSize} gives Hugging Face's merges, vocabulary and ids`,
    ignore: !hasGolden,
    async fn() {
      const trained = await trainBpe([readGolden(corpus)], {
        vocabSize,
        lines,
        specialTokens: MASKED_SPECIAL_TOKENS,
      });
      const file = readGoldenJson(`hf-${name}-v${vocabSize}.tokenizer.json`);
      assertEquals(JSON.parse(trained.toHuggingFace()["tokenizer.json"]).model, file.model);

      const golden = BpeTokenizer.fromHuggingFace(JSON.stringify(file));
      const { samples } = readGoldenJson(`hf-${name}-v${vocabSize}.samples.json`);
      assert(samples.length > 50);
      for (const { text, ids, decoded } of samples) {
        assertEquals([...golden.encode(text)], ids, JSON.stringify(text));
        assertEquals(golden.decode(ids), decoded ?? text);
      }
    },
  });
}

Deno.test({
  name: "twelve trainings with unusual options equal Hugging Face's",
  ignore: !hasGolden,
  async fn(t) {
    const { bytes, cases } = readGoldenJson("hf-corner.json");
    assertEquals(Object.keys(cases).length, 12);
    for (const [name, golden] of Object.entries<ReturnType<typeof JSON.parse>>(cases)) {
      await t.step(name, async () => {
        const {
          vocab_size,
          min_frequency,
          special_tokens,
          initial_alphabet,
          limit_alphabet,
          max_token_length,
        } = golden.options;
        const text = golden.text ?? readGolden("tinyshakespeare-200k.txt", bytes);
        const addPrefixSpace = golden.add_prefix_space;
        const { tokens, merges } = learnBpe(await countPreTokens([text], { addPrefixSpace }), {
          vocabSize: vocab_size,
          minFrequency: min_frequency,
          specialTokens: special_tokens,
          alphabet: initial_alphabet ? "bytes" : "seen",
          limitAlphabet: limit_alphabet,
          maxTokenLength: max_token_length,
        });
        assertEquals(tokens, golden.vocab);
        assertEquals(merges.map(([left, right]) => [tokens[left], tokens[right]]), golden.merges);
        const specialTokens = [...new Set<string>(special_tokens)].map((content) => ({
          content,
          id: tokens.indexOf(content),
          leftStrip: false,
          rightStrip: false,
          singleWord: false,
          special: true,
        }));
        const tokenizer = new BpeTokenizer({ tokens, merges, addPrefixSpace, specialTokens });
        for (const { text, ids } of golden.samples) assertEquals([...tokenizer.encode(text)], ids, text);
      });
    }
  },
});

Deno.test("a stream of texts trains like an array of them, and lines like texts", async () => {
  const texts = ["the cat\n", "  sat on\n", " the hat\n\n", "the end"];
  async function* stream(): AsyncGenerator<string> {
    yield* texts;
  }
  const options = { vocabSize: 300, minFrequency: 1 };
  const { fingerprint } = await trainBpe(texts, options);
  assertEquals((await trainBpe(stream(), options)).fingerprint, fingerprint);
  const joined = ["the cat\n  sat on\n the hat\n", "\nthe end"];
  const lines = ["the cat\n", "  sat on\n", " the hat\n", "\n", "the end"];
  const trained = await trainBpe(joined, { ...options, lines: true });
  assertEquals(trained.fingerprint, (await trainBpe(lines, options)).fingerprint);
  assertNotEquals(trained.fingerprint, (await trainBpe(joined, options)).fingerprint);
});

Deno.test("a prefix space is learned with the first word of each text, or line", async () => {
  const merges = async (addPrefixSpace: boolean): Promise<string[]> => {
    const tokenizer = await trainBpe(["no\n no\nno"], { vocabSize: 258, addPrefixSpace, lines: true });
    return tokenizer.merges.map((merge) => merge.map((id) => tokenizer.tokenOf(id)).join(" "));
  };
  assertEquals(await merges(false), ["n o"]);
  assertEquals(await merges(true), ["n o", "Ġ no"]);
});

Deno.test("progress reports counting, merging and why it stopped", async () => {
  const seen: BpeTrainingProgress[] = [];
  await trainBpe(["to be or not to be"], { vocabSize: 1000, onProgress: (progress) => seen.push(progress) });
  assertEquals(seen[0], { stage: "counting", textLength: 18, vocabSize: 0, exhausted: false });
  assertEquals(seen[1], { stage: "merging", textLength: 18, vocabSize: 257, exhausted: false });
  assertEquals(seen.at(-1), { stage: "done", textLength: 18, vocabSize: 259, exhausted: true });
});

Deno.test("wrong sizes and an empty corpus are refused in one line", async () => {
  const cases: [texts: string[], options: Parameters<typeof trainBpe>[1], message: string][] = [
    [[], { vocabSize: 300 }, "Cannot train a tokenizer: the corpus is empty"],
    [["", ""], { vocabSize: 300 }, "Cannot train a tokenizer: the corpus is empty"],
    [
      ["text"],
      { vocabSize: 260, specialTokens: MASKED_SPECIAL_TOKENS },
      "Cannot train a vocabulary of size 260: 5 special tokens and 256 bytes come first; the least is 261",
    ],
    [["text"], { vocabSize: 300.5 }, "vocabSize is 300.5, expected a whole number of at least 1"],
    [
      ["text"],
      { vocabSize: 300, minFrequency: -1 },
      "minFrequency is -1, expected a whole number of at least 0",
    ],
  ];
  for (const [texts, options, message] of cases) {
    await assertRejects(() => trainBpe(texts, options), RangeError, message);
  }
});
