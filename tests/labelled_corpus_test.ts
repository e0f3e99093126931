import {
  assert,
  assertEquals,
  assertMatch,
  assertNotEquals,
  assertRejects,
  assertStringIncludes,
} from "@std/assert";
import { readLabelled, readLabelledCorpus, trainedOnPairs } from "../commands/texts/labelled_corpus.ts";
import { inFolder, miniformer, story, succeed, words } from "./_command.ts";

Deno.test("texts to validate on are drawn by the seed, and are not learned from", () =>
  inFolder(async (cwd) => {
    const texts = Array.from({ length: 50 }, (_, i) => `text ${i}`);
    await Deno.writeTextFile(`${cwd}/all.tsv`, texts.map((text, i) => `${text}\t${i % 2}\n`).join(""));
    const read = async (seed: number) => {
      const options = { validationFraction: 0.2, seed };
      const { training, validation } = await readLabelledCorpus(`${cwd}/all.tsv`, options);
      return [training, validation].map(({ rows }) => rows.map(({ text }) => text));
    };
    const [training, validation] = await read(1), place = (text: string) => texts.indexOf(text);
    assertEquals([training.length, validation.length], [40, 10]);
    assertEquals(new Set([...training, ...validation]).size, 50);
    for (const part of [training, validation]) {
      assertEquals(part, part.toSorted((a, b) => place(a) - place(b)), "in the order of the file");
    }
    assert(place(validation[0]) < 25 && place(validation[9]) >= 25, "spread over the file");
    assertEquals(await read(1), [training, validation]);
    assertNotEquals((await read(2))[1], validation);
  }));

Deno.test("texts are not held back where one label would remain", () =>
  inFolder(async (cwd) => {
    await Deno.writeTextFile(`${cwd}/a.tsv`, "fine\tgood\nawful\tbad\n");
    const read = readLabelledCorpus(`${cwd}/a.tsv`, { validationFraction: 0.5, seed: 1 });
    await assertRejects(() => read, Error, "(1) have the same label; give --validation");
  }));

Deno.test("a file whose name does not give its format is refused before it is read", async () => {
  for (const name of ["missing.parquet", "missing.txt"]) {
    await assertRejects(
      () => readLabelled(name),
      Error,
      `Cannot read ${name} as texts with labels: expected`,
    );
  }
  await assertRejects(() => readLabelled("missing.txt", { labels: false }), Error, "no such file");
});

Deno.test("a checkpoint holds whether its texts were pairs, or nothing on it", () => {
  const state = (text: string) => ({ "training_state.json": new TextEncoder().encode(text) });
  const states = [state('{"pairs":true}'), state("{}"), state("{"), {}];
  assertEquals(states.map(trainedOnPairs), [true, undefined, undefined, undefined]);
});

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
