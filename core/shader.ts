/**
 * Turns the WGSL body of a kernel into a whole shader: constants, bindings and entry point around the author's text.
 *
 * @module
 */

import type { AdapterClass, Bindings, Constants, Kernel } from "./backend.ts";

/** Invocations in a group when a kernel does not say. */
export const DEFAULT_LANES = 64;

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
 * Writes the shader of a kernel.
 *
 * @param kernel The kernel.
 * @param constants Its constants: `const` lines, or variables set from the array `sizes`, which is bound last.
 * @param adapter What runs it.
 * @returns Text and dispatch size.
 * @throws {RangeError} If a group would have more invocations than every WebGPU device allows.
 */
export function assembleShader<Reads extends Bindings, Writes extends Bindings, Name extends string>(
  kernel: Kernel<Reads, Writes, Name>,
  constants: Constants<Name>,
  adapter: AdapterClass,
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
  const sizes = kernel.sizes ?? [],
    lines = kernel.constants.filter((name) => !sizes.includes(name))
      .map((name) => `const ${name} = ${constants[name]};`);
  lines.push(`const lanes = ${lanes};`);
  const names = [...Object.keys(kernel.reads), ...Object.keys(kernel.writes)];
  if (!body.includes("@binding(")) {
    for (const [index, name] of names.entries()) {
      const access = name in kernel.reads ? "read" : "read_write";
      const dataType = kernel.reads[name] ?? kernel.writes[name];
      lines.push(`@group(0) @binding(${index}) var<storage, ${access}> ${name}: array<${dataType}>;`);
    }
  }
  if (sizes.length > 0) {
    lines.push(`@group(0) @binding(${names.length}) var<storage, read> sizes: array<u32>;`);
    for (const name of sizes) lines.push(`var<private> ${name}: u32;`);
  }
  lines.push(body);
  lines.push(`
@compute @workgroup_size(${lanes})
fn main(
  @builtin(workgroup_id) workgroup: vec3u,
  @builtin(num_workgroups) workgroups: vec3u,
  @builtin(local_invocation_index) lane: u32,
) {
  let group = workgroup.y * workgroups.x + workgroup.x;`);
  for (const [index, name] of sizes.entries()) lines.push(`  ${name} = sizes[${index}];`);
  if (elements === undefined) {
    // kernels with sizes check their groups themselves: the number is not known when they are compiled
    const condition = sizes.length > 0 ? "" : `if (group < ${groups}u) `;
    lines.push(`  ${condition}{ run(group, lane); }\n}`);
  } else {
    lines.push(`  let index = group * ${lanes}u + lane;\n  if (index < ${elements}u) { each(index); }\n}`);
  }
  return { code: lines.join("\n"), dispatch };
}
