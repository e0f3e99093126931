/**
 * Training in Chrome and in Deno: the same bits on the CPU reference and on WebAssembly, the same losses within 1e-5 on WebGPU.
 *
 * @module
 */
/// <reference lib="dom" />
import { assertAlmostEquals, assertEquals } from "@std/assert";
import { bundle, openProgram, root } from "./programs.ts";
import { test } from "./shared.ts";
import { type Trained, trainTiny } from "./training_program.ts";

for (const device of ["cpu", "wasm", "webgpu"] as const) {
  const what = device === "webgpu"
    ? "50 losses are those of the CPU within 1e-5 of themselves"
    : "50 losses and the model are those of Deno";
  test(`${what}, ${device}`, async (browser, address) => {
    const program = await bundle(
      `import { trainTiny } from "${root}tests/browser/training_program.ts"; globalThis.train = trainTiny;`,
    );
    const page = await openProgram(browser, address, program);
    const chrome = await page.evaluate(
      (device) => (globalThis as unknown as { train(device: string): Promise<Trained> }).train(device),
      device,
    );
    const deno = await trainTiny(device === "webgpu" ? "cpu" : device);
    assertEquals(deno.losses.length, 50);
    if (device !== "webgpu") assertEquals(chrome, deno);
    else {
      for (const [index, loss] of deno.losses.entries()) {
        assertAlmostEquals(chrome.losses[index], loss, 1e-5 * loss);
      }
    }
  });
}
