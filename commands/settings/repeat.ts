/**
 * The command line that repeats a run.
 *
 * @module
 */
import { kebabCase } from "../cli/flags.ts";
import { quote } from "../cli/terminal.ts";

/** Values of flags by name. */
export type FlagRecord = Readonly<Record<string, unknown>>;

/** Settings that the defaults of others follow from: their flags come first. */
const BASES = [
  "preset",
  "optimizer",
  "tokenizer",
  "architecture",
  "modelDim",
  "heads",
  "learningRate",
  "steps",
];

/**
 * The fewest of these values that lead to all of them. `choose` gives the settings that follow from flags; where it throws,
 * because some flags do not fit together without others, the next flag is taken.
 */
export function fewestFlags(values: FlagRecord, choose: (flags: FlagRecord) => object): FlagRecord {
  const flags: Record<string, unknown> = {};
  const names = [...BASES.filter((name) => name in values), ...Object.keys(values)];
  for (const name of new Set(names)) {
    const value = values[name];
    if (value !== undefined && !isSame(value, chosenFor(name))) flags[name] = value;
  }
  return flags;

  function chosenFor(name: string): unknown {
    try {
      return (choose(flags) as FlagRecord)[name];
    } catch {
      return undefined;
    }
  }
}

const isSame = (a: unknown, b: unknown) => JSON.stringify(a) === JSON.stringify(b);

/** The columns that a command line is broken at. */
const COLUMNS = 100;

/** A command line as it is typed in a shell, broken between flags where it is long. */
export function commandLine(task: string, flags: FlagRecord): string {
  const given = Object.entries(flags).filter(([, value]) => value !== undefined);
  const pieces = given.map(([name, value]) => {
    if (typeof value === "boolean") return `--${value ? "" : "no-"}${kebabCase(name)}`;
    return [`--${kebabCase(name)}`, ...[value].flat().map((value) => quote(String(value)))].join(" ");
  });
  const lines = [`deno task ${task}`];
  for (const piece of pieces) {
    const line = `${lines.at(-1)} ${piece}`;
    if (line.length + 2 <= COLUMNS) lines[lines.length - 1] = line;
    else lines.push(`  ${piece}`);
  }
  return lines.join(" \\\n");
}
