import { assertEquals, assertRejects } from "@std/assert";
import { CharTokenizer, CpuBackend, generate, generateText, Gpt, initialize, PRESETS } from "../mod.ts";
import { MASKED_PRESETS, MASKED_SPECIAL_TOKENS, MaskedLanguageModel } from "../mod.ts";

const backend = new CpuBackend();

/** An untrained model of a text's characters. */
function modelFor(text: string) {
  const tokenizer = CharTokenizer.fromText(text);
  const model = new Gpt({ ...PRESETS.tiny.model, vocabSize: tokenizer.vocabSize });
  initialize(backend, model, 1);
  return { backend, model, tokenizer };
}

Deno.test("the text is that of generate's tokens, in pieces, without the prompt", async () => {
  const source = modelFor("abcdef"), { model, tokenizer } = source;
  const options = { maxNewTokens: 40, temperature: 0.7, topK: 4, seed: 3, chunk: 8 };
  const pieces = await Array.fromAsync(generateText(source, { ...options, prompt: "abc" }));
  const tokens: number[] = [];
  for await (const [ids] of generate(backend, model, { ...options, prompt: tokenizer.encode("abc") })) {
    tokens.push(...ids);
  }
  assertEquals(pieces.join(""), tokenizer.decode(tokens));
  assertEquals(pieces.map(({ length }) => length), [8, 8, 8, 8, 8]);
});

Deno.test("without options, 200 tokens follow a line break", async () => {
  const source = modelFor("ab\n");
  const text = async (options?: object) => (await Array.fromAsync(generateText(source, options))).join("");
  assertEquals((await text()).length, 200);
  assertEquals(await text(), await text({ prompt: "\n" }));
  assertEquals(await text(), await text({ prompt: "" }));
});

Deno.test("a model that does not predict the next token, and a prompt that cannot be encoded, are refused", async () => {
  const tokenizer = CharTokenizer.fromText("ab", { specialTokens: MASKED_SPECIAL_TOKENS }),
    { vocabSize } = tokenizer;
  const model = new MaskedLanguageModel({ ...MASKED_PRESETS["roberta-tiny"].model, vocabSize });
  initialize(backend, model, 1);
  await assertRejects(
    () => generateText({ backend, model, tokenizer }).next(),
    TypeError,
    "expected a causal language model",
  );
  await assertRejects(() => generateText(modelFor("ab"), { prompt: "az" }).next(), RangeError, '"z"');
});
