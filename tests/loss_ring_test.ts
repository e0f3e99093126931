import { assertEquals } from "@std/assert";
import { recordLoss } from "../kernels/optimizers/loss_ring.ts";
import { everyBackend } from "./_testing.ts";

everyBackend(
  "recordLoss keeps loss and norm in the slot of the step, and clears the loss",
  async (backend) => {
    const ring = backend.allocate([3, 2]), loss = backend.allocate([1]), norm = backend.allocate([1]);
    const random = backend.allocate([4], "u32");
    for (const [slot, value] of [[0, 2.5], [2, 1.5]]) {
      backend.write(random, Uint32Array.of(0, 0, 0, slot));
      backend.write(loss, [value]);
      backend.write(norm, [10 * value]);
      backend.run(recordLoss, { norm, random, loss, ring }, {});
    }
    assertEquals([...await backend.read(ring)], [2.5, 25, 0, 0, 1.5, 15]);
    assertEquals([...await backend.read(loss)], [0]);
  },
);
