/**
 * Where a command may write. The tasks in deno.json let each command write in its default folder; for any other place
 * that the command line names, permission is requested.
 *
 * @module
 */
import { quote } from "./terminal.ts";

/**
 * Requests permission to write somewhere. On a terminal Deno asks the user; otherwise a missing permission is an error.
 *
 * @param path the file or folder to write
 * @param usual the folders in which the command may write without asking
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
    `Cannot write in ${path === "." ? "the current folder" : path}: deno task ${command} may write in ${
      usual.map((name) => `${name}/`).join(" and ")
    } only; ` +
      `choose a folder there, or allow this one: deno run -P=${command} --allow-write=${places} cli.ts ` +
      [command, ...args].map(quote).join(" "),
  );
}
