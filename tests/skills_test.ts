import { assertAlmostEquals, assertEquals, assertRejects, assertThrows } from "@std/assert";
import { CpuBackend } from "../core/cpu_backend.ts";
import { oracle, type OraclePosition, type Skill } from "../data/oracle.ts";
import { makeTales } from "../data/tales.ts";
import { scoreTales, skillFigures, taleFigures } from "../inference/skills.ts";
import { initialize } from "../core/module.ts";
import { Gpt } from "../models/gpt.ts";
import type { Learner } from "../models/learner.ts";
import { MaskedLanguageModel } from "../models/masked_language_model.ts";
import { trainBpe } from "../tokenizers/bpe/bpe_trainer.ts";
import { CharTokenizer } from "../tokenizers/char_tokenizer.ts";
import type { Tokenizer } from "../tokenizers/tokenizer.ts";
import { tokenLosses } from "../training/evaluate.ts";
import { small } from "./_training.ts";

const { text } = makeTales({ seed: 8, characters: 700 }), end = text.indexOf("\n\n") + 2;

const at = (skill: Skill, probability: number, antecedent?: number, list = "hero"): OraclePosition => ({
  ...{ skill, probability, entropy: 0, distribution: new Map() },
  ...antecedent === undefined ? {} : { antecedent, list },
});

Deno.test("figures are means by skill and by distance, shares add up to 1, and what was not predicted is left out", () => {
  const positions: OraclePosition[] = Array.from({ length: 300 }, () => at("wording", 1));
  const losses = new Float64Array(300).fill(NaN);
  const put = (index: number, loss: number, ...position: Parameters<typeof at>) => {
    positions[index] = at(...position);
    losses[index] = loss;
  };
  put(0, 1, "plot", 1 / 2);
  put(1, 0.25, "wording", 1);
  put(40, 1, "recall", 1, 39);
  put(41, 2, "recall", 1, 10, "thing");
  put(42, 3, "recall", 1, 10);
  put(150, 4, "recall", 1, 87, "spot");
  put(170, 6, "recall", 1, 43, "thing");
  put(299, 5, "recall", 1, 171);
  put(298, NaN, "recall", 1, 0);
  put(200, Math.log(4), "plot", 1 / 4);
  const { all, skills, recallByDistance, recallByList } = taleFigures({ positions, losses });
  const open = Math.LN2 + Math.log(4), loss = 22.25 + Math.log(4), excess = loss - open;
  const close = (found: unknown, expected: Record<string, unknown>) => {
    const given = found as Record<string, unknown>;
    assertEquals(Object.keys(given).sort(), Object.keys(expected).sort());
    for (const [name, value] of Object.entries(expected)) {
      if (typeof value === "number") assertAlmostEquals(given[name] as number, value, 1e-12, name);
      else assertEquals(given[name], value);
    }
  };
  close(all, { positions: 9, loss: loss / 9, optimal: open / 9, excess: excess / 9, share: 1 });
  assertEquals(skills.map(({ skill }) => skill), ["wording", "plot", "recall"]);
  close(skills[0], {
    skill: "wording",
    positions: 1,
    loss: 0.25,
    optimal: 0,
    excess: 0.25,
    share: 0.25 / excess,
  });
  close(skills[1], {
    ...{ skill: "plot", positions: 2, loss: (1 + Math.log(4)) / 2, optimal: open / 2 },
    ...{ excess: (1 - Math.LN2) / 2, share: (1 - Math.LN2) / excess },
  });
  const recalled = (loss: number, positions: number) => {
    return { positions, loss, optimal: 0, excess: loss, share: loss * positions / excess };
  };
  close(skills[2], { skill: "recall", ...recalled(21 / 6, 6) });
  const ranges = [{ from: 1, to: 31 }, { from: 32, to: 63 }, { from: 64, to: 127 }, { from: 128 }];
  const expected = [[3 / 2, 2], [7 / 2, 2], [6, 1], [5, 1]];
  assertEquals(recallByDistance.length, 4);
  for (const [index, [loss, count]] of expected.entries()) {
    close(recallByDistance[index], { ...ranges[index], ...recalled(loss, count) });
  }
  assertEquals(recallByList.length, 3); // by what they cost
  close(recallByList[0], { list: "hero", ...recalled(3, 3) });
  close(recallByList[1], { list: "thing", ...recalled(4, 2) });
  close(recallByList[2], { list: "spot", ...recalled(4, 1) });

  const perfect = taleFigures({ positions: [at("recall", 1, -40)], losses: Float64Array.of(0) });
  assertEquals(perfect.all, { positions: 1, loss: 0, optimal: 0, excess: 0, share: 0 });
  assertEquals(perfect.recallByDistance, [{ from: 32, to: 63, ...perfect.all }]);
  assertThrows(
    () => taleFigures({ positions: [at("plot", 1)], losses: Float64Array.of(NaN) }),
    RangeError,
    "the model predicted no character of a tale",
  );
});

const tokenizer = CharTokenizer.fromText(text), backend = new CpuBackend();
const model = new Gpt({ ...small, vocabSize: tokenizer.vocabSize, contextLength: 32 });
initialize(backend, model, 5);

Deno.test("scoreTales puts the model's losses beside the oracle's positions, cut tale or not", async () => {
  for (const cut of [0, 10]) {
    const part = text.slice(cut), before = cut === 0 ? 0 : end - cut;
    const { positions, losses, ...rest } = await scoreTales(backend, model, tokenizer, part, {
      batchSize: 3,
    });
    assertEquals(rest, { before: part.slice(0, before), text: part.slice(before) });
    assertEquals(positions, oracle(part.slice(before)));
    const all = await tokenLosses(backend, model, tokenizer.encode(part), { batchSize: 3 });
    assertEquals(losses, all.slice(before));
    const figures = await skillFigures(backend, model, tokenizer, part, { batchSize: 3 });
    assertEquals(figures, taleFigures({ positions, losses }).skills);
    const read = { before: part.slice(0, before), text: part.slice(before), positions };
    assertEquals(await skillFigures(backend, model, tokenizer, read, { batchSize: 3 }), figures);
    const predicted = figures.reduce((sum, { positions }) => sum + positions, 0);
    assertEquals(predicted, part.length - before - (cut === 0 ? 1 : 0));
  }
});

Deno.test("scoreTales refuses what has no skills to measure", async () => {
  const score = (given: Gpt, tokens: Tokenizer, tales: string) => () =>
    scoreTales(backend, given, tokens, tales);
  const bytes = await trainBpe([text], { vocabSize: 280 });
  const masked = new MaskedLanguageModel({ ...small, architecture: "roberta" }) as Learner as Gpt;
  const expected = "expected a causal language model";
  await assertRejects(score(model, bytes, text), TypeError, "a token of this model is not a character");
  await assertRejects(score(masked, tokenizer, text), TypeError, expected);
  await assertRejects(score(model, tokenizer, "A book."), RangeError, "the text is not one of tales");
  await assertRejects(score(model, tokenizer, "O"), RangeError, "has 1 tokens");
});
