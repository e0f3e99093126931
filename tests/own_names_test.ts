import { assertEquals, assertMatch } from "@std/assert";
import { isLeftOver, partOf, pathsOf } from "../commands/files/own_names.ts";

Deno.test("temporary names lie beside what they stand for, and are left over where a save was interrupted", () => {
  const { folder, fresh, former, lock } = pathsOf("runs/mine/last//");
  assertEquals(folder, "runs/mine/last");
  assertEquals(fresh, "runs/mine/.last.miniformer-new");
  const part = partOf("runs/curve.svg");
  assertMatch(part, /^runs.\.curve\.svg\.[0-9a-f]{16}\.miniformer-part$/);
  for (const path of [fresh, former, lock, part]) assertEquals(isLeftOver(path.split("/").at(-1)!), true);
  for (const name of [".miniformer.lock", "last", "last.miniformer-new", "curve.svg"]) {
    assertEquals(isLeftOver(name), false, name);
  }
  assertEquals(pathsOf("/").folder, "/");
});
