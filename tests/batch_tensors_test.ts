import { assertAlmostEquals, assertEquals, assertStrictEquals } from "@std/assert";
import type { HostArray, Shape } from "../core/backend.ts";
import { CpuBackend } from "../core/cpu_backend.ts";
import { IGNORE_INDEX } from "../kernels/cross_entropy.ts";
import { totalWeight, toTensors, uploadInPlace } from "../training/batch_tensors.ts";
import type { Batch } from "../data/batches.ts";

const plain: Batch = {
  inputs: Uint32Array.of(1, 2, 3, 4, 5, 6),
  targets: Uint32Array.of(2, 3, IGNORE_INDEX, 5, IGNORE_INDEX, 7),
  batchSize: 2,
  contextLength: 3,
};

/** A batch with all the parts that there are. */
const whole: Batch = {
  ...plain,
  targets: Uint32Array.of(8, IGNORE_INDEX, 9),
  weights: Float32Array.of(0.5, 100, 2),
  lengths: Uint32Array.of(3, 2),
  targetIndices: Uint32Array.of(0, 0, 4),
  auxiliaryTargets: Uint32Array.of(2, 3, IGNORE_INDEX, 5, IGNORE_INDEX, IGNORE_INDEX),
  auxiliaryWeights: Float32Array.of(1, 2, 3, 4, 5, 6),
};

/** The parts that were put on the device: name, shape, content. */
function partsOf(batch: Batch, scale: number) {
  const backend = new CpuBackend(), uploaded: [name: string, shape: Shape][] = [];
  const tensors = toTensors(batch, scale, (name: string, data: HostArray, shape: Shape) => {
    uploaded.push([name, shape]);
    return backend.from(data, shape);
  });
  const read = async (part: keyof typeof tensors) => tensors[part] && [...await backend.read(tensors[part])];
  return { uploaded, read };
}

Deno.test("totalWeight: targets that are ignored count nothing, whatever their weight", () => {
  assertEquals(totalWeight([plain]), 4);
  assertEquals(totalWeight([whole]), 2.5);
  assertEquals(totalWeight([plain, whole]), 6.5);
  assertEquals(totalWeight([{ ...plain, targets: plain.targets.map(() => IGNORE_INDEX) }]), 0);
});

Deno.test("toTensors: every target gets a weight, 0 where it is ignored", async () => {
  const { uploaded, read } = partsOf(plain, 0.25);
  assertEquals(uploaded, [["inputs", [2, 3]], ["targets", [6]], ["weights", [6]]]);
  assertEquals(await read("weights"), [0.25, 0.25, 0, 0.25, 0, 0.25]);
  assertEquals(await read("inputs"), [...plain.inputs]);
  for (const part of ["lengths", "targetIndices", "auxiliaryTargets", "auxiliaryWeights"] as const) {
    assertEquals(await read(part), undefined, part);
  }
});

Deno.test("toTensors: all parts are put on the device under their names, weights times the scale", async () => {
  const { uploaded, read } = partsOf(whole, 2);
  assertEquals(new Map(uploaded).size, 7);
  assertEquals(await read("weights"), [1, 0, 4]);
  assertEquals(await read("auxiliaryWeights"), [2, 4, 0, 8, 0, 0]);
  for (const part of ["targets", "lengths", "targetIndices", "auxiliaryTargets"] as const) {
    assertEquals(await read(part), [...whole[part]!], part);
  }
  const { read: readOther } = partsOf({ ...whole, auxiliaryWeights: undefined }, 2);
  assertEquals(await readOther("auxiliaryWeights"), [2, 2, 0, 2, 0, 0]);
});

Deno.test("with 1 / total weight as scale, the weights of all pieces of an update add up to 1", async () => {
  const scale = 1 / totalWeight([plain, whole]);
  const pieces = await Promise.all(
    [plain, whole].map((batch) => partsOf(batch, scale).read("weights")),
  );
  assertAlmostEquals(pieces.flat().reduce<number>((sum, weight) => sum + weight!, 0), 1, 1e-7);
});

Deno.test("uploadInPlace: parts of one name and shape share a tensor, others do not", async () => {
  const backend = new CpuBackend(), upload = uploadInPlace(backend), first = toTensors(whole, 1, upload);
  const { bytes } = backend,
    second = toTensors({ ...whole, inputs: whole.inputs.map((id) => id + 10) }, 1, upload);
  assertEquals(backend.bytes, bytes);
  assertStrictEquals(second.inputs, first.inputs);
  assertEquals(await backend.read(first.inputs), whole.inputs.map((id) => id + 10));
  assertEquals([first.inputs.dataType, first.weights!.dataType], ["u32", "f32"]);
  const shorter = upload("inputs", Uint32Array.of(1, 2), [1, 2]);
  assertEquals([shorter.shape, first.inputs.shape], [[1, 2], [2, 3]]);
});
