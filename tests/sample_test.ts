import { assert, assertAlmostEquals, assertEquals, assertNotEquals } from "@std/assert";
import type { Backend } from "../core/backend.ts";
import { philox4x32 } from "../core/philox.ts";
import {
  advanceTokens,
  sampleForward,
  type SamplingConstants,
  samplingProbabilities,
  takeTokens,
} from "../kernels/sample.ts";
import { golden } from "./_golden.ts";
import { everyBackend, normals, type Values } from "./_testing.ts";

type Options = Partial<SamplingConstants>;

/** Where the random numbers of a draw come from. */
interface Place {
  readonly seed?: number;
  readonly cursor?: number;
}

/** Draws `rows` times from the same scores; `used` lists tokens that the text has already. */
async function draw(
  backend: Backend,
  logits: ArrayLike<number>,
  rows: number,
  options: Options = {},
  used: Iterable<number> = [],
  { seed = 1, cursor = 0 }: Place = {},
): Promise<number[]> {
  const columns = logits.length,
    scores = new Float32Array(rows * columns),
    marks = new Uint32Array(rows * columns);
  for (let start = 0; start < scores.length; start += columns) {
    scores.set(logits, start);
    for (const id of used) marks[start + id] = 1;
  }
  const drawn = backend.scope(() => {
    const tensors = {
      logits: backend.from(scores),
      used: backend.from(marks),
      counters: backend.from(Uint32Array.of(cursor, 0, 0)),
      seed: backend.from(Uint32Array.of(seed, 0)),
      drawn: backend.allocate([rows], "u32"),
      scores: backend.allocate([rows, columns]),
    };
    const settings = { temperature: 1, topK: 0, topP: 1, repetitionPenalty: 1, ...options };
    backend.run(sampleForward, tensors, { rows, columns, ...settings });
    return tensors.drawn;
  });
  return [...await backend.read(drawn)];
}

/** Checks that each row's random number falls where the token drawn lies in the cumulated probabilities. */
function assertDrawnFrom(drawn: readonly number[], probabilities: ArrayLike<number>, what: string): void {
  const ends = new Float64Array(probabilities.length), bits = new Uint32Array(4);
  for (let id = 0, sum = 0; id < ends.length; id++) ends[id] = sum += probabilities[id];
  for (const [row, id] of drawn.entries()) {
    philox4x32(bits, 1, 0, row, 1, 0, 0);
    const u = (bits[0] >>> 8) / 2 ** 24, begin = ends[id] - probabilities[id];
    assert(probabilities[id] > 0, `${what}: drew token ${id}, which was to be removed`);
    // sums in single precision may move a border a little
    const inside = begin - 1e-5 <= u && u <= ends[id] + 1e-5;
    assert(inside, `${what}: drew token ${id} of [${begin}, ${ends[id]}) by ${u}`);
  }
}

/** The probabilities of what remains, step by step and in double precision. */
function remaining(
  logits: ArrayLike<number>,
  { temperature = 1, topK = 0, topP = 1 }: Options,
): Float64Array {
  const scores = Float64Array.from(logits, (logit) => logit / temperature);
  const order = Array.from(scores.keys()).sort((a, b) => scores[b] - scores[a]);
  const weights = scores.map((score) => Math.exp(score - scores[order[0]]));
  const likely = topK > 0 ? order.slice(0, topK) : order;
  const enough = topP * likely.reduce((sum, id) => sum + weights[id], 0);
  const kept = new Float64Array(scores.length);
  let total = 0;
  for (const id of likely) {
    if (total < enough) total += kept[id] = weights[id];
  }
  return kept.map((weight) => weight / total);
}

interface SamplingCase {
  readonly name: string;
  readonly options: SamplingConstants;
  readonly logits: Values;
  readonly used: Values;
  readonly probabilities: Values;
}

everyBackend("sample draws from what Hugging Face's processors leave", async (backend) => {
  for (const { name, options, logits, used, probabilities } of golden<SamplingCase>("sample")) {
    const drawn = await draw(backend, logits.data, 300, options, used.data);
    assertDrawnFrom(drawn, probabilities.data, name);
    const expected = probabilities.data.filter((probability) => probability > 0.03).length;
    assert(new Set(drawn).size >= expected, `${name}: some token with more than 3 % was never drawn`);
  }
});

everyBackend("sample keeps exactly what it should, whatever the size of the vocabulary", async (backend) => {
  for (const size of [1, 257, 50_257]) {
    const { data } = normals("logits", [size], 2), rows = size > 1000 ? 3 : 100;
    for (const options of [{ temperature: 0.5 }, { topK: 2 }, { topP: 0.5 }, { topK: 40, topP: 0.9 }]) {
      const what = `${size} tokens, ${JSON.stringify(options)}`;
      assertDrawnFrom(await draw(backend, data, rows, options), remaining(data, options), what);
    }
  }
});

everyBackend("sample: draws are as frequent as they are probable", async (backend) => {
  const probabilities = [0.5, 0.25, 0.125, 0.0625, 0.0625], count = 20_000;
  const drawn = await draw(backend, probabilities.map(Math.log), count);
  for (const [id, probability] of probabilities.entries()) {
    const frequency = drawn.filter((other) => other === id).length / count;
    assertAlmostEquals(frequency, probability, 5 * Math.sqrt(probability * (1 - probability) / count));
  }
});

everyBackend("sample keeps tokens that tie with the last one kept", async (backend) => {
  const kept = async (logits: number[], options: Options) =>
    [...new Set(await draw(backend, logits, 200, options))].sort((a, b) => a - b);
  assertEquals(await kept([1, 1, 1, 1], { topK: 2 }), [0, 1, 2, 3]);
  assertEquals(await kept([0, 2, 1, 1, -1], { topK: 2 }), [1, 2, 3]);
  assertEquals(await kept([0, 1, 0, 1], { topP: 0.5 }), [1, 3]);
  assertEquals(await kept([-5, -5, -9], { topK: 1 }), [0, 1]);
});

everyBackend("sample at temperature 0 takes the most likely token, the first of equals", async (backend) => {
  const greedy = async (logits: number[], options: Options = {}, used: number[] = []) =>
    new Set(await draw(backend, logits, 5, { temperature: 0, ...options }, used));
  assertEquals(await greedy([-3, -1, -2]), new Set([1]));
  assertEquals(await greedy([1, 7, 7, 0]), new Set([1]));
  assertEquals(await greedy([4, 3], { repetitionPenalty: 2 }, [0]), new Set([1]));
  assertEquals(await greedy([-2, -3], { repetitionPenalty: 2 }, [0]), new Set([1]));
  assertEquals(await greedy([1e30, -1e30]), new Set([0]));
});

for (const value of [NaN, Infinity, -Infinity]) {
  everyBackend(
    `sample draws a token of the vocabulary, even if a model that diverged gives ${value}`,
    async (backend) => {
      for (const options of [{}, { temperature: 0 }, { topK: 2 }, { topP: 0.5 }]) {
        for (const id of await draw(backend, [value, value, value, value, value], 3, options)) {
          assert(id < 5, `${JSON.stringify(options)}: ${id}`);
        }
      }
    },
  );
}

everyBackend("sample: each option changes what is drawn from a large vocabulary", async (backend) => {
  const { data } = normals("logits", [50_257], 2), rows = 4;
  const plain = await draw(backend, data, rows);
  const changes: Options[] = [{ temperature: 0.5 }, { topK: 40 }, { topP: 0.3 }];
  for (const options of changes) {
    assertNotEquals(await draw(backend, data, rows, options), plain, JSON.stringify(options));
  }
  const penalized = await draw(backend, data, rows, { repetitionPenalty: 50 }, plain);
  assert(penalized.every((id) => !plain.includes(id)), "tokens used before are avoided");
});

everyBackend("sample: the same seed and place draw the same, others do not", async (backend) => {
  const { data } = normals("logits", [257]), rows = 20;
  const first = await draw(backend, data, rows, {}, [], { seed: 7, cursor: 3 });
  assertEquals(await draw(backend, data, rows, {}, [], { seed: 7, cursor: 3 }), first);
  assertNotEquals(await draw(backend, data, rows, {}, [], { seed: 8, cursor: 3 }), first);
  assertNotEquals(await draw(backend, data, rows, {}, [], { seed: 7, cursor: 4 }), first);
  assert(new Set(first).size > 10, "rows draw independently");
});

everyBackend("takeTokens and advanceTokens read the prompt, then what was drawn", async (backend) => {
  const batch = 2, capacity = 4, vocabulary = 6;
  // two sequences with a prompt of two tokens; whatever the model says, token 5 is drawn
  const tokens = backend.from(Uint32Array.of(1, 2, 0, 0, 3, 4, 0, 0)),
    drawn = backend.from(Uint32Array.of(5, 5));
  const counters = backend.from(Uint32Array.of(0, 0, 2)), ids = backend.allocate([batch], "u32");
  const positions = backend.allocate([batch], "u32"), used = backend.allocate([batch, vocabulary], "u32");
  const seen: number[][] = [];
  for (let turn = 0; turn < 3; turn++) {
    const sizes = { batch, capacity, vocabulary, length: 1 };
    backend.run(takeTokens, { tokens, counters, ids, positions, used }, sizes);
    seen.push([...await backend.read(ids), ...await backend.read(positions)]);
    backend.run(advanceTokens, { drawn, tokens, counters }, { batch, capacity });
  }
  assertEquals(seen, [[1, 3, 0, 0], [2, 4, 1, 1], [5, 5, 2, 2]]);
  assertEquals([...await backend.read(tokens)], [1, 2, 5, 5, 3, 4, 5, 5]);
  assertEquals([...await backend.read(counters)], [3, 3, 4]);
  assertEquals([...await backend.read(used)], [0, 1, 1, 0, 0, 1, 0, 0, 0, 1, 1, 1]);
});

everyBackend(
  "takeTokens takes a window up to the cursor, and the last token again as padding",
  async (backend) => {
    const batch = 2,
      capacity = 5,
      vocabulary = 10,
      length = 4,
      tensors = {
        tokens: backend.from(Uint32Array.of(9, 1, 2, 3, 0, 8, 4, 5, 6, 0)),
        counters: backend.from(Uint32Array.of(3, 2, 4)),
        ids: backend.allocate([batch, length], "u32"),
        positions: backend.allocate([batch, length], "u32"),
        used: backend.allocate([batch, vocabulary], "u32"),
      };
    backend.run(takeTokens, tensors, { batch, capacity, vocabulary, length });
    assertEquals([...await backend.read(tensors.ids)], [1, 2, 3, 3, 4, 5, 6, 6]);
    assertEquals([...await backend.read(tensors.positions)], [0, 1, 2, 3, 0, 1, 2, 3]);
    const used = [...await backend.read(tensors.used)];
    assertEquals(used, [0, 1, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 0, 0, 0]);
  },
);

Deno.test("samplingProbabilities keep all that tie with the last of top-k, and nothing is kept in another order", () => {
  const logits = Float32Array.of(1, 3, 2, 2, -1),
    all = { temperature: 1, topK: 0, topP: 1, repetitionPenalty: 1 };
  const kept = (options: Options) =>
    [...samplingProbabilities(logits, { ...all, ...options })].map((probability) => probability > 0 ? 1 : 0);
  assertEquals(kept({}), [1, 1, 1, 1, 1]);
  assertEquals(kept({ topK: 9 }), [1, 1, 1, 1, 1]);
  assertEquals(kept({ topK: 1 }), [0, 1, 0, 0, 0]);
  assertEquals(kept({ topK: 2 }), [0, 1, 1, 1, 0]);
  assertEquals(kept({ topK: 3 }), [0, 1, 1, 1, 0]);
  assertEquals(kept({ topP: 0.5 }), [0, 1, 0, 0, 0]);
  assertEquals(kept({ topP: 0.7 }), [0, 1, 1, 1, 0]);
  assertEquals(kept({ topK: 4, topP: 0.999 }), [1, 1, 1, 1, 0]);
});

Deno.test("samplingProbabilities are those that Hugging Face's processors leave, and greedy decoding has one token", () => {
  for (const { name, options, logits, used, probabilities } of golden<SamplingCase>("sample")) {
    if (options.repetitionPenalty !== 1 && used.data.length > 0) continue; // no token counts as used
    const found = samplingProbabilities(Float32Array.from(logits.data), options);
    for (const [id, probability] of probabilities.data.entries()) {
      assertAlmostEquals(found[id], probability, 1e-6, `${name}, token ${id}`);
    }
  }
  const greedy = { temperature: 0, topK: 0, topP: 1, repetitionPenalty: 1 };
  assertEquals([...samplingProbabilities(Float32Array.of(1, 7, 7), greedy)], [0, 1, 0]);
});
