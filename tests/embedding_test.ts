import { assertEquals, assertThrows } from "@std/assert";
import { CpuBackend } from "../core/cpu_backend.ts";
import { Tape } from "../core/tape.ts";
import { boundaryIndices, embedding, positionsOf } from "../kernels/embedding.ts";
import { testGolden } from "./_golden.ts";
import {
  checkGradients,
  everyBackend,
  type Inputs,
  integers,
  normals,
  type Operation,
  RecordingBackend,
  testParity,
  TOLERANCES,
} from "./_testing.ts";

const lookUp: Operation = ({ ids, table }) => embedding(ids, table);

const sized = (count: number, rows: number, columns: number): Inputs => ({
  ids: integers("ids", [count], rows),
  table: normals("table", [rows, columns]),
});

testGolden("embedding", lookUp);

Deno.test("embedding: gradient equals central differences", async () => {
  await checkGradients({ ...sized(0, 4, 3), ids: integers("ids", [2, 5], 4) }, lookUp);
});

testParity(
  "embedding",
  { "one of one": sized(1, 1, 1), "3 of 65": sized(3, 65, 63), "many repeats": sized(4099, 7, 5) },
  lookUp,
  TOLERANCES.products,
);

/** The longest call there may be, with the loops over ids as long as they get. */
const MAX = 262_140;
const far = new Uint32Array(MAX).fill(1);
far[0] = far[MAX - 1] = 2;
far[MAX - 2] = 3;

testParity(
  "embedding of very many ids",
  {
    "all the same": { ids: { shape: [MAX], data: new Uint32Array(MAX) }, table: normals("table", [1, 1]) },
    "a repeat far away": { ids: { shape: [MAX], data: far }, table: normals("table", [4, 1]) },
  },
  lookUp,
  TOLERANCES.longSums,
);

everyBackend("positionsOf counts within each sequence", async (backend) => {
  const positions = await backend.read(
    backend.scope(() => positionsOf(backend.from(new Uint32Array(6), [2, 3]))),
  );
  assertEquals(positions, Uint32Array.of(0, 1, 2, 0, 1, 2));
});

Deno.test("embedding computes no gradient that is not needed", () => {
  const backend = new RecordingBackend(), tape = new Tape(), table = backend.from([1, 2], [2, 1]);
  const y = embedding(tape.watch(backend.from(Uint32Array.of(0, 1))), table);
  tape.backward(y);
  assertEquals(backend.kernels, ["embeddingForward", "fill"]); // the gradient of y: ones
});

everyBackend("positionsOf begins where it is told to, and sets padding apart", async (backend) => {
  const positions = await backend.read(backend.scope(() => {
    const lengths = backend.from(Uint32Array.of(3, 1));
    return positionsOf(backend.from(new Uint32Array(6), [2, 3]), { first: 2, lengths, padding: 1 });
  }));
  assertEquals(positions, Uint32Array.of(2, 3, 4, 2, 1, 1));
});

everyBackend("boundaryIndices finds the first and the last token of each sequence", async (backend) => {
  const lengths = backend.from(Uint32Array.of(3, 1, 2)), ids = backend.from(new Uint32Array(9), [3, 3]);
  for (const [which, expected] of [["first", [0, 3, 6]], ["last", [2, 3, 7]]] as const) {
    const indices = await backend.read(backend.scope(() => boundaryIndices(ids, lengths, which)));
    assertEquals(indices, Uint32Array.from(expected), which);
  }
});

Deno.test("embedding refuses ids that are no integers, and too many of them", () => {
  const backend = new CpuBackend(), table = backend.allocate([2, 1]);
  assertThrows(
    () => embedding(backend.allocate([3]), table),
    TypeError,
    "Cannot look up f32 ids (3) in (2, 1)",
  );
  assertThrows(
    () => embedding(backend.allocate([MAX + 1], "u32"), table),
    RangeError,
    "Cannot look up 262141 ids at once, at most 262140",
  );
});
