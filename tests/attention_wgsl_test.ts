/** The groups of attention cover every row, and its variables are numbered as is said. */

import { assert } from "@std/assert";
import {
  attentionBackwardKeyValueWgsl,
  attentionBackwardQueryWgsl,
  attentionForwardWgsl,
  attentionGroups,
  blockRowsFor,
  lanesFor,
} from "../kernels/attention/attention_wgsl.ts";

/** One sequence of one head without padding or dropout; heads have 32 channels, eight times four. */
const constants = {
  batch: 1,
  heads: 1,
  time: 8,
  headDim: 32,
  causal: 1,
  padded: 0,
  threshold: 0,
  keepScale: 1,
  stream: 0,
  accumulate: 1,
  accumulateKey: 1,
  accumulateValue: 1,
};

for (const adapter of ["software", "hardware"] as const) {
  Deno.test(`attentionGroups covers every row of every head [${adapter} shaders]`, () => {
    for (const batch of [1, 3]) {
      for (const heads of [1, 5]) {
        for (const time of [1, 4, 63, 65, 1024]) {
          const groups = attentionGroups({ ...constants, batch, heads, time }, adapter);
          const blocks = Math.ceil(time / blockRowsFor(adapter)); // a block never crosses from one head to the next
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

Deno.test("attention's shaders number rows before the underscore, and parts of them after it", () => {
  for (const write of [attentionForwardWgsl, attentionBackwardQueryWgsl, attentionBackwardKeyValueWgsl]) {
    const names = [...write(constants, "software").matchAll(/(?:let|var) ([A-Za-z]+)(\d*)(?:_(\d+))? =/g)];
    const [rows, parts] = [2, 3].map((at) => Math.max(...names.map((name) => Number(name[at] ?? 0))) + 1);
    assert(rows === 4 && parts === 8, `${write.name}: ${rows} rows of ${parts} parts`);
  }
});
