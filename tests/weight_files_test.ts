import { assertEquals, assertThrows } from "@std/assert";
import { CpuBackend } from "../core/cpu_backend.ts";
import { initialize } from "../core/module.ts";
import { type CheckpointFiles, loadModel, modelFiles } from "../checkpoints/checkpoint.ts";
import { readSafetensors, writeSafetensors } from "../checkpoints/safetensors.ts";
import { openWeights, SHARD_INDEX, shardNames } from "../checkpoints/weight_files.ts";
import { buildModel, type ModelConfig } from "../models/families.ts";
import { small } from "./_training.ts";

const single = await filesOf(small);

async function filesOf(config: ModelConfig): Promise<CheckpointFiles> {
  const backend = new CpuBackend(), model = buildModel(config);
  return await modelFiles(backend, model, initialize(backend, model, 1));
}

/** The same model in several files. */
function sharded(count = 3): CheckpointFiles {
  const tensors = [...readSafetensors(single["model.safetensors"] as Uint8Array).values()];
  const files: CheckpointFiles = { "config.json": single["config.json"] };
  const weight_map: Record<string, string> = {};
  for (let shard = 0; shard < count; shard++) {
    const name = `model-${shard}.safetensors`, here = tensors.filter((_, index) => index % count === shard);
    files[name] = writeSafetensors(here);
    for (const tensor of here) weight_map[tensor.name] = name;
  }
  return { ...files, [SHARD_INDEX]: JSON.stringify({ weight_map }) };
}

Deno.test("weights in shards are those in one file, which is read where both are there", () => {
  const expected = loadModel(single), files = sharded();
  assertEquals(shardNames(files), ["model-0.safetensors", "model-1.safetensors", "model-2.safetensors"]);
  assertEquals(loadModel(files).config, expected.config);
  const byName = (weights: typeof expected.weights) => [...weights].sort(([a], [b]) => a < b ? -1 : 1);
  assertEquals(byName(loadModel(files).weights), byName(expected.weights));
  const both = { ...single, [SHARD_INDEX]: "damaged" };
  assertEquals(shardNames(both), []);
  assertEquals(loadModel(both).weights, expected.weights);
});

Deno.test("an index names files beside it, and tensors that are in them", () => {
  const index = (map: unknown) => ({ ...sharded(), [SHARD_INDEX]: JSON.stringify({ weight_map: map }) });
  for (
    const name of [
      "../a.safetensors",
      "/a.safetensors",
      "b/a.safetensors",
      "b\\a.safetensors",
      "c:a.safetensors",
      "a",
      ".safetensors",
      "a\n.safetensors",
      5,
    ]
  ) {
    for (const read of [shardNames, loadModel]) {
      const message = `${SHARD_INDEX}: weight_map names the file ${typeof name === "string" ? '"' : 5}`;
      assertThrows(() => read(index({ "x": name })), TypeError, message);
    }
  }
  assertThrows(
    () => shardNames(index(["a.safetensors"])),
    TypeError,
    "expected an object with a file for each",
  );
  const { "model-1.safetensors": _, ...missing } = sharded();
  assertThrows(
    () => loadModel(missing),
    TypeError,
    `${SHARD_INDEX} names model-1.safetensors, which is missing`,
  );
  const map = JSON.parse(sharded()[SHARD_INDEX] as string).weight_map;
  assertThrows(
    () => loadModel(index({ ...map, ghost: "model-2.safetensors" })),
    TypeError,
    `model-2.safetensors: tensor ghost is missing, ${SHARD_INDEX} says it is there`,
  );
  const [first, ...others] = Object.entries(map);
  assertThrows(
    () => loadModel(index(Object.fromEntries(others))),
    TypeError,
    `tensor ${first[0]} is missing`,
  );
});

Deno.test("tensors that are no floating-point numbers are left out, in one file and in shards", () => {
  const name = "h.0.attn.bias",
    header = JSON.stringify({ [name]: { dtype: "U8", shape: [1], data_offsets: [0, 1] } });
  const masks = new Uint8Array(8 + header.length + 1);
  new DataView(masks.buffer).setBigUint64(0, BigInt(header.length), true);
  masks.set(new TextEncoder().encode(header), 8);
  const index = JSON.stringify({ weight_map: { [name]: "model-1.safetensors" } });
  assertEquals([...openWeights({ "model.safetensors": masks }, small).entries], []);
  assertEquals([...openWeights({ [SHARD_INDEX]: index, "model-1.safetensors": masks }, small).entries], []);
});

Deno.test("a damaged shard, and one with numbers that are not finite, are named", () => {
  const files = sharded(), name = "model-1.safetensors", bytes = files[name] as Uint8Array<ArrayBuffer>;
  assertThrows(() => loadModel({ ...files, [name]: bytes.slice(0, -4) }), TypeError, `${name}: tensor `);
  const broken = bytes.slice();
  new DataView(broken.buffer).setFloat32(broken.length - 4, NaN, true);
  assertThrows(() => loadModel({ ...files, [name]: broken }), TypeError, `${name}: tensor `);
});

Deno.test("a folder with a PyTorch file only is refused with the command that converts it", () => {
  for (const pytorch of ["pytorch_model.bin", "pytorch_model.bin.index.json"]) {
    const files = { "config.json": single["config.json"], [pytorch]: "" };
    assertThrows(
      () => openWeights(files, small),
      TypeError,
      `${pytorch} is not read, only safetensors are: convert it with transformers, in the folder of the model: ` +
        `python3 -c "import transformers as t; t.OpenAIGPTLMHeadModel.from_pretrained('.').save_pretrained('.')"`,
    );
  }
  assertThrows(() => openWeights({}, small), TypeError, "model.safetensors is missing");
});
