/**
 * The report of a lab as one HTML page: it needs no network and no script, adapts to dark and to narrow screens, and escapes
 * every text.
 *
 * @module
 */
import { pageBeginning } from "../../plots/page_beginning.ts";
import { visible } from "../../core/visible.ts";
import type { Section } from "./lab_sections.ts";
import type { Cell, Table } from "./lab_tables.ts";

/** Colours come from the scheme of the screen. Pictures are drawn for white, and turned over where it is dark. */
const PAGE_STYLE = `
:root {
  color-scheme: light dark;
  --text: light-dark(#1f2328, #e6e6e3);
  --soft: light-dark(#59636e, #a8a8a8);
  --line: light-dark(#d8dce1, #3d3d3d);
  --back: light-dark(#ffffff, #1d1d1d);
  --panel: light-dark(#f5f7f9, #292929);
  --worse: light-dark(#f0a27c, #b5532a);
  --better: light-dark(#8fbde0, #2f6f9f);
}
* { box-sizing: border-box; }
body { margin: 0; font: 15px/1.5 "DejaVu Sans", Verdana, Helvetica, Arial, sans-serif; color: var(--text); background: var(--back); }
main { max-width: 1200px; margin: 0 auto; padding: 24px 20px 64px; }
h1 { font-size: 24px; line-height: 1.25; margin: 8px 0 8px; }
h2 { font-size: 17px; margin: 40px 0 10px; padding-bottom: 4px; border-bottom: 1px solid var(--line); }
section > p { max-width: 84ch; margin: 8px 0; }
.lead { color: var(--soft); margin: 0; max-width: 70ch; }
section > .note { color: var(--soft); font-size: 13px; }
dl { display: grid; grid-template-columns: minmax(9em, 15em) 1fr; gap: 8px 20px; margin: 0; }
dt { font-weight: bold; overflow-wrap: anywhere; }
dd { margin: 0; max-width: 70ch; }
.scroll, figure { overflow-x: auto; margin: 0; }
table { border-collapse: collapse; font-size: 13px; font-variant-numeric: tabular-nums; }
th, td { padding: 5px 9px; text-align: right; white-space: nowrap; border-bottom: 1px solid var(--line); }
thead th { vertical-align: bottom; font-weight: normal; color: var(--soft); white-space: normal; }
th:first-child { text-align: left; padding-left: 0; position: sticky; left: 0; background: var(--back); }
tbody th { font-weight: normal; white-space: normal; min-width: 12em; }
td.worse { background: color-mix(in srgb, var(--worse) var(--share), transparent); }
td.better { background: color-mix(in srgb, var(--better) var(--share), transparent); }
figure svg { display: block; width: 100%; min-width: min(var(--width), 720px); max-width: var(--width); height: auto; }
@media (prefers-color-scheme: dark) { figure svg { filter: invert(0.886) hue-rotate(180deg); } }
details { border-bottom: 1px solid var(--line); }
summary { padding: 5px 0; cursor: pointer; }
pre { margin: 0 0 10px; padding: 10px 12px; background: var(--panel); overflow-x: auto; font: 12px/1.6 "DejaVu Sans Mono", Menlo, Consolas, monospace; }
@media (max-width: 640px) {
  main { padding: 12px 14px 48px; }
  dl { grid-template-columns: 1fr; gap: 0; }
  dd { margin-bottom: 12px; }
  th, td { padding: 5px 8px; }
  tbody th { min-width: 7em; max-width: 9em; }
}
@media print { .scroll, figure { overflow: visible; } }
`;

/** A text in HTML. */
export function escapeHtml(text: string): string {
  return visible(text).replace(/[&<>"']/g, (sign) => `&#${sign.charCodeAt(0)};`);
}

/** The page. */
export function labPage(title: string, lead: string, sections: readonly Section[]): string {
  const heading = escapeHtml(title);
  return `${pageBeginning({ heading, style: PAGE_STYLE })}<main>
<h1>${heading}</h1>
<p class="lead">${escapeHtml(lead)}</p>
${sections.map(sectionHtml).join("\n")}
</main>
</body>
</html>
`;
}

function sectionHtml(section: Section, index: number): string {
  const { heading, texts = [], notes = [], entries = [], picture, table, commands = [] } = section;
  return [
    "<section>",
    `<h2>${escapeHtml(heading)}</h2>`,
    ...texts.map((text) => `<p>${escapeHtml(text)}</p>`),
    ...entries.length === 0 ? [] : [
      "<dl>",
      ...entries.map(({ name, text }) => `<dt>${escapeHtml(name)}</dt><dd>${escapeHtml(text)}</dd>`),
      "</dl>",
    ],
    ...picture === undefined ? [] : [`<figure>${inline(picture.svg, `p${index}-`)}</figure>`],
    ...table ? [tableHtml(table)] : [],
    ...commands.map(({ name, lines }) =>
      `<details><summary>${escapeHtml(name)}</summary><pre>${
        lines.map(escapeHtml).join("\n")
      }</pre></details>`
    ),
    ...notes.map((note) => `<p class="note">${escapeHtml(note)}</p>`),
    "</section>",
  ].join("\n");
}

/** The first column has names; colours are behind the others. */
function tableHtml({ headings, rows }: Table): string {
  const head = headings.map((heading) => `<th scope="col">${escapeHtml(heading)}</th>`).join("");
  const lines = rows.map((cells) => `<tr>${cells.map(cellHtml).join("")}</tr>`);
  return `<div class="scroll"><table>\n<thead><tr>${head}</tr></thead>\n<tbody>\n${
    lines.join("\n")
  }\n</tbody>\n</table></div>`;
}

function cellHtml({ text, strong, heat, hint }: Cell, column: number): string {
  const shown = strong ? `<b>${escapeHtml(text)}</b>` : escapeHtml(text);
  if (column === 0) return `<th scope="row">${shown}</th>`;
  const title = hint === undefined ? "" : ` title="${escapeHtml(hint)}"`;
  if (heat === undefined || heat === 0) return `<td${title}>${shown}</td>`;
  const share = Math.round(100 * Math.min(1, Math.abs(heat)));
  return `<td class="${heat > 0 ? "worse" : "better"}" style="--share: ${share}%"${title}>${shown}</td>`;
}

/** A picture as a part of a page, where other pictures may use the same names. */
function inline(svg: string, prefix: string): string {
  return svg.trim().replace(/(\bid="|url\(#|href="#)/g, `$1${prefix}`)
    .replace(/(<svg[^>]*?) width="(\d+)" height="\d+"/, '$1 style="--width: $2px"');
}
