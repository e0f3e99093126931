import { assertEquals } from "@std/assert";
import { alignTable } from "../bench/table.ts";

Deno.test("columns are as wide as their longest cell, texts on the left, numbers on the right", () => {
  assertEquals(
    alignTable([["name", "ms"], ["a", "1000"], ["longer", "1"]], 1),
    `| name   |   ms |\n| ------ | ---: |\n| a      | 1000 |\n| longer |    1 |`,
  );
});
