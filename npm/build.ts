/**
 * `deno task npm`: the library as an npm package for Node and Bun. `deno pack` compiles it, JavaScript and types file by file;
 * here the parts that need Deno are left out, and the folder `npm/package/` is packed again by npm.
 *
 * What only `./plots` needs is optional, so that nothing else is installed with the library.
 */

import configuration from "../deno.json" with { type: "json" };

const root = new URL("..", import.meta.url);

/** What is left out: the command line, which uses Deno, with what it reads; and the documents of the repository. */
const LEFT_OUT = [
  ...["cli.ts", "commands", "ablations", "pretrained"],
  ...["deno.json", "CONTRIBUTING.md", "docs", "pictures"],
];

/** Runs a program, and gives what it prints. */
async function run(program: string, args: readonly string[], cwd: URL | string = root): Promise<string> {
  const { success, stdout, stderr } = await new Deno.Command(program, { args: [...args], cwd }).output();
  const [printed, complaints] = [stdout, stderr].map((bytes) => new TextDecoder().decode(bytes));
  if (!success) throw new Error(`${program} ${args[0]} failed: ${complaints}`);
  return printed;
}

/** The description of the package for npm, from that which `deno pack` writes. */
function packageJson({ dependencies, ...written }: Record<string, unknown>): Record<string, unknown> {
  return {
    ...written,
    description: "Miniature transformers in pure TypeScript: train, generate and save GPT and RoBERTa models",
    sideEffects: false,
    engines: { node: ">=20" },
    peerDependencies: dependencies,
    peerDependenciesMeta: Object.fromEntries(
      Object.keys(dependencies as object).map((name) => [name, { optional: true }]),
    ),
  };
}

/**
 * Builds the package.
 *
 * @param folder Where to put it: as a folder `package` and packed.
 * @returns The path of the packed file, and its sizes in bytes.
 */
export async function buildPackage(
  folder: string,
): Promise<{ readonly path: string; readonly packed: number; readonly unpacked: number }> {
  const { "./cli": _, ...exports } = configuration.exports;
  const include = configuration.publish.include.filter((path) => !LEFT_OUT.includes(path));
  const configFile = new URL(`.npm_${crypto.randomUUID()}.json`, root), tarball = `${folder}/from_deno.tgz`;
  await Deno.mkdir(folder, { recursive: true });
  await Deno.remove(`${folder}/package`, { recursive: true }).catch(() => {});
  try {
    const { name, version, license, imports, compilerOptions } = configuration;
    const config = { name, version, license, exports, imports, compilerOptions, publish: { include } };
    await Deno.writeTextFile(configFile, JSON.stringify(config));
    const packing = [
      "pack",
      "-q",
      "--allow-dirty",
      "--no-source-maps",
      "-c",
      configFile.pathname,
      "-o",
      tarball,
    ];
    await run(Deno.execPath(), packing);
  } finally {
    await Deno.remove(configFile);
  }
  await run("tar", ["xzf", tarball, "-C", folder]);
  await Deno.remove(tarball);
  const path = `${folder}/package/package.json`;
  const description = packageJson(JSON.parse(await Deno.readTextFile(path)));
  await Deno.writeTextFile(path, JSON.stringify(description, null, 2) + "\n");
  const packing = ["pack", "./package", "--json", "--loglevel=error"];
  const [{ filename, size, unpackedSize }] = JSON.parse(await run("npm", packing, folder));
  return { path: `${folder}/${filename}`, packed: size, unpacked: unpackedSize };
}

if (import.meta.main) {
  const folder = Deno.realPathSync(new URL("npm", root));
  const { path, packed, unpacked } = await buildPackage(folder);
  const kilobytes = (bytes: number) => `${Math.round(bytes / 1000)} kB`;
  console.log(`${path}: ${kilobytes(packed)}, unpacked ${kilobytes(unpacked)}`);
}
