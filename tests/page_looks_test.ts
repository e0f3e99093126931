import { assert, assertAlmostEquals, assertEquals } from "@std/assert";
import {
  attentionMaps,
  attentionStack,
  CharTokenizer,
  CpuBackend,
  fillMask,
  generate,
  initialize,
  makeTales,
  MASKED_SPECIAL_TOKENS,
  maskTokens,
  type ModelsByKind,
  skillFigures,
  tokenLosses,
} from "../mod.ts";
import { buildModel } from "../models/families.ts";
import { choicesOf } from "../page/choices.ts";
import { Looks, type LookSource } from "../page/compute/look/looks.ts";
import { languageConfig } from "../checkpoints/runs/language_settings.ts";
import { settingsOf } from "../page/compute/settings.ts";
import { Trainer } from "../page/compute/trainer.ts";
import type { Choices, FromWorker, Question, ToWorker } from "../page/protocol.ts";
import { story } from "./_command.ts";

type Answer<Kind extends FromWorker["kind"]> = FromWorker & { kind: Kind };

const backend = new CpuBackend(), small = { layers: 2, heads: 2, modelDim: 16 };

/** Looks at an untrained model, and what they have answered. */
function looksAt(text: string, preset: Choices["preset"] = "tiny", contextLength = 32) {
  const isMasked = preset.startsWith("roberta"), specialTokens = isMasked ? MASKED_SPECIAL_TOKENS : undefined;
  const tokenizer = CharTokenizer.fromText(text, { specialTokens });
  const model = buildModel<"causal" | "masked">(
    languageConfig(settingsOf({ ...choicesOf(preset), ...small, contextLength }), tokenizer.vocabSize),
  );
  initialize(backend, model, 1);
  const answers: FromWorker[] = [], state = { step: 0 }, validation = tokenizer.encode(text);
  const source: LookSource = { backend, model, tokenizer, validation, step: () => state.step };
  const looks = new Looks(source, (message) => answers.push(message));
  const last = <Kind extends FromWorker["kind"]>(kind: Kind) =>
    answers.findLast((answer) => answer.kind === kind) as Answer<Kind> | undefined;
  const ask = async (question: Question) => {
    looks.ask(question);
    await looks.answer();
  };
  return { ...source, looks, answers, last, ask, state };
}

const tales = makeTales({ seed: 1, characters: 5_000 }).text, own = story(100);
const prompt = "Once there was", plain = { temperature: 1, topK: 0, topP: 1 };
const distribution = (values: Partial<Question & { kind: "distribution" }> = {}): Question => {
  return { kind: "distribution", prompt, ...plain, ...values };
};

Deno.test("the next tokens have the model's probabilities, and those they are drawn with", async () => {
  const { ask, last, model, tokenizer } = looksAt(tales);
  await ask(distribution());
  const { tokens } = last("distribution")!;
  assertEquals(tokens.length, 12);
  for (const [index, { token, probability, sampled }] of tokens.entries()) {
    const ids = tokenizer.encode(prompt + token),
      losses = await tokenLosses(backend, model as ModelsByKind["causal"], ids);
    assertAlmostEquals(probability, Math.exp(-losses.at(-1)!), 1e-6);
    assertEquals(sampled, probability);
    assert(index === 0 || probability <= tokens[index - 1].probability);
  }
  await ask(distribution({ topK: 3, temperature: 0.5 }));
  const kept = last("distribution")!.tokens,
    weights = tokens.slice(0, 3).map(({ probability }) => probability ** 2);
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  assertEquals(kept.map(({ probability }) => probability), tokens.map(({ probability }) => probability));
  for (const [index, { sampled }] of kept.entries()) {
    assertAlmostEquals(sampled, (weights[index] ?? 0) / total, 1e-6);
  }
});

Deno.test("tokens are drawn as often as the page says", async () => {
  const { ask, last, model, tokenizer } = looksAt(tales), sampling = { temperature: 0.1, topK: 5, topP: 0.8 };
  await ask(distribution(sampling));
  const counts = new Map<string, number>(), samples = 2000;
  const options = { ...sampling, prompt: tokenizer.encode(prompt), maxNewTokens: 1, samples, seed: 1 };
  for await (const texts of generate(backend, model as ModelsByKind["causal"], options)) {
    for (const ids of texts) {
      const token = tokenizer.decode(ids);
      counts.set(token, (counts.get(token) ?? 0) + 1);
    }
  }
  const shown = last("distribution")!.tokens;
  assert(shown.some(({ sampled }) => sampled === 0) && shown.filter(({ sampled }) => sampled > 0).length > 1);
  for (const { token, sampled } of shown) {
    assertAlmostEquals((counts.get(token) ?? 0) / samples, sampled, 5 * Math.sqrt(sampled / samples));
  }
});

Deno.test("a masked model has candidates for its first mask, and no coloured text", async () => {
  const { ask, last, looks, answers, model, tokenizer } = looksAt(tales, "roberta-tiny");
  await ask(distribution({ prompt: "a <mask>ol<mask>" }));
  const masked = model as ModelsByKind["masked"], { maskId } = maskTokens(tokenizer, masked.config.padId);
  const ids = tokenizer.encode("a <mask>ol<mask>", { addSpecialTokens: true });
  const [{ candidates }] = await fillMask(backend, masked, ids, { maskId, topK: 12 });
  assertEquals(
    last("distribution")!.tokens.map(({ token, probability }) => [token, probability]),
    candidates.map(({ id, probability }) => [tokenizer.decode([id]), probability]),
  );
  await ask(distribution({ prompt: "none" }));
  assertEquals(last("failed")!.message, "The text has no <mask> to fill");
  await looks.renew();
  assertEquals([last("surprise"), last("skills")], [undefined, undefined]);
  assertEquals(answers.at(-1)!.kind, "failed"); // the prompt still has no mask
});

Deno.test("a question that is withdrawn while another one is answered is not answered", async () => {
  const { looks, answers } = looksAt(tales);
  looks.ask({ kind: "attention", line: "Mia" });
  looks.ask({ kind: "inside", line: "Mia", hidden: "", stage: -1 });
  const answered = looks.answer();
  looks.ask({ kind: "inside", line: null, hidden: "", stage: -1 });
  await answered;
  assertEquals(answers.map(({ kind }) => kind), ["attention"]);
});

Deno.test("a text of one token is not coloured", async () => {
  const { validation, ...source } = looksAt("a".repeat(10)), answers: FromWorker[] = [];
  await new Looks({ ...source, validation: validation.slice(0, 1) }, (message) => answers.push(message))
    .renew();
  assertEquals(answers, []);
});

Deno.test("attention maps are the library's, of a line that is cut at the context", async () => {
  for (const preset of ["tiny", "roberta-tiny"] as const) {
    const { ask, last, model, tokenizer } = looksAt(tales, preset), line = "Mia had a kite.";
    await ask({ kind: "attention", line });
    const ids = tokenizer.encode(line, { addSpecialTokens: preset !== "tiny" });
    const { maps, tokens } = last("attention")!;
    assertEquals(maps, await attentionMaps(backend, attentionStack(model), ids));
    assertEquals(tokens, Array.from(ids, (id) => tokenizer.decode([id])));
    await ask({ kind: "attention", line: line.repeat(5) });
    assertEquals(last("attention")!.tokens.length, 32);
    await ask({ kind: "attention", line: "" });
    assertEquals(
      last("failed"),
      preset === "tiny"
        ? { kind: "failed", at: "attention", message: "The text has 0 tokens, the model reads from 1 to 32" }
        : undefined,
    );
  }
});

Deno.test("of a long line the first 48 tokens have maps", async () => {
  const { ask, last } = looksAt(tales, "tiny", 64);
  await ask({ kind: "attention", line: tales.slice(0, 100) });
  assertEquals(last("attention")!.tokens.join(""), tales.slice(0, 48));
});

Deno.test("tales have the skills and losses that evaluate measures", async () => {
  const { looks, last, model, tokenizer } = looksAt(tales);
  await looks.renew();
  const causal = model as ModelsByKind["causal"], text = tales.slice(0, 4000);
  const figures = await skillFigures(backend, causal, tokenizer, text), { rows } = last("skills")!;
  for (const [index, { skill, positions, loss, optimal }] of figures.entries()) {
    assertEquals([rows[index].skill, rows[index].positions, rows[index].optimal], [
      skill,
      positions,
      optimal,
    ]);
    assertAlmostEquals(rows[index].loss, loss, 1e-6);
  }
  const [all] = rows.slice(-1), { tokens } = last("surprise")!;
  assertEquals([rows.length, all.skill, all.positions], [figures.length + 1, "all", 3999]);
  const losses = await tokenLosses(backend, causal, tokenizer.encode(text));
  assertEquals(tokens.map(({ text }) => text).join(""), text.slice(0, 600));
  for (const [index, { loss }] of tokens.entries()) {
    if (index > 0) assertAlmostEquals(loss, losses[index], 1e-6);
  }
  assert(Number.isNaN(tokens[0].loss) && tokens[1].optimal !== undefined && tokens[1].skill);
});

Deno.test("another text is coloured by its losses, and the line to begin with is its beginning", async () => {
  const { looks, last, model, validation } = looksAt(own);
  await looks.renew();
  const losses = await tokenLosses(backend, model as ModelsByKind["causal"], validation.slice(0, 600));
  const { tokens } = last("surprise")!;
  for (const [index, { loss, optimal }] of tokens.entries()) {
    assertEquals(optimal, undefined);
    if (index > 0) assertAlmostEquals(loss, losses[index], 1e-6);
  }
  assertEquals(last("skills"), undefined);
  for (const preset of ["tiny", "roberta-tiny"] as const) {
    assertEquals(looksAt("0123456789".repeat(60), preset).looks.line, "0123456789".repeat(4));
  }
});

Deno.test("only the newest question counts, and its answer is renewed once for each step", async () => {
  const { looks, answers, state } = looksAt(tales);
  looks.ask({ kind: "attention", line: "Mia" });
  looks.ask({ kind: "attention", line: "Kit" });
  await looks.answer();
  await looks.answer();
  assertEquals(answers.map((answer) => answer.kind === "attention" && answer.line), ["Kit"]);
  await looks.renew();
  await looks.renew();
  state.step = 5;
  await looks.renew();
  const steps = answers.flatMap((answer) => answer.kind === "attention" ? [answer.step] : []);
  assertEquals(steps, [0, 0, 5]);
});

Deno.test("questions are answered during the training, which they do not change", async () => {
  const choices = { ...choicesOf("short-text"), modelDim: 16, contextLength: 16, batchSize: 2, steps: 60 };
  const run = async (react: (message: FromWorker, trainer: Trainer) => void) => {
    const answers: FromWorker[] = [];
    const trainer: Trainer = new Trainer((message) => {
      answers.push(message);
      react(message, trainer);
    });
    const messages: ToWorker[] = [{ kind: "device", device: "cpu" }, { kind: "text", text: own }];
    for (const message of [...messages, { kind: "begin", choices } as const]) await trainer.receive(message);
    const losses = answers.flatMap((answer) => answer.kind === "progress" ? answer.losses : []);
    return { answers, losses };
  };
  const quiet = await run(() => {});
  const { answers, losses } = await run((message, trainer) => {
    if (message.kind === "began") {
      trainer.receive({ kind: "attention", line: message.line });
      trainer.receive({ ...distribution({ prompt: message.prompt }) });
    }
    if (message.kind === "distribution") trainer.receive(distribution({ prompt: "Ω" }));
  });
  assertEquals(losses, quiet.losses);
  const done = answers.findIndex((answer) => answer.kind === "state" && answer.state === "done");
  const before = answers.slice(0, done).map(({ kind }) => kind);
  for (const kind of ["attention", "distribution", "surprise", "failed"] as const) {
    assert(before.includes(kind), kind);
  }
  assertEquals(answers.filter(({ kind }) => kind === "state").length, 3); // a failed question changes no state
});
