import { assertEquals, assertMatch } from "@std/assert";

Deno.test("the table has the widest model for each memory, wider where blocks are computed again", async () => {
  const script = new URL("../bench/largest_models.ts", import.meta.url).pathname;
  const args = ["run", "-q", "--no-check", "--allow-read", script, "--batch-size", "8"];
  const { stdout } = await new Deno.Command(Deno.execPath(), { args }).output();
  const [title, , headings, , ...rows] = new TextDecoder().decode(stdout).trim().split("\n");
  assertMatch(title, /^GPT-2 on a GPU, 8 × 1024 tokens/);
  assertMatch(headings, /memory .* 12 layers \| +24 layers \| +48 layers/);
  const widths = rows.map((row) =>
    [...row.matchAll(/(\d+) wide|none/g)].map(([, width]) => Number(width ?? 0))
  );
  assertEquals(widths.length, 8);
  for (let row = 0; row < 8; row += 2) {
    for (const column of [0, 1, 2]) {
      assertEquals(widths[row + 1][column] > widths[row][column] || widths[row + 1][column] === 0, true);
      if (row > 0) assertEquals(widths[row][column] >= widths[row - 2][column], true);
    }
  }
});
