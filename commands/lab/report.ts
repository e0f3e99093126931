/**
 * What is written about a lab whose runs have all ended.
 *
 * @module
 */
import { join } from "@std/path";
import { saveFile } from "../files/save_file.ts";
import type { LabDescription, LabResult } from "./lab_types.ts";

/** Writes a table of all runs to `table.md`. Returns lines to print. */
export async function writeReport(
  folder: string,
  { title }: LabDescription,
  results: readonly LabResult[],
): Promise<string[]> {
  const rows = results.map(({ variant, seed, loss, reason }) =>
    `| ${variant} | ${seed} | ${loss?.toFixed(4) ?? reason} |\n`
  );
  const path = join(folder, "table.md");
  await saveFile(path, `# ${title}\n\n| variant | seed | loss |\n| --- | --- | --- |\n${rows.join("")}`);
  return [`table     ${path}`];
}
