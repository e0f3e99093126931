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

/** The most products in a round. */
const MAX_PRODUCTS = 256;

/** Floating-point operations per second of products of square matrices. Each of three rounds takes about so long. */
export async function measureProducts(
  backend: Backend,
  size: number = productSize(backend),
  milliseconds: number = 60,
): Promise<number> {
  // outside the pool, which would keep the memory
  const [a, b, y] = Array.from({ length: 3 }, () => backend.allocate([size, size]));
  const measure = async (times: number): Promise<number> => {
    const start = performance.now();
    for (let time = 0; time < times; time++) {
      multiplyInto(y, a, b, { rows: size, columns: size, inner: size });
    }
    await backend.read(y);
    return performance.now() - start;
  };
  try {
    await measure(1); // compiles
    const reading = Math.min(await measure(0), await measure(0)), once = await measure(1) - reading;
    const times = Math.ceil(milliseconds / Math.max(once, milliseconds / MAX_PRODUCTS));
    // the best of a few: the first ones may still run unoptimized
    const best = Math.min(await measure(times), await measure(times), await measure(times));
    // on a busy machine reading may once have taken much longer than it does
    const elapsed = Math.max(best - reading, best / 2);
    return 2 * size * size * size * times / elapsed * 1e3;
  } finally {
    backend.free(a, b, y);
  }
}
