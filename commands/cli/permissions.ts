/**
 * Permission to write. The tasks in deno.json let each command write in its default folder; for any other path on the
 * command line, permission is requested.
 *
 * @module
 */
import { UsageError } from "./errors.ts";
import { quote } from "./terminal.ts";

/**
 * Requests permission to write a path, outside the folders in which the command may always write. On a terminal Deno asks
 * the user; elsewhere a missing permission is an error, with the command line that grants it.
 */
export async function allowWriting(path: string, usual: readonly string[]): Promise<void> {
  if (path === "") {
    throw new UsageError("The name of what is to be written is empty: give one, or leave it out");
  }
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
