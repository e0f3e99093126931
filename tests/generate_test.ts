import { assert, assertEquals, assertNotEquals, assertRejects } from "@std/assert";
import type { Backend } from "../core/backend.ts";
import { CpuBackend } from "../core/cpu_backend.ts";
import { seedWords } from "../core/random.ts";
import { sampleForward } from "../kernels/sample.ts";
import type { Gpt, GptConfig } from "../models/gpt.ts";
import { generate, type GenerateOptions } from "../inference/generate.ts";
import { everyBackend } from "./_testing.ts";
import { livelyModel, small, text } from "./_training.ts";

type Options = Partial<GenerateOptions>;

/** Everything that is written after the prompt, of each sample. */
async function write(backend: Backend, model: Gpt, options: Options): Promise<number[][]> {
  const all = { prompt: text.subarray(0, 3), maxNewTokens: 30, ...options };
  const written: number[][] = Array.from({ length: options.samples ?? 1 }, () => []);
  for await (const turn of generate(backend, model, all)) {
    assertEquals(turn.length, written.length);
    for (const [sample, tokens] of turn.entries()) written[sample].push(...tokens);
  }
  return written;
}

/**
 * The same by definition, on the CPU: every token from a forward pass over the whole window. A window begins at most a
 * context length before the first new token; when it is full, the next one begins with its last half.
 */
async function writeSlowly(config: GptConfig, options: Options, row = 0): Promise<number[]> {
  const backend = new CpuBackend(),
    { model } = livelyModel(backend, config),
    { contextLength, vocabSize } = config;
  const { prompt = text.subarray(0, 3), maxNewTokens = 30, seed = 0, ...sampling } = options;
  const tokens = [...prompt], used = new Uint32Array(vocabSize), drawn = backend.allocate([row + 1], "u32");
  let start = Math.max(0, tokens.length - contextLength);
  for (let written = 0; written < maxNewTokens; written++) {
    if (tokens.length - start > contextLength) start = tokens.length - 1 - (contextLength >> 1);
    const window = Uint32Array.from(tokens.slice(start));
    const logits = (await backend.read(model.forward(backend.from(window, [1, window.length])))).slice(
      -vocabSize,
    );
    for (const token of tokens) used[token] = 1;
    // the row decides which random number is drawn: rows above are there to be skipped
    const rows = <Values extends ArrayLike<number>>(values: Values) =>
      Array.from({ length: row + 1 }, () => [...Array.from(values)]).flat();
    backend.run(sampleForward, {
      logits: backend.from(rows(logits)),
      used: backend.from(Uint32Array.from(rows(used))),
      counters: backend.from(Uint32Array.of(tokens.length - 1, 0, 0)),
      seed: backend.from(Uint32Array.of(...seedWords(seed))),
      drawn,
      scores: backend.allocate([row + 1, vocabSize]),
    }, {
      rows: row + 1,
      columns: vocabSize,
      temperature: 1,
      topK: 0,
      topP: 1,
      repetitionPenalty: 1,
      ...sampling,
    });
    tokens.push((await backend.read(drawn))[row]);
  }
  return tokens.slice(prompt.length);
}

everyBackend(
  "generate: without temperature each token is the likeliest of a full forward pass",
  async (backend) => {
    const { model } = livelyModel(backend, small), tokens = [...text.subarray(0, 3)];
    while (tokens.length < small.contextLength + 1) {
      const ids = backend.from(Uint32Array.from(tokens), [1, tokens.length]);
      const logits = [...(await backend.read(model.forward(ids))).slice(-small.vocabSize)];
      tokens.push(logits.indexOf(Math.max(...logits)));
    }
    assertEquals(await write(backend, model, { temperature: 0, maxNewTokens: 6 }), [tokens.slice(3)]);
  },
);

const PROMPTS: Record<string, [contextLength: number, prompt: number]> = {
  "a short prompt": [8, 3],
  "a prompt of one token": [8, 1],
  "a prompt that leaves room for one token": [8, 7],
  "a prompt as long as the context": [8, 8],
  "a prompt one longer than the context": [8, 9],
  "a prompt much longer than the context": [8, 45],
  "an odd context": [5, 7],
  "a context of two": [2, 1],
  "a context of one": [1, 1],
  "a context of one and a longer prompt": [1, 4],
  "a prompt that WebGPU computes at once": [70, 66],
  "as many tokens as WebGPU computes at once": [64, 64],
  "windows that slide with more than that": [130, 131],
};

everyBackend("generate: the window slides as defined, with any prompt and context", async (backend) => {
  for (const [what, [contextLength, length]] of Object.entries(PROMPTS)) {
    const config = { ...small, contextLength }, { model } = livelyModel(backend, config);
    const options = { prompt: text.subarray(20, 20 + length), seed: 5, temperature: 0.7 };
    assertEquals(await write(backend, model, options), [await writeSlowly(config, options)], what);
  }
});

everyBackend(
  "generate: samples of a prompt that is computed at once have texts of their own",
  async (backend) => {
    const config: GptConfig = { ...small, contextLength: 80, layers: 2 },
      { model } = livelyModel(backend, config);
    const options = { prompt: text.subarray(0, 70), seed: 4, samples: 2, maxNewTokens: 20 };
    const samples = await write(backend, model, options);
    for (const row of [0, 1]) assertEquals(samples[row], await writeSlowly(config, options, row));
  },
);

everyBackend("generate: GPT-2 with a head of its own does the same", async (backend) => {
  const config: GptConfig = { ...small, architecture: "gpt2", layers: 2, feedForwardDim: 24, tied: false };
  const options = { seed: 6, temperature: 0.9, topK: 7, topP: 0.95, repetitionPenalty: 1.2 };
  const { model } = livelyModel(backend, config);
  assertEquals(await write(backend, model, options), [await writeSlowly(config, options)]);
});

everyBackend(
  "generate: repetition penalty remembers a prompt that the window no longer holds",
  async (backend) => {
    const prompt = Uint32Array.from([...Array(6).keys(), ...Array(20).fill(10)]);
    const options = { prompt, repetitionPenalty: 1e6, temperature: 0.5, maxNewTokens: 3, seed: 1 };
    const [written] = await write(backend, livelyModel(backend, small).model, options);
    assertEquals([written], [await writeSlowly(small, options)]);
  },
);

everyBackend("generate: the same seed writes the same text, another seed another", async (backend) => {
  const { model } = livelyModel(backend, small), first = await write(backend, model, { seed: 2 });
  assertEquals(await write(backend, model, { seed: 2 }), first);
  assertNotEquals(await write(backend, model, { seed: 3 }), first);
  assertNotEquals(await write(backend, model, { seed: 2 ** 32 + 2 }), first);
  assertEquals(await write(backend, model, {}), await write(backend, model, { seed: 0 }));
});

everyBackend("generate: every option changes the text", async (backend) => {
  const { model } = livelyModel(backend, small), plain = await write(backend, model, { seed: 2 });
  const changes: Options[] = [
    { temperature: 0 },
    { temperature: 0.3 },
    { temperature: 3 },
    { topK: 2 },
    { topP: 0.3 },
    { repetitionPenalty: 3 },
    { prompt: text.subarray(1, 4) },
  ];
  for (const change of changes) {
    assertNotEquals(await write(backend, model, { seed: 2, ...change }), plain, JSON.stringify(change));
  }
  const greedy = await write(backend, model, { temperature: 0 });
  assertEquals(
    await write(backend, model, { topK: 1, seed: 9 }),
    greedy,
    "the likeliest one is always drawn",
  );
  assertEquals(
    await write(backend, model, { topP: 1e-9, seed: 9 }),
    greedy,
    "the likeliest one is always drawn",
  );
  assertEquals(await write(backend, model, { seed: 2, topK: 11 }), plain, "all tokens are kept");
});

everyBackend("generate: chunks cut the text, and change nothing in it", async (backend) => {
  const { model } = livelyModel(backend, small), options = { prompt: text.subarray(0, 3), maxNewTokens: 30 };
  const lengths = async (chunk: number) => {
    const turns: number[] = [];
    for await (const [tokens] of generate(backend, model, { ...options, chunk })) turns.push(tokens.length);
    return turns;
  };
  assertEquals(await lengths(7), [7, 7, 7, 7, 2]);
  assertEquals(await lengths(1), new Array(30).fill(1));
  assertEquals(await lengths(1000), [30]);
  const whole = await write(backend, model, { chunk: 1000 });
  for (const chunk of [1, 4, 7]) assertEquals(await write(backend, model, { chunk }), whole);
});

everyBackend("generate: samples differ, and the first is that of a batch of one", async (backend) => {
  const { model } = livelyModel(backend, small),
    samples = await write(backend, model, { samples: 3, seed: 4 });
  assertEquals(samples.map(({ length }) => length), [30, 30, 30]);
  assertEquals(new Set(samples.map(String)).size, 3);
  assertEquals(await write(backend, model, { seed: 4 }), [samples[0]]);
  for (const row of [1, 2]) assertEquals(samples[row], await writeSlowly(small, { seed: 4 }, row));
});

everyBackend("generate: a longer text begins with the shorter one", async (backend) => {
  const { model } = livelyModel(backend, small), [long] = await write(backend, model, { maxNewTokens: 30 });
  assertEquals(await write(backend, model, { maxNewTokens: 11 }), [long.slice(0, 11)]);
  assertEquals(await write(backend, model, { maxNewTokens: 1 }), [long.slice(0, 1)]);
  assertEquals(await write(backend, model, { maxNewTokens: 0 }), [[]]);
});

everyBackend(
  "generate: leaving the loop gives all memory back, and the prompt is left alone",
  async (backend) => {
    const { model } = livelyModel(backend, small), prompt = text.slice(0, 3);
    const start = async () => {
      for await (const _ of generate(backend, model, { prompt, maxNewTokens: 1000, samples: 2 })) break;
      return backend.bytes;
    };
    const bytes = await start();
    assertEquals(await start(), bytes);
    assertEquals(prompt, text.slice(0, 3));
  },
);

everyBackend("generate: two texts may be written by turns", async (backend) => {
  const { model } = livelyModel(backend, small),
    options = { prompt: text.subarray(0, 3), maxNewTokens: 20, chunk: 3 };
  const seeds = [1, 2], turns = seeds.map((seed) => generate(backend, model, { ...options, seed }));
  const written: number[][] = [[], []];
  for (let left = 2; left > 0;) {
    for (const [index, turn] of turns.entries()) {
      const { done, value } = await turn.next();
      if (done) left--;
      else written[index].push(...value[0]);
    }
  }
  for (const [index, seed] of seeds.entries()) {
    assertEquals([written[index]], await write(backend, model, { maxNewTokens: 20, seed }));
  }
});

const REFUSED: [change: Options, message: string][] = [
  [{ prompt: new Uint32Array(0) }, "the prompt is empty, expected at least one token"],
  [{ prompt: Uint32Array.of(1, 11) }, "token 11 at position 1 is outside the vocabulary of 11"],
  [{ maxNewTokens: -1 }, "maxNewTokens is -1, expected an integer of 0 or more"],
  [{ maxNewTokens: 2.5 }, "maxNewTokens is 2.5"],
  [{ maxNewTokens: NaN }, "maxNewTokens is NaN"],
  [{ samples: 0 }, "samples is 0, expected an integer of 1 or more"],
  [{ chunk: 0 }, "chunk is 0, expected an integer of 1 or more"],
  [{ temperature: -0.1 }, "temperature is -0.1, expected 0 or more"],
  [{ temperature: NaN }, "temperature is NaN"],
  [{ temperature: Infinity }, "temperature is Infinity"],
  [{ topK: -1 }, "topK is -1, expected an integer of 0 (all) or more"],
  [{ topK: 1.5 }, "topK is 1.5"],
  [{ topP: 0 }, "topP is 0, expected more than 0, at most 1"],
  [{ topP: 1.01 }, "topP is 1.01"],
  [{ repetitionPenalty: 0 }, "repetitionPenalty is 0, expected > 0"],
  [{ repetitionPenalty: Infinity }, "repetitionPenalty is Infinity"],
];

for (const [change, message] of REFUSED) {
  Deno.test(`generate refuses: ${message}`, async () => {
    const backend = new CpuBackend(), { model } = livelyModel(backend, small), { bytes } = backend;
    await assertRejects(() => write(backend, model, change), RangeError, `Cannot generate: ${message}`);
    assert(backend.bytes === bytes, "nothing was allocated");
  });
}
