/**
 * The flags of a command, described once: from the description come the types of the values, the parser
 * (parse_flags.ts), the checks and the help text (command.ts).
 *
 * A flag is named in camelCase and typed in kebab-case or snake_case: `contextLength` answers to `--context-length` and
 * `--context_length`. A flag without a default may be absent, and is then `undefined`: a preset or a resumed checkpoint
 * can tell "not given" from any value and fill it in.
 *
 * @module
 */
/** What every flag may say about itself. */
export interface FlagCommon {
  /** One sentence for the help text, without a full stop. */
  readonly description: string;
  /** The heading it stands under in the help text. */
  readonly group?: string;
  /** Further names, in kebab-case: what older projects call it. */
  readonly aliases?: readonly string[];
  /** What stands for the value in the help text, such as `FILE`. */
  readonly placeholder?: string;
  /** Whether the command can do nothing without it. */
  readonly required?: boolean;
  /** What an absent flag means, where that is not a fixed value, such as `the preset's`. */
  readonly otherwise?: string;
}

/** A flag with one text value: `--prompt "Once upon a time"`. */
export interface TextFlag extends FlagCommon {
  /** Tells the kinds of flag apart. */
  readonly kind: "text";
  /** The value when the flag is typed without one; else that is an error. */
  readonly bare?: string;
  /** The value when the flag is absent. */
  readonly default?: string;
}

/** A flag with several text values: `--data a.txt b.txt`, which is what the shell makes of `--data *.txt`. */
export interface ListFlag extends FlagCommon {
  /** Tells the kinds of flag apart. */
  readonly kind: "list";
  /** The value when the flag is absent. */
  readonly default?: readonly string[];
}

/** A flag with one number, within bounds. */
export interface NumberFlag extends FlagCommon {
  /** Tells the kinds of flag apart. */
  readonly kind: "number" | "integer";
  /** The value when the flag is absent. */
  readonly default?: number;
  /** The smallest value allowed. */
  readonly atLeast?: number;
  /** The largest value allowed. */
  readonly atMost?: number;
  /** A bound that the value must exceed. */
  readonly above?: number;
  /** A bound that the value must stay under. */
  readonly below?: number;
}

/** A flag with one of a few values. */
export interface ChoiceFlag extends FlagCommon {
  /** Tells the kinds of flag apart. */
  readonly kind: "choice";
  /** The values allowed. */
  readonly choices: readonly string[];
  /** The value when the flag is absent. */
  readonly default?: string;
}

/** A flag that is on or off: `--tied`, `--no-tied`, `--tied=false`. */
export interface BooleanFlag extends FlagCommon {
  /** Tells the kinds of flag apart. */
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

/** The values of all flags: a flag with neither default nor duty may be undefined. */
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
 * assertEquals(kebabCase("contextLength"), "context-length");
 * assertEquals(kebabCase("context_length"), "context-length");
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
