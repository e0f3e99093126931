/**
 * Permission to write. The tasks in deno.json let each command write in its default folder; for any other path on the
 * command line, permission is requested.
 *
 * @module
 */
import { quote } from "./terminal.ts";

/**
 * Requests permission to write a path. On a terminal Deno asks the user; otherwise a missing permission is an error.
 *
 * @param path the file or folder to write
 * @param usual the folders in which the command may write without asking
 * @throws {Error} when it is not granted; the message holds the command line that grants it
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
  const [command = "", ...args] = Deno.args, folders = [...usual, path].map(quote).join(",");
  throw new Error(
    `Cannot write in ${path === "." ? "the current folder" : path}: deno task ${command} may write in ${
      usual.map((name) => `${name}/`).join(" and ")
    } only; ` +
      `choose a folder there, or allow this one: deno run -P=${command} --allow-write=${folders} cli.ts ` +
      [command, ...args].map(quote).join(" "),
  );
}
