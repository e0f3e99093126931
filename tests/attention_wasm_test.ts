/** Attention in WebAssembly against the CPU reference, at sizes that fill no block, no tile and no vector. */

import { assert, assertEquals } from "@std/assert";
import type { Backend, HostArray } from "../core/backend.ts";
import { CpuBackend } from "../core/cpu_backend.ts";
import {
  attention,
  attentionBackwardKeyValue,
  attentionBackwardQuery,
  attentionForward,
  attentionStatistics,
} from "../kernels/attention/attention.ts";
import type { AttentionOptions } from "../kernels/attention/attention_mask.ts";
import { attentionTensors } from "./_random_tensors.ts";
import {
  assertClose,
  assertSame,
  evaluate,
  ids,
  type Inputs,
  normals,
  type Operation,
  TOLERANCES,
  type Values,
  wasm,
} from "./_testing.ts";

const attend = (options: AttentionOptions): Operation => ({ query, key, value, lengths }) =>
  attention(query, key, value, { ...options, lengths });

const random = Uint32Array.of(0xffffffff, 0x80000001, 3, 0);

/** Lengths of two sequences: all tokens, nearly all, few, one, none. */
const lengthsFor = (time: number) => [[time, time - 1], [Math.ceil(time / 2), 1], [0, Math.min(9, time)]];

for (const causal of [false, true]) {
  const name = causal ? "causal attention" : "attention";

  Deno.test(`${name} [wasm] equals the CPU reference at awkward sizes`, async () => {
    for (const time of [1, 3, 63, 64, 65, 130]) {
      for (const headDim of [1, 5, 32, 33]) {
        const inputs = attentionTensors(2, 2, time, headDim);
        const expected = await evaluate(new CpuBackend(), inputs, attend({ causal }));
        const actual = await evaluate(await wasm(1), inputs, attend({ causal }));
        assertSame(actual, expected, TOLERANCES.rows, `${name} of ${time} positions, width ${headDim}`);
      }
    }
  });

  Deno.test(`${name} [wasm] equals the CPU reference with padding and dropout`, async () => {
    for (const time of [3, 63, 64, 65, 130]) {
      for (const lengths of lengthsFor(time)) {
        for (const dropoutRate of [0, 0.3]) {
          const inputs = { ...attentionTensors(2, 2, time, 5), lengths: ids(...lengths) };
          const operation = attend({ causal, dropoutRate });
          const expected = await evaluate(new CpuBackend(), inputs, operation, undefined, random);
          const actual = await evaluate(await wasm(1), inputs, operation, undefined, random);
          const what = `${name} of ${lengths} of ${time} tokens, dropout ${dropoutRate}`;
          assertSame(actual, expected, TOLERANCES.rows, what);
        }
      }
    }
  });

  Deno.test(`${name} [wasm] has the same bits with 1, 2 and 3 threads`, async () => {
    const inputs = { ...attentionTensors(2, 3, 150, 5), lengths: ids(150, 71) };
    const on = async (threads: number) =>
      await evaluate(await wasm(threads), inputs, attend({ causal, dropoutRate: 0.2 }), undefined, random);
    const alone = await on(1);
    // several times each, because a thread may come too late to take a piece
    for (const threads of [2, 3, 2, 3, 2, 3]) assertEquals(await on(threads), alone, `${threads} threads`);
  });
}

/** The tensors and constants of attention's kernels for one head of 70 positions and 5 channels. */
function prepared(backend: Backend) {
  const shape = [1, 1, 70, 5], rows = shape[2];
  const tensor = (name: string) => backend.from(normals(name, shape).data, shape);
  const row = (name: string, scale: number) => backend.from(normals(name, [rows], scale).data);
  const zeros = backend.from(new Uint32Array(4));
  return {
    inputs: {
      query: tensor("query"),
      key: tensor("key"),
      value: tensor("value"),
      lengths: zeros,
      random: zeros,
    },
    dy: tensor("dy"),
    logSumExp: row("logSumExp", 3),
    outputs: { dQuery: tensor("dQuery"), dKey: tensor("dKey"), dValue: tensor("dValue") },
    constants: {
      batch: 1,
      heads: 1,
      time: rows,
      headDim: 5,
      causal: 1,
      padded: 0,
      threshold: 0,
      keepScale: 1,
      stream: 0,
    },
  };
}

Deno.test("attention's backward kernels [wasm] store gradients, or add to them, each as it is told", async () => {
  for (const accumulateKey of [0, 1]) {
    const accumulate = 1 - accumulateKey, results: (Values & { name: string })[][] = [];
    for (const backend of [new CpuBackend(), await wasm(1)]) {
      const { inputs, dy, logSumExp, outputs, constants } = prepared(backend);
      const { dQuery, dKey, dValue } = outputs, statistics = backend.allocate([3, constants.time]);
      const { query, key, value, lengths, random } = inputs,
        kept = { query, key, value, dy, statistics, random };
      backend.run(attentionStatistics, { dy, y: query, logSumExp, lengths, statistics }, constants);
      backend.run(attentionBackwardQuery, { ...kept, dQuery }, { ...constants, accumulate });
      const flags = { accumulateKey, accumulateValue: accumulate };
      backend.run(attentionBackwardKeyValue, { ...kept, dKey, dValue }, { ...constants, ...flags });
      results.push(
        await Promise.all(
          Object.entries(outputs).map(async ([name, { shape }]) => ({
            name,
            shape,
            data: await backend.read(outputs[name as keyof typeof outputs]),
          })),
        ),
      );
    }
    results[0].forEach((expected, index) => {
      const { name, data } = results[1][index];
      assertClose(data, expected, TOLERANCES.rows, `${name}, accumulateKey ${accumulateKey}`);
    });
  }
});

Deno.test("logSumExp and the statistics of queries [wasm] equal the CPU reference", async () => {
  for (const changes of [{}, { causal: 0 }, { padded: 1 }, { padded: 1, causal: 0 }]) {
    const results: HostArray[] = [];
    for (const backend of [new CpuBackend(), await wasm(1)]) {
      const { inputs, dy, logSumExp, constants: usual } = prepared(backend), { query, lengths } = inputs;
      const y = backend.allocate(query.shape), statistics = backend.allocate([3, usual.time]);
      const constants = { ...usual, ...changes };
      backend.write(lengths, Uint32Array.of(41, 0, 0, 0));
      backend.run(attentionForward, { ...inputs, y, logSumExp }, constants);
      backend.run(attentionStatistics, { dy, y, logSumExp, lengths, statistics }, constants);
      results.push(await backend.read(statistics));
    }
    const [expected, actual] = results;
    assertClose(actual, { shape: [3, 70], data: expected }, TOLERANCES.rows, JSON.stringify(changes));
    assertEquals(actual.subarray(140), expected.subarray(140)); // how many keys each query sees
    const { causal = 1, padded = 0 } = changes as Record<string, number>, length = padded ? 41 : 70;
    assertEquals(
      [...actual.subarray(140)].map((seen, i) => seen === (causal ? Math.min(i + 1, length) : length))
        .includes(false),
      false,
    );
  }
});

Deno.test("a query [wasm] has the same bits whatever comes after it", async () => {
  const backend = await wasm(1), shape = [1, 1, 130, 7], { query, key, value } = attentionTensors(...shape);
  const upTo = async (time: number) => {
    const inputs = Object.fromEntries(
      Object.entries({ query, key, value }).map(([name, { data }]) => [
        name,
        { shape: [1, 1, time, 7], data: data.slice(0, time * 7) },
      ]),
    );
    return (await evaluate(backend, inputs, attend({ causal: true }))).y.data;
  };
  const whole = await upTo(130);
  for (const time of [1, 2, 7, 8, 20, 64, 65]) assertEquals(await upTo(time), whole.slice(0, time * 7));
});

Deno.test("what padding holds [wasm] has no influence, however large", async () => {
  const inputs = attentionTensors(1, 1, 70, 4), lengths = ids(37), start = 37 * 4;
  const spoil = ({ shape, data }: Values) => ({ shape, data: data.map((x, at) => at < start ? x : 1e30) });
  const spoiled = { ...inputs, key: spoil(inputs.key), value: spoil(inputs.value) };
  for (const causal of [false, true]) {
    const on = async (inputs: Inputs) =>
      await evaluate(await wasm(1), { ...inputs, lengths }, attend({ causal }));
    const clean = await on(inputs);
    assertEquals(await on(spoiled), clean);
    assert(clean.gradients.key.data.subarray(start).every((gradient) => gradient === 0));
  }
});

Deno.test("a later key [wasm] has no influence in the causal form, however large", async () => {
  const inputs = attentionTensors(1, 1, 21, 4), { shape, data } = inputs.value;
  const value = { shape, data: data.map((x, at) => at < 18 * 4 ? x : 1e30) };
  const seen = async (inputs: Inputs) =>
    (await evaluate(await wasm(1), inputs, attend({ causal: true }))).y.data.slice(0, 18 * 4);
  const clean = await seen(inputs);
  assertEquals(await seen({ ...inputs, value }), clean);
});
