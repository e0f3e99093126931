/**
 * Attention maps of every layer and head for a line that is typed, at the newest step or an earlier one. A row is a token
 * that reads, a column a token that it reads from.
 *
 * @module
 */
import type { FromWorker, Question } from "../../protocol.ts";
import { element, write } from "../elements.ts";
import { wholeNumber } from "../format.ts";
import { KeptMaps, type StepMaps } from "./kept_maps.ts";
import { tokenLabel } from "./next_token_view.ts";

/** Maps that are drawn before the page may do something else. */
const MAPS_PER_FRAME = 64;

/** Which way an arrow key goes: rows, columns. */
export const MOVES: Readonly<Record<string, readonly [number, number]>> = {
  ArrowUp: [-1, 0],
  ArrowDown: [1, 0],
  ArrowLeft: [0, -1],
  ArrowRight: [0, 1],
};

/** The maps. */
export class AttentionView {
  readonly #ask: (question: Question) => void;
  readonly #kept = new KeptMaps();
  readonly #slider = element("attention-slider", HTMLInputElement);
  readonly #place = element("maps");
  readonly #mark = document.createElement("i");
  /** Map, row and column that are pointed at. */
  #cell: readonly [number, number, number] | undefined;
  #frame = 0;

  /** Asks whenever the line changes. */
  constructor(ask: (question: Question) => void) {
    this.#ask = ask;
    const line = element("line", HTMLInputElement);
    line.addEventListener("input", () => ask({ kind: "attention", line: line.value }));
    this.#slider.addEventListener("input", () => {
      this.#kept.choose(this.#slider.valueAsNumber);
      this.#show();
    });
    this.#place.addEventListener("pointermove", (event) => this.#point(event));
    this.#place.addEventListener("focusin", ({ target }) => {
      if (this.#mapOf(target) !== this.#cell?.[0]) this.#choose(this.#mapOf(target), 0, 0);
    });
    this.#place.addEventListener("keydown", (event) => {
      const move = MOVES[event.key];
      if (!move || !this.#cell) return;
      event.preventDefault();
      const [map, row, column] = this.#cell;
      this.#choose(map, row + move[0], column + move[1]);
    });
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => this.#show());
  }

  /** Shows an answer of the worker. */
  receive(message: FromWorker): void {
    if (message.kind === "began" || message.kind === "opened") {
      const { line } = message;
      element("line", HTMLInputElement).value = line;
      this.#kept.clear();
      this.#place.replaceChildren();
      this.#ask({ kind: "attention", line });
    }
    if (message.kind === "attention") {
      this.#kept.add(message);
      write("attention-hint", message.line.length > message.tokens.length ? "The line is cut." : "");
      this.#show();
    } else if (message.kind === "failed" && message.at === "attention") {
      write("attention-hint", message.message);
    }
  }

  #show(): void {
    const { maps, index, count } = this.#kept.shown;
    if (!maps) return;
    this.#slider.max = `${count - 1}`;
    this.#slider.value = `${index}`;
    this.#slider.disabled = count < 2;
    const step = `step ${wholeNumber(maps.step)}`;
    this.#slider.ariaValueText = step;
    write("attention-step", step);
    if (this.#place.children.length !== maps.maps.length) this.#build(maps);
    cancelAnimationFrame(this.#frame);
    const [red, green, blue] = accent();
    const draw = (first: number) => {
      for (const [offset, { weights }] of maps.maps.slice(first, first + MAPS_PER_FRAME).entries()) {
        const canvas = this.#place.children[first + offset].querySelector("canvas")!;
        const size = canvas.width = canvas.height = maps.tokens.length;
        const image = new ImageData(size, size);
        for (const [at, weight] of weights.entries()) {
          image.data.set([red, green, blue, 255 * Math.sqrt(weight)], 4 * at);
        }
        canvas.getContext("2d")!.putImageData(image, 0, 0);
      }
      const next = first + MAPS_PER_FRAME;
      if (next < maps.maps.length) this.#frame = requestAnimationFrame(() => draw(next));
    };
    draw(0);
    if (this.#cell) this.#choose(...this.#cell);
  }

  #build({ maps }: StepMaps): void {
    this.#cell = undefined;
    this.#place.replaceChildren(...maps.map(({ layer, head }) => {
      const figure = document.createElement("figure"), caption = document.createElement("figcaption");
      const canvas = document.createElement("canvas"), frame = document.createElement("div");
      caption.textContent = canvas.ariaLabel = `Layer ${layer + 1}, head ${head + 1}`;
      canvas.role = "img";
      canvas.tabIndex = 0;
      frame.append(canvas);
      figure.append(frame, caption);
      return figure;
    }));
  }

  #mapOf(target: EventTarget | null): number {
    return [...this.#place.children].indexOf((target as Element).closest("figure")!);
  }

  #point({ target, clientX, clientY }: PointerEvent): void {
    const map = this.#mapOf(target), size = this.#kept.shown.maps?.tokens.length;
    if (map < 0 || !size) return;
    const box = this.#place.children[map].querySelector("canvas")!.getBoundingClientRect();
    const at = (offset: number, length: number) => Math.floor(size * offset / length);
    this.#choose(map, at(clientY - box.top, box.height), at(clientX - box.left, box.width));
  }

  /** Marks a cell and says what its weight is. */
  #choose(map: number, row: number, column: number): void {
    const { tokens, maps } = this.#kept.shown.maps!, size = tokens.length;
    const within = (index: number) => Math.max(0, Math.min(index, size - 1));
    const [query, key] = [within(row), within(column)], { layer, head, weights } = maps[map];
    this.#cell = [map, query, key];
    const share = `${100 / size}%`;
    this.#place.children[map].firstElementChild!.append(this.#mark);
    Object.assign(this.#mark.style, {
      ...{ width: share, height: share },
      ...{ left: `${100 * key / size}%`, top: `${100 * query / size}%` },
    });
    const name = (index: number) => `“${tokenLabel(tokens[index])}” (${index + 1})`;
    write(
      "attention-about",
      `Layer ${layer + 1}, head ${head + 1}: ${name(query)} reads from ${name(key)} with weight ` +
        weights[query * size + key].toFixed(4),
    );
  }
}

/** The accent of the page as red, green and blue. */
function accent(): number[] {
  const colour = getComputedStyle(document.documentElement).getPropertyValue("--accent").trim();
  return [1, 3, 5].map((at) => parseInt(colour.slice(at, at + 2), 16));
}
