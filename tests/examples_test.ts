import { assert, assertEquals, assertNotEquals } from "@std/assert";
import { labelsOf, readLabelledCorpus } from "../commands/examples.ts";
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
