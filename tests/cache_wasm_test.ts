import { assertEquals } from "@std/assert";
import { attention } from "../kernels/attention/attention.ts";
import { cachedAttention, cachedSelfAttention, fillCache } from "../kernels/attention/cache.ts";
import { mergeHeads, splitHeads } from "../kernels/attention/heads.ts";
import { scale } from "../kernels/elementwise.ts";
import { normals, wasm } from "./_testing.ts";

Deno.test("cachedAttention [wasm] has the bits of causal attention, position by position", async () => {
  const backend = await wasm(1);
  // heads that share a piece and heads that do not, widths that fill no vector
  for (const [heads, time, width] of [[3, 70, 4], [2, 9, 5], [2, 65, 33], [1, 5, 1], [5, 700, 64]]) {
    const shape = [1, heads, time, width], names = ["query", "key", "value"];
    const inputs = names.map((name) => normals(name, shape).data);
    const [query, key, value] = inputs.map((data) => backend.from(data, shape));
    const expected = await backend.read(
      backend.scope(() => attention(query, key, value, { causal: true })),
    ) as Float32Array;
    const cache = {
      key: backend.allocate(shape),
      value: backend.allocate(shape),
      position: backend.allocate([1], "u32"),
    };
    const row = (data: Float32Array, position: number) =>
      Float32Array.from(
        { length: heads * width },
        (_, at) => data[(Math.floor(at / width) * time + position) * width + at % width],
      );
    for (let position = 0; position < time; position++) {
      backend.write(cache.position, Uint32Array.of(position));
      const y = await backend.read(backend.scope(() => {
        const [query, key, value] = inputs.map((data) =>
          backend.from(row(data, position), [1, heads, 1, width])
        );
        return cachedAttention(query, key, value, cache);
      }));
      assertEquals(y, row(expected, position), `position ${position} of ${shape}`);
    }
  }
});

Deno.test("cachedSelfAttention [wasm] has the bits of causal attention, after any number of positions at once", async () => {
  const backend = await wasm(1), factor = 1 / 3;
  for (const [heads, time, width] of [[3, 33, 4], [2, 9, 5], [1, 5, 1], [5, 70, 64]]) {
    const channels = heads * width, shape = [1, time, 3 * channels], { data } = normals("packed", shape);
    const expected = await backend.read(backend.scope(() => {
      const [query, key, value] = splitHeads(backend.from(data, shape), heads);
      return mergeHeads(attention(scale(query, factor), key, value, { causal: true }));
    })) as Float32Array;
    const cached = [1, heads, time, width];
    const cache = {
      key: backend.allocate(cached),
      value: backend.allocate(cached),
      position: backend.allocate([1], "u32"),
    };
    const rows = (start: number, end: number) =>
      backend.from(data.slice(start * 3 * channels, end * 3 * channels), [1, end - start, 3 * channels]);
    const filled = time >> 1;
    backend.scope(() => fillCache(rows(0, filled), cache));
    for (let position = filled; position < time; position++) {
      backend.write(cache.position, Uint32Array.of(position));
      const y = await backend.read(
        backend.scope(() => cachedSelfAttention(rows(position, position + 1), cache, { scale: factor })),
      );
      const row = expected.slice(position * channels, (position + 1) * channels);
      assertEquals(y, row, `position ${position} of ${shape}`);
    }
  }
});
