/** What the tests of the sources share. It opens no adapter, unlike `_testing.ts`. */

/** The source files of rooms and of the folders in them, as paths from the root of the project. */
export async function sourcesIn(...rooms: readonly string[]): Promise<string[]> {
  const paths: string[] = [];
  for (const room of rooms) {
    for await (const { name, isDirectory } of Deno.readDir(new URL(`../${room}`, import.meta.url))) {
      if (isDirectory) paths.push(...await sourcesIn(`${room}/${name}`));
      else if (name.endsWith(".ts")) paths.push(`${room}/${name}`);
    }
  }
  return paths.sort();
}
