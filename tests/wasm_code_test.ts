import { assert, assertEquals } from "@std/assert";
import { WasmCode } from "../core/wasm/wasm_code.ts";
import { F32, I32 } from "../core/wasm/wasm_numbers.ts";
import { F32x4, I32x4 } from "../core/wasm/wasm_vectors.ts";
import { runWasm } from "./_wasm.ts";

const floats = (...values: number[]) => Float32Array.from(values),
  count = (length: number) => Float32Array.from({ length }, (_, index) => index);

Deno.test("constants: each as an integer and as a float", async () => {
  const { y, n } = await runWasm(
    {},
    { y: new Float32Array(3), n: new Uint32Array(3) },
    ({ y, n }, code) => {
      (["size", "factor", "threshold"] as const).forEach((name, at) => {
        y.store(at, code.f32(name));
        n.store(at, code.i32(name));
      });
    },
    { size: 7, factor: -0.3, threshold: 0xfedcba98 },
  );
  assertEquals([...y], [7, Math.fround(-0.3), Math.fround(0xfedcba98)]);
  assertEquals([n[0], n[2]], [7, 0xfedcba98]);
});

Deno.test("constant vectors: made once, before all else, also those that a branch uses first", async () => {
  const write = (times: number) => {
    const code = new WasmCode([], 0);
    for (let n = 0; n < times; n++) code.let(F32x4.of(0.5));
    return code.toModule(false).length;
  };
  // a splat is six bytes longer than the reading of a variable
  assert(write(21) - write(20) < 10);
  const { y, n } = await runWasm({}, { y: new Float32Array(16), n: new Uint32Array(8) }, ({ y, n }, code) => {
    code.if(code.piece.equals(7), () => y.store4(0, F32x4.of(3)));
    y.store4(0, F32x4.of(-0));
    y.store4(4, F32x4.of(0));
    y.store4(8, F32x4.of(3));
    y.store4(12, F32x4.of(NaN));
    n.store4(0, I32x4.of(-1));
    n.store4(4, I32x4.of(0x40400000));
  });
  assertEquals([...y], [-0, 0, 3, NaN].flatMap((value) => Array(4).fill(value)));
  assert(Object.is(y[0], -0) && Object.is(y[4], 0));
  assertEquals([...n], [0xffffffff, 0x40400000].flatMap((value) => Array(4).fill(value)));
});

Deno.test("variable and let: a variable changes, a kept value does not", async () => {
  const { y } = await runWasm({}, { y: new Float32Array(4) }, ({ y }, code) => {
    const x = code.variable(F32.of(2)), kept = code.let(x.value), same = x.value;
    x.set(x.value.times(10).plus(1));
    [x.value, kept, same, code.let(x.value)].forEach((value, at) => y.store(at, value));
  });
  assertEquals([...y], [21, 2, 21, 21]);
});

Deno.test("if: one of two, or none", async () => {
  const { y } = await runWasm({}, { y: floats(0, 0, 0, 0) }, ({ y }, code) => {
    const n = code.let(I32.of(5));
    code.if(n.equals(5), () => y.store(0, 1), () => y.store(0, 2));
    code.if(n.equals(6), () => y.store(1, 1), () => y.store(1, 2));
    code.if(n.equals(5), () => code.if(n.isLess(3), () => y.store(2, 1), () => y.store(2, 3)));
    code.if(n.equals(6), () => y.store(3, 1));
  });
  assertEquals([...y], [1, 2, 3, 0]);
});

Deno.test("for: from start, while below end, in steps; not at all if there is nothing", async () => {
  for (
    const [start, end, step] of [[0, 5, 1], [0, 0, 1], [3, 3, 1], [4, 2, 1], [0, 10, 4], [1, 9, 4], [
      -2,
      1,
      1,
    ]]
  ) {
    const expected = [];
    for (let index = start; index < end; index += step) expected.push(index);
    for (const constant of [true, false]) {
      const { n, turns } = await runWasm(
        {},
        { n: new Uint32Array(16), turns: new Uint32Array(1) },
        ({ n, turns }, code) => {
          const at = code.variable(I32.of(0));
          const [first, last] = constant ? [start, end] : [code.i32("start"), code.i32("end")];
          code.for(first, last, step, (index) => {
            n.store(at.value, index);
            at.set(at.value.plus(1));
          });
          turns.store(0, at.value);
        },
        { start, end },
      );
      assertEquals(turns[0], expected.length);
      assertEquals([...new Int32Array(n.buffer).subarray(0, turns[0])], expected);
    }
  }
});

Deno.test("while: the condition is looked at before every turn", async () => {
  const { n } = await runWasm({}, { n: new Uint32Array(2) }, ({ n }, code) => {
    const x = code.variable(I32.of(1));
    code.while(() => x.value.isLess(100), () => x.set(x.value.times(3)));
    n.store(0, x.value);
    code.while(() => x.value.isLess(100), () => x.set(I32.of(0)));
    n.store(1, x.value);
  });
  assertEquals([...n], [243, 243]);
});

Deno.test("transposed: rows as columns", async () => {
  const { y } = await runWasm({ x: count(16) }, { y: new Float32Array(16) }, ({ x, y }, code) => {
    const rows = [0, 4, 8, 12].map((at) => code.let(x.load4(at)));
    code.transposed(rows).forEach((column, n) => y.store4(4 * n, column));
  });
  const from = [0, 4, 8, 12, 1, 5, 9, 13, 2, 6, 10, 14, 3, 7, 11, 15];
  assertEquals([...y], from.map((at) => count(16)[at]));
});

Deno.test("forFours: every element once, none beyond the end, of floats and integers", async () => {
  for (let start = 0; start < 6; start++) {
    for (let end = start; end < 14; end++) {
      const inside = (index: number) => index >= start && index < end;
      for (const constant of [true, false]) {
        const { y, n } = await runWasm(
          { x: count(end) },
          { y: new Float32Array(16), n: new Uint32Array(16) },
          ({ x, y, n }, code) => {
            const [first, last] = constant ? [start, end] : [code.i32("start"), code.i32("end")];
            code.forFours(first, last, (index) => {
              y.store4(index, y.load4(index).plus(x.load4(index)).plus(100));
              n.store4(index, n.load4(index).plus(1));
            });
          },
          { start, end },
        );
        assertEquals(
          [...y],
          Array.from(y, (_, index) => inside(index) ? 100 + index : 0),
          `${start} to ${end}`,
        );
        assertEquals([...n], Array.from(n, (_, index) => Number(inside(index))));
      }
    }
  }
});

Deno.test("forFours: one in another, where both have a rest", async () => {
  for (const rows of [3, 4, 6]) {
    for (const columns of [3, 4, 6]) {
      const { sums, table } = await runWasm(
        { x: count(rows) },
        { sums: new Float32Array(rows), table: new Float32Array(columns) },
        ({ x, sums, table }, code) => {
          code.forFours(0, rows, (row) => {
            code.forFours(0, columns, (column) => table.store4(column, table.load4(column).plus(1)));
            // what remains of the outer loop is still known
            sums.store4(row, x.load4(row).plus(1));
          });
        },
      );
      assertEquals([...sums], [...count(rows)].map((row) => row + 1));
      assertEquals([...table], Array(columns).fill(Math.ceil(rows / 4)));
    }
  }
});

Deno.test("present: lanes without an element hold another value, all others their own", async () => {
  for (let size = 1; size < 10; size++) {
    const { y } = await runWasm(
      { x: floats(...count(size), 1000, 1000, 1000) },
      { y: floats(0, 0) },
      ({ x, y }, code) => {
        const sum = code.variable(F32x4.of(0)), least = code.variable(F32x4.of(99));
        code.forFours(0, size, (index) => {
          sum.set(sum.value.plus(code.present(x.load4(index), 0)));
          least.set(least.value.min(code.present(x.load4(index).negate(), 7)));
        });
        const lanes = [0, 1, 2, 3];
        y.store(0, lanes.map((lane) => sum.value.lane(lane)).reduce((a, b) => a.plus(b)));
        y.store(1, lanes.map((lane) => least.value.lane(lane)).reduce((a, b) => a.min(b)));
      },
    );
    assertEquals([...y], [size * (size - 1) / 2, 1 - size]);
  }
});

Deno.test("rangeOfPiece: pieces of one length, the last one shorter", async () => {
  for (const [size, pieces] of [[1, 1], [8, 1], [9, 2], [24, 3], [30, 4]]) {
    const { n } = await runWasm({}, { n: new Uint32Array(2 * pieces) }, [{
      pieces: () => pieces,
      body({ n }, code) {
        const { start, end } = code.rangeOfPiece(code.i32("size"), 8);
        n.store(code.piece.times(2), start);
        n.store(code.piece.times(2), end, 1);
      },
    }], { size });
    const expected = Array.from({ length: pieces }, (_, piece) => [8 * piece, Math.min(size, 8 * piece + 8)]);
    assertEquals([...n], expected.flat());
  }
});
