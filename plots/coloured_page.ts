/**
 * A text coloured by how well each token is predicted, as one HTML page. It needs no network and asks for none, and its text
 * is there without its script, which says more about the token that is pointed at.
 *
 * @module
 */
import { pageBeginning } from "./page_beginning.ts";
import {
  type ColouredTextOptions,
  type ColouredToken,
  markup,
  MOST_COLOURED,
  NEUTRAL,
  prepareText,
  THEMES,
} from "./coloured_text.ts";
import { pictureText } from "./picture.ts";

/**
 * Writes a page with a coloured text: the darker the background of a token, the larger its loss, or, where the optimal loss
 * is known, what the loss is above it.
 *
 * @example
 * ```ts
 * import { colouredPage } from "@miniformer/miniformer/plots";
 * import { assertStringIncludes } from "@std/assert";
 *
 * const page = colouredPage([{ text: "a" }, { text: "<b>", loss: 2.5 }], { title: "two tokens" });
 * assertStringIncludes(page, '<span class="l6">&#60;b&#62;</span>');
 * ```
 *
 * @param tokens The text; those beyond 20,000 are left out, and the page says so.
 * @param options Headings. All texts may hold anything: they are escaped.
 * @returns The text of an HTML page.
 * @category Plots
 */
export function colouredPage(tokens: readonly ColouredToken[], options: ColouredTextOptions): string {
  const { tokens: shown, meaning, legend, notes } = prepareText(tokens, MOST_COLOURED.page);
  const heading = markup(pictureText(options.title));
  const skills = [...new Set(shown.flatMap(({ token: { skill } }) => skill === undefined ? [] : [skill]))];
  const figures = shown.map(({ token: { loss, optimal, skill } }) =>
    [loss, optimal, skill && skills.indexOf(skill)].map((value) =>
      typeof value === "number" && Number.isFinite(value) ? Number(value.toPrecision(4)) : null
    )
  );
  const about = JSON.stringify({ skills: skills.map((skill) => pictureText(skill, 40)), figures });
  const spans = shown.map(({ text, level }) =>
    `<span${level === NEUTRAL ? "" : ` class="${classOf(level)}"`}>${markup(text)}</span>`
  );
  const lines = [...options.subtitle ? [pictureText(options.subtitle, 200)] : [], ...notes].map(markup);
  return `${pageBeginning({ heading, style: STYLE, isScripted: true })}<h1>${heading}</h1>
${lines.map((line) => `<p>${line}</p>`).join("\n")}
<p id="legend"><b>${meaning}</b>${
    legend.map(({ level, label }) => `<span class="${classOf(level)}">${markup(label)}</span>`).join("")
  }</p>
<p class="faint">Point at a token, or use the arrow keys, to see its figures. Faint tokens are not predicted.</p>
<div id="text" tabindex="0">${spans.join("")}</div>
<p id="pointed" role="status"></p>
<script>
const ABOUT = ${about.replaceAll("<", "\\u003c")};
${SCRIPT}</script>
</body>
</html>
`;
}

const classOf = (level: number) => level < 0 ? "faint" : `l${level}`;

const rules = ({ levels, inks, faint }: typeof THEMES.light) =>
  [
    `body { background: ${levels[NEUTRAL]}; color: ${inks[NEUTRAL]}; }`,
    `.faint { color: ${faint}; }`,
    ...levels.map((colour, level) => `.l${level} { background: ${colour}; color: ${inks[level]}; }`),
  ].join("\n");

const STYLE = `
:root { color-scheme: light dark }
body { font: 14px "DejaVu Sans", Verdana, Helvetica, Arial, sans-serif; margin: 16px; }
h1 { font-size: 18px; margin: 0 0 12px; overflow-wrap: anywhere; }
p { margin: 0 0 8px; }
#legend { display: flex; flex-wrap: wrap; align-items: center; row-gap: 4px; }
#legend span { min-width: 48px; padding: 3px 5px; margin-left: 1px; text-align: center; font-size: 12px; box-shadow: inset 0 0 0 1px #8884; }
#legend b { width: 100%; font-weight: normal; }
#text { max-width: 100ch; margin-top: 16px; padding: 4px; font: 16px/1.5 "DejaVu Sans Mono", Menlo, Consolas, monospace; white-space: break-spaces; overflow-wrap: anywhere; unicode-bidi: plaintext; }
#text span { padding: 2px 0; }
#text .chosen { outline: 2px solid; }
#pointed { position: fixed; margin: 0; padding: 6px 10px; color: #fff; background: #222e; border: 1px solid #999; border-radius: 3px; white-space: pre; pointer-events: none; }
#pointed:empty { display: none; }
${rules(THEMES.light)}
@media (prefers-color-scheme: dark) {
${rules(THEMES.dark)}
}
@media print { body { print-color-adjust: exact; } }
`;

const SCRIPT = String.raw`"use strict";
const { skills, figures } = ABOUT, text = document.getElementById("text"), pointed = document.getElementById("pointed");
const spans = [...text.children], indices = new Map(spans.map((span, index) => [span, index]));
let chosen;

const chance = (loss) => "p " + Number(Math.exp(-loss).toPrecision(3)) + ", loss " + loss.toFixed(3);

function show(index) {
  spans[chosen]?.classList.remove("chosen");
  chosen = index;
  pointed.textContent = "";
  const span = spans[index];
  if (!span) return;
  span.classList.add("chosen");
  const [loss, optimal, skill] = figures[index], lines = ["token " + (index + 1) + ": " + span.textContent.replace(/ /g, "␣").replace(/\n/g, "")];
  if (loss === null) lines.push("not predicted");
  else lines.push("model: " + chance(loss));
  if (optimal !== null) lines.push("oracle: " + chance(optimal));
  if (loss !== null && optimal !== null) lines.push("excess: " + (loss - optimal).toFixed(3));
  if (skill !== null) lines.push("skill: " + skills[skill]);
  pointed.textContent = lines.join("\n");
  const place = span.getClientRects()[0] ?? span.getBoundingClientRect(), box = pointed.getBoundingClientRect();
  pointed.style.left = Math.max(0, Math.min(place.left, innerWidth - box.width - 8)) + "px";
  const below = place.bottom + 6;
  pointed.style.top = Math.max(0, below + box.height > innerHeight ? place.top - box.height - 6 : below) + "px";
}

const at = ({ target }) => indices.get(target);
text.addEventListener("mousemove", (event) => {
  if (at(event) !== chosen) show(at(event));
});
text.addEventListener("mouseleave", () => show());
text.addEventListener("click", (event) => show(at(event)));
text.addEventListener("blur", () => show());
text.addEventListener("keydown", (event) => {
  const move = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
  if (event.key === "Escape") show();
  if (!move) return;
  event.preventDefault();
  show(Math.max(0, Math.min((chosen ?? -1) + move, spans.length - 1)));
  spans[chosen]?.scrollIntoView({ block: "nearest" });
});
addEventListener("scroll", () => show());
`;
