import { assertEquals, assertMatch, assertStringIncludes, assertThrows } from "@std/assert";
import { arePairs } from "../commands/texts/pairs.ts";
import { inFolder, miniformer, story, succeed, words } from "./_command.ts";

/** Texts with labels that no object should inherit from; every row is a pair if asked for. */
function rows(pairs: boolean): string {
  return story(24).trimEnd().split("\n").map((line) => {
    const label = /cat|dog/.test(line) ? "__proto__" : "constructor";
    return `${line}\t${pairs ? "So?\t" : ""}${label}\n`;
  }).join("");
}

Deno.test("a classifier of pairs refuses single texts and the reverse, and one from elsewhere takes both", () =>
  inFolder(async (cwd) => {
    await Deno.writeTextFile(`${cwd}/story.txt`, story(60) + "So?");
    await Deno.writeTextFile(`${cwd}/pairs.tsv`, rows(true));
    await Deno.writeTextFile(`${cwd}/single.tsv`, rows(false));
    const sizes = "--context_length 32 --layers 1 --heads 2 --model_dim 16 --batch_size 4 --steps 2";
    await succeed(words(`train --objective mlm --data story.txt --out model --device cpu ${sizes}`), { cwd });
    const refused = async (line: string, message: string) => {
      const { code, stdout, stderr } = await miniformer([...words(line), "--device", "cpu"], { cwd });
      assertEquals([code, stdout, stderr], [1, "", `error: ${message}\n`], line);
    };
    for (const [kind, other] of [["pairs", "single"], ["single", "pairs"]]) {
      const tune = `finetune --checkpoint model --data ${kind}.tsv --epochs 1`;
      const said = await succeed(words(`${tune} --out tuned-${kind} --device cpu`), { cwd });
      // labels that every object inherits are classes like any other
      assertMatch(said, /^is {11}precision {2}recall {5}F1 {2}called __proto__ {2}called constructor$/m);
      assertStringIncludes(
        await Deno.readTextFile(`${cwd}/tuned-${kind}/confusion_matrix.svg`),
        ">__proto__<",
      );
      const use = `classify --checkpoint tuned-${kind}`,
        [given, trained] = [other, kind].map((kind) => kind === "pairs" ? "pairs of texts" : "single texts");
      const end = `holds ${given}, but the classifier of tuned-${kind}/best was trained on ${trained}`;
      await refused(`${use} --data ${other}.tsv`, `${other}.tsv ${end}`);
      const pair = ["--pair", "So?"], text = ["--text", "The cat sat."];
      const one = kind === "pairs" ? [...text, ...pair] : text,
        wrong = kind === "pairs" ? text : [...text, ...pair];
      const name = kind === "pairs" ? "--text without --pair" : "--text with --pair";
      const { stderr } = await miniformer([...words(use), ...wrong, "--device", "cpu"], { cwd });
      assertEquals(stderr, `error: ${name} ${end}\n`);
      const classes = await succeed([...words(use), ...one, "--device", "cpu"], { cwd });
      assertMatch(
        classes,
        /^ *[\d.]+ % {2}(__proto__|constructor)\n *[\d.]+ % {2}(__proto__|constructor)\n$/,
      );
      const { stdout, stderr: table } = await miniformer(words(`${use} --data ${kind}.tsv --device cpu`), {
        cwd,
      });
      assertEquals(stdout.trimEnd().split("\n").length, 25);
      assertMatch(table, /called __proto__ {2}called constructor/);
      await Deno.remove(`${cwd}/tuned-${kind}/best/training_state.json`);
      await succeed([...words(use), ...wrong, "--device", "cpu"], { cwd });
      const both = kind === "pairs"
        ? "single.tsv holds single texts, pairs.tsv pairs: both must hold the same"
        : "pairs.tsv holds pairs, single.tsv single texts: both must hold the same";
      await refused(`${tune} --validation ${other}.tsv --out never`, both);
    }
  }));

Deno.test("texts with and without a second one in a file are refused by line", () => {
  const file = (...pairs: (string | undefined)[]) => ({
    path: "train.jsonl",
    rows: pairs.map((pair, index) => ({ text: "…", pair, line: 2 * index + 1 })),
    emptyLines: 0,
  });
  const message = (...pairs: (string | undefined)[]) =>
    assertThrows(() => arePairs(file(...pairs)), Error).message;
  const advice = "; give one to every text or to none";
  assertEquals(
    message("a", "b", undefined),
    `train.jsonl, line 5: there is no second text, but line 1 has one${advice}`,
  );
  assertEquals(
    message(undefined, "b"),
    `train.jsonl, line 3: there is a second text, but line 1 has none${advice}`,
  );
  assertEquals(message("a", " "), "train.jsonl, line 3: the second text (pair) is empty");
  assertEquals(arePairs(file()), false);
});
