/**
 * Numbers and sentences as they are shown.
 *
 * @module
 */
import type { RateChange } from "../protocol.ts";

/** A whole number with separated thousands. */
export const wholeNumber = (value: number): string => Math.round(value).toLocaleString("en-US");

/** A loss in nats. */
export const lossText = (loss: number): string => loss.toFixed(3);

/** A loss so that it can be compared bit for bit: nine digits tell all 32-bit numbers apart. */
export const exactLoss = (loss: number): string => loss.toPrecision(9);

/** A duration in words: `45 s`, `3 min 5 s`, `2 h 10 min`. */
export function duration(seconds: number): string {
  const whole = Math.round(seconds), minutes = Math.floor(whole / 60), hours = Math.floor(minutes / 60);
  if (whole < 60) return `${whole} s`;
  return hours > 0 ? `${hours} h ${minutes % 60} min` : `${minutes} min ${whole % 60} s`;
}

/** Bytes in units that fit. */
export const byteText = (bytes: number): string =>
  bytes >= 1e9 ? `${(bytes / 1e9).toFixed(1)} GB` : `${Math.max(1, Math.round(bytes / 1e6))} MB`;

/** A few significant digits of a rate: 812, 12,400, 1,030,000. */
export function rateText(rate: number): string {
  return Number(rate.toPrecision(3)).toLocaleString("en-US", { maximumFractionDigits: 1 });
}

/** Three significant digits of a small number: 0.00831. */
export const significant = (value: number): string => `${Number(value.toPrecision(3))}`;

/** A clause as the beginning of a sentence. */
export const capitalized = (clause: string): string => clause.slice(0, 1).toUpperCase() + clause.slice(1);

/** A probability in percent: 100 %, 12 %, 3.4 %, < 0.1 %. */
export function percentText(probability: number): string {
  const percent = 100 * probability;
  if (percent > 0 && percent < 0.1) return "< 0.1 %";
  return `${percent >= 10 ? Math.round(percent) : percent.toFixed(1)} %`;
}

/** The peak learning rates of a run: `0.01 from step 1, 0.005 from step 21.` */
export const describeRates = (rates: readonly RateChange[]): string =>
  rates.map(({ step, learningRate }) => `${learningRate} from step ${wholeNumber(step)}`).join(", ") + ".";
