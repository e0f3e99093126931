import { assertEquals, assertMatch } from "@std/assert";
import {
  checkpointNamed,
  isCheckpointName,
  isLeftOver,
  partOf,
  pathsOf,
} from "../commands/files/own_names.ts";

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

Deno.test("checkpoints of a run are its last, its best and its epochs, also while they are being saved", () => {
  for (const name of ["last", "best", "epoch-1", "epoch-40"]) {
    assertEquals(isCheckpointName(name), true, name);
    const { fresh, former } = pathsOf(name);
    assertEquals([fresh, former].map(checkpointNamed), [name, name]);
    assertEquals([fresh, former].map(isCheckpointName), [false, false]);
  }
  const others = [
    "epoch-",
    "epoch-0",
    "epoch-01",
    "epoch-1.earlier",
    "epoch-1e3",
    "epoch-99999999999",
    "lasting",
    "run.json",
  ];
  for (const name of [...others, ".epoch-1.miniformer-lock"]) {
    assertEquals(checkpointNamed(name), undefined, name);
  }
});
