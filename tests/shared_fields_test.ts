import { assertEquals } from "@std/assert";
import { ConfigReader } from "../checkpoints/hugging_face/config_reader.ts";
import { labelTables } from "../checkpoints/hugging_face/shared_fields.ts";

for (const name of ["roberta-classifier-mini", "openai-gpt-classifier-mini"]) {
  Deno.test(`labelTables writes the tables that transformers wrote for ${name}`, async () => {
    const text = await Deno.readTextFile(new URL(`../fixtures/${name}/config.json`, import.meta.url));
    const { id2label, label2id } = JSON.parse(text);
    const labels = new ConfigReader(JSON.parse(text)).labels()!;
    assertEquals(JSON.parse(JSON.stringify(labelTables(labels))), { id2label, label2id });
  });
}

Deno.test("labelTables keeps the order of more than ten classes, and names that objects have of their own", () => {
  const architectures = ["AnyForSequenceClassification"];
  const read = (labels: readonly string[]) =>
    new ConfigReader({ architectures, ...JSON.parse(JSON.stringify(labelTables(labels))) }).labels();
  for (
    const labels of [Array.from({ length: 12 }, (_, index) => `class ${11 - index}`), [
      "__proto__",
      "constructor",
    ]]
  ) {
    assertEquals(read(labels), labels);
    const { label2id } = labelTables(labels);
    assertEquals(
      Object.entries(label2id as object),
      labels.map((label, index): [string, number] => [label, index]),
    );
  }
});
