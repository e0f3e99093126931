/**
 * The attention maps of one line at several steps.
 *
 * @module
 */
import type { FromWorker } from "../../protocol.ts";

/** The maps of a line after a step. */
export type StepMaps = FromWorker & { kind: "attention" };

/** The most steps that are kept, and the most weights of all of them. */
const MOST_STEPS = 40, MOST_WEIGHTS = 16e6;

/** Keeps the newest maps, as long as they are of the same line. */
export class KeptMaps {
  readonly #maps: StepMaps[] = [];
  /** The one that is shown; it stays the newest until another is chosen. */
  #at = 0;

  /** Adds the maps of a step; those of another line are dropped. */
  add(maps: StepMaps): void {
    const isNewest = this.#at >= this.#maps.length - 1, last = this.#maps.at(-1);
    if (last && (last.line !== maps.line || last.step > maps.step)) this.#maps.length = this.#at = 0;
    if (this.#maps.at(-1)?.step === maps.step) this.#maps.pop();
    this.#maps.push(maps);
    const { tokens: { length }, maps: { length: heads } } = maps;
    const most = Math.max(1, Math.min(MOST_STEPS, Math.floor(MOST_WEIGHTS / (heads * length ** 2))));
    const dropped = this.#maps.splice(0, Math.max(0, this.#maps.length - most)).length;
    this.#at = isNewest ? this.#maps.length - 1 : Math.max(0, this.#at - dropped);
  }

  /** Forgets all. */
  clear(): void {
    this.#maps.length = this.#at = 0;
  }

  /** Chooses one of them; the last is the newest. */
  choose(index: number): void {
    this.#at = index;
  }

  /** The one that is shown, its index, and how many there are. */
  get shown(): { readonly maps: StepMaps | undefined; readonly index: number; readonly count: number } {
    return { maps: this.#maps[this.#at], index: this.#at, count: this.#maps.length };
  }
}
