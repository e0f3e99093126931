import { assertThrows } from "@std/assert";
import type { Backend } from "../core/backend.ts";
import { CpuBackend } from "../core/cpu_backend.ts";
import { Tape } from "../core/tape.ts";
import { attention } from "../kernels/attention/attention.ts";
import { cachedAttention, cachedSelfAttention, fillCache } from "../kernels/attention/cache.ts";
import { mergeHeads, splitHeads } from "../kernels/attention/heads.ts";
import { scale } from "../kernels/elementwise.ts";
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

everyBackend("cachedSelfAttention and fillCache equal causal attention of packed rows", async (backend) => {
  for (const [batch, heads, time, width] of [[2, 3, 7, 4], [1, 2, 270, 3], [3, 1, 4, 65], [1, 1, 2, 260]]) {
    const channels = heads * width, { data } = normals("packed", [batch, time, 3 * channels]), factor = 0.75;
    const cpu = new CpuBackend(),
      [query, key, value] = splitHeads(cpu.from(data, [batch, time, 3 * channels]), heads);
    const expected = await cpu.read(
      mergeHeads(attention(scale(query, factor), key, value, { causal: true })),
    );
    /** The positions [start, end) of every sequence of an array of rows. */
    const rows = (array: ArrayLike<number>, size: number, start: number, end: number) =>
      Float32Array.from({ length: batch * (end - start) * size }, (_, at) => {
        const row = Math.floor(at / size), sequence = Math.floor(row / (end - start));
        return array[(sequence * time + start + row % (end - start)) * size + at % size];
      });
    const filled = time >> 1, shape = [batch, heads, time, width];
    const cache = {
      key: backend.from(new Float32Array(batch * heads * time * width).fill(NaN), shape),
      value: backend.from(new Float32Array(batch * heads * time * width).fill(NaN), shape),
      position: backend.allocate([batch, 1], "u32"),
    };
    const packed = (start: number, end: number) =>
      backend.from(rows(data, 3 * channels, start, end), [batch, end - start, 3 * channels]);
    backend.scope(() => fillCache(packed(0, filled), cache));
    for (let position = filled; position < time; position++) {
      backend.write(cache.position, new Uint32Array(batch).fill(position));
      const attended = backend.scope(() =>
        cachedSelfAttention(packed(position, position + 1), cache, { scale: factor })
      );
      if (position % 9 > 2 && position < time - 1) continue; // reading takes long
      const row = { data: rows(expected, channels, position, position + 1), shape: [batch, 1, channels] };
      assertClose(await backend.read(attended), row, TOLERANCES.rows, `position ${position}`);
    }
  }
});

Deno.test("cachedSelfAttention and fillCache refuse what does not fit the cache", () => {
  const backend = new CpuBackend(), position = backend.allocate([1], "u32"), shape = [2, 3, 4, 5];
  const cache = { key: backend.allocate(shape), value: backend.allocate(shape), position };
  const attend = (...shape: number[]) => () => cachedSelfAttention(backend.allocate(shape), cache);
  const fill = (...shape: number[]) => () => fillCache(backend.allocate(shape), cache);
  const expected = "with a cache of (2, 3, 4, 5): expected (2, at most 4, 45)";
  assertThrows(attend(2, 2, 45), TypeError, "Cannot attend from (2, 2, 45) with a cache: expected T = 1");
  assertThrows(attend(2, 1, 44), TypeError, `Cannot attend from (2, 1, 44) ${expected}`);
  assertThrows(attend(3, 1, 45), TypeError, `Cannot attend from (3, 1, 45) ${expected}`);
  assertThrows(fill(2, 5, 45), TypeError, `Cannot attend from (2, 5, 45) ${expected}`);
  assertThrows(
    () => cachedSelfAttention(new Tape().watch(backend.allocate([2, 1, 45])), cache),
    TypeError,
    "Cannot train attention with a cache",
  );
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
