import { assertEquals, assertMatch } from "@std/assert";
import { VERSION } from "../commands/cli/command.ts";
import { conclusionLine, describeMachine, resultLine, versions } from "../commands/verify/report.ts";

Deno.test("verify names all that results might depend on", () => {
  const { miniformer, deno, v8, processor, system } = versions();
  assertEquals([miniformer, deno, v8], [VERSION, Deno.version.deno, Deno.version.v8]);
  assertEquals([processor, system], [Deno.build.arch, Deno.build.os]);
  const [first, second, third] = describeMachine("WebAssembly, 3 threads").split("\n");
  assertEquals(first, `versions            miniformer ${VERSION}, Deno ${deno}, V8 ${v8}`);
  assertEquals(second, `processor           ${processor} (${system})`);
  assertEquals(third, "device              WebAssembly, 3 threads");
});

Deno.test("results and conclusion of verify stand in one column", () => {
  assertMatch(resultLine("gpt1", "ab12", "= published"), /^gpt1 {16}ab12 {2}= published$/);
  assertMatch(conclusionLine("result", "all equal"), /^result {14}all equal$/);
});
