/**
 * A matrix as a heat map: positive numbers in the accent colour of the page, negative ones in that of alerts, the largest ones
 * opaque. The opacity grows with the square root of a number, so that small ones can be seen. The cell that is pointed at, or
 * reached with the arrow keys, is chosen, and its exact number is shown.
 *
 * @module
 */
import { MOVES } from "../look/attention_view.ts";

/** What is drawn. */
export interface Matrix {
  readonly values: ArrayLike<number>;
  readonly rows: number;
  readonly columns: number;
  /** The number that is opaque. */
  readonly most: number;
  /** Shown beside the rows and above the columns where there is room. */
  readonly rowNames: readonly string[];
  readonly columnNames: readonly string[];
}

/** Rows and columns with room for names; the sizes of cells, and the height of a map of many rows, in pixels. */
const NAMED = 20, CELL = { width: 28, height: 22 }, HEIGHT = 330;

/** A heat map in an element. */
export class HeatMap {
  readonly #place: HTMLElement;
  readonly #canvas = document.createElement("canvas");
  readonly #mark = document.createElement("i");
  readonly #frame = document.createElement("div");
  readonly #tell: (row: number, column: number) => void;
  #matrix: Matrix | undefined;
  #row = 0;
  #column = 0;

  /** Draws nothing yet; `tell` is called with each cell that is chosen. */
  constructor(place: HTMLElement, tell: (row: number, column: number) => void) {
    this.#place = place;
    this.#tell = tell;
    this.#canvas.role = "img";
    this.#canvas.tabIndex = 0;
    this.#frame.append(this.#canvas, this.#mark);
    for (const event of ["pointerdown", "pointermove"] as const) { // a tap has no pointermove
      this.#canvas.addEventListener(event, ({ offsetX, offsetY }) => {
        const { rows, columns } = this.#matrix!, { clientWidth, clientHeight } = this.#canvas;
        this.#choose(Math.floor(rows * offsetY / clientHeight), Math.floor(columns * offsetX / clientWidth));
      });
    }
    this.#canvas.addEventListener("keydown", (event) => {
      const move = MOVES[event.key];
      if (!move) return;
      event.preventDefault();
      this.#choose(this.#row + move[0], this.#column + move[1]);
    });
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => this.#draw());
  }

  /** Shows a matrix; the cell that was chosen stays chosen. */
  show(matrix: Matrix, name: string): void {
    const { rows, columns, rowNames, columnNames } = this.#matrix = matrix;
    const names = (className: string, names: readonly string[], count: number) => {
      const place = document.createElement("div");
      place.className = className;
      place.ariaHidden = "true"; // the text for the chosen cell has its names
      place.append(...(count > NAMED ? [] : names).map((name) => {
        const span = document.createElement("span");
        span.textContent = name;
        return span;
      }));
      return place;
    };
    const height = rows > NAMED ? Math.min(HEIGHT, rows * 8) : rows * CELL.height;
    this.#frame.style.height = `${height}px`;
    this.#place.style.setProperty("--width", `${columns * CELL.width}px`);
    this.#place.replaceChildren(
      names("columns-named", columnNames, columns),
      names("rows-named", rowNames, rows),
      this.#frame,
    );
    this.#canvas.ariaLabel = name;
    this.#draw();
    this.#choose(this.#row, this.#column);
  }

  #draw(): void {
    if (!this.#matrix) return;
    const { values, rows, columns, most } = this.#matrix, image = new ImageData(columns, rows);
    const [positive, negative] = ["--accent", "--alert"].map(colourOf);
    for (let at = 0; at < rows * columns; at++) {
      const opacity = 255 * Math.sqrt(Math.abs(values[at]) / (most || 1));
      image.data.set([...(values[at] < 0 ? negative : positive), opacity], 4 * at);
    }
    Object.assign(this.#canvas, { width: columns, height: rows });
    this.#canvas.getContext("2d")!.putImageData(image, 0, 0);
  }

  #choose(row: number, column: number): void {
    const { rows, columns } = this.#matrix!;
    this.#row = Math.max(0, Math.min(row, rows - 1));
    this.#column = Math.max(0, Math.min(column, columns - 1));
    Object.assign(this.#mark.style, {
      ...{ width: `${100 / columns}%`, height: `${100 / rows}%` },
      ...{ left: `${100 * this.#column / columns}%`, top: `${100 * this.#row / rows}%` },
    });
    this.#tell(this.#row, this.#column);
  }
}

/** A colour of the page as red, green and blue. */
function colourOf(name: string): number[] {
  const colour = getComputedStyle(document.documentElement).getPropertyValue(name).trim();
  return [1, 3, 5].map((at) => parseInt(colour.slice(at, at + 2), 16));
}
