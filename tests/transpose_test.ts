import { assertEquals } from "@std/assert";
import { roundToHalf } from "../core/half.ts";
import { transposeForward, transposeHalf } from "../kernels/matmul/transpose.ts";
import { everyBackend, normals } from "./_testing.ts";

everyBackend("transpose turns each matrix of a batch", async (backend) => {
  // around squares of 8 × 8
  for (const [batch, rows, columns] of [[1, 1, 1], [2, 3, 5], [3, 8, 8], [2, 65, 1], [2, 7, 63]]) {
    const { data } = normals("x", [batch, rows, columns]), expected = new Float32Array(data.length);
    for (let matrix = 0, place = 0; matrix < batch; matrix++) {
      for (let row = 0; row < rows; row++) {
        for (let column = 0; column < columns; column++, place++) {
          expected[(matrix * columns + column) * rows + row] = data[place];
        }
      }
    }
    const turned = await backend.read(backend.scope(() => {
      const x = backend.from(data), y = backend.allocate([batch, columns, rows]);
      backend.run(transposeForward, { x, y }, { batch, rows, columns });
      return y;
    }));
    assertEquals(turned, expected, `${batch} × ${rows} × ${columns}`);
  }
});

everyBackend("transposeHalf turns halves, and changes none", async (backend) => {
  for (const [batch, rows, columns] of [[1, 1, 1], [2, 3, 5], [1, 65, 9]]) {
    const { data } = normals("x", [batch, rows, columns]), shape = [batch, columns, rows], size = data.length;
    const sizes = { batch, rows, columns };
    const turn = (isHalf: boolean) =>
      backend.scope(() => {
        const x = backend.allocate([size], isHalf ? "f16" : "f32"), y = backend.allocate(shape, x.dataType);
        backend.write(x, data.map((value) => roundToHalf(2 ** -14 * value))); // many of them are subnormal
        if (isHalf) backend.run(transposeHalf, { x, y }, sizes);
        else backend.run(transposeForward, { x, y }, sizes);
        return y;
      });
    assertEquals(await backend.read(turn(true)), await backend.read(turn(false)), `${shape}`);
  }
}, { halves: true });
