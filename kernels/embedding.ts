/**
 * Embedding: looks up a row of a table for every id.
 *
 *     y[i] = table[ids[i]]        dTable[id] = Σ over i with ids[i] = id of dy[i]
 *
 * Backward is a scatter: positions with the same id add into the same row (`embedding_naive.ts` is that and no more). On a
 * GPU this would take atomic adds, whose order, and so whose rounding, changes from run to run. Instead, positions with the
 * same id are chained: a first kernel finds for each position the next one with its id, and whether it is the first. In a
 * second, every first position walks its chain and is the only one to write to its row. The order of the sum is fixed, so
 * the result repeats bit for bit.
 *
 * The cost: in the shader each position compares ids one by one, forward until its own occurs again, and from the beginning
 * until it occurs for the first time. For N positions with U different ids these are about N · U comparisons, at most N²:
 * quadratic where most ids differ, but little beside a model's products (2,048 positions: at most 4 million). The CPU body
 * finds all chains in one pass. Walking takes as many steps as the longest chain has positions: if all have one id, N
 * additions one after the other.
 *
 * Reference: PyTorch `torch.nn.functional.embedding`.
 *
 * @module
 */

import { kernel } from "../core/backend.ts";
import { formatShape, gradientOf, needsGradient, outputOf, type Tensor } from "../core/tensor.ts";

/** The end of a chain. */
const END = 0xffffffff;

/** Most ids in one call: loops over ids take four an iteration, and software Vulkan ends them after 65,535. */
const MAX_IDS = 4 * 65535;

/** y[i] = table[ids[i]]. */
export const embeddingForward = kernel({
  name: "embeddingForward",
  reads: { ids: "u32", table: "f32" },
  writes: { y: "f32" },
  constants: ["rows", "columns"],
  elements: ({ rows, columns }) => rows * columns,
  cpu({ ids, table, y }, { rows, columns }) {
    for (let row = 0; row < rows; row++) {
      const start = ids[row] * columns;
      y.set(table.subarray(start, start + columns), row * columns);
    }
  },
  wgsl: `fn each(index: u32) { y[index] = table[ids[index / columns] * columns + index % columns]; }`,
});

/** For each position the next one with the same id, and whether it is the first of them. */
export const embeddingChain = kernel({
  name: "embeddingChain",
  reads: { ids: "u32" },
  writes: { next: "u32", first: "u32" },
  constants: ["rows"],
  elements: ({ rows }) => rows,
  cpu({ ids, next, first }, { rows }) {
    const last = new Map<number, number>();
    for (let row = 0; row < rows; row++) {
      const previous = last.get(ids[row]);
      first[row] = previous === undefined ? 1 : 0;
      if (previous !== undefined) next[previous] = row;
      next[row] = END;
      last.set(ids[row], row);
    }
  },
  wgsl: `
fn holds(row: u32, id: u32) -> bool { return row < rows && ids[row] == id; }
fn each(row: u32) {
  let id = ids[row];
  var following = ${END}u;
  for (var other = row + 1; other < rows && following == ${END}u; other += 4) {
    // the nearest of the four is compared last and stays
    for (var step = 0u; step < 4; step++) { if (holds(other + 3 - step, id)) { following = other + 3 - step; } }
  }
  next[row] = following;
  var leading = 1u;
  for (var other = 0u; other < row && leading == 1; other += 4) {
    for (var step = 0u; step < 4; step++) {
      if (other + step < row && ids[other + step] == id) { leading = 0; }
    }
  }
  first[row] = leading;
}`,
});

/** dTable[ids[i]] += the sum of dy along the chain that begins at i. */
export const embeddingBackward = kernel({
  name: "embeddingBackward",
  reads: { ids: "u32", next: "u32", first: "u32", dy: "f32" },
  writes: { dTable: "f32" },
  constants: ["rows", "columns"],
  elements: ({ rows, columns }) => rows * columns,
  cpu({ ids, next, first, dy, dTable }, { rows, columns }) {
    const sum = new Float64Array(columns);
    for (let row = 0; row < rows; row++) {
      if (first[row] === 0) continue;
      sum.fill(0);
      for (let other = row; other !== END; other = next[other]) {
        for (let column = 0; column < columns; column++) sum[column] += dy[other * columns + column];
      }
      for (let column = 0; column < columns; column++) dTable[ids[row] * columns + column] += sum[column];
    }
  },
  wgsl: `
fn each(index: u32) {
  let row = index / columns;
  let column = index % columns;
  if (first[row] == 0) { return; }
  var sum = 0.0;
  for (var other = row; other != ${END}u;) {
    for (var step = 0u; step < 4; step++) {
      if (other != ${END}u) { sum += dy[other * columns + column]; other = next[other]; }
    }
  }
  dTable[ids[row] * columns + column] += sum;
}`,
});

/** y[i] = first + i mod time, the position of every token of a batch; `padding` for padding. */
export const positionsForward = kernel({
  name: "positions",
  reads: { lengths: "u32" },
  writes: { y: "u32" },
  constants: ["size", "time", "first", "padded", "padding"],
  elements: ({ size }) => size,
  cpu({ lengths, y }, { size, time, first, padded, padding }) {
    for (let index = 0; index < size; index++) {
      const position = index % time, length = padded ? lengths[(index - position) / time] : time;
      y[index] = position < length ? first + position : padding;
    }
  },
  wgsl: `
fn each(index: u32) {
  let position = index % time;
  let length = select(time, lengths[select(0, index / time, padded == 1)], padded == 1);
  y[index] = select(padding, first + position, position < length);
}`,
});

/**
 * Options of {@linkcode positionsOf}.
 *
 * @category Operations
 */
export interface PositionOptions {
  /** The position of the first token; 0 unless given. */
  first?: number;
  /** u32 (B): how many tokens of each sequence are no padding. All of them unless given. */
  lengths?: Tensor;
  /** The position of padding; 0 unless given. */
  padding?: number;
}

/**
 * The positions 0, 1, …, T − 1 for each sequence of a batch.
 *
 * @param ids Any tensor of shape (B, T).
 * @param options The first position, and that of padding.
 * @returns u32 (B, T), on the tape of the ids.
 * @category Operations
 */
export function positionsOf(ids: Tensor, options: PositionOptions = {}): Tensor {
  const { backend, shape: [, time], size } = ids, { first = 0, padding = 0 } = options;
  const y = outputOf(ids.shape, [ids], "u32"), lengths = options.lengths ?? backend.allocate([1], "u32");
  const padded = Number(options.lengths !== undefined);
  backend.run(positionsForward, { lengths, y }, { size, time, first, padded, padding });
  return y;
}

/** y[b] = b · time, or the index of the last token before padding. */
export const boundaryIndicesForward = kernel({
  name: "boundaryIndices",
  reads: { lengths: "u32" },
  writes: { y: "u32" },
  constants: ["batch", "time", "last"],
  elements: ({ batch }) => batch,
  cpu({ lengths, y }, { batch, time, last }) {
    for (let row = 0; row < batch; row++) y[row] = row * time + (last ? lengths[row] - 1 : 0);
  },
  wgsl: `fn each(row: u32) { y[row] = row * time + select(0, lengths[row] - 1, last == 1); }`,
});

/**
 * The index of the first or last token of each sequence, counted over all tokens of the batch: with it, {@linkcode embedding}
 * selects one hidden state of each sequence from (B · T, C).
 *
 * @example
 * ```ts
 * import { boundaryIndices } from "./embedding.ts";
 * import { CpuBackend } from "@miniformer/miniformer";
 * import { assertEquals } from "@std/assert";
 *
 * const backend = new CpuBackend();
 * const ids = backend.allocate([2, 8], "u32"), lengths = backend.from(Uint32Array.of(3, 8));
 * assertEquals(await backend.read(boundaryIndices(ids, lengths, "first")), Uint32Array.of(0, 8));
 * assertEquals(await backend.read(boundaryIndices(ids, lengths, "last")), Uint32Array.of(2, 15));
 * ```
 *
 * @param ids Any tensor of shape (B, T).
 * @param lengths u32 (B): how many tokens of each sequence are no padding, at least one.
 * @param which The first token, or the last one that is no padding.
 * @returns u32 (B).
 */
export function boundaryIndices(ids: Tensor, lengths: Tensor, which: "first" | "last"): Tensor {
  const { backend, shape: [batch, time] } = ids, y = outputOf([batch], [ids], "u32");
  backend.run(boundaryIndicesForward, { lengths, y }, { batch, time, last: Number(which === "last") });
  return y;
}

/**
 * Looks up rows. The ids must be checked before they reach the device: there, an id out of range reads another number
 * without an error.
 *
 * @example
 * ```ts
 * import { CpuBackend, embedding } from "@miniformer/miniformer";
 * import { assertEquals } from "@std/assert";
 *
 * const backend = new CpuBackend();
 * const table = backend.from([1, 2, 3, 4], [2, 2]), ids = backend.from(Uint32Array.of(1, 0, 1));
 * const y = embedding(ids, table);
 * assertEquals(y.shape, [3, 2]);
 * assertEquals(await backend.read(y), new Float32Array([3, 4, 1, 2, 3, 4]));
 * ```
 *
 * @param ids u32, any shape, each below V.
 * @param table (V, C).
 * @returns The shape of `ids`, then C.
 * @throws {TypeError} If the ids are not u32.
 * @throws {RangeError} If there are more than 262,140 ids: make the batch smaller and accumulate gradients.
 * @category Operations
 */
export function embedding(ids: Tensor, table: Tensor): Tensor {
  const { backend } = table, rows = ids.size, columns = table.shape[1];
  if (ids.dataType !== "u32" || table.shape.length !== 2) {
    throw new TypeError(
      `Cannot look up ${ids.dataType} ids ${formatShape(ids.shape)} in ${formatShape(table.shape)}: ` +
        `expected u32 ids and a table (V, C)`,
    );
  }
  if (rows > MAX_IDS) {
    throw new RangeError(
      `Cannot look up ${rows} ids at once, at most ${MAX_IDS}: use a smaller batch and accumulate gradients`,
    );
  }
  const y = outputOf([...ids.shape, columns], [ids, table]);
  backend.run(embeddingForward, { ids, table, y }, { rows, columns });
  y.tape?.record(() => {
    if (!needsGradient(table)) return;
    // y[i] = table[ids[i]]   →   dTable[id] = Σ dy[i]
    const next = backend.allocate([rows], "u32"), first = backend.allocate([rows], "u32");
    backend.run(embeddingChain, { ids, next, first }, { rows });
    // rows that no id names are not written, so what the others are added to begins with zeros
    const tensors = { ids, next, first, dy: gradientOf(y), dTable: gradientOf(table) };
    backend.run(embeddingBackward, tensors, { rows, columns });
  });
  return y;
}
