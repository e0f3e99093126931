import { assertEquals } from "@std/assert";
import { I32 } from "../core/wasm/wasm_numbers.ts";
import { F32x4, I32x4 } from "../core/wasm/wasm_vectors.ts";
import { runWasm } from "./_wasm.ts";

const count = (length: number) => Float32Array.from({ length }, (_, index) => index);

Deno.test("loads and stores: by index, constant or not, with an offset, and from another beginning", async () => {
  const { y, n } = await runWasm(
    { x: count(20), ids: Uint32Array.from(count(20)) },
    { y: new Float32Array(24), n: new Uint32Array(12) },
    ({ x, ids, y, n }, code) => {
      const three = code.let(I32.of(3)), later = x.from(three), target = y.from(4);
      y.store(0, x.load(three));
      y.store(three, x.load(5, 2));
      y.store(1, later.load(three, 1));
      y.store(2, x.integers.load(1).toF32());
      target.store4(0, later.load4(0));
      target.store4(three, x.splat(three, 6), 1);
      target.store(three, 0.5, 5);
      target.store4(12, later.splat(2).plus(x.load4(three, 8)));
      n.store(0, ids.load(three));
      n.store(three, ids.load(1, 4), 8);
      n.store4(1, ids.load4(three, 1));
      n.store4(three, I32x4.of(9), 2);
    },
  );
  assertEquals([...y.subarray(0, 4)], [3, 7, 0x3f800000, 7]);
  assertEquals([...y.subarray(4)], [3, 4, 5, 6, 9, 9, 9, 9, 0.5, 0, 0, 0, 16, 17, 18, 19, 0, 0, 0, 0]);
  assertEquals([...n], [3, 4, 5, 6, 7, 9, 9, 9, 9, 0, 0, 5]);
});

Deno.test("store4 at the end of forFours: offsets count from the element of the loop", async () => {
  const { y } = await runWasm({}, { y: new Float32Array(12) }, ({ y }, code) => {
    code.forFours(0, 6, (index) => y.store4(index, F32x4.of(1), 6));
  });
  assertEquals([...y], [0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 1, 1]);
});

Deno.test("storeOrAdd4: stores, or adds to what is there, at the end of forFours, too", async () => {
  for (const accumulate of [0, 1]) {
    const y = new Float32Array(6).fill(10);
    const written = await runWasm({ x: count(6) }, { y }, ({ x, y }, code) => {
      code.forFours(0, 6, (index) => y.storeOrAdd4(accumulate, index, x.load4(index)));
    });
    assertEquals(written.y, count(6).map((value) => value + 10 * accumulate));
  }
});
