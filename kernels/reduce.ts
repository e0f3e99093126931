/**
 * Reductions over the invocations of a group, as WGSL text for other kernels.
 *
 * Floating-point addition is not associative, so the order of a sum decides its last bits. These trees always add the
 * same pairs, whatever the hardware does: that is what makes training repeat bit for bit.
 *
 * @module
 */

import type { AdapterClass } from "../core/backend.ts";

/**
 * Invocations that share the work on one row: a whole group's worth on a GPU, one vector instruction's worth where a CPU
 * runs the shader and waiting for each other is what costs.
 *
 * @param adapter The kind of processor.
 * @returns A power of two.
 */
export const rowLanes = (adapter: AdapterClass): number => adapter === "software" ? 8 : 64;

/**
 * WGSL for a reduction that every invocation of a group takes part in and learns the result of.
 *
 * @param name The name of the function to define.
 * @param combine An expression of `left` and `right`.
 * @returns The text of `fn name(lane: u32, value: f32) -> f32`, for groups whose size is a power of two.
 */
export function groupReduction(name: string, combine: string): string {
  return `
var<workgroup> ${name}Partial: array<f32, lanes>;
fn ${name}(lane: u32, value: f32) -> f32 {
  ${name}Partial[lane] = value;
  workgroupBarrier(); // every value is there before the first pair is combined
  for (var step = lanes / 2u; step > 0; step /= 2) {
    if (lane < step) {
      let left = ${name}Partial[lane];
      let right = ${name}Partial[lane + step];
      ${name}Partial[lane] = ${combine};
    }
    workgroupBarrier(); // one level of the tree is complete before the next reads it
  }
  let result = ${name}Partial[0];
  workgroupBarrier(); // everyone has read the result before the memory is used again
  return result;
}`;
}

/** `fn sumOverGroup(lane: u32, value: f32) -> f32`. */
export const sumOverGroup: string = groupReduction("sumOverGroup", "left + right");

/** `fn maxOverGroup(lane: u32, value: f32) -> f32`. */
export const maxOverGroup: string = groupReduction("maxOverGroup", "max(left, right)");
