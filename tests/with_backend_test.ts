import { assertEquals, assertRejects } from "@std/assert";
import { withBackend } from "../commands/cli/with_backend.ts";

Deno.test("a device is closed after use, also after an error", async () => {
  const closed: string[] = [];
  const use = (name: string, fail: boolean) =>
    withBackend("cpu", ({ backend }) => {
      assertEquals(backend.name, "cpu");
      backend.close = () => void closed.push(name);
      if (fail) throw new Error("no memory");
    });
  await use("a", false);
  await assertRejects(() => use("b", true), Error, "no memory");
  assertEquals(closed, ["a", "b"]);
});
