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

Deno.test("products take as many operations as they have", async () => {
  const now = performance.now;
  let time = 0, products = 0;
  try {
    performance.now = () => time;
    const backend = new CpuBackend();
    backend.run = () => {
      products++;
      time += 2; // milliseconds
    };
    backend.read = () => (time += 11, Promise.resolve(new Float32Array()));
    const flopsPerSecond = await measureProducts(backend, 100, 60);
    assertEquals(Math.round(flopsPerSecond), Math.round(2 * 100 ** 3 / 0.002), "without the time of reading");
    assertEquals(products, 3 + 3 * 5);
  } finally {
    performance.now = now;
  }
});

Deno.test("a GPU is compared with larger products", () => {
  const sizes = ([undefined, "software", "hardware"] as const).map((adapterClass) =>
    productSize({ adapterClass })
  );
  assertEquals(sizes, [512, 512, 2048]);
});
