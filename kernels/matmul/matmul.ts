/**
 * Matrix multiplication, where nearly all the time of a transformer goes.
 *
 *     y[i, j] = Σₖ a[i, k] · b[k, j]
 *
 * Each of the two matrices may be stored transposed, because the derivatives need it. With dy the gradient of y, and
 * since y[i, j] depends on a[i, k] through b[k, j] and on b[k, j] through a[i, k],
 *
 *     da[i, k] = Σⱼ dy[i, j] · b[k, j]      da = dy · bᵀ
 *     db[k, j] = Σᵢ a[i, k] · dy[i, j]      db = aᵀ · dy
 *
 * so one kernel with two switches is forward and backward. Nothing but the inputs is kept for the backward pass.
 *
 * `matmul_naive.ts` is all of this in nested loops. What makes it fast is in files of its own: `matmul_cpu.ts`,
 * `matmul_wasm.ts` and, for GPUs, `matmul_plan.ts`, `matmul_wgsl.ts` and the folder `hardware/`.
 *
 * Reference: Goto and van de Geijn, "Anatomy of high-performance matrix multiplication", ACM TOMS 34 (2008).
 *
 * @module
 */

import { kernel } from "../../core/backend.ts";
import {
  formatShape,
  gradientOf,
  gradientToWrite,
  needsGradient,
  outputOf,
  type Tensor,
} from "../../core/tensor.ts";
import { operandIn, operandOn, readingHalves } from "./half.ts";
import { multiplySlices } from "./hardware/split.ts";
import { multiply } from "./matmul_cpu.ts";
import { MATMUL_CONSTANTS, MATMUL_SIZES, planMatmul } from "./matmul_plan.ts";
import { MATMUL_PASSES } from "./matmul_wasm.ts";
import { matmulWgsl } from "./matmul_wgsl.ts";
import { transposeForward, transposeHalf } from "./transpose.ts";

/** y = a · b, or y += a · b. */
export const matmulForward = kernel({
  name: "matmul",
  reads: { a: "f32", b: "f32" },
  writes: { y: "f32" },
  constants: MATMUL_CONSTANTS,
  sizes: MATMUL_SIZES,
  groups: (constants, adapter) => constants.batch * planMatmul(constants, adapter).groups,
  lanes: (constants, adapter) => planMatmul(constants, adapter).lanes,
  cpu({ a, b, y }, constants) {
    multiply(a, b, undefined, y, constants);
  },
  wgsl: (constants, adapter, { a }) => matmulWgsl(constants, adapter, false, a),
  wasm: MATMUL_PASSES,
});

/** y = a · b + bias, or y += …, the bias being added to every row. */
export const matmulBiased = kernel({
  ...matmulForward,
  name: "matmulBiased",
  reads: { a: "f32", b: "f32", bias: "f32" },
  cpu({ a, b, bias, y }, constants) {
    multiply(a, b, bias, y, constants);
  },
  wgsl: (constants, adapter, { a }) => matmulWgsl(constants, adapter, true, a),
  wasm: MATMUL_PASSES,
});

/** {@linkcode matmulForward} of operands in half precision. */
export const matmulHalf = readingHalves(matmulForward, ["a", "b"]);

/** {@linkcode matmulBiased} of operands in half precision; the bias is f32. */
export const matmulBiasedHalf = readingHalves(matmulBiased, ["a", "b"]);

/**
 * How {@linkcode matmul} reads its arguments.
 *
 * @category Operations
 */
export interface MatmulOptions {
  /** Whether `a` is stored as (…, K, M). */
  transposeA?: boolean;
  /** Whether `b` is stored as (…, N, K). */
  transposeB?: boolean;
}

/**
 * Matrix product of the last two dimensions; dimensions before them must be equal and are a batch.
 *
 * @example
 * ```ts
 * import { CpuBackend, matmul } from "@miniformer/miniformer";
 * import { assertEquals } from "@std/assert";
 *
 * const backend = new CpuBackend();
 * const a = backend.from([1, 2, 3, 4], [2, 2]), b = backend.from([1, 0, 1, 1], [2, 2]);
 * assertEquals(await backend.read(matmul(a, b)), new Float32Array([3, 2, 7, 4]));
 * assertEquals(await backend.read(matmul(a, b, { transposeB: true })), new Float32Array([1, 3, 3, 7]));
 * ```
 *
 * @param a (…, M, K).
 * @param b (…, K, N).
 * @param options Transposed storage.
 * @returns (…, M, N).
 * @throws {TypeError} If the shapes do not fit.
 * @category Operations
 */
export function matmul(a: Tensor, b: Tensor, options: MatmulOptions = {}): Tensor {
  const { backend } = a, { transposeA = false, transposeB = false } = options;
  const leading = a.shape.slice(0, -2), batch = leading.reduce((product, length) => product * length, 1);
  const [aOuter, aInner] = a.shape.slice(-2), [bOuter, bInner] = b.shape.slice(-2);
  const [rows, inner] = transposeA ? [aInner, aOuter] : [aOuter, aInner];
  const [expected, columns] = transposeB ? [bInner, bOuter] : [bOuter, bInner];
  if (inner !== expected || String(leading) !== String(b.shape.slice(0, -2))) {
    throw new TypeError(
      `Cannot multiply ${formatShape(a.shape)}${transposeA ? "ᵀ" : ""} by ` +
        `${formatShape(b.shape)}${transposeB ? "ᵀ" : ""}: expected equal inner and leading dimensions`,
    );
  }
  const y = outputOf([...leading, rows, columns], [a, b]), { precision } = y.tape?.options ?? {};
  const [aOperand, bOperand] = [a, b].map((input) => operandOn(y.tape, input));
  multiplyInto(y, aOperand, bOperand, { batch, rows, columns, inner, transposeA, transposeB });
  y.tape?.record(() => {
    const dy = gradientOf(y);
    const [da, db] = [a, b].map((input) => needsGradient(input) ? gradientToWrite(input) : undefined);
    backend.scope(() => {
      const operand = da || db ? operandIn(dy, precision) : dy;
      // y = a · b   →   da = dy · bᵀ; where a is stored transposed, daᵀ = b · dyᵀ
      if (da) {
        const { gradient, accumulate } = da, product = { batch, inner: columns, accumulate };
        if (transposeA) {
          const layout = { transposeA: transposeB, transposeB: true };
          multiplyInto(gradient, bOperand, operand, { ...product, ...layout, rows: inner, columns: rows });
        } else {
          const layout = { transposeB: !transposeB };
          multiplyInto(gradient, operand, bOperand, { ...product, ...layout, rows, columns: inner });
        }
      }
      // y = a · b   →   db = aᵀ · dy; where b is stored transposed, dbᵀ = dyᵀ · a
      if (db) {
        const { gradient, accumulate } = db, product = { batch, inner: rows, accumulate };
        if (transposeB) {
          const layout = { transposeA: true, transposeB: transposeA };
          multiplyInto(gradient, operand, aOperand, { ...product, ...layout, rows: columns, columns: inner });
        } else {
          const layout = { transposeA: !transposeA };
          multiplyInto(gradient, aOperand, operand, { ...product, ...layout, rows: inner, columns });
        }
      }
    });
  });
  return y;
}

/** Sizes and switches of {@linkcode multiplyInto}. */
export interface MultiplyOptions extends MatmulOptions {
  /** Number of matrices, 1 by default. */
  batch?: number;
  /** M: rows of `y`. */
  rows: number;
  /** N: columns of `y`. */
  columns: number;
  /** K: terms of each sum. */
  inner: number;
  /** 1 to add to `y`, 0 by default. */
  accumulate?: 0 | 1;
  /** (N), added to every row. */
  bias?: Tensor;
}

/** Rows up to this length stay in the cache while those of a tile are read side by side. */
const CACHED_ROW_LENGTH = 512;

/** From this number of products on, transposing a matrix is little work beside multiplying it. */
const PRODUCTS_TO_TRANSPOSE = 2 ** 22;

/**
 * Runs the product kernel on tensors of any shape: y = a · b + bias, or y += a · b + bias. Records nothing, and rounds nothing:
 * both matrices are f32 or both are f16.
 *
 * @param y Receives (batch, rows, columns).
 * @param a (batch, rows, inner), or its transpose.
 * @param b (batch, inner, columns), or its transpose.
 * @param options Sizes and switches.
 */
export function multiplyInto(y: Tensor, a: Tensor, b: Tensor, options: MultiplyOptions): void {
  const { backend } = y, { batch = 1, rows, columns, inner, bias } = options;
  const { transposeA = false, transposeB = false, accumulate = 0 } = options;
  const multiply = (a: Tensor, b: Tensor, transposeA: boolean, transposeB: boolean) => {
    const constants = {
      batch,
      rows,
      columns,
      inner,
      transposeA: Number(transposeA),
      transposeB: Number(transposeB),
      accumulate,
    };
    const isHalf = a.dataType === "f16";
    if (backend.adapterClass === "hardware") {
      const plan = planMatmul(constants, "hardware");
      if (plan.kind === "tiles" && plan.sliceLength < inner) {
        return multiplySlices(y, a, b, constants, plan.sliceLength, bias);
      }
    }
    if (bias) backend.run(isHalf ? matmulBiasedHalf : matmulBiased, { a, b, bias, y }, constants);
    else backend.run(isHalf ? matmulHalf : matmulForward, { a, b, y }, constants);
  };
  if (backend.adapterClass !== "software" || rows * columns * inner < PRODUCTS_TO_TRANSPOSE || rows < 64) {
    return multiply(a, b, transposeA, transposeB);
  }
  // A shader on a CPU reads both matrices straight from memory, one step of the inner dimension after the other. Where
  // that goes down a column, the cache lines it touches fall into the same few sets and evict each other: such a matrix is
  // transposed first.
  const copiedA = !transposeA && inner > CACHED_ROW_LENGTH;
  backend.scope(() => {
    const transpose = (x: Tensor, rows: number, columns: number): Tensor => {
      const y = backend.allocate([batch, columns, rows], x.dataType);
      const sizes = { batch, rows, columns };
      if (x.dataType === "f16") backend.run(transposeHalf, { x, y }, sizes);
      else backend.run(transposeForward, { x, y }, sizes);
      return y;
    };
    multiply(
      copiedA ? transpose(a, rows, inner) : a,
      transposeB ? transpose(b, columns, inner) : b,
      transposeA || copiedA,
      false,
    );
  });
}
