import { assertEquals } from "@std/assert";
import { SpeedMeter } from "../commands/cost/speed_meter.ts";

const size = { tokens: 100, flops: 2e9, products: { flopsPerSecond: 1e10, size: 512 } };

Deno.test("the first steps, which compile, count only until there are others", () => {
  const meter = new SpeedMeter(size);
  assertEquals([meter.recent, meter.overall, meter.describe(), meter.figures], [
    undefined,
    undefined,
    undefined,
    {},
  ]);
  meter.add(1, 10, 5e6);
  assertEquals(meter.recent, { tokensPerSecond: 10, flopsPerSecond: 2e8, share: 0.02 });
  meter.add(4, 2, 5e6);
  assertEquals(meter.overall, { tokensPerSecond: 200, flopsPerSecond: 4e9, share: 0.4 });
  assertEquals(meter.recent, meter.overall);
});

Deno.test("the recent speed is that of the last steps, the overall one that of all", () => {
  const meter = new SpeedMeter(size);
  meter.add(1, 1, 0);
  for (let count = 0; count < 10; count++) meter.add(1, 10, 0);
  for (let count = 0; count < 10; count++) meter.add(5, 10, 0);
  assertEquals(meter.recent?.tokensPerSecond, 50);
  assertEquals(meter.overall?.tokensPerSecond, 30);
});

Deno.test("speed and memory in words and numbers", () => {
  const meter = new SpeedMeter(size);
  meter.add(1, 1, 30e6);
  meter.add(120, 100, 27e6);
  assertEquals(
    meter.describe(),
    "120 tok/s, 2.4 GFLOP/s: 24 % of the 10.0 GFLOP/s that products of 512 × 512 matrices reach here; " +
      "30 MB of device memory",
  );
  assertEquals(meter.figures, { tokensPerSecond: 120, gflops: 2.4, productGflops: 10, deviceBytes: 30e6 });
  const short = new SpeedMeter({ tokens: 100, flops: 1e9 });
  short.add(2, 1, 1e6);
  assertEquals(short.describe(), "200 tok/s, 2.0 GFLOP/s; 1 MB of device memory");
  assertEquals(short.figures, { tokensPerSecond: 200, gflops: 2, deviceBytes: 1e6 });
});

Deno.test("docs/speed.md says what each number of run.json means", async () => {
  const meter = new SpeedMeter(size),
    page = await Deno.readTextFile(new URL("../docs/speed.md", import.meta.url));
  meter.add(1, 1, 1);
  for (const name of [...Object.keys(meter.figures), "seconds"]) {
    assertEquals(page.includes(`| \`${name}\``), true, `docs/speed.md leaves out ${name}`);
  }
});
