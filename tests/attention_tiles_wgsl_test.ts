/** The groups of attention cover every row, by a cut that depends on the processor and the width of heads only. */

import { assert, assertEquals } from "@std/assert";
import {
  type AttentionPass,
  AttentionTiles,
  BLOCK_ROWS,
  planAttention,
} from "../kernels/attention/hardware/attention_tiles_wgsl.ts";

const PASSES: readonly AttentionPass[] = ["forward", "backwardQuery", "backwardKeyValue"];

for (const adapter of ["software", "hardware"] as const) {
  Deno.test(`planAttention covers every row of every head [${adapter} shaders]`, () => {
    for (const pass of PASSES) {
      for (const headDim of [3, 16, 64, 128]) {
        for (const [batch, heads] of [[1, 1], [3, 5]]) {
          for (const time of [1, 4, 63, 64, 65, 1024]) {
            const plan = planAttention({ batch, heads, time, headDim }, adapter, pass);
            assertEquals(
              plan.blockRows,
              plan.kind === "blocks" ? BLOCK_ROWS : adapter === "software" ? 4 : 1,
            );
            // a block never crosses from one head to the next
            const blocks = batch * heads * Math.ceil(time / plan.blockRows);
            const blocksOfGroup = plan.kind === "blocks" ? 1 : plan.lanes;
            assertEquals(plan.groups, Math.ceil(blocks / blocksOfGroup), `${pass} of ${time}`);
          }
        }
      }
    }
  });
}

Deno.test("planAttention gives a group a block where the rows of a head begin at fours and are 16 to 128 wide", () => {
  for (const pass of PASSES) {
    for (let headDim = 1; headDim <= 200; headDim++) {
      const sizes = { batch: 2, heads: 2, time: 100, headDim };
      const isBlock = headDim % 4 === 0 && headDim >= 16 && headDim <= 128;
      assertEquals(planAttention(sizes, "hardware", pass).kind, isBlock ? "blocks" : "rows", `${headDim}`);
      assertEquals(planAttention(sizes, "software", pass).kind, "rows", `${headDim}`);
    }
  }
});

Deno.test("planAttention gives two quads to a lane if registers suffice and there are many groups", () => {
  const quadsOf = (headDim: number, batch: number) =>
    PASSES.map((pass) => {
      const plan = planAttention({ batch, heads: 8, time: 65, headDim }, "hardware", pass);
      assertEquals(plan.lanes / 8 * plan.laneQuads * 4, BLOCK_ROWS, "every row of a block has its lanes");
      return plan.laneQuads;
    });
  assertEquals(quadsOf(32, 32), [2, 2, 2]);
  assertEquals(quadsOf(64, 32), [2, 2, 1]);
  assertEquals(quadsOf(128, 32), [1, 1, 1]);
  assertEquals(quadsOf(32, 31), [1, 1, 1]);
});

Deno.test("AttentionTiles names each number that a lane holds once, and stores no channel beyond the last", () => {
  const tiles = new AttentionTiles(80, 2); // two and a half steps
  assertEquals(tiles.steps, 3);
  const names = [...tiles.sums("y").matchAll(/var (y\d_\d_\d) = /g)].map(([, name]) => name);
  assertEquals(names.length, 2 * 3 * 4);
  assertEquals(new Set(names).size, names.length);
  const stored = tiles.store("y", "=", (a, i, step) => `value${a}_${i}_${step}`).split("\n");
  const guarded = stored.filter((line) => line.includes("value0_0_2"));
  assertEquals(guarded.length, 1);
  assert(guarded[0].includes("if (16 + laneColumn < 20)"), guarded[0]);
  assert(!stored.find((line) => line.includes("value0_0_1"))!.includes("if ("));
});
