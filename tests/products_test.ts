import { assert, assertEquals } from "@std/assert";
import { measureProducts, productSize } from "../commands/cost/products.ts";
import { CpuBackend } from "../core/cpu_backend.ts";
import { everyBackend } from "./_testing.ts";

everyBackend("the speed of products is a number, and measuring it holds no memory", async (backend) => {
  await measureProducts(backend, 64, 5); // sizes of shaders are kept
  const { bytes } = backend, flopsPerSecond = await measureProducts(backend, 64, 5);
  assert(flopsPerSecond > 0 && Number.isFinite(flopsPerSecond), `${flopsPerSecond} FLOP/s`);
  assertEquals(backend.bytes, bytes);
});

/** Measures products of 100 × 100 matrices on a device where each takes 2 ms, and reading takes so long each time. */
async function measured(readings: readonly number[]) {
  const now = performance.now, backend = new CpuBackend();
  let time = 0, products = 0, reads = 0;
  backend.run = () => {
    products++;
    time += 2;
  };
  backend.read = () => (time += readings[reads++] ?? 11, Promise.resolve(new Float32Array()));
  try {
    performance.now = () => time;
    return { flopsPerSecond: await measureProducts(backend, 100, 60), products };
  } finally {
    performance.now = now;
  }
}

Deno.test("products take as many operations as they have, and reading is not counted", async () => {
  const { flopsPerSecond, products } = await measured([]);
  assertEquals([Math.round(flopsPerSecond), products], [2 * 100 ** 3 / 0.002, 2 + 3 * 30]);
});

Deno.test("products are not taken for faster because something else disturbed the reading", async () => {
  for (const readings of [[11, 500, 500], [11, 11, 11, 500], [11, 500, 500, 1]]) {
    const share = (await measured(readings)).flopsPerSecond / (2 * 100 ** 3 / 0.002);
    assert(share > 0.1 && share < 2, `${readings}: ${share} of the speed`);
  }
});

Deno.test("a GPU is compared with larger products", () => {
  const sizes = ([undefined, "software", "hardware"] as const).map((adapterClass) =>
    productSize({ adapterClass })
  );
  assertEquals(sizes, [512, 512, 2048]);
});
