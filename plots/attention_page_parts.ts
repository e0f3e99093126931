/**
 * Style and script of the page of attention maps; see attention_page.ts. The script runs in browsers, before the frames.
 *
 * @module
 */

/** The style of the page. */
export const PAGE_STYLE = `
body { font: 14px "DejaVu Sans", Verdana, Helvetica, Arial, sans-serif; margin: 16px; color: #222; background: white; }
h1 { font-size: 18px; margin: 0 0 12px; }
form { display: flex; flex-wrap: wrap; gap: 8px 20px; align-items: center; margin-bottom: 12px; }
label, #scale { display: inline-flex; align-items: center; gap: 6px; }
#step { width: 280px; }
#shown { min-width: 5em; font-variant-numeric: tabular-nums; }
#scale i { display: inline-block; width: 120px; height: 12px; border: 1px solid #aaa; }
canvas { display: block; outline-offset: 4px; }
#pointed { position: fixed; margin: 0; padding: 4px 8px; color: white; background: #222d; border-radius: 3px; white-space: pre; pointer-events: none; }
#pointed:empty { display: none; }
#help { color: #555; font-size: 12px; }
`;

/** The script of the page; `ABOUT` has tokens, layers, heads and colours. */
export const PAGE_SCRIPT = String.raw`"use strict";
const { tokens, layers, heads, colours } = ABOUT, T = tokens.length, frames = [];
const part = (id) => document.getElementById(id);
const canvas = part("maps"), context = canvas.getContext("2d"), slider = part("step"), pointed = part("pointed");
const FONT = '"DejaVu Sans", Verdana, Helvetica, Arial, sans-serif', LABELLED = 12, GAP = 14;
let drawn = { maps: [] }, cursor, timer, due = false;

const ramp = colours.map((colour) => [1, 3, 5].map((at) => parseInt(colour.slice(at, at + 2), 16)));
const palette = Array.from({ length: 256 }, (_, byte) => {
  const at = byte / 255 * (ramp.length - 1), low = Math.min(Math.floor(at), ramp.length - 2);
  const mixed = ramp[low].map((from, i) => Math.round(from + (at - low) * (ramp[low + 1][i] - from)));
  return "rgb(" + mixed.join(",") + ")";
});

for (const [id, count] of [["layer", layers], ["head", heads]]) {
  part(id).append(new Option("all", ""));
  for (let i = 0; i < count; i++) part(id).append(new Option(i + 1, i));
  part(id).addEventListener("change", render);
}

// Each frame in the rest of the page calls this.
function frame(step, base64) {
  const bytes = Uint8Array.from(atob(base64), (sign) => sign.charCodeAt(0));
  if (bytes.length !== layers * heads * T * T) return;
  const isLast = Number(slider.value) >= frames.length - 1;
  frames.push({ step, bytes });
  slider.max = frames.length - 1;
  if (isLast) slider.value = frames.length - 1;
  if (!due) requestAnimationFrame(render);
  due = true;
}

const chosen = (id, count) => {
  const { value } = part(id);
  return value === "" ? Array.from({ length: count }, (_, i) => i) : [Number(value)];
};

function render() {
  due = false;
  const now = frames[slider.value], rows = chosen("layer", layers), columns = chosen("head", heads);
  part("shown").textContent = now ? String(now.step) : "no steps yet";
  slider.setAttribute("aria-valuetext", now ? "step " + now.step : "");
  part("play").disabled = frames.length < 2;
  context.font = "11px " + FONT;
  const label = Math.min(140, Math.ceil(Math.max(...tokens.map((token) => context.measureText(token).width))) + 6);
  const room = Math.max(300, innerWidth - 40), one = rows.length * columns.length === 1;
  let square = Math.floor((room - 60 - label - GAP * columns.length) / (columns.length * T));
  const most = Math.max(LABELLED, Math.min(one ? 30 : 16, Math.floor((one ? 640 : 280) / T)));
  square = Math.max(2, Math.min(square, most));
  const isLabelled = square >= LABELLED, side = square * T, left = 30 + (isLabelled ? label : 0), top = 26;
  const width = left + columns.length * (side + GAP), height = top + rows.length * (side + GAP) + (isLabelled ? label : 0) + 20;
  const ratio = devicePixelRatio || 1;
  canvas.width = width * ratio;
  canvas.height = height * ratio;
  canvas.style.width = width + "px";
  canvas.style.height = height + "px";
  context.scale(ratio, ratio);
  context.fillStyle = "white";
  context.fillRect(0, 0, width, height);
  drawn = { square, side, maps: [] };
  rows.forEach((layer, row) => columns.forEach((head, column) => {
    const x = left + column * (side + GAP), y = top + row * (side + GAP);
    drawn.maps.push({ layer, head, x, y });
    context.fillStyle = palette[0];
    context.fillRect(x, y, side, side);
    const start = (layer * heads + head) * T * T;
    for (let i = 0; now && i < T * T; i++) {
      const byte = now.bytes[start + i];
      if (byte === 0) continue;
      context.fillStyle = palette[byte];
      context.fillRect(x + i % T * square, y + Math.floor(i / T) * square, square, square);
    }
  }));
  context.textBaseline = "middle";
  const write = (text, x, y, align, turned) => {
    context.save();
    context.translate(x, y);
    if (turned) context.rotate(-Math.PI / 2);
    context.textAlign = align;
    context.fillStyle = "#222";
    context.fillText(text, 0, 0, align === "center" ? undefined : label - 4);
    context.restore();
  };
  context.font = "12px " + FONT;
  columns.forEach((head, column) => write("head " + (head + 1), left + column * (side + GAP) + side / 2, top - 12, "center"));
  rows.forEach((layer, row) => write("layer " + (layer + 1), 10, top + row * (side + GAP) + side / 2, "center", true));
  context.font = "11px " + FONT;
  for (let i = 0; isLabelled && i < T; i++) {
    const at = (i + 0.5) * square;
    rows.forEach((_, row) => write(tokens[i], left - 4, top + row * (side + GAP) + at, "right"));
    columns.forEach((_, column) => write(tokens[i], left + column * (side + GAP) + at, top + rows.length * (side + GAP) - GAP + 4, "right", true));
  }
  outline();
}

// The square that is pointed at, and what it says.
function outline() {
  const map = cursor && drawn.maps.find(({ layer, head }) => layer === cursor.layer && head === cursor.head);
  const now = frames[slider.value];
  pointed.textContent = "";
  if (!map || !now) return;
  const { query, key } = cursor, { square } = drawn;
  const x = map.x + key * square, y = map.y + query * square;
  context.strokeStyle = "#d1495b";
  context.lineWidth = 2;
  context.strokeRect(x, y, square, square);
  const weight = now.bytes[((map.layer * heads + map.head) * T + query) * T + key] / 255;
  pointed.textContent = "layer " + (map.layer + 1) + ", head " + (map.head + 1) + "\nquery " + (query + 1) + ": " + tokens[query] +
    "\nkey " + (key + 1) + ": " + tokens[key] + "\nweight " + weight.toFixed(2);
  const place = canvas.getBoundingClientRect(), box = pointed.getBoundingClientRect();
  pointed.style.left = Math.max(0, Math.min(place.left + x + square + 8, innerWidth - box.width - 8)) + "px";
  const below = place.top + y + square + 8;
  pointed.style.top = Math.max(0, below + box.height > innerHeight ? place.top + y - box.height - 8 : below) + "px";
}

function squareAt({ clientX, clientY }) {
  const place = canvas.getBoundingClientRect(), { side, square } = drawn;
  for (const { layer, head, x, y } of drawn.maps) {
    const key = Math.floor((clientX - place.left - x) / square), query = Math.floor((clientY - place.top - y) / square);
    if (key >= 0 && key < T && query >= 0 && query < T && side > 0) return { layer, head, query, key };
  }
}

function choose(layer, head) {
  part("layer").value = layer;
  part("head").value = head;
  render();
}

canvas.addEventListener("mousemove", (event) => {
  cursor = squareAt(event);
  render();
});
canvas.addEventListener("mouseleave", () => {
  cursor = undefined;
  render();
});
canvas.addEventListener("click", (event) => {
  const at = squareAt(event);
  if (at && drawn.maps.length > 1) choose(at.layer, at.head);
});
canvas.addEventListener("keydown", (event) => {
  const move = { ArrowLeft: [0, -1], ArrowRight: [0, 1], ArrowUp: [-1, 0], ArrowDown: [1, 0] }[event.key];
  if (!move || drawn.maps.length === 0) return;
  event.preventDefault();
  const { layer, head } = drawn.maps.find((map) => cursor && map.layer === cursor.layer && map.head === cursor.head) ?? drawn.maps[0];
  const { query, key } = cursor ?? { query: -move[0], key: -move[1] };
  const within = (index) => Math.max(0, Math.min(index, T - 1));
  cursor = { layer, head, query: within(query + move[0]), key: within(key + move[1]) };
  render();
});
addEventListener("keydown", (event) => {
  if (event.key === "Escape") choose("", "");
});
slider.addEventListener("input", render);
addEventListener("resize", render);
part("play").addEventListener("click", () => {
  const isPlaying = timer !== undefined;
  clearInterval(timer);
  timer = undefined;
  part("play").textContent = isPlaying ? "play" : "stop";
  if (isPlaying) return;
  if (Number(slider.value) >= frames.length - 1) slider.value = 0;
  render();
  timer = setInterval(() => {
    slider.value = Number(slider.value) + 1;
    render();
    if (Number(slider.value) >= frames.length - 1) part("play").click();
  }, 400);
});
if (!due) requestAnimationFrame(render);
`;
