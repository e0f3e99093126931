/** The tiles of a product cover it, the shader counts them as the plan does, and large GPUs have enough of them. */

import { assert, assertEquals } from "@std/assert";
import { CONFIGS } from "../bench/configs.ts";
import {
  type MatmulConstants,
  planMatmul,
  ROWS_COLUMNS,
  STEPS,
  type TilesPlan,
} from "../kernels/matmul/matmul_plan.ts";
import { matmulWgsl } from "../kernels/matmul/matmul_wgsl.ts";
import { PRESETS } from "../training/presets.ts";

/** The groups of one matrix, by the formulas in the shader: u32 divides as BigInt does. */
function groupsInShader(code: string, { rows, columns }: MatmulConstants): number {
  const formula = (name: string): string =>
    code.match(`let ${name} = ([^;]+);`)![1].replaceAll(/\b(\d+)u?\b/g, "$1n");
  const across = code.includes("let tilesAcross") ? `const tilesAcross = ${formula("tilesAcross")};` : "";
  const evaluate = new Function("rows", "columns", `${across} return ${formula("groups")};`);
  return Number(evaluate(BigInt(rows), BigInt(columns)));
}

for (const adapter of ["software", "hardware"] as const) {
  Deno.test(`planMatmul covers every result, and the shader counts alike [${adapter} shaders]`, () => {
    for (const rows of [1, 3, 8, 9, 16, 33, 64, 1000, 2048]) {
      for (const columns of [1, 4, 16, 17, 65, 256, 1000, 2048]) {
        for (const transposeA of [0, 1]) {
          const constants = { batch: 1, rows, columns, inner: 512, transposeA, transposeB: 0, accumulate: 0 };
          const plan = planMatmul(constants, adapter), { lanes, groups } = plan;
          const [down, across, inGroup] = plan.kind === "tiles"
            ? [plan.tile, plan.tile, 1]
            : plan.kind === "rows"
            ? [rows, ROWS_COLUMNS, 1]
            : [plan.tileRows, plan.tileColumns, lanes];
          const tiles = Math.ceil(rows / down) * Math.ceil(columns / across);
          const what = `${rows} × ${columns}: ${groups} groups`;
          assert(groups * inGroup >= tiles, what);
          assert((groups - 1) * inGroup < tiles, `${what}, one of them without work`);
          assertEquals(groupsInShader(matmulWgsl(constants, adapter, false), constants), groups, what);
          assert(lanes <= 256);
        }
      }
    }
  });
}

Deno.test("planMatmul reads a whole cache line at a time for few rows on software, where no column is left over", () => {
  const columnsOf = (columns: number, transposeB: number) => {
    const constants = { batch: 1, rows: 1, columns, inner: 512, transposeA: 0, transposeB, accumulate: 0 };
    const plan = planMatmul(constants, "software");
    return plan.kind === "direct" ? plan.tileColumns : 0;
  };
  assertEquals([columnsOf(768, 0), columnsOf(65, 0), columnsOf(8, 0), columnsOf(768, 1)], [16, 4, 4, 4]);
});

/** The plan of a product on a GPU, as text: size of tiles, groups of all slices, and slices if there are several. */
function planned(rows: number, inner: number, columns: number, batch = 1): string {
  const constants = { batch, rows, columns, inner, transposeA: 0, transposeB: 0, accumulate: 0 };
  const plan = planMatmul(constants, "hardware");
  if (plan.kind === "rows") return `rows: ${batch * plan.groups}, ${plan.slices} slices`;
  assert(plan.kind === "tiles");
  const slices = Math.ceil(inner / plan.sliceLength), groups = batch * plan.groups * slices;
  return `${plan.tile}: ${groups}${slices > 1 ? `, ${slices} slices of ${plan.sliceLength}` : ""}`;
}

Deno.test("planMatmul takes the largest tile that makes enough groups", () => {
  // around the limits of each size, with sums too short to be cut
  assertEquals(planned(2048, 255, 2048), "128: 256");
  assertEquals(planned(2048, 255, 1920), "64: 960");
  assertEquals(planned(1024, 255, 512), "64: 128");
  assertEquals(planned(1024, 255, 448), "32: 448");
  assertEquals(planned(9, 255, 1), "32: 1");
  assertEquals(planned(8, 255, 100), "rows: 4, 4 slices");
  assertEquals(planned(1, 256, 768), "rows: 24, 32 slices");
  assertEquals(planned(128, 255, 128, 256), "128: 256"); // matrices of a batch count, too
  assertEquals(planned(128, 255, 128, 255), "64: 1020");
});

Deno.test("planMatmul cuts sums where there are few tiles, and no shorter than it pays", () => {
  assertEquals(planned(256, 2048, 256), "64: 128, 8 slices of 256");
  assertEquals(planned(256, 2047, 256), "32: 128, 2 slices of 1024");
  assertEquals(planned(1024, 4096, 1024), "128: 256, 4 slices of 1024");
  assertEquals(planned(1024, 4095, 1024), "64: 256");
  assertEquals(planned(64, 511, 64), "32: 4");
  assertEquals(planned(64, 512, 64), "32: 8, 2 slices of 256");
  assertEquals(planned(33, 60_001, 3), "32: 32, 16 slices of 3760"); // at most 16
  assertEquals(planned(64, 1030, 64, 3), "32: 48, 4 slices of 272");
});

Deno.test("slices are whole steps of a tile, and none is empty", () => {
  for (let inner = 256; inner < 20_000; inner += 77) {
    const constants = {
      batch: 1,
      rows: 200,
      columns: 130,
      inner,
      transposeA: 1,
      transposeB: 0,
      accumulate: 0,
    };
    const { sliceLength } = planMatmul(constants, "hardware") as TilesPlan;
    assert(sliceLength === inner || sliceLength % STEPS === 0, `${inner}: ${sliceLength}`);
    assert(sliceLength <= inner && sliceLength >= 256, `${inner}: ${sliceLength}`);
  }
});

/** Models by the positions of a batch, the width of states and that of the feed-forward layer. */
const models = {
  T: { ...CONFIGS.T.model, positions: 16 * 64 },
  S: { ...CONFIGS.S.model, positions: 8 * 256 },
  ...Object.fromEntries(
    (["mini-transformer-lab", "shakespeare-char", "gpt2"] as const).map((name) => {
      const { model, training } = PRESETS[name];
      return [name, { ...model, positions: training.batchSize * model.contextLength }];
    }),
  ),
};

/** Of each model: the products to queries, keys and values, to the wide layer and back; their gradients of weights. */
const expected: Record<string, readonly string[]> = {
  T: ["32: 384", "64: 128", "32: 128"],
  S: ["64: 384", "64: 512", "64: 128"],
  "mini-transformer-lab": ["128: 384", "128: 512", "64: 512"],
  "shakespeare-char": ["128: 1152", "128: 1536", "128: 384"],
  gpt2: ["128: 1152", "128: 1536", "128: 384"],
};
const expectedGradients: Record<string, readonly string[]> = {
  T: ["32: 144, 3 slices of 352", "32: 128, 2 slices of 512"],
  S: ["64: 144, 3 slices of 688", "64: 128, 2 slices of 1024"],
  "mini-transformer-lab": ["64: 144, 3 slices of 2736", "64: 128, 2 slices of 4096"],
  "shakespeare-char": ["128: 270, 10 slices of 1648", "128: 288, 8 slices of 2048"],
  gpt2: ["128: 324, 3 slices of 2736", "128: 288, 2 slices of 4096"],
};

for (const [name, { positions, modelDim, feedForwardDim }] of Object.entries(models)) {
  Deno.test(`planMatmul keeps a large GPU busy with the products of ${name}`, () => {
    const forward = [[modelDim, 3 * modelDim], [modelDim, feedForwardDim], [feedForwardDim, modelDim]];
    assertEquals(forward.map(([inner, columns]) => planned(positions, inner, columns)), expected[name]);
    const weights = [[modelDim, 3 * modelDim], [modelDim, feedForwardDim]];
    const gradients = weights.map(([rows, columns]) => planned(rows, positions, columns));
    assertEquals(gradients, expectedGradients[name]);
    for (const plan of gradients) assert(Number(plan.match(/: (\d+)/)![1]) >= 128, plan);
  });
}
