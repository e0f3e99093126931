/**
 * How fast a run computes its steps. What comes between them, such as validations, samples and checkpoints, does not count.
 *
 * @module
 */
import type { Speed } from "../cli/progress.ts";
import { formatCount, formatShare, formatSpeed, megabytes } from "../cli/terminal.ts";

/** What a step computes, and what the device could. */
export interface StepSize {
  readonly tokens: number;
  /** Floating-point operations. */
  readonly flops: number;
  /** Floating-point operations per second of products of two matrices, and their width. */
  readonly products?: { readonly flopsPerSecond: number; readonly size: number };
}

/** The recent past, in seconds of computing. */
const RECENT = 20;

/** Measures the steps of a run. */
export class SpeedMeter {
  /** The most memory of the device that was held after any step, in bytes. */
  bytes = 0;
  readonly #size: StepSize;
  /** The first steps compile shaders, and run unoptimized: they count only until there are others. */
  #isWarm = false;
  readonly #all = { steps: 0, seconds: 0 };
  readonly #recent: { steps: number; seconds: number }[] = [];

  constructor(size: StepSize) {
    this.#size = size;
  }

  /** Adds steps, the seconds that they took, and the memory that the device holds now. */
  add(steps: number, seconds: number, bytes: number): void {
    if (!this.#isWarm && this.#recent.length > 0) {
      Object.assign(this.#all, { steps: 0, seconds: 0 });
      this.#recent.length = 0;
      this.#isWarm = true;
    }
    this.#all.steps += steps;
    this.#all.seconds += seconds;
    this.#recent.push({ steps, seconds });
    while (this.#recent.length > 1 && this.#sum().seconds - this.#recent[0].seconds > RECENT) {
      this.#recent.shift();
    }
    this.bytes = Math.max(this.bytes, bytes);
  }

  /** The speed in the recent past; none before the first step. */
  get recent(): Speed | undefined {
    return this.#speedOf(this.#sum());
  }

  /** The speed of all steps since the program was started. */
  get overall(): Speed | undefined {
    return this.#speedOf(this.#all);
  }

  #sum(): { steps: number; seconds: number } {
    const sum = { steps: 0, seconds: 0 };
    for (const { steps, seconds } of this.#recent) {
      sum.steps += steps;
      sum.seconds += seconds;
    }
    return sum;
  }

  #speedOf({ steps, seconds }: { steps: number; seconds: number }): Speed | undefined {
    const { tokens, flops, products } = this.#size;
    if (seconds <= 0) return undefined;
    const flopsPerSecond = flops * steps / seconds;
    const share = products && flopsPerSecond / products.flopsPerSecond;
    return { tokensPerSecond: tokens * steps / seconds, flopsPerSecond, share };
  }

  /** The speed of all steps in words; none before the first step. */
  describe(): string | undefined {
    const speed = this.overall, { products } = this.#size;
    if (speed === undefined) return undefined;
    const part = products && speed.share !== undefined
      ? `: ${formatShare(speed.share)} of the ${formatSpeed(products.flopsPerSecond)} that products of ` +
        `${products.size} × ${products.size} matrices reach here`
      : "";
    return `${formatCount(speed.tokensPerSecond)} tok/s, ${formatSpeed(speed.flopsPerSecond)}${part}; ` +
      `${megabytes(this.bytes)} of device memory`;
  }

  /** The same as numbers, for `run.json`. */
  get figures(): Readonly<Record<string, number>> {
    const speed = this.overall, { products } = this.#size;
    if (speed === undefined) return {};
    const gflops = (flopsPerSecond: number) => Number((flopsPerSecond / 1e9).toPrecision(4));
    return {
      tokensPerSecond: Math.round(speed.tokensPerSecond),
      gflops: gflops(speed.flopsPerSecond),
      ...products && { productGflops: gflops(products.flopsPerSecond) },
      deviceBytes: this.bytes,
    };
  }
}
