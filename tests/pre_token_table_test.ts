import { assertEquals } from "@std/assert";
import { PreTokenTable } from "../tokenizers/bpe/pre_token_table.ts";
import { randomText, seededNumbers } from "./_tokenizer_data.ts";

Deno.test("a table gives equal texts one number, wherever they stand", () => {
  const below = seededNumbers(7);
  const table = new PreTokenTable();
  for (let round = 0; round < 2; round++) {
    const numbers = new Map<string, number>();
    for (let i = 0; i < 20_000; i++) {
      const text = randomText(below, below(5));
      const padded = `ab${text}c`;
      const number = table.find(padded, 2, 2 + text.length);
      assertEquals(number, numbers.get(text) ?? numbers.size);
      numbers.set(text, number);
    }
    for (const [text, number] of numbers) assertEquals(table.textOf(number), text);
    assertEquals(table.size, numbers.size);
    table.clear();
  }
});

Deno.test("a table counts its units, and holds entries of any length", () => {
  const table = new PreTokenTable(), long = "ab😀".repeat(5000);
  assertEquals([table.size, table.unitCount], [0, 0]);
  assertEquals([table.find(long, 0, long.length), table.find("", 0, 0), table.find("x", 0, 1)], [0, 1, 2]);
  assertEquals([table.size, table.unitCount], [3, 20_001]);
  assertEquals([table.textOf(0) === long, table.textOf(1)], [true, ""]);
  table.clear();
  assertEquals([table.size, table.unitCount], [0, 0]);
});
