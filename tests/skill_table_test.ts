import { assertEquals } from "@std/assert";
import { SKILL_MEANINGS, skillRows, skillsOn, skillTable } from "../commands/reports/skill_table.ts";
import { CpuBackend } from "../core/cpu_backend.ts";
import { initialize } from "../core/module.ts";
import { SKILLS } from "../data/oracle.ts";
import { makeTales } from "../data/tales.ts";
import { skillFigures, type TaleFigures } from "../inference/skills.ts";
import { Gpt } from "../models/gpt.ts";
import { trainBpe } from "../tokenizers/bpe/bpe_trainer.ts";
import { CharTokenizer } from "../tokenizers/char_tokenizer.ts";
import { small } from "./_training.ts";

const recalled = { positions: 5414, loss: 0.59312, optimal: 0, excess: 0.59312, share: 0.79012 };
const figures: TaleFigures = {
  all: { positions: 124907, loss: 0.11226, optimal: 0.07973, excess: 0.03254, share: 1 },
  skills: [
    { skill: "plot", positions: 2398, loss: 1.04427, optimal: 0.98757, excess: 0.0567, share: 0.03346 },
    { skill: "recall", ...recalled },
  ],
  recallByDistance: [{ from: 1, to: 31, ...recalled }, {
    from: 128,
    ...recalled,
    positions: 7,
    share: -0.001,
  }],
  recallByList: [{ list: "thing", ...recalled }],
};

Deno.test("the table has a line for each skill and each range of distances, and fits 80 columns", () => {
  assertEquals(
    skillTable(figures),
    `by skill; here each character is read with half a window or more before it:
skill                     characters    loss  optimal  excess  share of excess
plot                           2,398  1.0443   0.9876  0.0567            3.3 %
recall                         5,414  0.5931   0.0000  0.5931           79.0 %
recall, 1 to 31 back           5,414  0.5931   0.0000  0.5931           79.0 %
recall, 128 or more back           7  0.5931   0.0000  0.5931           -0.1 %
recall of {thing}              5,414  0.5931   0.0000  0.5931           79.0 %
all                          124,907  0.1123   0.0797  0.0325          100.0 %`,
  );
  for (const skill of SKILLS) assertEquals(typeof SKILL_MEANINGS[skill], "string");
  assertEquals(skillRows(figures)[0].length, 6);
});

Deno.test("skills are measured on tales, of models of characters, and of nothing else", async () => {
  const { text } = makeTales({ seed: 8, characters: 700 }), half = text.indexOf("\n\n") + 2;
  const tokenizer = CharTokenizer.fromText(text), backend = new CpuBackend();
  const model = new Gpt({ ...small, vocabSize: tokenizer.vocabSize });
  initialize(backend, model, 5);
  const seen: number[] = [], onProgress = (done: number) => void seen.push(done);
  const options = { batchSize: 50, onProgress };
  const texts = [text.slice(0, half), text.slice(half)];
  const found = await skillsOn(texts, backend, model, tokenizer, options);
  assertEquals(found?.skills, await skillFigures(backend, model, tokenizer, text, { batchSize: 50 }));
  assertEquals(seen.length > 0, true);
  seen.length = 0;
  for (const others of [["A book.\n"], ["O"], [""]]) {
    assertEquals(await skillsOn(others, backend, model, tokenizer, options), undefined);
  }
  const bytes = await trainBpe([text], { vocabSize: 280 });
  assertEquals(await skillsOn([text], backend, model, bytes, options), undefined);
  assertEquals(seen, []);
});
