import { assert, assertEquals, assertMatch, assertStringIncludes, assertThrows } from "@std/assert";
import { describeAntecedents } from "../commands/reports/antecedents_report.ts";
import { checkAntecedentFlags } from "../commands/reports/antecedents_report.ts";
import type { AntecedentReport } from "../commands/reports/antecedent_figures.ts";
import { SKILLS } from "../data/oracle.ts";
import { textWidth } from "../commands/cli/wrap.ts";
import { inFolder, miniformer, small, story, succeed, words } from "./_command.ts";

const pretrained = new URL("../pretrained/tales", import.meta.url).pathname;

const losses = (loss: number, slope = 1) => ({
  all: { positions: 90, loss, optimal: 0.25 },
  skills: SKILLS.slice(1).map((skill, index) => ({
    skill,
    positions: 15,
    loss: loss + index * slope,
    optimal: 0.125,
  })),
});

/** A report with as long names and numbers as may occur. */
const report = (hits: number, weight = 0.25): AntecedentReport => ({
  ...{ tales: 100_000, seed: 123_456_789, contextLength: 1024, positions: 1_000_000 },
  chance: { letter: 0.0125, word: 0.05 },
  heads: [10, 11].map((head) => ({
    ...{ layer: 10, head, hits: { letter: hits + 0.01 * (head - 10), word: 1 } },
    ...{ weights: { letter: weight, word: 0.75 }, hitsBefore: { letter: 0.5, word: 0.5 } },
  })),
  best: { layer: 10, head: 10 },
  words: [{ list: "hero", positions: 999_999, hits: { letter: 0.8, word: 1 }, loss: 0.125, patchedLoss: 3 }],
  unpatched: losses(1.5),
  patches: [10, 11].map((head) => ({ layer: 10, head, ...losses(head - 7.5, 1.5) })),
});

Deno.test("describeAntecedents: the head, its figures beside chance, and the losses without it, in 80 columns", () => {
  const text = describeAntecedents("runs/a", report(0.4)), lines = text.split("\n");
  for (const line of lines) assert(textWidth(line) <= 80, `${textWidth(line)} columns: ${line}`);
  const facts = text.replace(/\s+/g, " ");
  assertStringIncludes(
    facts,
    "head layer 11, head 11 finds antecedents: its largest weight is there in 40.0 % of the positions " +
      "(50.0 % in the tales that it was chosen on), its mean weight there is 25.0 %; equal weights: 1.3 % without it",
  );
  assertStringIncludes(
    facts,
    "without it recall costs 3.000 nats more, agreement 2.500, any other at most 2.000 At",
  );
  assertMatch(text, /^equal weights +1\.3 % +1\.3 % +5\.0 % +5\.0 %$/m);
  assertMatch(text, /^layer 11, head 11 \* +40\.0 % +25\.0 % +100\.0 % +75\.0 %$/m);
  assertMatch(text, /^layer 11, head 12 +41\.0 % /m);
  assertMatch(text, /^hero +999,999 +80\.0 % +100\.0 % +0\.125 +3\.000$/m);
  assertMatch(text, /^ +spelling +wording +plot +choice +agreement +recall +all$/m);
  assertMatch(text, /^optimal +– +0\.125 +0\.125 +0\.125 +0\.125 +0\.125 +0\.250$/m);
  assertMatch(text, /^no patch +– +1\.500 +2\.500 +3\.500 +4\.500 +5\.500 +1\.500$/m);
  assertMatch(text, /^layer 11, head 11 \* +– +2\.500 /m);
});

Deno.test("describeAntecedents says so where no head finds antecedents, also where only its largest weights do", () => {
  for (const [hits, weight] of [[0.02, 0.25], [0.4, 0.02]]) {
    const text = describeAntecedents("runs/a", report(hits, weight)).replace(/\s+/g, " ");
    assertStringIncludes(
      text,
      "no head finds antecedents; layer 11, head 11 comes closest: its largest weight is there",
    );
  }
});

Deno.test("flags of maps and of antecedents exclude each other", () => {
  const none = { antecedents: true }, map = { antecedents: false };
  checkAntecedentFlags({ ...none, tales: 3, seed: 4, text: undefined });
  checkAntecedentFlags({ ...map, text: "", layer: 1 });
  for (const name of ["text", "layer", "head", "out", "truncate"]) {
    const message = `--${name} is for maps of a text`;
    assertThrows(() => checkAntecedentFlags({ ...none, [name]: 1 }), Error, message);
  }
  for (const name of ["tales", "seed"]) {
    assertThrows(
      () => checkAntecedentFlags({ ...map, text: "a", [name]: 1 }),
      Error,
      `--${name} is for --antecedents`,
    );
  }
  assertThrows(() => checkAntecedentFlags(map), Error, "--text is missing");
});

Deno.test("attention --antecedents: a head of the default model finds antecedents, and recall is lost without it", () =>
  inFolder(async (cwd) => {
    const line = `attention --antecedents --tales 10 --checkpoint ${pretrained} --device wasm`;
    const shown = await succeed(words(line), { cwd });
    for (const each of shown.trimEnd().split("\n").slice(1)) assert(textWidth(each) <= 80, each);
    const { code, stdout, stderr } = await miniformer(words(`${line} --json`), { cwd });
    assertEquals([code, stderr.split("\n").filter((each) => /error/.test(each))], [0, []]);
    const { best, heads, chance, unpatched, patches } = JSON.parse(stdout);
    // deno-lint-ignore no-explicit-any -- as a script sees it
    const ofBest = (entries: any[]) =>
      entries.find(({ layer, head }) => layer === best.layer && head === best.head);
    assertStringIncludes(shown, `layer ${best.layer}, head ${best.head} finds antecedents`);
    assert(best.layer >= 1 && best.head >= 1, "from 1");
    assert(ofBest(heads).hits.letter > 10 * chance.letter);
    // deno-lint-ignore no-explicit-any -- as a script sees it
    const recall = ({ skills }: any) =>
      skills.find(({ skill }: { skill: string }) => skill === "recall").loss;
    assert(recall(ofBest(patches)) > recall(unpatched) + 0.5);
    assertEquals([patches.length, heads.length], [8, 8]);
  }));

Deno.test("attention --antecedents refuses other models in one line", () =>
  inFolder(async (cwd) => {
    await Deno.writeTextFile(`${cwd}/story.txt`, story(200));
    const quick = ["--data", "story.txt", ...small, "--steps", "1", "--device", "cpu"];
    await succeed(["train", ...quick, "--name", "other"], { cwd });
    await succeed(["train", ...quick, "--tokenizer", "bpe", "--vocab_size", "300", "--name", "pieces"], {
      cwd,
    });
    await succeed(["train", ...quick, "--objective", "mlm", "--name", "masked"], { cwd });
    const expectations: [string, number, string][] = [
      ["--checkpoint runs/other", 1, 'Cannot use runs/other/last: Cannot look for antecedents: "'],
      [
        "--checkpoint runs/pieces",
        1,
        "runs/pieces/last: Cannot look for antecedents: a token of this model is not a",
      ],
      [
        "--checkpoint runs/masked",
        1,
        "expected a causal language model, which predicts the next token; deno task fill",
      ],
      ["--text a", 2, "--text is for maps"],
      ["--tales 0", 2, "--tales"],
    ];
    for (const [line, code, message] of expectations) {
      const outcome = await miniformer(words(`attention --antecedents --device cpu ${line}`), { cwd });
      assertEquals([outcome.code, outcome.stdout], [code, ""], outcome.stderr);
      assertStringIncludes(outcome.stderr, message);
      assertEquals(outcome.stderr.trimEnd().split("\n").length, 1, outcome.stderr);
    }
  }));
