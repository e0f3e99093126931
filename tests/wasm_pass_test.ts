import { assert, assertEquals } from "@std/assert";
import {
  assembleWasm,
  forRowsOfPiece,
  rowPieces,
  wasmElements,
  type WasmPass,
} from "../core/wasm/wasm_pass.ts";
import { F32x4 } from "../core/wasm/wasm_vectors.ts";
import { gelu, geluErf, tanh } from "../kernels/activations.ts";
import { crossEntropy } from "../kernels/cross_entropy.ts";
import { dropout } from "../kernels/dropout.ts";
import { softmax } from "../kernels/softmax.ts";
import { evaluate, integers, normals, type Operation, wasm } from "./_testing.ts";
import { runWasm } from "./_wasm.ts";

Deno.test("wasmElements: every element once, however many pieces they make", async () => {
  for (const size of [1, 3, 63, 64, 65, 8191, 8192, 8193, 20_001]) {
    const x = Float32Array.from({ length: size }, (_, index) => index);
    const passes = wasmElements<{ x: "f32"; y: "f32" }, "factor">(({ x, y }, code) => {
      const factor = code.let(F32x4.of(code.f32("factor")));
      return (index) => y.store4(index, y.load4(index).plus(factor.times(x.load4(index))));
    });
    const { y } = await runWasm({ x }, { y: new Float32Array(size).fill(1) }, passes, { size, factor: 2 });
    assertEquals(y, x.map((value) => 1 + 2 * value));
  }
});

Deno.test("wasmElements: pieces depend on the size alone", () => {
  const [{ pieces }] = wasmElements<{ y: "f32" }, never>(({ y }) => (index) => y.store4(index, F32x4.of(1)));
  assertEquals([0, 1, 8192, 8193, 81_920].map((size) => pieces({ size })), [0, 1, 1, 2, 10]);
});

Deno.test("forRowsOfPiece: every row once, however many pieces they make", async () => {
  for (const rows of [1, 15, 16, 17, 50]) {
    const { n, widths } = await runWasm({}, { n: new Uint32Array(rows), widths: new Uint32Array(rows) }, [{
      pieces: rowPieces,
      body({ n, widths }, code) {
        forRowsOfPiece(code, (row, columns) => {
          n.store(row, n.load(row).plus(1).plus(row));
          widths.store(row, columns);
        });
      },
    }], { rows, columns: 7 });
    assertEquals([...n], Array.from({ length: rows }, (_, row) => row + 1));
    assertEquals([...widths], Array(rows).fill(7));
  }
});

Deno.test("switches: a function is written for each combination of their values, once", async () => {
  const written: unknown[] = [], backend = await wasm(1), y = backend.allocate([1]);
  const test = {
    name: "test",
    reads: {},
    writes: { y: "f32" },
    constants: ["first", "other", "second"],
    cpu() {},
    wgsl: "",
    wasm: [{
      switches: ["first", "second"],
      pieces: () => 1,
      body({ y }, code, switches) {
        written.push({ ...switches });
        y.store(0, code.f32("other").plus(switches.first * 100 + switches.second * 10));
      },
    }],
  } as const satisfies Parameters<typeof backend.run>[0];
  const results = [];
  for (const [first, second, other] of [[0, 1, 2], [0, 1, 3], [1, 1, 4], [11, 0, 5], [0, 1, 6], [1, 10, 7]]) {
    backend.run(test, { y }, { first, other, second });
    results.push((await backend.read(y))[0]);
  }
  assertEquals(results, [12, 13, 114, 1105, 16, 207]);
  // other constants are read when the function runs
  assertEquals(written, [[0, 1], [1, 1], [11, 0], [1, 10]].map(([first, second]) => ({ first, second })));
  backend.free(y);
});

Deno.test("passes follow each other on shared memory; pieces have scratch memory of their own", async () => {
  const x = Float32Array.from({ length: 40 }, (_, index) => index);
  const pass: WasmPass<{ x: "f32"; y: "f32" }>[] = [{
    pieces: () => 5,
    scratch: () => 32,
    shared: () => 40 * 4,
    body({ x }, code) {
      const { start, end } = code.rangeOfPiece(code.i32("size"), 8), shared = code.shared();
      code.for(start, end, 1, (index) => code.scratch.store(index.minus(start), x.load(index).times(2)));
      code.for(start, end, 1, (index) => shared.store(index, code.scratch.load(index.minus(start))));
    },
  }, {
    pieces: () => 3,
    body({ y }, code) {
      const { start, end } = code.rangeOfPiece(code.i32("size"), 16), shared = code.shared();
      // in reverse order: each piece reads what others have written
      code.for(start, end, 1, (index) => y.store(index, shared.load(code.i32("size").minus(1).minus(index))));
    },
  }];
  const { y } = await runWasm({ x }, { y: new Float32Array(40) }, pass, { size: 40 });
  assertEquals(y, x.map((_, index) => 2 * (39 - index)));
});

Deno.test("assembleWasm: a valid module, for memory that threads share and for memory of one thread", () => {
  const [pass] = wasmElements<{ x: "f32"; n: "u32"; y: "f32" }, never>(({ x, n, y }) => (index) => {
    y.store4(index, x.load4(index).plus(n.load4(index).toF32x4()));
  });
  const kernel = {
    name: "test",
    reads: { x: "f32", n: "u32" },
    writes: { y: "f32" },
    constants: ["size"],
  } as const;
  for (const shared of [false, true]) {
    assert(WebAssembly.validate(assembleWasm(kernel, pass as WasmPass, { size: 1 }, shared)));
  }
});

Deno.test("pieces: 1, 2 and 3 threads give the same bits", async () => {
  const x = normals("x", [700, 101], 3), targets = integers("targets", [700], 101);
  const operations: Record<string, Operation> = {
    gelu: ({ x }) => gelu(x),
    geluErf: ({ x }) => geluErf(x),
    tanh: ({ x }) => tanh(x),
    dropout: ({ x }) => dropout(x, 0.3),
    softmax: ({ x }) => softmax(x),
    crossEntropy: ({ x, targets }) => crossEntropy(x, targets),
  };
  for (const [name, operation] of Object.entries(operations)) {
    const results = [];
    for (const threads of [1, 2, 3]) {
      const random = Uint32Array.of(1, 0, 5, 0);
      results.push(await evaluate(await wasm(threads), { x, targets }, operation, undefined, random));
    }
    assertEquals(results[1], results[0], name);
    assertEquals(results[2], results[0], name);
  }
});
