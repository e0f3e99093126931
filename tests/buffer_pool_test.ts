import { assertEquals, assertThrows } from "@std/assert";
import { BufferPool } from "../core/buffer_pool.ts";

/** A pool of numbered buffers, and how many there are. */
function numbered() {
  let made = 0;
  const pool = new BufferPool((size) => `${size}#${made++}`);
  return { pool, made: () => made };
}

Deno.test("BufferPool hands out the same buffers in the same order in every scope", () => {
  const { pool, made } = numbered();
  const step = () => pool.scope(() => [pool.take(4), pool.take(8), pool.take(4)]);
  const first = step();
  assertEquals(first, ["4#0", "8#1", "4#2"]);
  for (let turn = 0; turn < 50; turn++) assertEquals(step(), first);
  assertEquals(made(), 3);
});

Deno.test("BufferPool: an inner scope gives its buffers back to the outer one", () => {
  const { pool } = numbered();
  pool.scope(() => {
    const outer = pool.take(4);
    const inner = pool.scope(() => [pool.take(4), pool.take(16)]);
    assertEquals([outer, inner], ["4#0", ["4#1", "16#2"]]);
    assertEquals([pool.take(4), pool.take(16), pool.take(4)], ["4#1", "16#2", "4#3"]);
  });
});

Deno.test("BufferPool: a scope that throws gives its buffers back, too", () => {
  const { pool } = numbered();
  assertThrows(
    () =>
      pool.scope(() => {
        pool.take(4);
        throw new Error("broken");
      }),
    Error,
    "broken",
  );
  assertEquals(pool.scoped, false);
  assertEquals(pool.scope(() => pool.take(4)), "4#0");
});

Deno.test("BufferPool refuses an asynchronous scope", () => {
  const { pool } = numbered();
  assertThrows(() => pool.scope(() => Promise.resolve()), TypeError, "Cannot run an asynchronous scope");
  assertEquals(pool.scoped, false);
});

Deno.test("BufferPool knows whether a scope is open", () => {
  const { pool } = numbered();
  assertEquals(pool.scope(() => [pool.scoped, pool.scope(() => pool.scoped), pool.scoped]), [
    true,
    true,
    true,
  ]);
  assertEquals(pool.scoped, false);
});
