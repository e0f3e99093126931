/** The groups of attention cover every row. */

import { assert } from "@std/assert";
import { attentionGroups, lanesFor, rowsFor } from "../kernels/attention_wgsl.ts";

for (const adapter of ["software", "hardware"] as const) {
  Deno.test(`attentionGroups covers every row of every head [${adapter} shaders]`, () => {
    for (const batch of [1, 3]) {
      for (const heads of [1, 5]) {
        for (const time of [1, 4, 63, 65, 1024]) {
          const settings = { causal: 1, padded: 0, threshold: 0, keepScale: 1, stream: 0, headDim: 8 };
          const groups = attentionGroups({ batch, heads, time, ...settings }, adapter);
          const blocks = Math.ceil(time / rowsFor(adapter)); // a block never crosses from one head to the next
          assert(
            groups * lanesFor(adapter) >= batch * heads * blocks,
            `${batch}, ${heads}, ${time}: ${groups}`,
          );
          assert((groups - 1) * lanesFor(adapter) < batch * heads * blocks, "no group without work");
        }
      }
    }
  });
}
