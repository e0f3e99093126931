/** What the shaders of products for GPUs read and write; what they compute is tested with those that use them. */

import { assertEquals } from "@std/assert";
import { blockWgsl, declareMatrices, operandsOf, storeWgsl } from "../kernels/matmul/hardware/blocks_wgsl.ts";

const constants = {
  batch: 1,
  rows: 64,
  columns: 68,
  inner: 32,
  transposeA: 0,
  transposeB: 0,
  accumulate: 0,
};

Deno.test("operandsOf: matrices are read as vectors where their lines begin at fours", () => {
  const found = (changes: Partial<typeof constants>) =>
    operandsOf({ ...constants, ...changes }).map(({ alongInner, vectors }) =>
      `${alongInner ? "inner" : "outer"} ${vectors ? 4 : 1}`
    );
  assertEquals(found({}), ["inner 4", "outer 4"]);
  assertEquals(found({ inner: 30 }), ["inner 1", "outer 4"]);
  assertEquals(found({ columns: 66 }), ["inner 4", "outer 1"]);
  assertEquals(found({ transposeA: 1, rows: 63 }), ["outer 1", "outer 4"]);
  assertEquals(found({ transposeA: 1, inner: 31 }), ["outer 4", "outer 4"]);
  assertEquals(found({ transposeB: 1, columns: 67 }), ["inner 4", "inner 4"]);
  assertEquals(found({ transposeB: 1, inner: 34 }), ["inner 1", "inner 1"]);
});

Deno.test("declareMatrices: what is read and stored as vectors", () => {
  const types = (columns: number, biased: boolean) =>
    [...declareMatrices(operandsOf(constants), columns, biased).matchAll(/(\w+): array<(\w+)>/g)]
      .map(([, name, type]) => `${name} ${type}`);
  assertEquals(types(68, true), ["a vec4f", "b vec4f", "bias vec4f", "y vec4f"]);
  assertEquals(types(67, false), ["a vec4f", "b vec4f", "y f32"]);
});

Deno.test("blockWgsl replaces steps past the inner dimension by zeros only where there can be some", () => {
  const zeros = (inner: number) => blockWgsl(operandsOf(constants)[0], inner).match(/select\(/g)?.length ?? 0;
  assertEquals([zeros(32), zeros(40), zeros(33)], [0, 4, 4]);
});

Deno.test("storeWgsl stores four results at once, or each of them as far as there are columns", () => {
  const stores = (columns: number) =>
    storeWgsl({ ...constants, columns }, { biased: true, accumulate: 1 }).match(/y\[.+\+= .+ bias\[/g)!
      .length;
  assertEquals([stores(68), stores(67)], [1, 4]);
});
