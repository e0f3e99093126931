/**
 * How fast a device multiplies matrices: the most that a model can reach on it.
 *
 * @module
 */
import type { Backend } from "../../core/backend.ts";
import { multiplyInto } from "../../kernels/matmul/matmul.ts";

/** The width of the square matrices that the speed of a run is compared with: large enough to keep the device busy. */
export function productSize({ adapterClass }: Pick<Backend, "adapterClass">): number {
  return adapterClass === "hardware" ? 2048 : 512;
}

/** Floating-point operations per second of products of square matrices. Each of three rounds takes about `milliseconds`. */
export async function measureProducts(
  backend: Backend,
  size: number = productSize(backend),
  milliseconds: number = 60,
): Promise<number> {
  // outside the pool, which would keep the memory
  const [a, b, y] = Array.from({ length: 3 }, () => backend.allocate([size, size]));
  const multiply = async (times: number): Promise<number> => {
    const start = performance.now();
    for (let time = 0; time < times; time++) {
      multiplyInto(y, a, b, { rows: size, columns: size, inner: size });
    }
    await backend.read(y);
    return performance.now() - start;
  };
  try {
    await multiply(1); // compiles
    const once = await multiply(1), times = Math.max(2, Math.ceil(milliseconds / once));
    const rounds = [await multiply(times), await multiply(times), await multiply(times)];
    // The best of a few: the first ones may still run unoptimized. What reading takes is not counted.
    const elapsed = Math.min(...rounds) - Math.min(once, await multiply(1));
    return 2 * size ** 3 * (times - 1) / Math.max(elapsed, 0.001) * 1e3;
  } finally {
    backend.free(a, b, y);
  }
}
