import { assertEquals, assertThrows } from "@std/assert";
import { CpuBackend } from "../core/cpu_backend.ts";
import { meanPooling } from "../kernels/mean_pooling.ts";
import { testGolden } from "./_golden.ts";
import {
  checkGradients,
  everyBackend,
  ids,
  type Inputs,
  normals,
  type Operation,
  testParity,
  TOLERANCES,
} from "./_testing.ts";

const pool: Operation = ({ x, lengths }) => meanPooling(x, lengths);

const sized = (time: number, columns: number, ...lengths: number[]): Inputs => ({
  x: normals("x", [lengths.length, time, columns]),
  lengths: ids(...lengths),
});

testGolden("mean_pooling", pool);

Deno.test("mean pooling: gradient equals central differences", async () => {
  await checkGradients(sized(5, 3, 5, 1, 3), pool);
});

testParity(
  "mean pooling",
  {
    "one of one": sized(1, 1, 1),
    "rows of 63 and 65": sized(65, 63, 65, 1, 63),
    "whole rows": sized(3, 65, 3, 3),
  },
  pool,
  TOLERANCES.products,
);

testParity(
  "mean pooling of very many tokens",
  { "70,001": sized(70_001, 1, 70_001) },
  pool,
  TOLERANCES.longSums,
);

everyBackend("mean pooling: what padding holds does not matter", async (backend) => {
  const pooled = async (padding: number) => {
    const x = backend.from([1, 2, 3, 4, padding, padding], [1, 3, 2]);
    return await backend.read(backend.scope(() => meanPooling(x, backend.from(Uint32Array.of(2)))));
  };
  assertEquals(await pooled(NaN), Float32Array.of(2, 3));
  assertEquals(await pooled(7), Float32Array.of(2, 3));
});

Deno.test("mean pooling refuses what has no sequences or other lengths", () => {
  const backend = new CpuBackend(), x = backend.allocate([2, 3, 4]);
  const refuse = (run: () => unknown, what: string) =>
    assertThrows(run, TypeError, `Cannot pool ${what}: expected (B, T, C) and u32 lengths (B)`);
  refuse(() => meanPooling(x, backend.from(Uint32Array.of(1))), "(2, 3, 4) with u32 lengths (1)");
  refuse(() => meanPooling(x, backend.from([1, 2])), "(2, 3, 4) with f32 lengths (2)");
  const flat = backend.allocate([2, 4]);
  refuse(() => meanPooling(flat, backend.from(Uint32Array.of(1, 2))), "(2, 4) with u32 lengths (2)");
});
