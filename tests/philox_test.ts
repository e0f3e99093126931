import { assert, assertAlmostEquals, assertEquals, assertNotEquals, assertThrows } from "@std/assert";
import { permutation, philox4x32, PHILOX_WGSL, Random, seedWords } from "../core/philox.ts";

type Six = [number, number, number, number, number, number];

/** Known answers of the Random123 distribution: key0, key1, counter0 to counter3, and the four words. */
const knownAnswers: { input: Six; words: number[] }[] = [
  { input: [0, 0, 0, 0, 0, 0], words: [0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8] },
  {
    input: [0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff],
    words: [0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd],
  },
  {
    input: [0xa4093822, 0x299f31d0, 0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344],
    words: [0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1],
  },
];

function philox(...input: Six): number[] {
  const words = new Uint32Array(4);
  philox4x32(words, ...input);
  return [...words];
}

/** The definition in 64-bit integers, to hold the 16-bit arithmetic against. */
function philoxInBigInts(...input: Six): number[] {
  const word = (value: bigint) => value & 0xffffffffn;
  let [k0, k1, x0, x1, x2, x3] = input.map(BigInt);
  for (let round = 0; round < 10; round++) {
    const first = 0xd2511f53n * x0, second = 0xcd9e8d57n * x2;
    [x0, x1, x2, x3] = [(second >> 32n) ^ x1 ^ k0, word(second), (first >> 32n) ^ x3 ^ k1, word(first)];
    [k0, k1] = [word(k0 + 0x9e3779b9n), word(k1 + 0xbb67ae85n)];
  }
  return [x0, x1, x2, x3].map(Number);
}

Deno.test("philox4x32 gives the known answers of Random123", () => {
  for (const { input, words } of knownAnswers) assertEquals(philox(...input), words);
});

Deno.test("philox4x32 equals its definition in 64-bit integers", () => {
  const random = new Random(7, "inputs");
  for (let i = 0; i < 500; i++) {
    const input = Array.from({ length: 6 }, () => random.uint32()) as Six;
    assertEquals(philox(...input), philoxInBigInts(...input));
  }
});

const adapter = await navigator.gpu?.requestAdapter() ?? null;
if (!adapter && Deno.env.get("REQUIRE_GPU") === "1") {
  throw new Error("REQUIRE_GPU=1, but there is no adapter");
}

Deno.test("PHILOX_WGSL gives the same bits as philox4x32", { ignore: !adapter }, async () => {
  const random = new Random(7, "shader inputs");
  const inputs = [
    ...knownAnswers.map(({ input }) => input),
    ...Array.from({ length: 1000 }, () => Array.from({ length: 6 }, () => random.uint32()) as Six),
  ];
  const device = await adapter!.requestDevice();
  const uploaded = Uint32Array.from(inputs.flat());
  const source = device.createBuffer({
    size: uploaded.byteLength,
    usage: GPUBufferUsage.STORAGE | GPUBufferUsage.COPY_DST,
  });
  device.queue.writeBuffer(source, 0, uploaded);
  const size = inputs.length * 16;
  const result = device.createBuffer({ size, usage: GPUBufferUsage.STORAGE | GPUBufferUsage.COPY_SRC });
  const staging = device.createBuffer({ size, usage: GPUBufferUsage.MAP_READ | GPUBufferUsage.COPY_DST });
  const code = `${PHILOX_WGSL}
    @group(0) @binding(0) var<storage, read> inputs: array<u32>;
    @group(0) @binding(1) var<storage, read_write> words: array<vec4u>;
    @compute @workgroup_size(64) fn main(@builtin(global_invocation_id) id: vec3u) {
      let i = id.x;
      if (i >= arrayLength(&words)) { return; }
      let key = vec2u(inputs[6 * i], inputs[6 * i + 1]);
      let counter = vec4u(inputs[6 * i + 2], inputs[6 * i + 3], inputs[6 * i + 4], inputs[6 * i + 5]);
      words[i] = philox(key, counter);
    }`;
  const pipeline = device.createComputePipeline({
    layout: "auto",
    compute: { module: device.createShaderModule({ code }) },
  });
  const bindings = device.createBindGroup({
    layout: pipeline.getBindGroupLayout(0),
    entries: [source, result].map((buffer, binding) => ({ binding, resource: { buffer } })),
  });
  const commands = device.createCommandEncoder();
  const pass = commands.beginComputePass();
  pass.setPipeline(pipeline);
  pass.setBindGroup(0, bindings);
  pass.dispatchWorkgroups(Math.ceil(inputs.length / 64));
  pass.end();
  commands.copyBufferToBuffer(result, 0, staging, 0, size);
  device.queue.submit([commands.finish()]);
  await staging.mapAsync(GPUMapMode.READ);
  const words = [...new Uint32Array(staging.getMappedRange())];
  device.destroy();
  assertEquals(words, inputs.flatMap((input) => philox(...input)));
});

Deno.test("seedWords splits any safe integer and refuses the rest", () => {
  assertEquals(seedWords(-1), [0xffffffff, 0xffffffff]);
  assertEquals(seedWords(Number.MAX_SAFE_INTEGER), [0xffffffff, 0x1fffff]);
  for (const seed of [0.5, NaN, 2 ** 53]) assertThrows(() => seedWords(seed), RangeError, `${seed}`);
});

Deno.test("Random reads the words of its seed and of its stream's FNV-1a hash", () => {
  const random = new Random(2 ** 32 * 3 + 5, "foobar");
  const drawn = Array.from({ length: 8 }, () => random.uint32());
  // 0x85944171f73967e8 is the published FNV-1a value of "foobar".
  const expected = [0, 1].flatMap((block) => philox(5, 3, block, 0, 0xf73967e8, 0x85944171));
  assertEquals(drawn, expected);
  assertEquals(new Random(1, 12).uint32(), new Random(1, "12").uint32());
});

Deno.test("Random.uniform and Random.normal have the right moments", () => {
  const random = new Random(3, "moments");
  const count = 100_000;
  let uniformSum = 0, normalSum = 0, normalSquares = 0, normalFourths = 0, neighbours = 0, previous = 0;
  for (let i = 0; i < count; i++) {
    const u = random.uniform();
    assert(u >= 0 && u < 1);
    uniformSum += u;
    const x = random.normal();
    normalSum += x;
    normalSquares += x * x;
    normalFourths += x ** 4;
    neighbours += x * previous;
    previous = x;
  }
  // Each tolerance is about four standard deviations of the mean it guards.
  assertAlmostEquals(uniformSum / count, 0.5, 0.004);
  assertAlmostEquals(normalSum / count, 0, 0.013);
  assertAlmostEquals(normalSquares / count, 1, 0.018);
  assertAlmostEquals(normalFourths / count, 3, 0.13);
  assertAlmostEquals(neighbours / count, 0, 0.013);
});

Deno.test("Random.below is even, also where 2^32 is no multiple of the bound", () => {
  const random = new Random(4, "below");
  const bound = 3 * 2 ** 30; // A plain remainder would draw the lowest third twice as often.
  let lowest = 0;
  for (let i = 0; i < 30_000; i++) if (random.below(bound) < 2 ** 30) lowest++;
  assertAlmostEquals(lowest / 30_000, 1 / 3, 0.011);
  assertEquals(random.below(1), 0);
  assert(random.below(2 ** 32) < 2 ** 32);
  for (const n of [0, -1, 1.5, 2 ** 32 + 1, NaN]) {
    assertThrows(() => random.below(n), RangeError, `below ${n}`);
  }
});

Deno.test("permutation holds each index once, in an order of its seed and epoch", () => {
  const order = permutation(1000, 1, 0);
  assertEquals([...order].sort((a, b) => a - b), Array.from({ length: 1000 }, (_, i) => i));
  assertEquals(permutation(1000, 1, 0), order);
  assertNotEquals(permutation(1000, 1, 1), order);
  assertNotEquals(permutation(1000, 2, 0), order);
  assertEquals(permutation(0, 1, 0).length, 0);
});

Deno.test("permutation gives all orders equally often", () => {
  const counts = new Map<string, number>();
  for (let epoch = 0; epoch < 6000; epoch++) {
    const order = permutation(3, 5, epoch).join("");
    counts.set(order, (counts.get(order) ?? 0) + 1);
  }
  assertEquals(counts.size, 6);
  for (const count of counts.values()) assertAlmostEquals(count, 1000, 116);
});
