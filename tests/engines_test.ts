import { assertEquals, assertRejects } from "@std/assert";
import { inFolder } from "./_command.ts";
import { complaintAbout } from "./engines/answer.ts";
import { allEngines, findProgram, runModule } from "./engines/engines.ts";

const expected = { device: "WebAssembly, 1 thread", seconds: 1, sums: { gpt1: "aa", gpt2: "bb" } };

Deno.test("engines: an answer is wrong if a sum differs or is missing, or if it has other threads", () => {
  const two = { ...expected, device: "WebAssembly, 2 threads" };
  assertEquals(complaintAbout(two, expected, 2), undefined);
  assertEquals(
    complaintAbout({ ...two, sums: { gpt1: "aa", gpt2: "bc" } }, expected, 2),
    "gpt2 is bc, expected bb",
  );
  assertEquals(
    complaintAbout({ ...two, sums: { gpt1: "aa" } }, expected, 2),
    "gpt2 is undefined, expected bb",
  );
  assertEquals(complaintAbout(two, expected, 3), 'expected 3 threads, got "WebAssembly, 2 threads"');
  const device = "WebAssembly, 1 thread: this engine has no workers";
  assertEquals(complaintAbout({ ...two, device }, expected, 1), undefined);
});

Deno.test("engines: a program is found by any of its names, and given the module, threads and steps", () =>
  inFolder(async (folder) => {
    assertEquals(await findProgram(["no-such-program"]), undefined);
    const program = await findProgram(["no-such-program", Deno.execPath()]), [engine] = allEngines();
    assertEquals(program, Deno.execPath());
    const module = `${folder}/echo.mjs`;
    await Deno.writeTextFile(module, `console.log(process.argv.slice(2).join(" "))`);
    assertEquals(await runModule(program!, engine, module, { steps: 7, patience: 60_000 }), "1 7");
    await Deno.writeTextFile(module, "for (;;);");
    await assertRejects(
      () => runModule(program!, engine, module, { steps: 7, patience: 1000 }),
      Error,
      "no answer within 1 s",
    );
  }));
