import {
  gradientOf,
  gradientToWrite,
  kernel,
  needsGradient,
  outputOf,
  type Tensor,
} from "@miniformer/miniformer";

// y = max(x, 0)²
const squaredReluForward = kernel({
  name: "squaredReluForward",
  reads: { x: "f32" },
  writes: { y: "f32" },
  constants: ["size"],
  elements: ({ size }) => size,
  cpu({ x, y }, { size }) {
    for (let index = 0; index < size; index++) y[index] = Math.max(x[index], 0) ** 2;
  },
  wgsl: `fn each(index: u32) { let above = max(x[index], 0); y[index] = above * above; }`,
});

// dx = 2 max(x, 0) dy, stored by the first use of x and added by all others
const squaredReluBackward = kernel({
  name: "squaredReluBackward",
  reads: { x: "f32", dy: "f32" },
  writes: { dx: "f32" },
  constants: ["size", "accumulate"],
  elements: ({ size }) => size,
  cpu({ x, dy, dx }, { size, accumulate }) {
    for (let index = 0; index < size; index++) {
      dx[index] = (accumulate ? dx[index] : 0) + 2 * Math.max(x[index], 0) * dy[index];
    }
  },
  wgsl: `fn each(index: u32) {
    let before = select(0, dx[index], accumulate == 1);
    dx[index] = before + 2 * max(x[index], 0) * dy[index];
  }`,
});

export function squaredRelu(x: Tensor): Tensor {
  const y = outputOf(x.shape, [x]), size = y.size;
  x.backend.run(squaredReluForward, { x, y }, { size });
  y.tape?.record(() => {
    if (!needsGradient(x)) return;
    const dy = gradientOf(y), { gradient: dx, accumulate } = gradientToWrite(x);
    x.backend.run(squaredReluBackward, { x, dy, dx }, { size, accumulate });
  });
  return y;
}
