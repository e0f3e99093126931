import { assert, assertEquals, assertNotEquals, assertRejects, assertThrows } from "@std/assert";
import { CharTokenizer } from "../tokenizers/char_tokenizer.ts";
import { readLabelled } from "../commands/texts/labelled_text.ts";
import { classOf, encodeExamples, labelsOf, readLabelledCorpus } from "../commands/texts/examples.ts";
import { inFolder } from "./_command.ts";

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

Deno.test("labels are numbers in their order, or words by the alphabet", () => {
  const labels = (...given: string[]) =>
    labelsOf({ path: "a.tsv", rows: given.map((label, line) => ({ text: "", label, line })), emptyLines: 0 });
  assertEquals(labels("2", "10", "1", "2"), ["1", "2", "10"]);
  assertEquals(labels("good", "2", "10"), ["10", "2", "good"]);
  assertEquals(labels("1.5", "-1"), ["-1", "1.5"]);
});

Deno.test("labels in the thousands are texts in the wrong column", () => {
  const rows = Array.from({ length: 1001 }, (_, line) => ({ text: "…", label: `label ${line}`, line }));
  const file = { path: "train.tsv", rows, emptyLines: 0 };
  assertThrows(() => labelsOf(file), Error, "train.tsv has 1001 different labels, expected at most 1000");
  const { message } = assertThrows(
    () => classOf(rows[0], "dev.tsv", rows.slice(1).map(({ label }) => label)),
    Error,
  );
  assertEquals(message.length < 300, true, message);
});

Deno.test("labels may be called as properties of every object are", () => {
  const rows = ["__proto__", "constructor", "__proto__"].map((label, line) => ({ text: "ab", label, line }));
  const file = { path: "train.tsv", rows, emptyLines: 0 }, labels = labelsOf(file);
  const tokenizer = CharTokenizer.fromText("ab"), options = { contextLength: 8, truncate: false };
  assertEquals(labels, ["__proto__", "constructor"]);
  assertEquals(encodeExamples(file, labels, tokenizer, options).map(({ label }) => label), [0, 1, 0]);
});

Deno.test("headings and keys called as properties of every object are no columns", () =>
  inFolder(async (cwd) => {
    await Deno.writeTextFile(`${cwd}/a.tsv`, "text\tconstructor\nfine\tgood\n");
    const { rows } = await readLabelled(`${cwd}/a.tsv`);
    assertEquals(rows.map(({ text, label }) => [text, label]), [["text", "constructor"], ["fine", "good"]]);
    await Deno.writeTextFile(
      `${cwd}/b.jsonl`,
      '{"text": "fine", "label": "good", "__proto__": "x", "toString": 1}\n',
    );
    const read = await readLabelled(`${cwd}/b.jsonl`);
    assertEquals(read.rows, [{ text: "fine", label: "good", line: 1 }]);
    for (const line of ["null", "5", "[".repeat(1e5) + "]".repeat(1e5), '{"text": null}']) {
      await Deno.writeTextFile(`${cwd}/c.jsonl`, line);
      await assertRejects(
        () => readLabelled(`${cwd}/c.jsonl`),
        Error,
        "c.jsonl, line 1: expected an object such as",
      );
    }
  }));
