/**
 * Where a command may write. The tasks in deno.json give each command the folders that it writes by itself; for any
 * other that is named on the command line, permission is asked for by name.
 *
 * @module
 */
import { quote } from "./terminal.ts";

/**
 * Makes sure that a command may write somewhere: on a terminal, Deno asks; elsewhere it is refused.
 *
 * @param path the file or folder to write
 * @param usual the folders in which the command may write without being asked
 * @throws {Error} when writing there is not allowed; the message gives the command line that allows it
 *
 * @example
 * ```ts
 * import { allowWriting } from "./permissions.ts";
 *
 * await allowWriting("runs/mine", ["runs"]); // granted to the tests, so nothing happens
 * ```
 */
export async function allowWriting(path: string, usual: readonly string[]): Promise<void> {
  const { state } = await Deno.permissions.request({ name: "write", path });
  if (state === "granted") return;
  const [command = "", ...args] = Deno.args, places = [...usual, path].map(quote).join(",");
  throw new Error(
    `Cannot write ${path}: deno task ${command} may write in ${
      usual.map((name) => `${name}/`).join(" and ")
    } only; ` +
      `choose a place there, or allow this one: deno run -P=${command} --allow-write=${places} cli.ts ` +
      [command, ...args].map(quote).join(" "),
  );
}
