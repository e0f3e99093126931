import { assertEquals } from "@std/assert";
import { Output } from "../commands/cli/output.ts";

Deno.test("an output keeps its first failure, and writes nothing after it", () => {
  const written: string[] = [];
  const output = new Output((text) => {
    if (text.includes("2")) throw new Error("the disk is full");
    written.push(text);
  });
  for (const line of ["loss 1", "loss 2", "loss 3"]) output.print(line);
  assertEquals(written, ["loss 1\n"]);
  assertEquals(output.failure?.message, "the disk is full");
});

Deno.test("the exit of a pipe's reader is a failure with a reason, so that a run is not called complete", () => {
  const output = new Output(() => {
    throw Object.assign(new Deno.errors.BrokenPipe("Broken pipe (os error 32)"), { code: "EPIPE" });
  });
  output.write("loss");
  assertEquals(output.failure?.message, "Cannot write to standard output: its reader has exited");
});
