import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { buildPackage } from "../npm/build.ts";
import { inFolder } from "./_command.ts";
import { findProgram } from "./engines/engines.ts";

const root = new URL("..", import.meta.url).pathname;

/** The compiler that checks the types of the package, and its settings: none that hides an error in the package. */
const TYPESCRIPT = "npm:typescript@5.9.3/tsc";
const COMPILER_OPTIONS = {
  target: "es2022",
  module: "nodenext",
  lib: ["es2023", "dom"],
  types: [],
  strict: true,
};

const hasNode = await findProgram(["node"]) !== undefined && await findProgram(["npm"]) !== undefined;
const engines = [...hasNode ? ["node"] : [], ...hasNode && await findProgram(["bun"]) ? ["bun"] : []];

/** Runs a program, which must succeed, and gives what it prints. */
async function run(program: string, args: readonly string[], cwd: string): Promise<string> {
  const { success, stdout, stderr } = await new Deno.Command(program, { args: [...args], cwd }).output();
  const [printed, complaints] = [stdout, stderr].map((bytes) => new TextDecoder().decode(bytes));
  assert(success, `${program} ${args.join(" ")}: ${printed}${complaints}`);
  return printed;
}

Deno.test({
  name:
    "the npm package, installed from its packed file, has right types and the bits of Deno in Node and Bun",
  ignore: !hasNode, // npm makes the package
  fn: () =>
    inFolder(async (folder) => {
      const { path, unpacked } = await buildPackage(`${folder}/npm`);
      assert(unpacked < 2e6, `the package has ${unpacked} bytes`);
      await Deno.writeTextFile(`${folder}/package.json`, `{ "type": "module", "private": true }`);
      await run("npm", ["install", "--offline", "--no-audit", "--no-fund", "--loglevel=error", path], folder);
      assertEquals(
        Array.from(Deno.readDirSync(`${folder}/node_modules`), ({ name }) => name)
          .filter((name) => !name.startsWith(".")),
        ["@miniformer"],
        "nothing else is installed",
      );
      await Deno.copyFile(`${root}/tests/npm/consumer.ts`, `${folder}/consumer.ts`);
      await Deno.writeTextFile(
        `${folder}/tsconfig.json`,
        JSON.stringify({ compilerOptions: COMPILER_OPTIONS, files: ["consumer.ts"] }),
      );
      await run(Deno.execPath(), ["run", "-A", "-q", "--no-lock", TYPESCRIPT, "-p", "."], folder);
      for (const [device, threads] of [["cpu", "1"], ["wasm", "1"], ["wasm", "2"]]) {
        const args = [device, threads];
        const sources = [
          "run",
          "-A",
          "-q",
          "--no-check",
          "tests/npm/consumer.ts",
          ...args,
          `${folder}/in_deno`,
        ];
        const expected = JSON.parse(await run(Deno.execPath(), sources, root));
        assertEquals(expected.losses.length, 20);
        assertEquals(expected.texts[0], expected.texts[1]);
        if (threads === "2") assertStringIncludes(expected.device, "2 threads");
        for (const engine of engines) {
          const printed = await run(engine, ["consumer.js", ...args, `${folder}/in_${engine}`], folder);
          assertEquals(JSON.parse(printed), expected, `${engine} ${args.join(" ")}`);
        }
      }
      assertEquals(
        await Deno.readFile(`${folder}/in_node/model.safetensors`),
        await Deno.readFile(`${folder}/in_deno/model.safetensors`),
      );
    }),
});
