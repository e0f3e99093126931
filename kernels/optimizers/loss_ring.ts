/**
 * A ring buffer of losses on the device.
 *
 * Reading a number back from a GPU takes as long as several training steps of a small model, so the training loop does not
 * do it at every step. Each step writes its loss and its gradient's norm into the next slot of a ring, and the host reads
 * the whole ring once every so many steps.
 *
 * @module
 */

import { kernel } from "../../core/backend.ts";

/**
 * ring[slot] = (loss, norm); the loss is set to zero for the next step. The slot is the last word of the tape's random state
 * (core/tape.ts), which is written at every step anyway.
 */
export const recordLoss = kernel({
  name: "recordLoss",
  reads: { norm: "f32", random: "u32" },
  writes: { loss: "f32", ring: "f32" },
  constants: [],
  elements: () => 1,
  cpu({ norm, random, loss, ring }) {
    ring[2 * random[3]] = loss[0];
    ring[2 * random[3] + 1] = norm[0];
    loss[0] = 0;
  },
  wgsl: `
fn each(index: u32) {
  ring[2 * random[3]] = loss[0];
  ring[2 * random[3] + 1] = norm[0];
  loss[0] = 0;
}`,
});
