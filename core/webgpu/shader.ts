/**
 * Completes the WGSL body of a kernel to a shader: constants, bindings, reductions and entry point around the author's text.
 *
 * @module
 */

import type { AdapterClass, Bindings, Constants, Kernel } from "../backend.ts";
import { reductionsFor, type Subgroups } from "./reductions_wgsl.ts";

/** Invocations in a group of a kernel without `lanes`. */
const DEFAULT_LANES = 64;

/** More workgroups than this in one dimension are refused by WebGPU. */
const GROUPS_PER_DIMENSION = 65535;

/** A shader and how often to start it. */
export interface Shader {
  /** The WGSL text. */
  readonly code: string;
  /** Workgroups in x and y. */
  readonly dispatch: readonly [number, number];
}

/**
 * Declares the arrays of a shader, those that are only read first.
 *
 * @example A kernel that reads four numbers at a time
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { declareBindings } from "./shader.ts";
 *
 * assertEquals(
 *   declareBindings(["x"], ["y"], (name) => name === "x" ? "vec4f" : "f32"),
 *   "@group(0) @binding(0) var<storage, read> x: array<vec4f>;\n" +
 *     "@group(0) @binding(1) var<storage, read_write> y: array<f32>;",
 * );
 * ```
 *
 * @param reads Names of tensors that are only read.
 * @param writes Names of tensors that are written.
 * @param elementOf What the array of a name is made of: `f32`, `u32`, or a vector of them.
 * @returns One line each.
 */
export function declareBindings(
  reads: readonly string[],
  writes: readonly string[],
  elementOf: (name: string) => string,
): string {
  return [...reads, ...writes].map((name, index) => {
    const access = index < reads.length ? "read" : "read_write";
    return `@group(0) @binding(${index}) var<storage, ${access}> ${name}: array<${elementOf(name)}>;`;
  }).join("\n");
}

/**
 * Reads the sizes of a kernel, at the beginning of its function. They are not variables of the whole shader: browsers assume
 * that such a variable may differ between lanes, and reject a barrier in a loop whose end depends on it.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { readSizes } from "./shader.ts";
 *
 * assertEquals(readSizes(["rows", "columns"]), "let rows = sizes[0];\nlet columns = sizes[1];");
 * ```
 *
 * @param names The kernel's `sizes`.
 * @returns One line each.
 */
export function readSizes(names: readonly string[]): string {
  return names.map((name, index) => `let ${name} = sizes[${index}];`).join("\n");
}

/**
 * The operator by which a kernel writes a gradient.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { storeOrAdd } from "./shader.ts";
 *
 * assertEquals(`dx[index] ${storeOrAdd(0)} dy[index];`, "dx[index] = dy[index];");
 * assertEquals(`dx[index] ${storeOrAdd(1)} dy[index];`, "dx[index] += dy[index];");
 * ```
 *
 * @param accumulate The kernel's constant, see {@linkcode gradientToWrite}.
 * @returns `+=` if it is 1, `=` if it is 0.
 */
export const storeOrAdd = (accumulate: number): "=" | "+=" => accumulate ? "+=" : "=";

/**
 * Writes the shader of a kernel.
 *
 * @param kernel The kernel.
 * @param constants Its constants: `const` lines, except for sizes, which are in the array `sizes`, bound last.
 * @param adapter What runs it.
 * @param subgroups Those of the device, for reductions; without them, lanes exchange values through memory only.
 * @returns Text and dispatch size.
 * @throws {RangeError} If a group would have more invocations than every WebGPU device allows.
 */
export function assembleShader<Reads extends Bindings, Writes extends Bindings, Name extends string>(
  kernel: Kernel<Reads, Writes, Name>,
  constants: Constants<Name>,
  adapter: AdapterClass,
  subgroups?: Subgroups,
): Shader {
  const body = typeof kernel.wgsl === "string" ? kernel.wgsl : kernel.wgsl(constants, adapter);
  const lanes = kernel.lanes?.(constants, adapter) ?? DEFAULT_LANES;
  if (lanes > 256) {
    throw new RangeError(`Cannot build ${kernel.name}: ${lanes} lanes, at most 256 are allowed`);
  }
  const elements = kernel.elements?.(constants);
  const groups = elements === undefined ? kernel.groups!(constants, adapter) : Math.ceil(elements / lanes);
  const across = Math.min(groups, GROUPS_PER_DIMENSION);
  const dispatch = [across, Math.ceil(groups / Math.max(1, across))] as const;
  const sizes = kernel.sizes ?? [], reads = Object.keys(kernel.reads), writes = Object.keys(kernel.writes);
  const types = Object.values({ ...kernel.reads, ...kernel.writes });
  const reductions = reductionsFor(body, lanes, subgroups);
  const lines = types.includes("f16") ? ["enable f16;"] : []; // directives come before everything else
  if (reductions.directive) lines.push(reductions.directive);
  lines.push(
    ...kernel.constants.filter((name) => !sizes.includes(name))
      .map((name) => `const ${name} = ${constants[name]};`),
  );
  lines.push(`const lanes = ${lanes};`);
  if (!body.includes("@binding(")) {
    lines.push(declareBindings(reads, writes, (name) => kernel.reads[name] ?? kernel.writes[name]));
  }
  if (sizes.length > 0) {
    const last = reads.length + writes.length;
    lines.push(`@group(0) @binding(${last}) var<storage, read> sizes: array<u32>;`);
  }
  if (reductions.code) lines.push(reductions.code);
  lines.push(body);
  lines.push(`
@compute @workgroup_size(${lanes})
fn main(
  @builtin(workgroup_id) workgroup: vec3u,
  @builtin(num_workgroups) workgroups: vec3u,
  @builtin(local_invocation_index) lane: u32,
) {
  let group = workgroup.y * workgroups.x + workgroup.x;`);
  if (elements === undefined) {
    // kernels with sizes check their groups themselves: when they are compiled, the number is not fixed yet
    const condition = sizes.length > 0 ? "" : `if (group < ${groups}u) `;
    lines.push(`  ${condition}{ run(group, lane); }\n}`);
  } else {
    lines.push(`  let index = group * ${lanes}u + lane;\n  if (index < ${elements}u) { each(index); }\n}`);
  }
  return { code: lines.join("\n"), dispatch };
}
