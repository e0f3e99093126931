/**
 * The report of a lab as Markdown.
 *
 * @module
 */
import { codeBlock } from "../reports/markdown.ts";
import type { Section } from "./lab_sections.ts";
import { markdownText, toMarkdown } from "./lab_tables.ts";

/** The report; pictures lie beside it. */
export function labMarkdown(title: string, lead: string, sections: readonly Section[]): string {
  const parts = [`# ${markdownText(title)}`, markdownText(lead), ...sections.flatMap(sectionMarkdown)];
  return parts.join("\n\n") + "\n";
}

function sectionMarkdown(section: Section): string[] {
  const { heading, texts = [], notes = [], entries = [], picture, table, commands = [] } = section;
  const list = entries.map(({ name, text }) => `- **${markdownText(name)}**: ${markdownText(text)}`);
  return [
    `## ${markdownText(heading)}`,
    ...texts.map(markdownText),
    ...list.length > 0 ? [list.join("\n")] : [],
    ...picture ? [`![${markdownText(heading)}](${picture.name}.svg)`] : [],
    ...table ? [toMarkdown(table)] : [],
    ...commands.length > 0 ? [codeBlock(commands.flatMap(({ lines }) => lines).join("\n"), "sh")] : [],
    ...notes.map(markdownText),
  ];
}
