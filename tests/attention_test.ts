import { assert, assertEquals, assertThrows } from "@std/assert";
import { CpuBackend } from "../core/cpu_backend.ts";
import { attention } from "../kernels/attention/attention.ts";
import type { AttentionOptions } from "../kernels/attention/attention_mask.ts";
import { decomposedAttention } from "../kernels/attention/decomposed_attention.ts";
import { testGolden } from "./_golden.ts";
import { evaluateNaively } from "./_naive_attention.ts";
import { attentionTensors } from "./_random_tensors.ts";
import {
  assertSame,
  checkGradients,
  evaluate,
  everyBackend,
  ids,
  normals,
  type Operation,
  testNeededGradients,
  testParity,
  TOLERANCES,
} from "./_testing.ts";

const attend = (options: AttentionOptions): Operation => ({ query, key, value, lengths }) =>
  attention(query, key, value, { ...options, lengths });

/** The random state of a tape with dropout: seed, the batch's number, and a word that dropout does not read. */
const random = Uint32Array.of(7, 0, 3, 0);

testGolden("attention", (tensors, { causal }) => attend({ causal: causal === 1 })(tensors));

for (const causal of [false, true]) {
  const name = causal ? "causal attention" : "attention";

  Deno.test(`${name}: gradients equal central differences`, async () => {
    await checkGradients(attentionTensors(2, 2, 5, 3), attend({ causal }));
    await checkGradients({ ...attentionTensors(2, 2, 5, 3), lengths: ids(5, 2) }, attend({ causal }));
  });

  Deno.test(`${name} with dropout: gradients equal central differences`, async () => {
    await checkGradients(attentionTensors(1, 2, 6, 2), attend({ causal, dropoutRate: 0.4 }), random);
  });

  testParity(
    name,
    {
      "one position": attentionTensors(1, 1, 1, 1),
      "head width 3": attentionTensors(2, 3, 63, 3),
      "head width 4": attentionTensors(1, 2, 65, 4),
      "head width 6": attentionTensors(1, 2, 64, 6),
      "padding": { ...attentionTensors(3, 2, 13, 8), lengths: ids(13, 1, 6) },
      "large scores": { ...attentionTensors(1, 1, 7, 4), query: normals("query", [1, 1, 7, 4], 10) },
    },
    attend({ causal }),
    TOLERANCES.rows,
  );

  everyBackend(`${name} equals its decomposed twin`, async (backend) => {
    const inputs = attentionTensors(2, 2, 17, 8);
    const twin: Operation = ({ query, key, value }) => decomposedAttention(query, key, value, { causal }).y;
    assertSame(
      await evaluate(backend, inputs, attend({ causal })),
      await evaluate(new CpuBackend(), inputs, twin),
      TOLERANCES.rows,
      "attention",
    );
  });

  everyBackend(`${name} with dropout equals its naive twin`, async (backend) => {
    // times that are a multiple of four and that are not, since four keys share one call of Philox
    for (const time of [8, 13]) {
      const inputs = attentionTensors(2, 2, time, 4), dropoutRate = 0.3;
      const actual = await evaluate(backend, inputs, attend({ causal, dropoutRate }), undefined, random);
      const expected = evaluateNaively(inputs, { causal, dropoutRate, random });
      assertSame(actual, expected, TOLERANCES.rows, name);
    }
  });
}

testParity(
  "attention whose query, key and value share a gradient",
  { "9 positions": { x: normals("x", [1, 2, 9, 4]) } },
  ({ x }) => attention(x, x, x, { causal: true }),
  TOLERANCES.rows,
);

testParity(
  "attention whose key and value are views of one tensor",
  { "5 positions": { query: normals("query", [2, 1, 5, 3]), both: normals("both", [2, 1, 5, 3]) } },
  ({ query, both }) => attention(query, both, both.reshape([2, 1, 5, 3])),
  TOLERANCES.rows,
);

Deno.test("attention to one tensor as key and value: gradients equal central differences", async () => {
  const inputs = { query: normals("query", [1, 2, 4, 3]), both: normals("both", [1, 2, 4, 3]) };
  await checkGradients(inputs, ({ query, both }) => attention(query, both, both.reshape([1, 2, 4, 3])));
});

everyBackend("attention of a sequence without keys is zero, and so are its gradients", async (backend) => {
  for (const causal of [false, true]) {
    const options = { causal, dropoutRate: 0.3 },
      inputs = { ...attentionTensors(3, 2, 5, 3), lengths: ids(5, 0, 2) };
    const { y, gradients } = await evaluate(backend, inputs, attend(options), undefined, random);
    for (const { data } of [y, ...Object.values(gradients)]) {
      const [full, empty, short] = [0, 30, 60].map((start) => data.subarray(start, start + 30));
      assertEquals([...empty], new Array(30).fill(0));
      for (const values of [full, short]) assert(values.some((value) => value !== 0));
    }
    const expected = await evaluate(new CpuBackend(), inputs, attend(options), undefined, random);
    assertSame({ y, gradients }, expected, TOLERANCES.rows, "attention");
  }
});

testNeededGradients("attention", attentionTensors(1, 2, 5, 3), attend({ causal: true }), {
  query: ["attentionStatistics", "attentionBackwardQuery"],
  key: ["attentionStatistics", "attentionBackwardKeyValue"],
  value: ["attentionStatistics", "attentionBackwardKeyValue"],
});

Deno.test("attention refuses unequal shapes", () => {
  const backend = new CpuBackend();
  const query = backend.allocate([1, 2, 3, 4]), key = backend.allocate([1, 2, 5, 4]);
  assertThrows(
    () => attention(query, key, key),
    TypeError,
    "Cannot attend from (1, 2, 3, 4) to keys (1, 2, 5, 4) and values (1, 2, 5, 4)",
  );
});

everyBackend("attention takes a length above T for T", async (backend) => {
  for (const causal of [false, true]) {
    const inputs = {
      ...attentionTensors(2, 1, 5, 3),
      lengths: { shape: [2], data: Uint32Array.of(6, 0xffffffff) },
    };
    const expected = await evaluate(
      backend,
      attentionTensors(2, 1, 5, 3),
      attend({ causal, dropoutRate: 0.3 }),
      undefined,
      random,
    );
    const actual = await evaluate(backend, inputs, attend({ causal, dropoutRate: 0.3 }), undefined, random);
    assertEquals(actual, expected);
  }
});

Deno.test("attention refuses lengths that are not one integer for each sequence", () => {
  const backend = new CpuBackend(), x = backend.allocate([2, 1, 3, 4]);
  for (
    const lengths of [
      backend.from([3, 3]),
      backend.from(Uint32Array.of(3)),
      backend.allocate([2, 1, 3], "u32"),
    ]
  ) {
    assertThrows(
      () => attention(x, x, x, { lengths }),
      TypeError,
      `Cannot attend to sequences with lengths (${
        lengths.shape.join(", ")
      }) of ${lengths.dataType}: expected 2 of u32`,
    );
  }
});
