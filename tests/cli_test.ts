import { assertEquals } from "@std/assert";
import configuration from "../deno.json" with { type: "json" };

/** Runs the program as a user does, without a permission it does not need. */
async function miniformer(...args: string[]): Promise<{ code: number; stdout: string; stderr: string }> {
  const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "--no-prompt", "--no-check", "cli.ts", ...args],
    cwd: new URL("..", import.meta.url),
    env: { NO_COLOR: "1" },
  }).output();
  const decoder = new TextDecoder();
  return { code, stdout: decoder.decode(stdout), stderr: decoder.decode(stderr) };
}

Deno.test("--version prints the version of the package", async () => {
  for (const args of [["--version"], ["-V"], ["generate", "-V"]]) {
    assertEquals(await miniformer(...args), {
      code: 0,
      stdout: `miniformer ${configuration.version}\n`,
      stderr: "",
    });
  }
});

Deno.test("a wrong command is one line and status 2; its stack is shown with --verbose", async () => {
  const { code, stdout, stderr } = await miniformer("sing");
  assertEquals([code, stdout, stderr.split("\n").length], [2, "", 2]);
  assertEquals(stderr.startsWith("error: Unknown command sing: "), true);
  const verbose = await miniformer("sing", "--verbose");
  assertEquals([verbose.code, verbose.stderr.includes("\n    at ")], [2, true]);
});
