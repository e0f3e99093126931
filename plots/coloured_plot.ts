/**
 * A text coloured by how well each token is predicted, as an SVG picture: 76 characters to a line, which can be read at a
 * width of 640 pixels. Viewers with a dark background get dark colours.
 *
 * @module
 */
import {
  type ColouredTextOptions,
  type ColouredToken,
  markup,
  MOST_COLOURED,
  NEUTRAL,
  type PreparedText,
  prepareText,
  THEMES,
} from "./coloured_text.ts";
import { FONT, pictureText } from "./picture.ts";

/** Pixels: of the picture, around it, and of a character with its line. */
const WIDTH = 640, PADDING = 16, COLUMN = 8, LINE = 21;

/** Characters of a line. */
const COLUMNS = (WIDTH - 2 * PADDING) / COLUMN;

/** Pixels of a box in the legend. */
const BOX = 66;

/**
 * Draws a coloured text: the darker the background of a token, the larger its loss, or, where the optimal loss is known, what
 * the loss is above it. Line ends are written ↵.
 *
 * @example
 * ```ts
 * import { colouredPlot } from "@miniformer/miniformer/plots";
 * import { assertStringIncludes } from "@std/assert";
 *
 * const svg = colouredPlot([{ text: "a" }, { text: "<b>", loss: 2.5 }], { title: "two tokens" });
 * assertStringIncludes(svg, ">&#60;b&#62;</text>");
 * ```
 *
 * @param tokens The text; those beyond 4,000 are left out, and the picture says so.
 * @param options Headings. All texts may hold anything: they are escaped.
 * @returns The text of an SVG picture.
 * @category Plots
 */
export function colouredPlot(tokens: readonly ColouredToken[], options: ColouredTextOptions): string {
  const prepared = prepareText(tokens, MOST_COLOURED.picture), title = pictureText(options.title, 68);
  const subtitle = options.subtitle ? [pictureText(options.subtitle, 90)] : [];
  let y = PADDING + 16;
  const parts = [`<text class="title" x="${PADDING}" y="${y}">${markup(title)}</text>`];
  for (const line of [...subtitle, ...prepared.notes, `colour: ${prepared.meaning}`]) {
    y += 18;
    parts.push(`<text class="faint" x="${PADDING}" y="${y}">${markup(line)}</text>`);
  }
  y += 10;
  prepared.legend.forEach(({ level, label }, index) => {
    const x = PADDING + index * BOX + 0.5;
    parts.push(
      `<rect class="l${level} edge" x="${x}" y="${y + 0.5}" width="${BOX - 2}" height="20"/>`,
      `<text class="i${level} label" x="${x + BOX / 2 - 1}" y="${y + 14.5}">${markup(label)}</text>`,
    );
  });
  y += 36;
  for (const row of rowsOf(prepared.tokens)) {
    parts.push(...backgroundsOf(row, y), ...glyphsOf(row, y + 15));
    y += LINE;
  }
  const height = y + PADDING;
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${WIDTH}" height="${height}" viewBox="0 0 ${WIDTH} ${height}" role="img" aria-label="${
    markup(title)
  }: ${prepared.meaning}">
<style>${STYLE}</style>
<rect class="l${NEUTRAL}" width="${WIDTH}" height="${height}"/>
${parts.join("\n")}
</svg>
`;
}

/** A character that is drawn, and where. */
interface Glyph {
  readonly text: string;
  /** The token it is of. */
  readonly index: number;
  readonly level: number;
  readonly column: number;
  readonly columns: number;
}

/** Breaks a text into lines: at its line ends, after a space, or where there is none, anywhere. */
function rowsOf(tokens: PreparedText["tokens"]): Glyph[][] {
  const rows: Glyph[][] = [];
  let row: Glyph[] = [];
  const widthOf = (glyphs: readonly Glyph[]) => glyphs.reduce((sum, { columns }) => sum + columns, 0);
  const place = (glyphs: readonly Glyph[]): Glyph[] => {
    let column = 0;
    return glyphs.map((glyph) => {
      const placed = { ...glyph, column };
      column += glyph.columns;
      return placed;
    });
  };
  for (const [index, { text, level }] of tokens.entries()) {
    for (const character of text) {
      if (character === "\n") {
        rows.push(row);
        row = [];
        continue;
      }
      const columns = WIDE.test(character) ? 2 : 1, width = widthOf(row);
      if (width + columns > COLUMNS) {
        const space = row.findLastIndex(({ text }) => text === " "), isLate = space >= row.length / 2;
        rows.push(isLate ? row.slice(0, space + 1) : row);
        row = isLate ? place(row.slice(space + 1)) : [];
      }
      row.push({ text: character, index, level, column: widthOf(row), columns });
    }
  }
  return row.length > 0 ? [...rows, row] : rows;
}

/** Characters that take two columns where they are drawn at all. */
const WIDE =
  /[\p{Emoji_Presentation}\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Hangul}\uff01-\uff60]/u;

/** Characters that are drawn onto the one before: alone they need something to be drawn onto. */
const MARK = /^\p{M}$/u;

/** A rectangle for each token; those of single characters are joined where their colours are equal. */
function backgroundsOf(row: readonly Glyph[], y: number): string[] {
  const found: string[] = [];
  for (let start = 0; start < row.length;) {
    const { index, level, column } = row[start];
    const isOfToken = (at: number) => at >= 0 && at < row.length && row[at].index === index;
    const isWhole = isOfToken(start + 1);
    let end = start + 1;
    const isSingle = (at: number) => row[at + 1]?.index !== row[at].index;
    while (end < row.length && row[end].level === level && (isWhole ? isOfToken(end) : isSingle(end))) end++;
    const { column: last, columns } = row[end - 1], width = (last + columns - column) * COLUMN;
    if (level >= 0 && level !== NEUTRAL) {
      const x = PADDING + column * COLUMN;
      found.push(
        `<rect class="l${level}" x="${x}" y="${y}" width="${isWhole ? width - 1 : width}" height="${
          LINE - 1
        }"/>`,
      );
    }
    start = end;
  }
  return found;
}

/** The characters of a line, each in the middle of its columns: no font has the widths of another. */
function glyphsOf(row: readonly Glyph[], y: number): string[] {
  const found: string[] = [];
  const isListed = ({ text }: Glyph) => text.length === 1 && !MARK.test(text);
  const middle = ({ column, columns }: Glyph) => PADDING + (column + columns / 2) * COLUMN;
  const inkOf = ({ level }: Glyph) => level < 0 ? "faint" : `i${level}`;
  const drawn = row.filter(({ text }) => text !== " ");
  for (const [ink, glyphs] of Map.groupBy(drawn.filter(isListed), inkOf)) {
    const places = glyphs.map(middle).join(" "), text = markup(glyphs.map(({ text }) => text).join(""));
    found.push(`<text class="${ink} glyph" y="${y}" x="${places}">${text}</text>`);
  }
  for (const glyph of drawn.filter((glyph) => !isListed(glyph))) {
    const text = MARK.test(glyph.text) ? `◌${glyph.text}` : glyph.text;
    found.push(`<text class="${inkOf(glyph)} glyph" y="${y}" x="${middle(glyph)}">${markup(text)}</text>`);
  }
  return found;
}

const rules = ({ levels, inks, faint }: typeof THEMES.light) =>
  [
    `.title { fill: ${inks[NEUTRAL]}; }`,
    `.faint { fill: ${faint}; }`,
    `.edge { stroke: ${faint}; stroke-opacity: 0.4; }`,
    ...levels.map((colour, level) => `.l${level} { fill: ${colour}; }`),
    ...inks.map((colour, level) => `.i${level} { fill: ${colour}; }`),
  ].join("\n");

const STYLE = `
text { font-family: "${FONT}", Verdana, Helvetica, Arial, sans-serif; font-size: 12px; }
.title { font-size: 16px; font-weight: bold; }
.label { font-size: 11px; text-anchor: middle; }
.glyph { font-family: "${FONT} Mono", Menlo, Consolas, monospace; font-size: 13.3px; text-anchor: middle; unicode-bidi: isolate; }
${rules(THEMES.light)}
@media (prefers-color-scheme: dark) {
${rules(THEMES.dark)}
}
`;
