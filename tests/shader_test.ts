import { assert, assertEquals, assertThrows } from "@std/assert";
import { sourcesIn } from "./_testing.ts";
import type { AdapterClass, Constants, Kernel } from "../core/backend.ts";
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

// deno-lint-ignore no-explicit-any -- kernels of every shape
type AnyKernel = Kernel<any, any, any>;

/** All kernels that the modules of `kernels/` and `core/` export. */
async function allKernels(): Promise<AnyKernel[]> {
  const found = new Set<AnyKernel>();
  const look = (value: unknown): void => {
    if (typeof value !== "object" || value === null) return;
    if ("cpu" in value && "wgsl" in value) found.add(value as AnyKernel);
    else if (Object.getPrototypeOf(value) === Object.prototype || Array.isArray(value)) {
      Object.values(value).forEach(look);
    }
  };
  for (const path of await sourcesIn("core", "kernels")) {
    Object.values(await import(`../${path}`)).forEach(look);
  }
  return [...found];
}

const rows = { rows: 65, columns: 1000, causal: 1, epsilon: 1e-5 };
const heads = { batch: 3, time: 65, heads: 4, parts: 3, part: 1 };
const cached = { rows: 12, time: 1024 };
const products = [[1, 768, 768], [65, 63, 66], [64, 768, 3072], [1024, 256, 1024], [48, 768, 768]].flatMap(
  ([rows, inner, columns]) =>
    [0, 1].flatMap((transposeA) =>
      [0, 1].map((transposeB) => ({ batch: 2, rows, inner, columns, transposeA, transposeB, accumulate: 1 }))
    ),
);
const attentions = [3, 4, 32, 64, 128].flatMap((headDim) =>
  [0, 0.1].map((rate) => ({
    ...heads,
    headDim,
    causal: 1,
    padded: 1,
    threshold: rate * 2 ** 32 >>> 0,
    keepScale: 1 / (1 - rate),
    stream: 0,
    accumulate: 0,
    accumulateKey: 1,
    accumulateValue: 0,
  }))
);

/** Constants by the kernels that need others than `fallback` has. */
const representative: Record<string, Constants[]> = {
  matmul: products,
  matmulBiased: products,
  attentionForward: attentions,
  attentionBackwardQuery: attentions,
  attentionBackwardKeyValue: attentions,
  attentionStatistics: attentions,
  cacheAppend: [{ ...cached, headDim: 64 }],
  cachedAttention: [{ ...cached, headDim: 3 }, { ...cached, headDim: 128 }],
};

const fallback: Constants = {
  ...rows,
  ...heads,
  headDim: 16,
  size: 100_000,
  momentum: 0.9,
  value: 0,
  factor: 2,
  first: 3,
  last: 1,
  padded: 1,
  padding: 1,
  weighted: 1,
  beta1: 0.9,
  beta2: 0.999,
  weightDecay: 0.01,
  clipNorm: 1,
  stream: 1,
  threshold: 1000,
  keepScale: 1.1,
  accumulate: 1,
  temperature: 0.8,
  topK: 40,
  topP: 0.9,
  repetitionPenalty: 1.1,
  capacity: 100,
  vocabulary: 1000,
};

const ELEMENT_BYTES: Record<string, number> = { f32: 4, u32: 4, vec2f: 8, vec4f: 16 };

/** Bytes of all `var<workgroup>` declarations. */
function workgroupBytes(code: string): number {
  let bytes = 0;
  for (const [, type] of code.matchAll(/var<workgroup>\s*\w+\s*:\s*([^;]+);/g)) {
    const array = type.match(/^array<(\w+),\s*(\w+)>$/);
    // the length is a number, or the name of a constant
    const length = array && (code.match(`const ${array[2]} = (\\d+);`)?.[1] ?? array[2]);
    const size = array ? ELEMENT_BYTES[array[1]] * Number(length) : ELEMENT_BYTES[type.trim()];
    assert(size > 0, `Cannot tell the size of ${type}`);
    bytes += size;
  }
  return bytes;
}

for (const adapter of ["software", "hardware"] as AdapterClass[]) {
  Deno.test(`every shader for ${adapter} stays within the limits of every device`, async () => {
    const kernels = await allKernels();
    assert(kernels.length > 30, `only ${kernels.length} kernels were found`);
    for (const kernel of kernels) {
      for (const constants of representative[kernel.name.replace(/Half$/, "")] ?? [fallback]) {
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
    }
  });
}
