/** Copies of matrices into panels, number for number. */

import { assertEquals } from "@std/assert";
import { kernel } from "../core/backend.ts";
import { WasmBackend } from "../core/wasm/wasm_backend.ts";
import { COPIED_TOGETHER, copyIntoPanels } from "../kernels/matmul/panels_wasm.ts";
import { wasm } from "./_testing.ts";

/** Numbers before and behind the panels, which must stay as they are. */
const MARGIN = 64;

const copyPanels = kernel({
  name: "copyPanels",
  reads: { x: "f32" },
  writes: { y: "f32" },
  constants: ["length", "inner", "isInnerFirst", "width"],
  cpu() {},
  wgsl: "",
  wasm: [{
    switches: ["isInnerFirst", "width"],
    pieces: () => 1,
    body({ x, y }, code, { isInnerFirst, width }) {
      const length = code.i32("length"), inner = code.i32("inner");
      const panelInner = code.let(inner.plus(3).over(4).times(4));
      const source = { matrix: x, length, inner, isInnerFirst: isInnerFirst === 1 };
      code.for(0, length, Math.max(COPIED_TOGETHER, width), (panel) => {
        code.for(panel, panel.plus(width).min(length), COPIED_TOGETHER, (start) => {
          const panels = y.from(panel.times(panelInner).plus(MARGIN)).from(start.minus(panel));
          copyIntoPanels(code, source, start, width, panels, panelInner);
        });
      });
    },
  }],
});

for (const isInnerFirst of [0, 1]) {
  for (const width of [4, 8, 32]) {
    Deno.test(`copyIntoPanels: width ${width}, ${isInnerFirst ? "rows" : "columns"} along panels`, async () => {
      const backend = await wasm(1), together = Math.max(COPIED_TOGETHER, width);
      for (const length of [1, 3, 4, 15, 16, 17, 63, 65]) {
        for (const inner of [1, 3, 4, 5, 64]) {
          const matrix = Float32Array.from({ length: length * inner }, (_, index) => index + 1);
          const panelInner = Math.ceil(inner / 4) * 4,
            room = Math.ceil(length / together) * together * panelInner;
          const x = backend.from(matrix), y = backend.from(new Float32Array(room + 2 * MARGIN).fill(-1));
          backend.run(copyPanels, { x, y }, { length, inner, isInnerFirst, width });
          const copied = await backend.read(y), what = `length ${length}, inner ${inner}`;
          for (let row = 0; row < length; row++) {
            const panel = MARGIN + (row - row % width) * panelInner, lane = row % width;
            const actual = Array.from({ length: inner }, (_, k) => copied[panel + k * width + lane]);
            const expected = Array.from(
              { length: inner },
              (_, k) => matrix[isInnerFirst ? row * inner + k : k * length + row],
            );
            assertEquals(actual, expected, `${what}, row ${row}`);
          }
          const outside = [...copied.subarray(0, MARGIN), ...copied.subarray(MARGIN + room)];
          assertEquals(outside, new Array(2 * MARGIN).fill(-1), `${what}, outside`);
          backend.free(x, y);
        }
      }
    });
  }
}

Deno.test("copyIntoPanels does not read the rows that a panel has room for and the matrix lacks", async () => {
  const backend = await WasmBackend.open({ threads: 1 }),
    inner = 20_000,
    constants = { length: 17, inner, width: 4 };
  const y = backend.allocate([32 * inner + 2 * MARGIN]), x = backend.allocate([17 * inner]); // x is last in memory
  backend.run(copyPanels, { x, y }, { ...constants, isInnerFirst: 1 }); // 15 rows further on there is none
  backend.close();
});
