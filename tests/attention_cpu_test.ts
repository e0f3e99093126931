/** The tuned bodies of attention against their naive twin, in double precision. */

import { CpuBackend } from "../core/cpu_backend.ts";
import { attention } from "../kernels/attention/attention.ts";
import { evaluateNaively } from "./_naive_attention.ts";
import { attentionTensors } from "./_random_tensors.ts";
import { assertSame, evaluate, ids, type Inputs } from "./_testing.ts";

const exact = { rtol: 1e-13, atol: 1e-13 };

/** The random state of a tape with dropout: seed, the batch's number, and a word that dropout does not read. */
const random = Uint32Array.of(7, 0, 3, 0);

// times around the four rows that are computed at once
const cases: Record<string, Inputs> = {
  "one position": attentionTensors(1, 1, 1, 1),
  "4 positions": attentionTensors(1, 2, 4, 4),
  "13 positions": attentionTensors(2, 3, 13, 5),
  "padding": { ...attentionTensors(3, 2, 9, 3), lengths: ids(9, 0, 6) },
};

for (const [name, inputs] of Object.entries(cases)) {
  for (const causal of [false, true]) {
    for (const dropoutRate of [0, 0.3]) {
      const what = `${name}${causal ? ", causal" : ""}${dropoutRate ? ", with dropout" : ""}`;
      Deno.test(`attention on the CPU equals its naive twin: ${what}`, async () => {
        const actual = await evaluate(
          new CpuBackend({ floats: Float64Array, poison: true }),
          inputs,
          ({ query, key, value, lengths }) => attention(query, key, value, { causal, dropoutRate, lengths }),
          undefined,
          random,
        );
        assertSame(actual, evaluateNaively(inputs, { causal, dropoutRate, random }), exact, what);
      });
    }
  }
}
