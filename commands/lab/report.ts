/**
 * What `lab` writes at its end, into the folder of the lab: `table.md`, `report.html`, `curves.svg` and `curves.png`; of
 * `lab scaling` also `law.svg` and `law.png`.
 *
 * @module
 */
import { join } from "@std/path";
import { visible } from "../../core/visible.ts";
import { counted, formatFacts, outputColumns } from "../cli/terminal.ts";
import { wrapText } from "../cli/wrap.ts";
import { saveFile } from "../files/save_file.ts";
import { savePicture } from "../files/save_picture.ts";
import { labFigures } from "../lab_report/lab_figures.ts";
import { labMarkdown } from "../lab_report/lab_markdown.ts";
import { labPage } from "../lab_report/lab_page.ts";
import { labSections, leadOf, type Picture } from "../lab_report/lab_sections.ts";
import { shortTable } from "../lab_report/lab_tables.ts";
import { lawSection } from "../lab_report/law_section.ts";
import type { LabDescription, LabResult } from "../lab_report/lab_types.ts";
import { SCALING_LEFT_OUT } from "./scaling_sizes.ts";

/** The largest width of the lines that are printed. */
const COLUMNS = 80;

/** Writes the report of a lab. Returns the lines to print. */
export async function writeReport(
  folder: string,
  lab: LabDescription,
  results: readonly LabResult[],
  columns = Math.min(COLUMNS, outputColumns()),
): Promise<string[]> {
  const figures = labFigures(lab, results), lead = leadOf(figures);
  const law = lab.kind === "scaling" ? [await lawSection(figures, SCALING_LEFT_OUT)] : [];
  const sections = [...law, ...await labSections(figures)];
  const pictures = sections.flatMap(({ picture }): Picture[] => picture ? [picture] : []);
  for (const { name, svg } of pictures) {
    for (const ending of ["svg", "png"]) await savePicture(join(folder, `${name}.${ending}`), svg);
  }
  await saveFile(join(folder, "table.md"), labMarkdown(lab.title, lead, sections));
  await saveFile(join(folder, "report.html"), labPage(lab.title, lead, sections));
  const files = [
    "report.html",
    "table.md",
    ...pictures.flatMap(({ name }) => [`${name}.svg`, `${name}.png`]),
  ];
  const said = sections.flatMap(({ texts = [], entries = [] }) => [
    ...texts,
    ...entries.map(({ name, text }) => `${name}: ${text}`),
  ]);
  return [
    wrapText(`${counted(results.length, "run")}. ${lead}`, columns),
    "",
    shortTable(figures, columns),
    "",
    ...said.map((text) => wrapText(`- ${visible(text)}`, columns, 2)),
    "",
    formatFacts([["files", `${folder}: ${files.join(", ")}`]], 10, columns),
  ].flatMap((text) => text.split("\n"));
}
