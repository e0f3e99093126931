import { assertEquals } from "@std/assert";
import { Interrupt } from "../commands/cli/interrupt.ts";

const ignore = Deno.build.os === "windows"; // has no signals to send

/** Runs a program that says "ready" where it waits for signals, and sends it some, one for each line that it prints. */
async function statusAfter(program: string, signals: readonly Deno.Signal[]): Promise<number> {
  const child = new Deno.Command(Deno.execPath(), {
    args: ["eval", "--no-check", `import { Interrupt } from "./commands/cli/interrupt.ts"; ${program}`],
    cwd: new URL("..", import.meta.url),
    stdout: "piped",
    stderr: "null",
  }).spawn();
  let left = [...signals];
  for await (const _ of child.stdout) {
    if (left.length > 0) child.kill(left[0]);
    left = left.slice(1);
  }
  return (await child.status).code;
}

const waiting = `
  using interrupt = new Interrupt();
  console.log("ready");
  let said = false;
  for (let time = 0; time < 2000; time++) {
    await new Promise((resolve) => setTimeout(resolve, 5));
    if (interrupt.status !== undefined && !said) {
      said = true;
      console.log("noticed " + interrupt.status);
      if (STOPS) break;
    }
  }
  Deno.exitCode = STOPS ? interrupt.status : 1;`;

Deno.test({
  name: "the first signal is noticed, and the program ends when it suits it, with the status of that signal",
  ignore,
  fn: async () => {
    const program = waiting.replaceAll("STOPS", "true");
    assertEquals(await statusAfter(program, ["SIGINT"]), 130);
    assertEquals(await statusAfter(program, ["SIGTERM"]), 143);
  },
});

Deno.test({
  name: "the second signal ends a program that does not listen",
  ignore,
  fn: async () =>
    assertEquals(await statusAfter(waiting.replaceAll("STOPS", "false"), ["SIGINT", "SIGTERM"]), 143),
});

Deno.test("a program that no longer listens ends by a signal again", { ignore }, async () => {
  const program = `
    { using interrupt = new Interrupt(); }
    setTimeout(() => {}, 10_000);
    console.log("ready");`;
  assertEquals(await statusAfter(program, ["SIGINT"]), 130);
  using interrupt = new Interrupt();
  assertEquals(interrupt.status, undefined);
});
