import { assertEquals, assertRejects } from "@std/assert";
import { linesOf } from "../bench/gpu/children.ts";

/** The lines of a program of Deno's, and how it ended. */
async function run(code: string, seconds = 60): Promise<{ lines: unknown[]; message?: string }> {
  const lines: unknown[] = [];
  try {
    for await (const line of linesOf({ program: Deno.execPath(), args: ["eval", code] }, seconds)) {
      lines.push(line);
    }
  } catch (error) {
    return { lines, message: (error as Error).message };
  }
  return { lines };
}

Deno.test("lines of JSON come as they are printed, and others are left out", async () => {
  const code = 'console.log("note\\n{\\"a\\": 1}\\n\\n{\\"a\\": \\"ᵀ\\"}")';
  assertEquals(await run(code), { lines: [{ a: 1 }, { a: "ᵀ" }] });
});

Deno.test("what was printed before a failure is kept, and its last line is the reason", async () => {
  const code = 'console.log("{\\"a\\": 1}"); console.error("first\\nthe reason"); Deno.exit(3)';
  assertEquals(await run(code), { lines: [{ a: 1 }], message: "the reason" });
  assertEquals(await run("Deno.exit(1)"), { lines: [], message: "it failed without a message" });
});

Deno.test("a program that takes too long is ended, and its lines are kept", async () => {
  const { lines, message } = await run('console.log("{\\"a\\": 1}"); setTimeout(() => {}, 60_000)', 4);
  assertEquals([lines, message], [[{ a: 1 }], "it was ended after 4 seconds"]);
});

Deno.test("a program that is not there is an error", async () => {
  await assertRejects(() => Array.fromAsync(linesOf({ program: "no-such-program", args: [] }, 1)), Error);
});
