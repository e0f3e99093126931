/** The naive twin of attention against PyTorch: it must be right, as it judges the tuned bodies. */

import { evaluateNaively } from "./_naive_attention.ts";
import { golden } from "./_golden.ts";
import { assertSame, TOLERANCES } from "./_testing.ts";

Deno.test("naive attention: values and gradients equal PyTorch's", () => {
  for (const { name, options, inputs, dy, y, gradients } of golden("attention")) {
    const actual = evaluateNaively(inputs, { causal: options.causal === 1 }, dy);
    assertSame(actual, { y, gradients }, TOLERANCES.golden64, name);
  }
});
