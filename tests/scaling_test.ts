import { assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { scaling } from "../commands/lab/scaling.ts";
import { SCALING_VARIANTS } from "../commands/lab/scaling_sizes.ts";
import { inFolder, miniformer, words } from "./_command.ts";

Deno.test("lab scaling says how many sizes it trains", () => {
  assertStringIncludes(scaling.summary, `${SCALING_VARIANTS.length} sizes`);
});

Deno.test("lab scaling refuses more runs than anybody wants, before it writes anything", () =>
  inFolder(async (cwd) => {
    const { code, stderr } = await miniformer(words("lab scaling --seeds 100 --out lab/law"), { cwd });
    assertEquals(code, 2);
    assertMatch(stderr, /13 variants with 100 seeds each make 1300 runs: expected at most 1000/);
    assertEquals([...Deno.readDirSync(cwd)], []);
  }));
