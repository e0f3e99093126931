/** The rows of heads: each stands once, where the shape of its tensor says, on the CPU as in WGSL. */

import { assertEquals } from "@std/assert";
import { BY_HEADS, PACKED } from "../kernels/attention/head_layout.ts";

const sizes = { batch: 2, heads: 3, time: 5 }, { batch, heads, time } = sizes;

/** The row of an operand, by the formula of the shaders. */
function rowInWgsl(layout: typeof BY_HEADS, operand: string, head: number, position: number): number {
  const declared = [...layout.declarations.matchAll(/let (\w+) = (.*);/g)];
  const lines = declared.map(([, name, formula]) =>
    `const ${name} = ${formula.replace("head / heads", "Math.floor(head / heads)")};`
  );
  const row = `return ${layout.rowWgsl(operand, "position")};`;
  return new Function("head", "position", "heads", "time", `${lines.join("\n")}\n${row}`)(
    head,
    position,
    heads,
    time,
  );
}

const layouts = { BY_HEADS, PACKED };
for (const [name, layout] of Object.entries(layouts)) {
  for (const operands of [["query", "key", "value"], ["dQuery", "dKey", "dValue"], ["y"], ["dy"]]) {
    Deno.test(`${name}: the rows of ${operands.join(", ")} cover their tensors, each once`, () => {
      const rows: Record<string, number[]> = {};
      for (const operand of operands) {
        for (let head = 0; head < batch * heads; head++) {
          const { first, step } = layout.rowsOf(operand, head, sizes);
          for (let position = 0; position < time; position++) {
            const row = first + position * step;
            assertEquals(rowInWgsl(layout, operand, head, position), row, `${operand}, head ${head}`);
            (rows[layout.tensorOf(operand)] ??= []).push(row);
          }
        }
      }
      assertEquals(Object.keys(rows), layout.tensorsOf(operands));
      const parts = layout === PACKED ? operands.length : 1;
      for (const all of Object.values(rows)) {
        assertEquals(
          all.sort((a, b) => a - b),
          Array.from({ length: parts * batch * heads * time }, (_, i) => i),
        );
      }
    });
  }
}

Deno.test("PACKED is (B, T, 3, H, D), as splitHeads reads it", () => {
  // part 2, sequence 1, position 4, head 1
  const { first, step } = PACKED.rowsOf("value", 1 * heads + 1, sizes);
  assertEquals(first + 4 * step, ((1 * time + 4) * 3 + 2) * heads + 1);
  assertEquals(
    PACKED.readWgsl("key", "i", 0),
    "xAt(((sequenceStart + i) * 3 + 1) * heads + headOfSequence, 0)",
  );
});
