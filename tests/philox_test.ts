import { assertEquals } from "@std/assert";
import { philox4x32, PHILOX_WGSL } from "../core/philox.ts";
import { Random } from "../core/random.ts";

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
