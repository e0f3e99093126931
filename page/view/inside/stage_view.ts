/**
 * One stage of a step: its explanation, its source file, and one of its tensors as a heat map.
 *
 * @module
 */
import type { TracedStage, TracedTensor } from "../../../mod.ts";
import type { FromWorker } from "../../protocol.ts";
import { element, show, write } from "../elements.ts";
import { exactLoss } from "../format.ts";
import { tokenLabel } from "../look/next_token_view.ts";
import { HeatMap } from "./heat_map.ts";
import type { Explanation } from "./explanations.ts";
import { fileOf } from "./stages.ts";

/** A step with the values of one stage. */
export type Step = FromWorker & { kind: "inside" };

/** What is shown. */
export interface ShownStage {
  readonly step: Step;
  readonly explanation: Explanation;
  /** Missing for the tokens, before the first stage. */
  readonly stage: TracedStage | undefined;
  /** Whether gradients are shown, in place of values. */
  readonly backward: boolean;
}

/** The part of a tensor that the map shows: all of a matrix, or one head. */
interface Part {
  readonly values: ArrayLike<number>;
  readonly gradient?: ArrayLike<number>;
  readonly rows: number;
  readonly columns: number;
}

/** A shape as text. */
export const shapeText = (shape: readonly number[]): string => `(${shape.join(", ")})`;

const selectOf = (id: string) => element(id, HTMLSelectElement);

/** The view of one stage after the other. */
export class StageView {
  readonly #map = new HeatMap(element("inside-map"), (row, column) => this.#tell(row, column));
  readonly #tensor = selectOf("inside-tensor");
  readonly #head = selectOf("inside-head");
  #shown: ShownStage | undefined;
  #part: Part | undefined;

  /** Draws again when another tensor or head is chosen. */
  constructor() {
    for (const select of [this.#tensor, this.#head]) select.addEventListener("change", () => this.#draw());
  }

  /** Shows a stage. */
  show(shown: ShownStage): void {
    this.#shown = shown;
    const { explanation: { title, about, formula, derivative }, backward, stage } = shown;
    write("inside-name", title);
    write("inside-about", about);
    write("inside-formula-name", backward ? "Passed on as" : "Formula");
    write("inside-formula", (backward ? derivative : formula) || "–");
    write("inside-kernel-name", backward ? "Gradient by" : "Computed by");
    show("inside-tokens", !stage);
    if (!stage) this.#fillTokens(shown.step);
    const names = Object.keys(this.#tensors()), key = names.join();
    if (this.#tensor.dataset.key !== key) {
      this.#tensor.replaceChildren(...names.map((name, index) => new Option(index ? name : "result", name)));
      this.#tensor.dataset.key = key;
    }
    show("inside-tensors", names.length > 1);
    this.#draw();
  }

  /** The results of the stage, and the parameters that it reads. */
  #tensors(): Readonly<Record<string, TracedTensor>> {
    const { stage, step } = this.#shown!;
    return stage ? { ...stage.writes, ...step.parameters } : {};
  }

  #draw(): void {
    const { step, explanation: { title, dimensions }, stage, backward } = this.#shown!;
    const tensor = this.#tensors()[this.#tensor.value], { shape = [1, step.tokens.length] } = tensor ?? {};
    const isResult = this.#tensor.selectedIndex < 1;
    write("inside-shape", shapeText(shape) + (isResult ? ` = (${dimensions})` : ""));
    this.#listKernels(backward ? tensor?.gradientKernels ?? [] : [stage?.kernel ?? ""]);

    const heads = shape.length === 4 ? shape[1] : 1;
    show("inside-heads", heads > 1);
    if (this.#head.length !== heads) {
      this.#head.replaceChildren(
        ...Array.from({ length: heads }, (_, head) => new Option(`${head + 1} of ${heads}`)),
      );
    }
    const { values, gradient } = tensor ?? {}, drawn = backward ? gradient : values;
    show("inside-figure", drawn !== undefined);
    if (!drawn) return;
    const columns = shape.at(-1)!, size = drawn.length / heads, rows = size / columns;
    const start = this.#head.selectedIndex * size;
    const partOf = (data?: typeof drawn) => data?.subarray(start, start + size);
    const part = partOf(drawn)!;
    this.#part = { values: partOf(values)!, gradient: partOf(gradient), rows, columns };
    const { least, most, norm } = rangeOf(part), short = (value: number) => Number(value.toPrecision(4));
    const cut = shape.length === 2 && rows < shape[0] ? `; the first ${rows} rows` : "";
    write("inside-range", `from ${short(least)} to ${short(most)}, norm ${short(norm)}${cut}`);
    const matrix = { values: part, rows, columns, most: Math.max(-least, most) };
    const names = { rowNames: this.#names(true), columnNames: this.#names(false) };
    this.#map.show({ ...matrix, ...names }, `${title}, ${backward ? "gradients" : "values"}`);
  }

  /** Lists kernels with their files; an empty name is the batch. */
  #listKernels(kernels: readonly string[]): void {
    element("inside-kernel").replaceChildren(...kernels.map((kernel) => {
      const line = document.createElement("div"), file = document.createElement("code");
      file.textContent = kernel ? fileOf(kernel) : "data/batches.ts";
      line.append(kernel && `${kernel} in `, file);
      return line;
    }));
    if (kernels.length === 0) write("inside-kernel", "no kernel: this has no gradient");
  }

  /** The tokens that belong to the rows or columns, if any do. */
  #names(isRow: boolean): readonly string[] {
    const { step: { tokens, targets, positions, vocabulary }, explanation: { title, dimensions } } = this
      .#shown!;
    const { selectedIndex, value } = this.#tensor, letters = dimensions.split(", ");
    const isWords = isRow && /tokenEmbedding$/.test(value),
      isRows = !isRow && value !== "y" && !value.includes(".");
    const letter = selectedIndex < 1 ? letters.at(isRow ? -2 : -1) : isWords ? "V" : isRows ? "T" : "";
    const rows = this.#part![isRow ? "rows" : "columns"];
    const list = letter === "V"
      ? vocabulary
      : letter !== "T" && letter !== "M" || letters.length === 1 && isRow
      ? []
      : title === "Losses"
      ? targets
      : rows === tokens.length
      ? tokens
      : positions.map((position) => tokens[position]);
    return list.map(tokenLabel);
  }

  /** The line as a table. */
  #fillTokens({ tokens, ids, targets, positions }: Step): void {
    element("inside-ids").replaceChildren(...tokens.map((token, index) => {
      const row = document.createElement("tr"), target = targets[positions.indexOf(index)] ?? "";
      for (const text of [`${index + 1}`, tokenLabel(token), `${ids[index]}`, tokenLabel(target)]) {
        row.insertCell().textContent = text;
      }
      return row;
    }));
  }

  /** Says what the number in a cell is. */
  #tell(row: number, column: number): void {
    const { values, gradient, columns } = this.#part!, at = row * columns + column;
    const name = (index: number, isRow: boolean) => {
      const token = this.#names(isRow)[index];
      return token === undefined ? `${index + 1}` : `“${token}” (${index + 1})`;
    };
    const number = (data: ArrayLike<number>) =>
      data instanceof Uint32Array ? `${data[at]}` : exactLoss(data[at]);
    const derivative = gradient ? `, gradient ${number(gradient)}` : "";
    write(
      "inside-cell",
      `Row ${name(row, true)}, column ${name(column, false)}: ${number(values)}${derivative}`,
    );
  }
}

/** The least and the largest number, and the norm of all. */
function rangeOf(
  values: Iterable<number>,
): { readonly least: number; readonly most: number; readonly norm: number } {
  let least = Infinity, most = -Infinity, squares = 0;
  for (const value of values) {
    least = Math.min(least, value);
    most = Math.max(most, value);
    squares += value ** 2;
  }
  return { least, most, norm: Math.sqrt(squares) };
}
