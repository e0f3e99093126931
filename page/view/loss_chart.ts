/**
 * The chart of the losses, drawn by uPlot.
 *
 * @module
 */
import uPlot from "npm:uplot@1.6.32";
import type { LossRecord } from "./loss_record.ts";
import type { Reference } from "../protocol.ts";

/** Milliseconds between two drawings. */
const DRAW_INTERVAL = 100;

/** Where a logarithmic axis has lines. */
const TICKS = [0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 20];

const ticksBetween = (least: number, most: number) => TICKS.filter((tick) => tick >= least && tick <= most);

/** What the chart shows besides the losses. */
export interface ChartOptions {
  readonly steps: number;
  readonly references: readonly Reference[];
  readonly logarithmic: boolean;
}

/** A chart in an element. */
export class LossChart {
  readonly #place: HTMLElement;
  readonly #record: LossRecord;
  #options: ChartOptions;
  #plot: uPlot | undefined;
  #timer: number | undefined;
  readonly #dark = matchMedia("(prefers-color-scheme: dark)");
  readonly #observer: ResizeObserver;
  readonly #rebuild = () => this.#build();

  /** Draws the chart a little later: when a run begins, the page is busy. */
  constructor(place: HTMLElement, record: LossRecord, options: ChartOptions) {
    this.#place = place;
    this.#record = record;
    this.#options = options;
    this.#dark.addEventListener("change", this.#rebuild);
    this.#observer = new ResizeObserver(() => this.#plot?.setSize(this.#size()));
    this.#observer.observe(place);
    this.update();
  }

  /** Draws soon what the record holds then. */
  update(): void {
    this.#timer ??= setTimeout(() => {
      this.#timer = undefined;
      if (this.#plot) this.#plot.setData(this.#data());
      else this.#build();
    }, DRAW_INTERVAL);
  }

  /** Draws with other options. */
  change(options: Partial<ChartOptions>): void {
    this.#options = { ...this.#options, ...options };
    this.#build();
  }

  /** Takes the chart away. */
  close(): void {
    clearTimeout(this.#timer);
    this.#dark.removeEventListener("change", this.#rebuild);
    this.#observer.disconnect();
    this.#plot?.destroy();
    this.#plot = undefined;
  }

  #size() {
    return { width: this.#place.clientWidth, height: this.#place.clientHeight };
  }

  #data(): uPlot.AlignedData {
    const { steps, training, validation } = this.#record;
    return steps.length === 0 ? [[1], [null], [null]] : [steps, training, validation];
  }

  #build(): void {
    this.#plot?.destroy();
    const style = getComputedStyle(document.documentElement),
      colour = (name: string) => style.getPropertyValue(name);
    const { references, steps, logarithmic } = this.#options,
      highest = Math.max(...references.map(({ loss }) => loss));
    const lowest = Math.min(...references.map(({ loss }) => loss));
    const axis = {
      ...{ stroke: colour("--muted"), font: "12px system-ui, sans-serif" },
      grid: { stroke: colour("--line"), width: 1 },
      ticks: { show: false },
    };
    this.#plot = new uPlot(
      {
        ...this.#size(),
        legend: { show: false },
        cursor: { show: false },
        padding: [8, 24, 0, 0],
        scales: {
          x: { time: false, range: (_, __, last) => [0, Math.min(steps, Math.max(50, last * 1.02))] },
          y: {
            distr: logarithmic ? 3 : 1,
            range: (_, least, most) => {
              const top = Math.max(highest, most ?? 0) * 1.05;
              return logarithmic ? [Math.min(lowest, least ?? lowest) / 1.2, top] : [0, top];
            },
          },
        },
        axes: [{ ...axis, size: 32 }, {
          ...axis,
          size: 44,
          ...logarithmic ? { splits: (_, __, least, most) => ticksBetween(least, most) } : {},
          values: (_, values) => values.map((value) => value === null ? "" : `${value}`),
        }],
        series: [
          {},
          { stroke: colour("--faint"), width: 1, points: { show: false } },
          {
            ...{ stroke: colour("--accent"), width: 2.5, spanGaps: true },
            points: { show: true, size: 6, fill: colour("--accent") },
          },
        ],
        hooks: {
          draw: [
            (plot) => this.#drawReferences(plot, colour("--muted")),
            (plot) => this.#drawRateChanges(plot, colour("--muted")),
          ],
        },
      },
      this.#data(),
      this.#place,
    );
  }

  /** Where the learning rate was changed, as vertical lines. */
  #drawRateChanges({ ctx: context, bbox: { top, height }, valToPos }: uPlot, colour: string): void {
    context.fillStyle = colour;
    for (const step of this.#record.rateChanges) {
      context.fillRect(Math.round(valToPos(step, "x", true)), top, devicePixelRatio, height);
    }
  }

  /** The references as dashed lines with their names. */
  #drawReferences(plot: uPlot, colour: string): void {
    const { ctx: context, bbox: { left, top, width, height } } = plot, ratio = devicePixelRatio;
    context.save();
    context.strokeStyle = context.fillStyle = colour;
    context.lineWidth = ratio;
    context.setLineDash([4 * ratio, 4 * ratio]);
    context.font = `${12 * ratio}px system-ui, sans-serif`;
    let above = -Infinity;
    for (const { name, loss } of this.#options.references) { // from the highest loss to the lowest
      const y = Math.round(plot.valToPos(loss, "y", true));
      if (y < top || y > top + height) continue;
      const isCrowded = y - above < 16 * ratio;
      above = y;
      context.beginPath();
      context.moveTo(left, y);
      context.lineTo(left + width, y);
      context.stroke();
      context.textBaseline = isCrowded ? "top" : "bottom";
      const isBelow = name === "optimal"; // the curves reach it on the right
      context.textAlign = isBelow ? "left" : "right";
      context.fillText(name, isBelow ? left + 6 * ratio : left + width, y + (isCrowded ? 3 : -2) * ratio);
    }
    context.restore();
  }
}
