import { assert, assertAlmostEquals, assertEquals, assertRejects } from "@std/assert";
import { CpuBackend } from "../core/cpu_backend.ts";
import { initialize } from "../core/module.ts";
import type { Batch } from "../data/batches.ts";
import { evaluateText } from "../inference/evaluate_text.ts";
import { Gpt } from "../models/gpt.ts";
import { MaskedLanguageModel } from "../models/masked_language_model.ts";
import { CharTokenizer } from "../tokenizers/char_tokenizer.ts";
import { MASKED_SPECIAL_TOKENS } from "../tokenizers/special_tokens.ts";
import { PRESETS } from "../training/presets/gpt_presets.ts";
import { MASKED_PRESETS } from "../training/presets/roberta_presets.ts";

const backend = new CpuBackend(), text = "abcab".repeat(20);

Deno.test("a causal model is measured on whole windows, and bits count characters, not UTF-16 units", async () => {
  const tokenizer = CharTokenizer.fromText("a😀b"), ids = tokenizer.encode("😀a😀b😀a");
  const model = new Gpt({ ...PRESETS.tiny.model, contextLength: 2, vocabSize: tokenizer.vocabSize });
  initialize(backend, model, 1);
  const measured: number[] = [];
  const lossOn = (batches: readonly Batch[]) => {
    measured.push(batches.length, batches[0].batchSize);
    return Promise.resolve(Math.LN2);
  };
  const result = await evaluateText(backend, model, ids, { tokenizer, batchSize: 1, lossOn });
  assertEquals(measured, [2, 1]); // two windows of two tokens; the last token is beyond them
  assertEquals([result.tokens, result.predictedTokens, result.contextLength], [6, 4, 2]);
  assertEquals([result.loss, result.perplexity, result.bitsPerCharacter], [Math.LN2, Math.exp(Math.LN2), 1]);
  assertAlmostEquals(result.baselines.uniform, Math.log(tokenizer.vocabSize));
  const unigram = -(3 * Math.log(3 / 6) + 2 * Math.log(2 / 6) + Math.log(1 / 6)) / 6;
  assertAlmostEquals(result.baselines.unigram, unigram);
  assertEquals([result.masks, result.pseudoPerplexity], [undefined, undefined]);
});

Deno.test("a masked model is measured on masks and on one token at a time", async () => {
  const tokenizer = CharTokenizer.fromText(text, { specialTokens: MASKED_SPECIAL_TOKENS });
  const sizes = { ...MASKED_PRESETS["roberta-tiny"].model, vocabSize: tokenizer.vocabSize };
  const model = new MaskedLanguageModel(sizes), ids = tokenizer.encode(text);
  initialize(backend, model, 1);
  const result = await evaluateText(backend, model, ids, { tokenizer, pseudoTokens: 30, maskRate: 0.3 });
  assertEquals(result.masks, { rate: 0.3, rule: "huggingface", seed: 1 });
  assertEquals([result.objective, result.tokens, result.pseudoTokens], ["mlm", 100, 30]);
  assert(result.predictedTokens > 15 && result.predictedTokens < 45, `${result.predictedTokens}`);
  assertAlmostEquals(result.loss, Math.log(tokenizer.vocabSize), 0.5); // initial values predict nothing
  assertAlmostEquals(result.pseudoPerplexity!, tokenizer.vocabSize, 4);
  assert(
    result.baselines.unigram < Math.log(4) && result.baselines.uniform === Math.log(tokenizer.vocabSize),
  );
  const other = await evaluateText(backend, model, ids, {
    tokenizer,
    pseudoTokens: 0,
    seed: 2,
    maskRate: 0.3,
  });
  assertEquals([other.pseudoPerplexity, other.masks!.seed], [undefined, 2]);
  assert(other.loss !== result.loss);
});

Deno.test("a text without a token to predict is refused", async () => {
  const tokenizer = CharTokenizer.fromText("ab");
  const model = new Gpt({ ...PRESETS.tiny.model, vocabSize: tokenizer.vocabSize });
  initialize(backend, model, 1);
  const evaluate = () => evaluateText(backend, model, tokenizer.encode("a"), { tokenizer });
  await assertRejects(evaluate, RangeError, "text has 1 tokens, a window needs 2");
});
