import { assert, assertEquals, assertThrows } from "@std/assert";
import { representativeRuns } from "./_shaders.ts";
import { sourcesIn } from "./_sources.ts";
import type { AdapterClass } from "../core/backend.ts";
import { assembleShader, readSizes } from "../core/webgpu/shader.ts";
import { kernel } from "../core/backend.ts";

const copy = kernel({
  name: "copy",
  reads: { x: "f32", ids: "u32" },
  writes: { y: "f32" },
  constants: ["size", "factor"],
  elements: ({ size }) => size,
  cpu: () => {},
  wgsl: (_, adapter) => `fn each(index: u32) { y[index] = x[ids[index]]; } // ${adapter}`,
});

Deno.test("assembleShader puts constants, bindings and an entry point around the text", () => {
  const { code, dispatch } = assembleShader(copy, { size: 130, factor: 0.5 }, "hardware");
  for (
    const line of [
      "const size = 130;",
      "const factor = 0.5;",
      "@group(0) @binding(0) var<storage, read> x: array<f32>;",
      "@group(0) @binding(1) var<storage, read> ids: array<u32>;",
      "@group(0) @binding(2) var<storage, read_write> y: array<f32>;",
      "// hardware",
      "@compute @workgroup_size(64)",
      "if (index < 130u) { each(index); }",
    ]
  ) assert(code.includes(line), `${line} is missing in\n${code}`);
  assertEquals(dispatch, [3, 1]);
});

Deno.test("assembleShader hands over sizes when the shader runs, so that one shader serves all of them", () => {
  const sized = { ...copy, sizes: ["size"] as const };
  const { code } = assembleShader(sized, { size: 130, factor: 0.5 }, "software");
  assert(code.includes("@group(0) @binding(3) var<storage, read> sizes: array<u32>;"));
  assert(!code.includes("const size") && code.includes("const factor = 0.5;"));
  assertEquals(readSizes(["rows", "columns"]), "let rows = sizes[0];\nlet columns = sizes[1];");
});

Deno.test("assembleShader keeps bindings that the text declares", () => {
  const wgsl = "@group(0) @binding(0) var<storage, read_write> y: array<vec4f>;\nfn each(index: u32) {}";
  const { code } = assembleShader({ ...copy, wgsl }, { size: 1, factor: 1 }, "software");
  assertEquals(code.match(/@binding/g)!.length, 1);
});

Deno.test("assembleShader folds groups into two dimensions, and guards the last ones", () => {
  const { elements: _, ...rest } = copy, groups = 65_535 * 2 + 1;
  const grouped = { ...rest, groups: () => groups, wgsl: "fn run(group: u32, lane: u32) {}" };
  const { code, dispatch } = assembleShader(grouped, { size: 1, factor: 1 }, "software");
  assertEquals(dispatch, [65_535, 3]);
  assert(code.includes(`if (group < ${groups}u) { run(group, lane); }`));
});

Deno.test("assembleShader refuses groups that are too large for some devices", () => {
  const large = { ...copy, lanes: () => 512 };
  assertThrows(
    () => assembleShader(large, { size: 1, factor: 1 }, "software"),
    RangeError,
    "Cannot build copy: 512 lanes, at most 256 are allowed",
  );
});

const ELEMENT_BYTES: Record<string, number> = { f32: 4, u32: 4, vec2f: 8, vec4f: 16, f16: 2, vec4h: 8 };

/** Bytes of a type; the length of an array is a number, or the name of a constant. */
function bytesOf(type: string, code: string): number {
  const array = type.match(/^array<(.+),\s*(\w+)>$/);
  if (!array) return ELEMENT_BYTES[type] ?? NaN;
  return bytesOf(array[1], code) * Number(code.match(`const ${array[2]} = (\\d+);`)?.[1] ?? array[2]);
}

/** Bytes of all `var<workgroup>` declarations. */
function workgroupBytes(code: string): number {
  let bytes = 0;
  for (const [, type] of code.matchAll(/var<workgroup>\s*\w+\s*:\s*([^;]+);/g)) {
    const size = bytesOf(type.trim(), code);
    assert(size > 0, `Cannot tell the size of ${type}`);
    bytes += size;
  }
  return bytes;
}

for (const adapter of ["software", "hardware"] as AdapterClass[]) {
  Deno.test(`every shader for ${adapter} stays within the limits of every device`, async () => {
    const paths = await sourcesIn("core", "kernels");
    const runs = representativeRuns(await Promise.all(paths.map((path) => import(`../${path}`))));
    const { size } = new Set(runs.map(([kernel]) => kernel));
    assert(size > 30, `only ${size} kernels were found`);
    for (const [kernel, constants] of runs) {
      const missing = kernel.constants.filter((name: string) => !(name in constants));
      assertEquals(missing, [], `${kernel.name} needs constants that this test does not know`);
      const { code, dispatch } = assembleShader(kernel, constants, adapter);
      const lanes = Number(code.match(/@workgroup_size\((\d+)\)/)![1]);
      assert(lanes <= 256, `${kernel.name}: ${lanes} invocations in a group, at most 256`);
      assert(
        dispatch.every((groups) => groups >= 1 && groups <= 65_535),
        `${kernel.name}: ${dispatch} groups`,
      );
      const tensors = code.match(/@binding/g)!.length;
      assert(tensors <= 8, `${kernel.name}: ${tensors} storage buffers, at most 8`);
      const bytes = workgroupBytes(code);
      assert(bytes <= 16_384, `${kernel.name}: ${bytes} bytes of workgroup memory, at most 16384`);
      // a browser refuses a barrier in a loop whose end may differ between lanes, as far as it can tell
      assert(
        !(code.includes("Barrier()") && code.includes("var<private>")),
        `${kernel.name}: a private variable beside a barrier`,
      );
    }
  });
}
