import { assert, assertEquals, assertStrictEquals } from "@std/assert";
import { openTimed } from "../bench/gpu/timestamps.ts";
import { fill } from "../core/tensor.ts";
import { addScaled } from "../kernels/elementwise.ts";
import { hasAdapter } from "./_testing.ts";

Deno.test("every run of a kernel is timed on the device, more of them than one set of queries holds", {
  ignore: !hasAdapter,
}, async () => {
  const { backend, timeKernels } = (await openTimed())!, { run } = backend;
  const x = backend.allocate([70_000]), y = backend.allocate([70_000]), constants = { size: x.size };
  backend.run(fill, { y }, { ...constants, value: 1 });
  await backend.read(y);
  const start = performance.now();
  const times = await timeKernels!(async () => {
    backend.run(fill, { y: x }, { ...constants, value: 2 });
    for (let count = 0; count < 2500; count++) backend.run(addScaled, { x, y }, { ...constants, factor: 1 });
    await backend.read(y);
  });
  const elapsed = performance.now() - start;
  assertEquals(times.map(({ name, runs }) => [name, runs]), [["fill", 1], ["addScaled", 2500]]);
  assertEquals((await backend.read(y))[69_999], 5001);
  const total = times.reduce((sum, { ms }) => sum + ms, 0);
  assert(times.every(({ ms }) => ms > 0) && total < elapsed, `${total} ms of ${elapsed}`);
  // afterwards nothing is timed, and a second time begins at nothing
  assertStrictEquals(backend.run, run);
  backend.run(fill, { y }, { ...constants, value: 3 });
  assertEquals((await backend.read(y))[1], 3);
  const again = await timeKernels!(async () => {
    backend.run(fill, { y }, { ...constants, value: 4 });
    await backend.read(y);
  });
  assertEquals(again.map(({ name, runs }) => [name, runs]), [["fill", 1]]);
  backend.close();
});
