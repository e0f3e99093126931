import { assertEquals } from "@std/assert";
import { component, unroll, unrollSum } from "../kernels/matmul/unroll.ts";

Deno.test("unroll writes a piece for each number, in order", () => {
  assertEquals(unroll(3, (i) => `x${i}`), "x0\nx1\nx2");
  assertEquals(unroll(2, (i) => unroll(2, (j) => `x${i}${j}`, ", "), "; "), "x00, x01; x10, x11");
  assertEquals(unroll(1, (i) => `x${i}`, ", "), "x0");
  assertEquals(unroll(0, (i) => `x${i}`), "");
});

Deno.test("unrollSum writes an expression", () => {
  assertEquals(unrollSum(3, (i) => `x${i} * y${i}`), "x0 * y0 + x1 * y1 + x2 * y2");
  assertEquals(unrollSum(1, (i) => `x${i}`), "x0");
});

Deno.test("component counts through vectors of four", () => {
  assertEquals(unroll(6, (i) => component(`v${i >> 2}`, i), " "), "v0.x v0.y v0.z v0.w v1.x v1.y");
});
