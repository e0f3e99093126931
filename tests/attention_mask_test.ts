/** Who sees whom, and what is dropped: the CPU's functions against WGSL's. */

import { assert, assertEquals } from "@std/assert";
import { kernel } from "../core/backend.ts";
import {
  ATTENTION_CONSTANTS,
  type AttentionConstants,
  attentionMaskWgsl,
  lengthOf,
  maskKeys,
  visible,
  VISIBLE_WGSL,
} from "../kernels/attention/attention_mask.ts";
import { everyBackend } from "./_testing.ts";

const settings: AttentionConstants = {
  batch: 2,
  heads: 3,
  time: 13, // no multiple of four: keys 12 to 15 share a call of the generator
  headDim: 1,
  causal: 0,
  padded: 1,
  threshold: 2 ** 30,
  keepScale: 4 / 3,
  stream: 5,
};

Deno.test("visible: padding and causality each hide keys, and a sequence may have none", () => {
  const lengths = Uint32Array.of(5, 0),
    open = { ...settings, padded: 0 },
    causal = { ...settings, causal: 1 };
  assertEquals([0, 2, 3, 5].map((head) => lengthOf(head, lengths, settings)), [5, 5, 0, 0]);
  assertEquals(lengthOf(0, Uint32Array.of(14), settings), 13);
  assertEquals([0, 4, 12].map((i) => visible(2, i, lengths, settings)), [5, 5, 5]);
  assertEquals([0, 4, 12].map((i) => visible(2, i, lengths, causal)), [1, 5, 5]);
  assertEquals([0, 4, 12].map((i) => visible(3, i, lengths, causal)), [0, 0, 0]);
  assertEquals([0, 12].map((i) => visible(3, i, lengths, open)), [13, 13]);
  assertEquals([0, 12].map((i) => visible(3, i, lengths, { ...open, causal: 1 })), [1, 13]);
});

/** What every query of every head sees, and the masks of all its keys. */
const look = kernel({
  name: "look",
  reads: { lengths: "u32", random: "u32" },
  writes: { seen: "u32", masks: "f32" },
  constants: ATTENTION_CONSTANTS,
  elements: ({ batch, heads, time }) => batch * heads * time,
  cpu({ lengths, random, seen, masks }, constants) {
    const { batch, heads, time } = constants, four = new Float64Array(4);
    for (let row = 0; row < batch * heads * time; row++) {
      seen[row] = visible(Math.floor(row / time), row % time, lengths, constants);
      for (let j = 0; j < time; j++) {
        if (j % 4 === 0) maskKeys(four, 0, 1, row, j, random, constants);
        masks[row * time + j] = four[j % 4];
      }
    }
  },
  wgsl: (constants) =>
    `${VISIBLE_WGSL}${attentionMaskWgsl(constants)}
fn each(row: u32) {
  seen[row] = visible(row / time, row % time);
  for (var j = 0u; j < time; j++) { masks[row * time + j] = mask(row, j / 4 * 4)[j % 4]; }
}`,
});

everyBackend("attention's visible and mask are the same on both machines", async (backend) => {
  for (const causal of [0, 1]) {
    for (const threshold of [0, settings.threshold]) {
      const constants = { ...settings, causal, threshold, keepScale: threshold === 0 ? 1 : 1.5 };
      const lengths = Uint32Array.of(7, 0), random = Uint32Array.of(7, 0, 3, 0);
      const size = 2 * 3 * 13, seen = new Uint32Array(size), masks = new Float32Array(size * 13);
      look.cpu({ lengths, random, seen, masks }, constants);
      const tensors = {
        lengths: backend.from(lengths),
        random: backend.from(random),
        seen: backend.allocate([size], "u32"),
        masks: backend.allocate([size * 13]),
      };
      backend.run(look, tensors, constants);
      assertEquals(await backend.read(tensors.seen), seen);
      assertEquals(await backend.read(tensors.masks), masks);
      const dropped = masks.filter((mask) => mask === 0).length / masks.length;
      assert(threshold === 0 ? dropped === 0 : Math.abs(dropped - 0.25) < 0.05, `${dropped} were dropped`);
    }
  }
});
