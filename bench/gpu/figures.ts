/**
 * Figures as lines and tables.
 *
 * @module
 */

import { alignTable } from "../table.ts";
import type { Figure } from "./parts.ts";
import type { PeerFigure } from "./peers.ts";
import type { KernelTime } from "./timestamps.ts";

/** Kernels below this share of a step are added up in one row. */
const SMALLEST_SHARE = 0.01;

/** A figure in a line, and below it the time by kernel if there is one. */
export function formatFigure({ name, kernels, adapter, ...figure }: PeerFigure): string {
  if (adapter) return formatAdapter(adapter);
  const { engine, mode, ms, gflops, share, tokensPerSecond, bytes, batchSize } = figure;
  const cell = (value: number | undefined, unit: string, digits: number, width: number) =>
    value === undefined ? "" : `${value.toFixed(digits).padStart(width)} ${unit}`;
  const line = [
    `  ${name.padEnd(36)}`,
    cell(ms, "ms", ms! < 10 ? 3 : 1, 10),
    cell(gflops, "GFLOP/s", 0, 9),
    cell(share && 100 * share, "% of the device", 1, 6),
    cell(tokensPerSecond, "tokens/s", 0, 9),
    cell(bytes && bytes / 1e6, "MB", 0, 8),
    batchSize === undefined ? "" : `  batch ${batchSize}`,
    engine === undefined ? "" : `  ${[engine, mode].filter(Boolean).join(", ")}`,
  ].join("").trimEnd();
  return kernels ? `${line}\n\n${formatKernels(kernels)}\n` : line;
}

function formatAdapter(adapter: Readonly<Record<string, unknown>>): string {
  const { features, teraflops, subgroupSize, ...others } = adapter;
  const rate = teraflops === undefined
    ? "not listed: no shares are shown; --peak TFLOPS states it"
    : `${teraflops} TFLOP/s in 32-bit floats`;
  const subgroups = subgroupSize ? `of ${subgroupSize} lanes, used by reductions` : "not used";
  const entries = [...Object.entries(others), ["subgroups", subgroups], ["rate", rate], [
    "features",
    (features as string[]).join(", "),
  ]];
  return entries.filter(([, value]) => value !== undefined && value !== "")
    .map(([name, value]) => `  ${String(name).padEnd(36)}${value}`).join("\n");
}

/** The time of a step by kernel, in a table. */
export function formatKernels(kernels: readonly KernelTime[]): string {
  const sum = (times: readonly KernelTime[]) => ({
    runs: times.reduce((total, { runs }) => total + runs, 0),
    ms: times.reduce((total, { ms }) => total + ms, 0),
  });
  const { ms: total } = sum(kernels);
  const row = (name: string, { runs, ms }: { runs: number; ms: number }) => [
    name,
    String(runs),
    ms.toFixed(3),
    `${(100 * ms / total).toFixed(1)} %`,
  ];
  const isLarge = ({ ms }: KernelTime) => ms >= SMALLEST_SHARE * total;
  const small = kernels.filter((time) => !isLarge(time));
  return alignTable([
    ["kernel", "runs", "ms on the device", "share"],
    ...kernels.filter(isLarge).map((time) => row(time.name, time)),
    ...small.length > 0 ? [row(`${small.length} others`, sum(small))] : [],
    row("**all kernels**", sum(kernels)),
  ], 1);
}

/** Losses and products agree where they differ by no more than rounding makes of them in three steps. */
function agree(ours: readonly number[] = [], theirs: readonly number[] = []): boolean {
  const count = Math.min(ours.length, theirs.length);
  return count > 0 &&
    ours.slice(0, count).every((value, at) =>
      Math.abs(value - theirs[at]) <= 1e-4 * Math.max(1, Math.abs(value))
    );
}

/**
 * A table of what was measured in ours and in another engine.
 *
 * @param ours Our figures.
 * @param theirs Theirs, under the same names.
 * @returns A Markdown table; nothing where no name is in both.
 */
export function compareFigures(ours: readonly Figure[], theirs: readonly PeerFigure[]): string | undefined {
  const rows = theirs.flatMap(({ name, ms, engine = "", mode, values }) => {
    const own = ours.find((figure) => figure.name === name);
    if (!own?.ms || !ms) return [];
    const ratio = agree(own.values, values)
      ? `${(own.ms / ms).toFixed(2)} ×`
      : `not comparable: ${own.values?.join(", ")} here, ${values?.join(", ")} there`;
    return [[name, [engine, mode].filter(Boolean).join(", "), own.ms.toFixed(3), ms.toFixed(3), ratio]];
  });
  if (rows.length === 0) return undefined;
  return alignTable([["", "beside", "ours, ms", "theirs, ms", "our time"], ...rows], 2);
}
