/**
 * Sums and maxima over the lanes of a group, for the shaders of kernels, which call `sumOverGroup(lane, value)` and
 * `maxOverGroup(lane, value)`; every lane gets the result.
 *
 * Floating-point addition is not associative, so the order of a sum decides its last bits. A sum over a group always is the
 * same tree: each level adds what lies half of the rest apart. So training repeats bit for bit, with and without subgroups.
 *
 *     of eight lanes:   ((x₀ + x₄) + (x₂ + x₆)) + ((x₁ + x₅) + (x₃ + x₇))
 *
 * Lanes exchange values in two ways. *Through workgroup memory*, there is a barrier between what is stored and what others
 * read. Barriers are the cost, so a lane reads four values after each and combines two levels of the tree by itself. *Within
 * a subgroup*, the lanes that a processor runs in step (32 on many GPUs; where a CPU runs shaders, as many as fit a vector
 * register), a lane reads the register of another one: `subgroupShuffleXor(x, 4)` is the x of the lane whose number differs in
 * the bit 4, and needs neither memory nor barrier. Both lanes then add the same two numbers, and since a + b equals b + a to the
 * last bit, every lane gets what the first one has in the tree. Levels that lie within a subgroup are such shuffles where the
 * device has them. WGSL's own `subgroupAdd` would be shorter, but adds in whatever order the device likes.
 *
 * The value that a kernel passes is the sum of a loop, never a product: a compiler might fuse a product with the first addition,
 * which rounds once instead of twice, and not in the same way in both lanes.
 *
 * Reference: Harris, "Optimizing parallel reduction in CUDA", 2007.
 *
 * @module
 */

/** The subgroups of a device: invocations that run in step and can read each other's registers. */
export interface Subgroups {
  /** A power of two; lanes whose numbers differ in lower bits only are in one subgroup. */
  readonly size: number;
  /** What a shader that uses them begins with: a directive, or nothing where the compiler has none. */
  readonly directive: string;
}

/** The functions that a shader can call, and how each combines two values. */
const REDUCTIONS: Readonly<Record<string, (left: string, right: string) => string>> = {
  sumOverGroup: (left, right) => `(${left} + ${right})`,
  maxOverGroup: (left, right) => `max(${left}, ${right})`,
};

/** Levels of the tree that a lane combines after one barrier: of two it reads four values, of three eight. */
const LEVELS_PER_BARRIER = 2;

/**
 * The strides of a tree, level by level.
 *
 * @param lanes A power of two.
 * @returns The lower powers of two, the largest first.
 */
export function stridesBelow(lanes: number): number[] {
  const strides: number[] = [];
  for (let stride = lanes >> 1; stride > 0; stride >>= 1) strides.push(stride);
  return strides;
}

/**
 * Writes the reductions that the text of a kernel calls.
 *
 * @example Eight lanes in subgroups of four: one stride through memory, two by shuffles
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { reductionsFor } from "./reductions_wgsl.ts";
 *
 * const { code } = reductionsFor("sumOverGroup(lane, x)", 8, { size: 4, directive: "" });
 * assertEquals(code.match(/workgroupBarrier|ShuffleXor\(result, \d/g), [
 *   "workgroupBarrier",
 *   "workgroupBarrier",
 *   "ShuffleXor(result, 2",
 *   "ShuffleXor(result, 1",
 * ]);
 * ```
 *
 * @param body The text of a kernel.
 * @param lanes Invocations in a group.
 * @param subgroups Those of the device, if it has any.
 * @returns What the shader begins with, and the functions; both empty for a text that calls none.
 * @throws {RangeError} If it calls one, and the lanes are no power of two.
 */
export function reductionsFor(
  body: string,
  lanes: number,
  subgroups?: Subgroups,
): { readonly directive: string; readonly code: string } {
  const names = Object.keys(REDUCTIONS).filter((name) => body.includes(`${name}(`));
  if (names.length === 0) return { directive: "", code: "" };
  if ((lanes & (lanes - 1)) !== 0) {
    throw new RangeError(`Cannot reduce over ${lanes} lanes: expected a power of two`);
  }
  const strides = stridesBelow(lanes);
  const size = subgroups?.size ?? 1;
  const distant = strides.filter((stride) => stride >= size),
    near = strides.filter((stride) => stride < size);
  const stages: number[][] = [];
  while (distant.length > 0) stages.push(distant.splice(0, LEVELS_PER_BARRIER));
  const memory = stages.reduce((sum, [stride]) => sum + 2 * stride, 0);
  const lines = memory > 0 ? [`var<workgroup> groupValues: array<f32, ${memory}>;`] : [];
  for (const name of names) lines.push(reduction(name, stages, near));
  return { directive: near.length > 0 ? subgroups!.directive : "", code: lines.join("\n") };
}

/** Writes one function: first the levels that go through memory, between barriers, then those that are shuffled. */
function reduction(name: string, stages: readonly number[][], near: readonly number[]): string {
  const combine = REDUCTIONS[name], lines: string[] = [];
  let start = 0; // where the values of a stage begin
  for (const [stage, strides] of stages.entries()) {
    const count = 2 * strides[0], remaining = strides.at(-1)!;
    const store = `groupValues[${start} + lane] = result;`;
    lines.push(stage === 0 ? store : `if (lane < ${count}) { ${store} }`);
    lines.push("workgroupBarrier(); // all values are stored before other lanes read them");
    // combines the values that are multiples of `remaining` apart, from `offset` on, as the levels of the tree do
    const tree = (levels: readonly number[], offset: number): string =>
      levels.length === 0
        ? `groupValues[${start + offset}${remaining > 1 ? ` + lane % ${remaining}` : ""}]`
        : combine(tree(levels.slice(0, -1), offset), tree(levels.slice(0, -1), offset + levels.at(-1)!));
    lines.push(`result = ${tree(strides, 0)};`);
    start += count;
  }
  // Each stage has memory of its own. With several, a barrier of another stage lies between reading a stage's memory and the
  // next reduction, which stores there again; with one, there is none.
  if (stages.length === 1) {
    lines.push("workgroupBarrier(); // all lanes have read before the memory is used again");
  }
  for (const stride of near) {
    lines.push(`result = ${combine("result", `subgroupShuffleXor(result, ${stride}u)`)};`);
  }
  return `fn ${name}(lane: u32, value: f32) -> f32 {\n  var result = value;\n  ${
    lines.join("\n  ")
  }\n  return result;\n}`;
}
