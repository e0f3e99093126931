import { assert, assertEquals } from "@std/assert";
import type { AdapterClass } from "../core/backend.ts";
import { addNormBackwardWgsl, addNormForwardWgsl } from "../kernels/norm/add_norm_wgsl.ts";

const joined = { isDropped: true, isJoined: true, accumulate: 1, accumulateBranch: 0 };
const both = (columns: number, adapter: AdapterClass) => [
  addNormForwardWgsl(columns, adapter, true),
  addNormBackwardWgsl(columns, adapter, joined),
];

Deno.test("addNorm: a lane of a GPU keeps its part of a row in variables, unless the row is too long", () => {
  for (
    const [columns, adapter, kept] of [[2048, "hardware", 8], [2052, "hardware", 0], [
      64,
      "software",
      0,
    ]] as const
  ) {
    for (const code of both(columns, adapter)) {
      assertEquals(code.match(/var (?:s|g)\d = vec4f\(\);/g)?.length ?? 0, kept, `${adapter}, ${columns}`);
      assertEquals(code.includes("for (var part = lane;"), kept === 0);
    }
  }
});

Deno.test("addNorm: lanes are told apart only where the last vectors do not serve all of them", () => {
  const guards = (columns: number) => both(columns, "hardware")[0].match(/if \(lane < \d+\)/g) ?? [];
  assertEquals(guards(512), []);
  assertEquals(guards(516), Array(3).fill("if (lane < 1)")); // 129 vectors, of which one is left for a third turn
});

Deno.test("addNorm: without dropout no random bits are computed", () => {
  for (const adapter of ["hardware", "software"] as const) {
    assert(both(64, adapter).every((code) => code.includes("philox(")));
    assert(!addNormForwardWgsl(64, adapter, false).includes("philox"));
    assert(!addNormBackwardWgsl(64, adapter, { ...joined, isDropped: false }).includes("philox"));
  }
});

Deno.test("addNorm: the gradient of the sum is read only where there is one", () => {
  assert(both(64, "hardware")[1].includes("dSum[at]"));
  assert(!addNormBackwardWgsl(64, "hardware", { ...joined, isJoined: false }).includes("dSum[at]"));
});
