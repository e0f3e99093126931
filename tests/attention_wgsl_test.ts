/** The variables of the walk of single invocations are numbered as is said. */

import { assert } from "@std/assert";
import { ATTENTION_BACKWARD_READS, ATTENTION_READS } from "../kernels/attention/attention_mask.ts";
import {
  attentionBackwardKeyValueWgsl,
  attentionBackwardQueryWgsl,
  attentionForwardWgsl,
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

Deno.test("attention's shaders number rows before the underscore, and parts of them after it", () => {
  const types = { ...ATTENTION_READS, ...ATTENTION_BACKWARD_READS, logSumExp: "f32" } as const;
  for (const write of [attentionForwardWgsl, attentionBackwardQueryWgsl, attentionBackwardKeyValueWgsl]) {
    const names = [
      ...write(constants, "software", types).matchAll(/(?:let|var) ([A-Za-z]+)(\d*)(?:_(\d+))? =/g),
    ];
    const [rows, parts] = [2, 3].map((at) => Math.max(...names.map((name) => Number(name[at] ?? 0))) + 1);
    assert(rows === 4 && parts === 8, `${write.name}: ${rows} rows of ${parts} parts`);
  }
});
