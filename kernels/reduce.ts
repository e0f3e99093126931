/**
 * Reductions over the invocations of a group, as WGSL text for other kernels.
 *
 * Floating-point addition is not associative, so the order of a sum decides its last bits. These trees always add the
 * same pairs, on any hardware, so training repeats bit for bit.
 *
 * In the shaders of this folder, what a lane has computed before such a reduction begins with `lane` (`laneSum`, `laneMax`);
 * the result bears the name that the CPU body uses.
 *
 * @module
 */

import type { AdapterClass } from "../core/backend.ts";

/**
 * Invocations that share the work on one row: a whole group on a GPU; where a CPU runs the shader, and barriers are what
 * costs, as many as one vector instruction computes.
 *
 * @param adapter The kind of processor.
 * @returns A power of two.
 */
export const rowLanes = (adapter: AdapterClass): number => adapter === "software" ? 8 : 64;

/**
 * WGSL for a reduction over all invocations of a group, each of which gets the result.
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
  workgroupBarrier(); // every value is stored before the first pair is combined
  for (var step = lanes / 2u; step > 0; step /= 2) {
    if (lane < step) {
      let left = ${name}Partial[lane];
      let right = ${name}Partial[lane + step];
      ${name}Partial[lane] = ${combine};
    }
    workgroupBarrier(); // one level of the tree is complete before the next reads it
  }
  let result = ${name}Partial[0];
  workgroupBarrier(); // all lanes have read the result before the memory is used again
  return result;
}`;
}

/** `fn sumOverGroup(lane: u32, value: f32) -> f32`. */
export const SUM_OVER_GROUP_WGSL: string = groupReduction("sumOverGroup", "left + right");

/** `fn maxOverGroup(lane: u32, value: f32) -> f32`. */
export const MAX_OVER_GROUP_WGSL: string = groupReduction("maxOverGroup", "max(left, right)");
