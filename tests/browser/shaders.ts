/**
 * Every shader through Chrome's compiler, on a device with the limits that WebGPU guarantees: for both classes of adapters, with
 * and without subgroups, as the library has them and as `page/build.ts` minifies them.
 *
 * @module
 */
/// <reference lib="dom" />
import { assert, assertEquals } from "@std/assert";
import { minifyShaders } from "../../page/build.ts";
import { sourcesIn } from "../_sources.ts";
import { bundle, openProgram, root } from "./programs.ts";
import type { compileShaders } from "./shader_program.ts";
import { test } from "./shared.ts";

/** The program with all modules that have kernels, as a function `compile`. */
async function programFor(minified: boolean): Promise<string> {
  const paths = await sourcesIn("core", "kernels");
  const program = await bundle(
    [
      ...paths.map((path, index) => `import * as module${index} from "${root}${path}";`),
      `import { compileShaders } from "${root}tests/browser/shader_program.ts";`,
      `const modules = [${paths.map((_, index) => `module${index}`)}];`,
      `globalThis.compile = (adapterClass) => compileShaders(modules, adapterClass);`,
    ].join("\n"),
    minified,
  );
  return minified ? minifyShaders(program) : program;
}

for (const minified of [false, true]) {
  for (const adapterClass of ["software", "hardware"] as const) {
    const what = `${minified ? "minified " : ""}shaders for ${adapterClass}`;
    test(`Chrome compiles all ${what}`, async (browser, address) => {
      const page = await openProgram(browser, address, await programFor(minified));
      const { shaders, full, shuffling, errors } = await page.evaluate(
        (adapterClass) =>
          (globalThis as unknown as {
            compile(adapterClass: string): ReturnType<typeof compileShaders>;
          }).compile(adapterClass),
        adapterClass,
      );
      assertEquals(errors, []);
      assert(shaders > 600 && full > 0, `only ${shaders} shaders were found, ${full} with eight buffers`);
      assert(shuffling > 50, `only ${shuffling} shaders with subgroups were found`);
    });
  }
}
