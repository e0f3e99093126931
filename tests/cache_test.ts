import { assertThrows } from "@std/assert";
import type { Backend } from "../core/backend.ts";
import { CpuBackend } from "../core/cpu_backend.ts";
import { Tape } from "../core/tape.ts";
import { attention } from "../kernels/attention/attention.ts";
import { cachedAttention } from "../kernels/attention/cache.ts";
import { assertClose, everyBackend, normals, TOLERANCES } from "./_testing.ts";

/** The positions [start, end) of (B · H, T, D) as (B, H, end − start, D). */
function positions(name: string, [batch, heads, time, width]: number[], start: number, end: number) {
  const { data } = normals(name, [batch, heads, time, width]);
  const parts = Array.from(
    { length: batch * heads },
    (_, row) => [...data.subarray((row * time + start) * width, (row * time + end) * width)],
  );
  return { shape: [batch, heads, end - start, width], data: Float32Array.from(parts.flat()) };
}

const from = (backend: Backend, { data, shape }: ReturnType<typeof positions>) => backend.from(data, shape);

everyBackend("cachedAttention equals causal attention, position by position", async (backend) => {
  // more positions than a group has invocations, widths below and above that, too
  for (const shape of [[2, 2, 5, 3], [1, 2, 270, 4], [1, 1, 3, 65], [1, 1, 2, 260]]) {
    const [batch, heads, time, width] = shape;
    const cpu = new CpuBackend();
    const [query, key, value] = ["query", "key", "value"].map((name) =>
      from(cpu, positions(name, shape, 0, time))
    );
    const expected = await cpu.read(attention(query, key, value, { causal: true }));
    const cache = {
      key: backend.allocate(shape),
      value: backend.allocate(shape),
      position: backend.allocate([1], "u32"),
    };
    for (let position = 0; position < time; position++) {
      backend.write(cache.position, Uint32Array.of(position));
      const attended = backend.scope(() => {
        const [query, key, value] = ["query", "key", "value"].map((name) =>
          from(backend, positions(name, shape, position, position + 1))
        );
        return cachedAttention(query, key, value, cache);
      });
      if (position % 9 > 2 && position < time - 1) continue; // reading takes long
      const y = await backend.read(attended);
      const rows = Array.from({ length: batch * heads }, (_, row) => (row * time + position) * width);
      const data = Float32Array.from(rows.flatMap((start) => [...expected.subarray(start, start + width)]));
      assertClose(y, { shape: [batch, heads, width], data }, TOLERANCES.rows, `position ${position}`);
    }
  }
});

Deno.test("cachedAttention refuses more than one position", () => {
  const backend = new CpuBackend(), x = backend.allocate([1, 1, 2, 4]);
  assertThrows(
    () => cachedAttention(x, x, x, { key: x, value: x, position: backend.allocate([1], "u32") }),
    TypeError,
    "Cannot attend from (1, 1, 2, 4) with a cache: expected T = 1",
  );
});

Deno.test("cachedAttention refuses to be trained, whichever of its inputs is on a tape", () => {
  const backend = new CpuBackend(), shape = [1, 1, 1, 4], position = backend.allocate([1], "u32");
  const cache = { key: backend.allocate(shape), value: backend.allocate(shape), position };
  for (let watched = 0; watched < 3; watched++) {
    const [query, key, value] = [0, 1, 2].map((index) => {
      const x = backend.allocate(shape);
      return index === watched ? new Tape().watch(x) : x;
    });
    assertThrows(
      () => cachedAttention(query, key, value, cache),
      TypeError,
      "Cannot train attention with a cache, which keeps nothing for the backward pass: use attention",
    );
  }
});
