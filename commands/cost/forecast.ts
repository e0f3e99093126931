/**
 * How long a run will take, said before its first step. Where a step is short it is rehearsed, which compiles shaders on
 * the way; where it is long, the speed of matrix products suffices, since a large model computes little else.
 *
 * Nothing else depends on what is measured here.
 *
 * @module
 */
import type { Backend } from "../../core/backend.ts";
import { counted } from "../cli/terminal.ts";
import { measureProducts } from "./products.ts";

/** What is ahead of a run. */
export interface Ahead {
  readonly backend: Backend;
  readonly steps: number;
  /** Floating-point operations of a step. */
  readonly flops: number;
  readonly validations: number;
  /** What a validation computes, in steps. */
  readonly stepsPerValidation: number;
  /** Computes a step and discards it. */
  rehearse(): Promise<void>;
}

/** How long a run will take. */
export interface Forecast {
  readonly seconds: number;
  readonly stepSeconds: number;
  /** Whether steps were rehearsed: then shaders are compiled. */
  readonly rehearsed: boolean;
  /** Floating-point operations per second of large products on the device; not measured for a run of seconds. */
  readonly productSpeed?: number;
}

/** Operations of a step that is short on any device. */
const SHORT_STEP = 1e9;

/**
 * Which part of the speed of large products a model reaches where steps are long: 36 to 80 %, and in WebAssembly, where
 * little but products takes time, 77 to 82 % (bench/LOG.md).
 */
const usualShare = ({ name }: Pick<Backend, "name">): number => name === "wasm" ? 0.75 : 0.5;

/** The longest step that is rehearsed, in seconds, and the largest part of a run that this may take. */
const LONGEST_REHEARSED = 3, REHEARSED_SHARE = 0.05;

/** After the first one, which compiles: the most rehearsals, and about how many seconds they take. */
const MAX_REHEARSALS = 8, REHEARSAL_TIME = 0.7;

/** Products are measured for runs of at least this many seconds. */
const LONG_ENOUGH = 20;

/** Measures how long a run will take, in about a second or, where that is a small part of the run, in two steps. */
export async function forecastRun(
  ahead: Ahead,
  { now = () => performance.now(), products = measureProducts }: {
    /** The clock, in milliseconds. */
    readonly now?: () => number;
    readonly products?: (backend: Backend) => Promise<number>;
  } = {},
): Promise<Forecast> {
  const { backend, steps, flops, validations, stepsPerValidation } = ahead;
  let productSpeed = flops > SHORT_STEP ? await products(backend) : undefined;
  const guess = productSpeed === undefined ? 0 : flops / productSpeed / usualShare(backend);
  const isCheap = 2 * guess <= Math.max(1, REHEARSED_SHARE * steps * guess);
  const rehearsed = steps > 0 && guess <= LONGEST_REHEARSED && isCheap;
  const stepSeconds = rehearsed ? await rehearsedStep(ahead, now) : guess;
  const seconds = stepSeconds * (steps + validations * stepsPerValidation);
  if (seconds >= LONG_ENOUGH) productSpeed ??= await products(backend);
  return { seconds, stepSeconds, rehearsed, productSpeed };
}

/** The median of a few rehearsals, in seconds: the first ones may still run unoptimized, and others be disturbed. */
async function rehearsedStep({ rehearse }: Ahead, now: () => number): Promise<number> {
  await rehearse(); // compiles
  const begun = now(), times: number[] = [];
  let time = begun;
  while (times.length < MAX_REHEARSALS) {
    await rehearse();
    const last = now() - time;
    time += last;
    times.push(last);
    if (time - begun + last > 1000 * REHEARSAL_TIME) break;
  }
  return times.sort((a, b) => a - b)[(times.length - 1) >> 1] / 1000;
}

/** A forecast in words, such as `about 1 min: 7000 steps of 8.5 ms, 28 validations`. */
export function describeForecast({ seconds, stepSeconds }: Forecast, { steps, validations }: Ahead): string {
  const long = validations > 0 ? `, ${counted(validations, "validation")}` : "";
  return `about ${roughDuration(seconds)}: ${counted(steps, "step")} of ${shortDuration(stepSeconds)}${long}`;
}

/** Seconds in one unit: `20 s`, `4 min`, `3.5 h`, `12 days`. */
export function roughDuration(seconds: number): string {
  if (seconds < 10) return `${Math.max(1, Math.round(seconds))} s`;
  if (seconds < 57.5) return `${5 * Math.round(seconds / 5)} s`;
  if (seconds < 89.5 * 60) return `${Math.round(seconds / 60)} min`;
  const hours = seconds / 3600;
  if (hours < 47.5) return `${hours < 9.75 ? Math.round(2 * hours) / 2 : Math.round(hours)} h`;
  return `${Math.round(hours / 24)} days`;
}

/** The duration of a step in two digits: `4.2 ms`, `120 ms`, `36 s`. */
function shortDuration(seconds: number): string {
  const [value, unit] = seconds < 0.995 ? [1000 * seconds, "ms"] : [seconds, "s"];
  return `${Number(value.toPrecision(2))} ${unit}`;
}
