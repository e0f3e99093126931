import { assert, assertEquals } from "@std/assert";
import { areReordered, readClassified, wordsOf } from "../bench/bag_of_words.ts";
import { type LabelledFile, parseLabelledTexts } from "../data/labelled_texts.ts";

const folder = new URL("../example_data/", import.meta.url);
const TEXTS = ["tale.txt", "mixed.txt"], SENTENCES = ["sentiment_train.tsv", "sentiment_test.tsv"];
const read = (name: string) =>
  new TextDecoder("utf-8", { fatal: true }).decode(Deno.readFileSync(new URL(name, folder)));
const sentencesOf = (name: string): LabelledFile => {
  const file = parseLabelledTexts(read(name), { path: name, format: "tsv" });
  assertEquals(file.emptyLines, 0, name);
  return file;
};
const [training, test] = SENTENCES.map(sentencesOf);
const all = SENTENCES.flatMap((name) => readClassified(new URL(name, folder)));

/** Words that two sentences share, as a part of the words of both, repeated words counted. */
function similarity(a: readonly string[], b: readonly string[]): number {
  const rest = [...a];
  let shared = 0;
  for (const word of b) {
    const index = rest.indexOf(word);
    if (index < 0) continue;
    rest.splice(index, 1);
    shared++;
  }
  return shared / (rest.length + b.length);
}

Deno.test("example data are plain text: UTF-8, Unix lines, no trailing spaces, characters of a keyboard and accents", () => {
  for (const name of [...TEXTS, ...SENTENCES]) {
    const text = read(name);
    text.split("\n").forEach((line, index) => {
      assert(!/[ \r]$/.test(line), `${name}, line ${index + 1} ends in a space`);
      const unusual = line.match(/[^ -~\t£°×−âèéïöæÅ]/u);
      assert(!unusual, `${name}, line ${index + 1}: ${JSON.stringify(unusual?.[0])}`);
      assert(!line.includes("\t") || SENTENCES.includes(name), `${name}, line ${index + 1} has a tab`);
    });
    assert(text.endsWith("\n") && !text.endsWith("\n\n"), `${name} does not end in one line feed`);
  }
});

Deno.test("the texts are as long as their README says, the mixed one of many pieces", () => {
  const [tale, mixed] = TEXTS.map((name) => read(name).length);
  assert(tale >= 12_000 && tale <= 16_000, `tale.txt has ${tale} characters`);
  assert(mixed >= 70_000 && mixed <= 100_000, `mixed.txt has ${mixed} characters`);
  const titles = read("mixed.txt").split("\n\n").filter((part) => /^[A-Z0-9 ',;()]+$/.test(part));
  assert(titles.length >= 50, `mixed.txt has ${titles.length} titles`);
  for (const name of TEXTS) {
    const long = read(name).split("\n").filter((line) => line.length > 40);
    assertEquals(long.length, new Set(long).size, `${name} repeats a line`);
  }
});

Deno.test("sentences are balanced, as many as their README says, and short", () => {
  const { rows } = training;
  for (const file of [training, test]) {
    const positive = file.rows.filter(({ label }) => label === "positive").length;
    const negative = file.rows.filter(({ label }) => label === "negative").length;
    assertEquals([positive, negative], [file.rows.length / 2, file.rows.length / 2], file.path);
  }
  for (const { text } of all) assert(text.length <= 120 && text.trim() === text && /[.!?]$/.test(text), text);
  const pairs = areReordered(all).filter(Boolean).length / 2;
  const counts = { training: rows.length, test: test.rows.length, pairs };
  assertEquals(counts, { training: 1250, test: 312, pairs: 430 });
  const readme = read("README.md");
  for (const count of Object.values(counts)) {
    assert(new RegExp(`\\b${count}\\b`).test(readme), `README.md lacks ${count}`);
  }
});

Deno.test("no sentence occurs twice, and none of the test is nearly one of the training", () => {
  const lower = all.map(({ text }) => text.toLowerCase());
  assertEquals(lower.filter((text, index) => lower.indexOf(text) !== index), []);
  const words = training.rows.map(({ text }) => wordsOf(text));
  for (const { text, line } of test.rows) {
    const close = words.findIndex((other) => similarity(wordsOf(text), other) >= 0.6);
    assert(
      close < 0,
      `${test.path}, line ${line} is too close to ${training.path}, line ${
        training.rows[close]?.line
      }: ${text}`,
    );
  }
});
