/**
 * Writes `golden.json`: what Miniformer draws, cuts, masks and drops, which the Python package must repeat.
 *
 *     deno run --allow-write=torch/tests torch/tests/golden_write.ts
 *
 * `tests/torch_test.ts` compares the file with this code, `torch/tests/test_golden.py` with the package.
 */

import { CpuBackend } from "../../core/cpu_backend.ts";
import { philox4x32 } from "../../core/philox.ts";
import { permutation, Random, seedWords } from "../../core/random.ts";
import { attentionForward } from "../../kernels/attention/attention.ts";
import { dropoutForward, dropThreshold } from "../../kernels/dropout.ts";
import { type Batch, causalBatches, validationBatches } from "../../data/batches.ts";
import { maskedBatches, maskedValidationBatches } from "../../data/masked_batches.ts";
import { cutSequences } from "../../data/masked_texts.ts";
import { fingerprintOf } from "../../tokenizers/fingerprint.ts";
import { writeTokenFile } from "../../tokenizers/token_file.ts";
import { learningRateAt, type Schedule } from "../../training/schedule.ts";
import { endsEpoch, epochsAfter } from "../../checkpoints/runs/intervals.ts";

const VOCAB_SIZE = 23, MASK_ID = 22, SPECIAL_IDS = [0, 1, 2, 3, MASK_ID];

/** Ids of texts, each ended by 2; some are empty. */
const TEXT = Uint32Array.from(
  { length: 330 },
  (_, index) => index % 17 === 9 || index % 51 === 10 ? 2 : 4 + (index * index) % 18,
);

/** A batch as plain lists; of a masked one, the target of each position or -100. */
function plain({ inputs, targets, targetIndices, lengths, batchSize, contextLength: T }: Batch) {
  const wanted: number[] = Array(inputs.length).fill(-100);
  targets.forEach((target, at) => {
    if (target !== 0xffffffff) wanted[targetIndices?.[at] ?? at] = target;
  });
  const rows = (list: Iterable<number>) =>
    Array.from({ length: batchSize }, (_, row) => [...list].slice(row * T, (row + 1) * T));
  return { inputs: rows(inputs), targets: rows(wanted), lengths: lengths && [...lengths] };
}

function masked(rule: "huggingface" | "fairseq", lines: boolean) {
  const cut = { contextLength: 9, beginId: 0, endId: 2, lines };
  const training = cutSequences(TEXT.subarray(0, 250), cut),
    validation = cutSequences(TEXT.subarray(250), cut);
  const contextLength = Math.max(...[...training, ...validation].map(({ length }) => length));
  const tokens = { vocabSize: VOCAB_SIZE, maskId: MASK_ID, specialIds: SPECIAL_IDS };
  const options = { ...tokens, contextLength, batchSize: 3, seed: 5, maskRate: 0.4, rule };
  const { at } = maskedBatches(training, options);
  return {
    settings: { contextLength: 9, batchSize: 3, seed: 5, maskRate: 0.4, maskRule: rule, lines },
    batches: [0, 1, 20].map((number) => plain(at(number))),
    validation: maskedValidationBatches(validation, { ...options, limit: 60 }).map(plain),
  };
}

/** The factors of dropout, 0 or 1 / (1 − rate), in a tensor of the rows of a whole batch. */
function dropout(shape: number[], stream: number) {
  const backend = new CpuBackend(), rate = 0.3, size = shape.reduce((product, n) => product * n);
  const random = backend.from(Uint32Array.of(...seedWords(2 ** 40 + 7), 11, 0), [4]);
  const constants = { threshold: dropThreshold(rate), keepScale: 1 / (1 - rate), stream };
  const y = backend.allocate(shape);
  if (shape.length === 3) {
    const x = backend.from(new Float32Array(size).fill(1), shape);
    backend.run(dropoutForward, { x, random, y }, { ...constants, size, accumulate: 0 });
    return { seed: 2 ** 40 + 7, rate, number: 11, stream, shape, factors: [...y.storage as Float32Array] };
  }
  // Keys and queries of zeros make all weights equal; the values pick one key each, so y has one factor per weight.
  const [batch, heads, time] = shape, keys = backend.from(new Float32Array(size), shape);
  const value = backend.from(
    Float32Array.from({ length: size }, (_, at) => Math.floor(at / time) % time === at % time ? time : 0),
    shape,
  );
  const lengths = backend.allocate([batch], "u32"), logSumExp = backend.allocate([batch, heads, time]);
  backend.run(attentionForward, { query: keys, key: keys, value, lengths, random, y, logSumExp }, {
    ...constants,
    ...{ batch, heads, time, headDim: time, causal: 0, padded: 0 },
  });
  return { seed: 2 ** 40 + 7, rate, number: 11, stream, shape, factors: [...y.storage as Float32Array] };
}

/** All of it. */
export function goldenValues() {
  const words = new Uint32Array(4), causal = { contextLength: 8, batchSize: 3, seed: 9 };
  const random = new Random(-3, "some stream"), { at } = causalBatches(TEXT.subarray(0, 100), causal);
  const steps = [0, 1, 4, 5, 17, 39, 40];
  const schedule: Omit<Schedule, "schedule"> = {
    learningRate: 0.01,
    minLearningRate: 0.001,
    warmupSteps: 5,
    steps: 40,
  };
  return {
    philox: [[0, 0, 0, 0, 0, 0], [1, 2, 3, 4, 5, 6], [~0, ~0, ~0, ~0, ~0, ~0].map((n) => n >>> 0)].map(
      (arguments_) => {
        const [k0, k1, ...counter] = arguments_ as [number, number, number, number, number, number];
        philox4x32(words, k0, k1, ...counter);
        return { arguments: arguments_, words: [...words] };
      },
    ),
    random: {
      uniforms: Array.from({ length: 5 }, () => random.uniform()),
      below: [1, 2, 6, 100, ...Array(9).fill(2 ** 31 + 1), 2 ** 32].map((
        bound,
      ) => [bound, random.below(bound)]),
      many: Array.from({ length: 300 }, () => random.below(1000)).at(-1),
    },
    permutations: [[1, 1, 0], [2, 1, 0], [37, 4, 12]].map(([length, seed, epoch]) => ({
      ...{ length, seed, epoch },
      order: [...permutation(length, seed, epoch)],
    })),
    text: [...TEXT],
    causal: {
      settings: causal,
      batches: [0, 1, 3, 4, 50].map((number) => plain(at(number))),
      validation: validationBatches(TEXT.subarray(100, 190), { ...causal, windows: 2048 }).map(plain),
    },
    masked: [masked("huggingface", false), masked("fairseq", true)],
    tokens: { vocabSize: VOCAB_SIZE, maskId: MASK_ID },
    dropout: [dropout([3, 5, 3], 2), dropout([3, 2, 5, 5], 4)],
    schedules: (["cosine", "linear", "constant"] as const).map((name) => ({
      settings: { ...schedule, schedule: name },
      rates: steps.map((step) => [step, learningRateAt({ ...schedule, schedule: name }, step)]),
    })),
    epochs: [2.5, 7, 0.4, 100 * 0.07].map((perEpoch) => ({
      perEpoch,
      after: Array.from(
        { length: 12 },
        (_, index) => [epochsAfter(index, perEpoch), endsEpoch(index + 1, perEpoch)],
      ),
    })),
    numbers: [
      0,
      -0,
      1,
      1.5,
      -2.25,
      0.1,
      1e-4,
      1.5e-5,
      1e-6,
      1.25e-7,
      1e-7,
      3e-12,
      1e20,
      1e21,
      1.5e300,
      2 ** 53 - 1,
    ].map(
      (number) => [number, JSON.stringify(number)],
    ),
    json: JSON.stringify({ text: '"\\/\n\t\u0001\u007fé😀\u2028', list: [true, null, { a: [] }] }),
    fingerprint: fingerprintOf("Fußgänger 😀"),
    tokenFiles: [TEXT.subarray(0, 5), Uint32Array.of(1, 70_000)].map((ids) => ({
      ids: [...ids],
      bytes: writeTokenFile({ ids, tokenizer: "0123456789abcdef", text: "fedcba9876543210" }).toHex(),
    })),
  };
}

if (import.meta.main) {
  Deno.writeTextFileSync(new URL("golden.json", import.meta.url), JSON.stringify(goldenValues()) + "\n");
}
