/**
 * The flags of a command, described once. The types of the values, the parser (parse_flags.ts), the checks and the help
 * text (command.ts) follow from the description.
 *
 * A flag is named in camelCase and typed in kebab-case or snake_case: `contextLength` is `--context-length` or
 * `--context_length`. A flag without a default is `undefined` when it is absent, so that a preset or a resumed checkpoint
 * can fill it in.
 *
 * @module
 */

/** What the description of every flag may hold. */
export interface FlagCommon {
  /** One sentence for the help text, without a full stop. */
  readonly description: string;
  /** Its heading in the help text. */
  readonly group?: string;
  /** A single letter that may be typed after one dash instead of the name: `o` for `-o`. */
  readonly short?: string;
  /** Further names, in kebab-case, such as those of older projects. */
  readonly aliases?: readonly string[];
  /** What stands for the value in the help text, such as `FILE`. */
  readonly placeholder?: string;
  /** Whether the flag must be given. */
  readonly required?: boolean;
  /** What an absent flag means, where that is not a fixed value, such as `the preset's`. */
  readonly otherwise?: string;
}

/** A flag with one text value: `--prompt "Once upon a time"`. */
export interface TextFlag extends FlagCommon {
  /** The kind of the flag. */
  readonly kind: "text";
  /** The value when the flag is typed without one; else that is an error. */
  readonly bare?: string;
  /** The value when the flag is absent. */
  readonly default?: string;
}

/** A flag with several text values: `--data a.txt b.txt`, which is what the shell makes of `--data *.txt`. */
export interface ListFlag extends FlagCommon {
  /** The kind of the flag. */
  readonly kind: "list";
  /** The value when the flag is absent. */
  readonly default?: readonly string[];
}

/** A flag with one number, within bounds. */
export interface NumberFlag extends FlagCommon {
  /** The kind of the flag. */
  readonly kind: "number" | "integer";
  /** The value when the flag is absent. */
  readonly default?: number;
  /** The smallest value allowed. */
  readonly atLeast?: number;
  /** The largest value allowed. */
  readonly atMost?: number;
  /** A lower bound that is not itself allowed. */
  readonly above?: number;
  /** An upper bound that is not itself allowed. */
  readonly below?: number;
}

/** A flag with one of a few values. */
export interface ChoiceFlag extends FlagCommon {
  /** The kind of the flag. */
  readonly kind: "choice";
  /** The values allowed. */
  readonly choices: readonly string[];
  /** The value when the flag is absent. */
  readonly default?: string;
}

/** A flag that is on or off: `--tied`, `--no-tied`, `--tied=false`. */
export interface BooleanFlag extends FlagCommon {
  /** The kind of the flag. */
  readonly kind: "boolean";
  /** The value when the flag is absent. */
  readonly default?: boolean;
}

/** One flag. */
export type Flag = TextFlag | ListFlag | NumberFlag | ChoiceFlag | BooleanFlag;

/** The flags of a command by their camelCase names. */
export type Flags = Readonly<Record<string, Flag>>;

/** The type of one flag's value when it is given. */
export type FlagValue<F extends Flag> = F extends ChoiceFlag ? F["choices"][number]
  : F extends NumberFlag ? number
  : F extends BooleanFlag ? boolean
  : F extends ListFlag ? readonly string[]
  : string;

/** The values of all flags. A flag that is neither required nor has a default may be undefined. */
export type FlagValues<Fs extends Flags> = {
  readonly [Name in keyof Fs]: Fs[Name] extends { default: unknown } | { required: true }
    ? FlagValue<Fs[Name]>
    : FlagValue<Fs[Name]> | undefined;
};

/**
 * Puts flags under one heading of the help text.
 *
 * @param heading the heading
 * @param flags the flags
 * @returns the same flags, each with the heading as its group
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { group } from "./flags.ts";
 *
 * assertEquals(group("Model", { layers: { kind: "integer", description: "number of blocks" } }), {
 *   layers: { kind: "integer", description: "number of blocks", group: "Model" },
 * });
 * ```
 */
export function group<const Fs extends Flags>(heading: string, flags: Fs): Fs {
  return Object.fromEntries(
    Object.entries(flags).map(([name, flag]) => [name, { ...flag, group: heading }]),
  ) as unknown as Fs;
}

/**
 * A name as it is typed: camelCase and snake_case become kebab-case.
 *
 * @param name the name in any of the three styles
 * @returns the name in kebab-case
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { kebabCase } from "./flags.ts";
 *
 * assertEquals(["contextLength", "context_length"].map(kebabCase), ["context-length", "context-length"]);
 * ```
 */
export function kebabCase(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`).replaceAll("_", "-");
}

/**
 * The bounds of a number in words, empty when it has none.
 *
 * @param flag the flag
 * @returns such as `above 0, at most 1`
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { bounds } from "./flags.ts";
 *
 * assertEquals(bounds({ kind: "number", description: "", above: 0, atMost: 1 }), "above 0, at most 1");
 * ```
 */
export function bounds(flag: NumberFlag): string {
  const words = { above: "above", atLeast: "at least", below: "below", atMost: "at most" } as const;
  return (Object.keys(words) as (keyof typeof words)[])
    .filter((bound) => flag[bound] !== undefined)
    .map((bound) => `${words[bound]} ${flag[bound]}`).join(", ");
}

/**
 * Whether a number is of the flag's kind and within its bounds.
 *
 * @param flag the flag
 * @param value the number
 * @returns whether it is
 */
export function acceptsNumber(flag: NumberFlag, value: number): boolean {
  const { kind, atLeast = -Infinity, atMost = Infinity, above = -Infinity, below = Infinity } = flag;
  return (kind === "integer" ? Number.isSafeInteger(value) : Number.isFinite(value)) &&
    value >= atLeast && value <= atMost && value > above && value < below;
}

/**
 * What {@linkcode acceptsNumber} accepts, in words.
 *
 * @param flag the flag
 * @returns such as `a whole number at least 1`
 */
export function expectedNumber(flag: NumberFlag): string {
  return `${flag.kind === "integer" ? "a whole number" : "a number"} ${bounds(flag)}`.trimEnd();
}
