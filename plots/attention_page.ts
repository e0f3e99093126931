/**
 * Attention maps of several steps as one HTML page with a slider. The page is complete after every frame that is appended
 * to it, needs no network and asks for none, and holds weights as bytes: 1/255 is the smallest difference.
 *
 * @module
 */
import { pageBeginning } from "./page_beginning.ts";
import type { AttentionMap } from "../inference/attention_maps.ts";
import { WEIGHT_COLOURS } from "./attention_plot.ts";
import { pictureText, visibleSpaces } from "./picture.ts";
import { PAGE_SCRIPT, PAGE_STYLE } from "./attention_page_parts.ts";

/**
 * What all frames of a page share.
 *
 * @category Plots
 */
export interface AttentionPageOptions {
  /** The heading. */
  readonly title: string;
  /** The texts of the T tokens. */
  readonly tokens: readonly string[];
  /** Layers of the model. */
  readonly layers: number;
  /** Heads of each layer. */
  readonly heads: number;
}

/**
 * Begins a page. Frames are appended to it: `attentionPage(…) + attentionFrame(…) + attentionFrame(…)`.
 *
 * @example
 * ```ts
 * import { attentionFrame, attentionPage } from "@miniformer/miniformer/plots";
 * import { assertStringIncludes } from "@std/assert";
 *
 * const maps = [{ layer: 0, head: 0, weights: Float32Array.of(1, 0, 0.25, 0.75) }];
 * let page = attentionPage({ title: "two tokens", tokens: ["The", " end"], layers: 1, heads: 1 });
 * for (const step of [0, 100]) page += attentionFrame(step, maps);
 * assertStringIncludes(page, "<title>two tokens</title>");
 * ```
 *
 * @param options What all frames share. Texts may hold anything: they are escaped.
 * @returns The text of an HTML page without frames.
 * @category Plots
 */
export function attentionPage({ title, tokens, layers, heads }: AttentionPageOptions): string {
  const shown = tokens.map((token) => pictureText(visibleSpaces(token), 40));
  const about = JSON.stringify({ tokens: shown, layers, heads, colours: WEIGHT_COLOURS });
  const heading = pictureText(title).replace(/[&<>]/g, (sign) => `&#${sign.charCodeAt(0)};`);
  return `${pageBeginning({ heading, style: PAGE_STYLE, isScripted: true })}<h1>${heading}</h1>
<form>
<label>layer <select id="layer"></select></label>
<label>head <select id="head"></select></label>
<label id="slider">step <input id="step" type="range" min="0" max="0" value="0"></label>
<output id="shown" for="step"></output>
<button id="play" type="button">play</button>
<span id="scale">weight 0 <i style="background: linear-gradient(to right, ${
    WEIGHT_COLOURS.join(", ")
  })"></i> 1</span>
</form>
<canvas id="maps" tabindex="0" role="img" aria-label="attention maps; arrow keys move between squares"></canvas>
<p id="pointed" role="status"></p>
<p id="help">A row is a query, a column a key. Click a map to enlarge it, Escape shows all. In a map, arrow keys move between squares.</p>
<script>
const ABOUT = ${about.replaceAll("<", "\\u003c")};
${PAGE_SCRIPT}</script>
`;
}

/**
 * The attention maps of one step, to be appended to a page.
 *
 * @param step Steps done.
 * @param maps The maps of every layer and head, as `attentionMaps` returns them.
 * @returns A line of HTML.
 * @category Plots
 */
export function attentionFrame(step: number, maps: readonly AttentionMap[]): string {
  const byteOf = (weight: number) => String.fromCharCode(Math.round(255 * weight));
  const bytes = maps.map(({ weights }) => Array.from(weights, byteOf).join("")).join("");
  return `<script>frame(${step},"${btoa(bytes)}")</script>\n`;
}

/** A whole line that `attentionFrame` has made. */
const FRAME = /^<script>frame\((\d+),"[A-Za-z0-9+/]*={0,2}"\)<\/script>$/;

/**
 * The frames of a page up to a step, as they were appended. Anything else in the text is left out, such as a line that a
 * killed process left unfinished.
 *
 * @example
 * ```ts
 * import { attentionFrame, keptFrames } from "./attention_page.ts";
 * import { assertEquals } from "@std/assert";
 *
 * const [first, second] = [10, 20].map((step) => attentionFrame(step, []));
 * assertEquals(keptFrames(first + second, 10), first);
 * ```
 *
 * @param page The text of a page, which may come from anywhere.
 * @param step The last step to keep.
 * @returns The lines of the frames.
 */
export function keptFrames(page: string, step: number): string {
  return page.split("\n").filter((line) => Number(line.match(FRAME)?.[1] ?? NaN) <= step)
    .map((line) => `${line}\n`).join("");
}

/**
 * A page as it was after a step: its beginning, whatever that is, and the frames up to there.
 *
 * @example
 * ```ts
 * import { attentionFrame, pageUpTo } from "./attention_page.ts";
 * import { assertEquals } from "@std/assert";
 *
 * const [first, second] = [10, 20].map((step) => attentionFrame(step, []));
 * assertEquals(pageUpTo(`<p>\n${first}${second}`, 10), `<p>\n${first}`);
 * ```
 *
 * @param page The text of a page.
 * @param step The last step to keep.
 * @returns The text of the shorter page.
 */
export function pageUpTo(page: string, step: number): string {
  const lines = page.split("\n").slice(0, -1), first = lines.findIndex((line) => FRAME.test(line));
  const beginning = lines.slice(0, first < 0 ? lines.length : first);
  return beginning.map((line) => `${line}\n`).join("") + keptFrames(page, step);
}
