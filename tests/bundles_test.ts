/** What a bundler makes of a program that needs a part of the library: nothing else is shipped, as `package.json` says that no module has side effects. */

import { assert } from "@std/assert";
import { inFolder } from "./_command.ts";

const library = new URL("../mod.ts", import.meta.url).href;

/** What a program uses, and the most bytes that it may have: as minified by `deno bundle`, and compressed. */
const PROGRAMS = [
  { uses: "CharTokenizer", minified: 9_000, compressed: 4_000 },
  { uses: "generate", minified: 18_500, compressed: 7_500 },
  { uses: "causalBatches, Gpt, train, TrainingRun, WasmBackend", minified: 168_000, compressed: 58_000 },
];

for (const { uses, minified, compressed } of PROGRAMS) {
  Deno.test(`a program that imports only ${uses} is bundled with nothing else`, () =>
    inFolder(async (folder) => {
      const program = `${folder}/program.ts`;
      await Deno.writeTextFile(program, `import { ${uses} } from "${library}";\nconsole.log(${uses});\n`);
      const flags = ["--quiet", "--no-lock", "--minify", "--platform", "browser"];
      const { success, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
        args: ["bundle", ...flags, program],
        cwd: folder,
      }).output();
      assert(success, new TextDecoder().decode(stderr));
      const packed = new Blob([stdout]).stream().pipeThrough(new CompressionStream("gzip"));
      const { byteLength } = await new Response(packed).arrayBuffer();
      assert(stdout.length < minified, `${stdout.length} bytes, expected less than ${minified}`);
      assert(byteLength < compressed, `${byteLength} bytes compressed, expected less than ${compressed}`);
    }));
}
