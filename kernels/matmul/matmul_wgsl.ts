/**
 * Writes the shader of a matrix product, in the tiles that `matmul_plan.ts` chooses. Those for GPUs are in `hardware/`; here
 * is the one for a CPU that runs shaders.
 *
 * Tiles are unrolled into named variables (see `unroll.ts`). Reading past the last row or column is harmless (WebGPU
 * confines it to the buffer) and never stored. Reading past the inner dimension would add to the result: the loop of each
 * invocation ends there.
 *
 * @module
 */

import type { AdapterClass, DataType } from "../../core/backend.ts";
import { declareBindings, readSizes } from "../../core/webgpu/shader.ts";
import { elementWgsl, loadWgsl } from "./half.ts";
import { rowsWgsl } from "./hardware/rows_wgsl.ts";
import { tilesWgsl } from "./hardware/tiles_wgsl.ts";
import { type DirectPlan, MATMUL_SIZES, type MatmulConstants, planMatmul } from "./matmul_plan.ts";
import { component, unroll } from "./unroll.ts";

/**
 * The shader of a matrix product.
 *
 * @param constants Sizes and layout.
 * @param adapter The kind of processor.
 * @param biased Whether a vector `bias` is bound between `b` and `y` and added to every row.
 * @param type What a and b hold.
 * @returns WGSL with its own bindings.
 * @throws {RangeError} If software Vulkan could not add up so many products.
 */
export function matmulWgsl(
  constants: MatmulConstants,
  adapter: AdapterClass,
  biased: boolean,
  type: DataType = "f32",
): string {
  const plan = planMatmul(constants, adapter), { inner } = constants;
  if (adapter === "software" && inner > 65535) {
    // software Vulkan would end the loop there without an error
    throw new RangeError(
      `Cannot add up ${inner} products on software Vulkan, at most 65535: ` +
        `use a smaller batch and accumulate gradients`,
    );
  }
  if (plan.kind === "direct") return directWgsl(constants, plan, biased, type);
  return plan.kind === "tiles"
    ? tilesWgsl(constants, plan, { biased, type })
    : rowsWgsl(constants, plan, biased, type);
}

/** Which arrays can be read or written four numbers at a time: their rows run along a tile and begin at multiples of 4. */
function vectorized(
  { rows, columns, transposeA, transposeB }: MatmulConstants,
  { tileRows, tileColumns }: DirectPlan,
): ReadonlySet<string> {
  const vectors = new Set<string>();
  if (transposeA === 1 && rows % 4 === 0 && tileRows % 4 === 0) vectors.add("a");
  if (columns % 4 === 0 && tileColumns % 4 === 0) {
    vectors.add("y").add("bias");
    if (transposeB === 0) vectors.add("b");
  }
  return vectors;
}

/** Declares the matrices, and the bias if there is one. */
function bindings(biased: boolean, vectors: ReadonlySet<string>, type: DataType): string {
  const reads = biased ? ["a", "b", "bias"] : ["a", "b"];
  return declareBindings(
    reads,
    ["y"],
    (name) => elementWgsl(name === "a" || name === "b" ? type : "f32", vectors.has(name) ? 4 : 1),
  );
}

/** Stores a result, or four side by side: added to what is there when accumulating. */
function store(
  { accumulate }: MatmulConstants,
  biased: boolean,
  at: string,
  column: string,
  value: string,
): string {
  return `y[${at}] ${accumulate ? "+=" : "="} ${value}${biased ? ` + bias[${column}]` : ""};`;
}

/** One large tile for each invocation, read straight from storage. */
function directWgsl(constants: MatmulConstants, plan: DirectPlan, biased: boolean, type: DataType): string {
  const { columns, transposeA, transposeB } = constants;
  const { tileRows, tileColumns, lanes } = plan;
  const vectors = vectorized(constants, plan);
  const quads = Math.ceil(tileColumns / 4);
  const width = tileColumns < 4 ? 1 : 4; // results side by side in one variable
  const result = elementWgsl("f32", width);

  // a at (row0 + i, k) for all i: vectors down a column, or numbers from as many rows
  const loadA = vectors.has("a")
    ? unroll(
      tileRows / 4,
      (i) => `let a${i} = ${loadWgsl(type, 4, `a[(aStart + k * rows + row0) / 4 + ${i}]`)};`,
    )
    : unroll(
      tileRows,
      (i) => {
        const at = transposeA ? `k * rows + row0 + ${i}` : `(row0 + ${i}) * inner + k`;
        return `let a${i} = ${loadWgsl(type, 1, `a[aStart + ${at}]`)};`;
      },
    );
  const elementA = (i: number): string => vectors.has("a") ? component(`a${i >> 2}`, i) : `a${i}`;

  // b at (k, column0 + 4 j …): four columns at once, or one
  const elementB = (j: number): string =>
    loadWgsl(
      type,
      1,
      `b[bStart + ${transposeB ? `(column0 + ${j}) * inner + k` : `k * columns + column0 + ${j}`}]`,
    );
  const loadB = (j: number): string => {
    if (vectors.has("b")) {
      return `let b${j} = ${loadWgsl(type, 4, `b[(bStart + k * columns + column0) / 4 + ${j}]`)};`;
    }
    return `let b${j} = ${
      width === 4 ? `vec4f(${unroll(4, (x) => elementB(4 * j + x), ", ")})` : elementB(j)
    };`;
  };

  // the result at (row0 + i, column0 + j)
  const elementC = (i: number, j: number): string => {
    return width === 4 ? component(`c${i}_${j >> 2}`, j) : `c${i}_${j >> 2}`;
  };

  // results of row i, four at a time if rows of y begin at multiples of four
  const storeRow = (i: number): string => {
    const fits = columns % tileColumns === 0, row = `yStart + (row0 + ${i}) * columns + column0`;
    if (vectors.has("y")) {
      return unroll(quads, (j) =>
        guarded(
          fits,
          `column0 + ${4 * j} < columns`,
          store(constants, biased, `(${row}) / 4 + ${j}`, `column0 / 4 + ${j}`, `c${i}_${j}`),
        ));
    }
    return unroll(quads * width, (j) =>
      guarded(
        fits,
        `column0 + ${j} < columns`,
        store(constants, biased, `${row} + ${j}`, `column0 + ${j}`, elementC(i, j)),
      ));
  };

  return `${bindings(biased, vectors, type)}
fn run(group: u32, lane: u32) {
  ${readSizes(MATMUL_SIZES)}
  let tilesAcross = (columns + ${tileColumns - 1}u) / ${tileColumns}u;
  let groups = ((rows + ${tileRows - 1}u) / ${tileRows}u * tilesAcross + ${
    lanes - 1
  }u) / ${lanes}u; // of one matrix
  let matrix = group / groups;
  let tile = (group % groups) * ${lanes}u + lane;
  let row0 = tile / tilesAcross * ${tileRows}u;
  let column0 = tile % tilesAcross * ${tileColumns}u;
  if (row0 >= rows || matrix >= batch) { return; }
  let aStart = matrix * (rows * inner);
  let bStart = matrix * (inner * columns);
  let yStart = matrix * (rows * columns);
  ${unroll(tileRows, (i) => unroll(quads, (j) => `var c${i}_${j} = ${result}();`, " "))}
  for (var k = 0u; k < inner; k++) {
    ${loadA}
    ${unroll(quads, loadB)}
    ${
    unroll(
      tileRows,
      (i) => unroll(quads, (j) => `c${i}_${j} = fma(${result}(${elementA(i)}), b${j}, c${i}_${j});`, " "),
    )
  }
  }
  ${unroll(tileRows, (i) => guarded(constants.rows % tileRows === 0, `row0 + ${i} < rows`, storeRow(i)))}
}`;
}

/** Code under a condition, or without one where it always holds. */
function guarded(always: boolean, condition: string, code: string): string {
  return always ? code : `if (${condition}) {\n${code}\n}`;
}
