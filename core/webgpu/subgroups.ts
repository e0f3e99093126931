/**
 * Finds out whether reductions can use the subgroups of a device (`reductions_wgsl.ts`).
 *
 * Which lanes form a subgroup WebGPU leaves to the device. All that are known put neighbours together, but nothing promises
 * it: so a shader tries it, once for each device, by shuffling the numbers of its lanes. Reading the outcome takes milliseconds,
 * in Deno 11. Where a CPU runs the shaders, a subgroup is a vector register filled with neighbours; there it is not tried.
 *
 * @module
 */

import { stridesBelow, type Subgroups } from "./reductions_wgsl.ts";

/** Lanes of the groups that are tried: those of row kernels for either class of adapter, and the most that a group may have. */
const TRIED_LANES = [8, 64, 256];

/** What the standard requires of a shader that uses subgroups. Deno has the operations, and refuses the directive. */
const DIRECTIVE = "enable subgroups;";

/** A shader that counts the lanes which get the numbers of the expected lanes. */
const countingShader = ({ size, directive }: Subgroups, lanes: number): string =>
  `${directive}
@group(0) @binding(0) var<storage, read_write> count: atomic<u32>;
@compute @workgroup_size(${lanes})
fn main(@builtin(local_invocation_index) lane: u32) {
  var isRight = true;
  ${
    stridesBelow(Math.min(size, lanes)).map((stride) =>
      `isRight = (subgroupShuffleXor(lane, ${stride}u) == (lane ^ ${stride})) && isRight;`
    ).join("\n  ")
  }
  if (isRight) { atomicAdd(&count, 1); }
}`;

/**
 * The subgroups of a device, if reductions can use them.
 *
 * @param device A device; without the feature it has none.
 * @param minSize The size of its smallest subgroups, as the adapter states it.
 * @param isTrusted Whether neighbours are known to be in one subgroup.
 * @returns The subgroups, or undefined.
 */
export async function findSubgroups(
  device: GPUDevice,
  minSize: number | undefined,
  isTrusted: boolean,
): Promise<Subgroups | undefined> {
  let size = 1;
  while (2 * size <= (minSize ?? 1)) size *= 2;
  if (!device.features.has("subgroups") || size < 2) return undefined;
  for (const directive of [DIRECTIVE, ""]) {
    const subgroups = { size, directive };
    if (!await compiles(device, subgroups)) continue;
    return isTrusted || await shufflesRight(device, subgroups) ? subgroups : undefined;
  }
  return undefined;
}

/** Whether the compiler accepts shuffles after a directive. */
async function compiles(device: GPUDevice, subgroups: Subgroups): Promise<boolean> {
  device.pushErrorScope("validation");
  device.createShaderModule({ code: countingShader(subgroups, TRIED_LANES[0]) });
  return await device.popErrorScope() === null;
}

/** Whether each lane of groups of all sizes gets the numbers of the lanes that it shuffles with. */
async function shufflesRight(device: GPUDevice, subgroups: Subgroups): Promise<boolean> {
  const { STORAGE, COPY_SRC, COPY_DST, MAP_READ } = GPUBufferUsage;
  const buffer = device.createBuffer({ size: 4, usage: STORAGE | COPY_SRC }); // zero
  const staging = device.createBuffer({ size: 4, usage: COPY_DST | MAP_READ });
  const encoder = device.createCommandEncoder(), pass = encoder.beginComputePass();
  for (const lanes of TRIED_LANES) {
    const module = device.createShaderModule({ code: countingShader(subgroups, lanes) });
    const pipeline = device.createComputePipeline({ layout: "auto", compute: { module } });
    const layout = pipeline.getBindGroupLayout(0);
    pass.setPipeline(pipeline);
    pass.setBindGroup(0, device.createBindGroup({ layout, entries: [{ binding: 0, resource: { buffer } }] }));
    pass.dispatchWorkgroups(1);
  }
  pass.end();
  encoder.copyBufferToBuffer(buffer, 0, staging, 0, 4);
  device.queue.submit([encoder.finish()]);
  await staging.mapAsync(GPUMapMode.READ);
  const [count] = new Uint32Array(staging.getMappedRange().slice(0));
  for (const each of [buffer, staging]) each.destroy();
  return count === TRIED_LANES.reduce((sum, lanes) => sum + lanes, 0);
}
