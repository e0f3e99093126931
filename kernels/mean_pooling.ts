/**
 * Mean pooling: one vector for a sequence, the mean of the hidden states of its tokens.
 *
 *     y[b] = (Σ over t < n[b] of x[b, t]) / n[b]        dx[b, t] = dy[b] / n[b] for t < n[b], else 0
 *
 * n[b] is the length of sequence b. What follows in its row is padding: it is not in the sum, and its gradient is zero, so
 * a text has the same vector whatever it is padded to.
 *
 * A classifier may instead take the hidden state of one token, which must then attend to all that matters before it is of
 * any use. The mean has something of every word from the first step on: a model that begins with random weights, or has few
 * texts, learns from it sooner. The derivative shows why: every token gets the same share of the gradient, directly.
 *
 * Forward, an element of the result adds up one column of a sequence, in the order of its tokens; so the sum is fixed and
 * needs no atomic add. Nothing is kept for the backward pass but the lengths.
 *
 * Reference: Iyyer et al., "Deep unordered composition rivals syntactic methods for text classification", ACL 2015.
 *
 * @module
 */

import { kernel } from "../core/backend.ts";
import { formatShape, gradientOf, gradientToWrite, outputOf, type Tensor } from "../core/tensor.ts";
import { storeOrAdd } from "../core/webgpu/shader.ts";

/** y[b] = the mean of x[b, t] over t < lengths[b]. */
export const meanPoolingForward = kernel({
  name: "meanPoolingForward",
  reads: { x: "f32", lengths: "u32" },
  writes: { y: "f32" },
  constants: ["batch", "time", "columns"],
  elements: ({ batch, columns }) => batch * columns,
  cpu({ x, lengths, y }, { batch, time, columns }) {
    const sum = new Float64Array(columns);
    for (let row = 0; row < batch; row++) {
      sum.fill(0);
      for (let position = 0; position < lengths[row]; position++) {
        const start = (row * time + position) * columns;
        for (let column = 0; column < columns; column++) sum[column] += x[start + column];
      }
      for (let column = 0; column < columns; column++) y[row * columns + column] = sum[column] / lengths[row];
    }
  },
  wgsl: `
fn each(index: u32) {
  let row = index / columns;
  let column = index % columns;
  let length = lengths[row];
  var sum = 0.0;
  // four an iteration: software Vulkan ends loops after 65,535
  for (var position = 0u; position < length; position += 4) {
    for (var step = 0u; step < 4; step++) {
      if (position + step < length) { sum += x[(row * time + position + step) * columns + column]; }
    }
  }
  y[index] = sum / f32(length);
}`,
});

/** dx[b, t] = dy[b] / lengths[b], or 0 for padding. */
export const meanPoolingBackward = kernel({
  name: "meanPoolingBackward",
  reads: { lengths: "u32", dy: "f32" },
  writes: { dx: "f32" },
  constants: ["batch", "time", "columns", "accumulate"],
  elements: ({ batch, time, columns }) => batch * time * columns,
  cpu({ lengths, dy, dx }, { batch, time, columns, accumulate }) {
    if (!accumulate) dx.fill(0);
    for (let row = 0; row < batch; row++) {
      for (let position = 0; position < lengths[row]; position++) {
        const start = (row * time + position) * columns;
        for (let column = 0; column < columns; column++) {
          dx[start + column] += dy[row * columns + column] / lengths[row];
        }
      }
    }
  },
  wgsl: ({ accumulate }) => `
fn each(index: u32) {
  let row = index / columns / time;
  let position = index / columns % time;
  let share = dy[row * columns + index % columns] / f32(lengths[row]);
  dx[index] ${storeOrAdd(accumulate)} select(0.0, share, position < lengths[row]);
}`,
});

/**
 * The mean of the hidden states of each sequence, without its padding.
 *
 * @example
 * ```ts
 * import { CpuBackend, meanPooling } from "@miniformer/miniformer";
 * import { assertEquals } from "@std/assert";
 *
 * const backend = new CpuBackend();
 * const x = backend.from([1, 2, 3, 4, 5, 60], [2, 3, 1]), lengths = backend.from(Uint32Array.of(3, 2));
 * assertEquals(await backend.read(meanPooling(x, lengths)), Float32Array.of(2, 4.5));
 * ```
 *
 * @param x (B, T, C).
 * @param lengths u32 (B): how many tokens of each sequence are no padding, 1 to T.
 * @returns (B, C).
 * @throws {TypeError} If the lengths are not u32, or not one for each sequence.
 * @category Operations
 */
export function meanPooling(x: Tensor, lengths: Tensor): Tensor {
  const { backend, shape: [batch, time, columns] } = x;
  if (x.shape.length !== 3 || lengths.dataType !== "u32" || lengths.size !== batch) {
    throw new TypeError(
      `Cannot pool ${formatShape(x.shape)} with ${lengths.dataType} lengths ${formatShape(lengths.shape)}: ` +
        "expected (B, T, C) and u32 lengths (B)",
    );
  }
  const y = outputOf([batch, columns], [x]);
  backend.run(meanPoolingForward, { x, lengths, y }, { batch, time, columns });
  y.tape?.record(() => {
    // y[b] = Σ x[b, t] / n[b]   →   dx[b, t] = dy[b] / n[b]
    const { gradient: dx, accumulate } = gradientToWrite(x);
    backend.run(meanPoolingBackward, { lengths, dy: gradientOf(y), dx }, {
      batch,
      time,
      columns,
      accumulate,
    });
  });
  return y;
}
