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
interface FlagCommon {
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
  readonly required?: boolean;
  /** What an absent flag means, where that is not a fixed value, such as `the preset's`. */
  readonly otherwise?: string;
}

interface FlagOf<Kind extends string, Value> extends FlagCommon {
  readonly kind: Kind;
  readonly default?: Value;
}

/** A flag with one text value: `--prompt "Once upon a time"`. */
export interface TextFlag extends FlagOf<"text", string> {
  /** The value when the flag is typed without one; else that is an error. */
  readonly bare?: string;
}

/** A flag with several text values: `--data a.txt b.txt`, which is what the shell makes of `--data *.txt`. */
export type ListFlag = FlagOf<"list", readonly string[]>;

/** What numbers a flag takes. */
interface Bounds {
  readonly atLeast?: number;
  readonly atMost?: number;
  readonly above?: number;
  readonly below?: number;
}

/** A flag with one number, within bounds, or with a word in its place: `--save-every 100`, `--save-every epoch`. */
export interface NumberFlag extends FlagOf<"number" | "integer", number>, Bounds {
  readonly word?: string;
}

/** A flag with one or several numbers, with commas between them: `--temperature 0.5,0.8`. */
export interface NumbersFlag extends FlagOf<"numbers", readonly number[]>, Bounds {}

/** A flag with one of a few values. */
export interface ChoiceFlag extends FlagOf<"choice", string> {
  readonly choices: readonly string[];
}

/** A flag that is on or off: `--tied`, `--no-tied`, `--tied=false`. */
export type BooleanFlag = FlagOf<"boolean", boolean>;

/** One flag. */
export type Flag = TextFlag | ListFlag | NumberFlag | NumbersFlag | ChoiceFlag | BooleanFlag;

/** The flags of a command by their camelCase names. */
export type Flags = Readonly<Record<string, Flag>>;

/** The type of one flag's value when it is given. */
export type FlagValue<F extends Flag> = F extends ChoiceFlag ? F["choices"][number]
  : F extends NumbersFlag ? readonly number[]
  : F extends NumberFlag ? number | (F extends { word: infer Word } ? Word : never)
  : F extends BooleanFlag ? boolean
  : F extends ListFlag ? readonly string[]
  : string;

/** The values of all flags. A flag that is neither required nor has a default may be undefined. */
export type FlagValues<Fs extends Flags> = {
  readonly [Name in keyof Fs]: Fs[Name] extends { default: unknown } | { required: true }
    ? FlagValue<Fs[Name]>
    : FlagValue<Fs[Name]> | undefined;
};

/** Puts flags under one heading of the help text. */
export function group<const Fs extends Flags>(heading: string, flags: Fs): Fs {
  return Object.fromEntries(
    Object.entries(flags).map(([name, flag]) => [name, { ...flag, group: heading }]),
  ) as unknown as Fs;
}

/** A name as it is typed: `contextLength` and `context_length` become `context-length`. */
export function kebabCase(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`).replaceAll("_", "-");
}

/** The bounds of a number in words, such as `above 0, at most 1`; empty when it has none. */
export function bounds(flag: NumberFlag | NumbersFlag): string {
  const words = { above: "above", atLeast: "at least", below: "below", atMost: "at most" } as const;
  return (Object.keys(words) as (keyof typeof words)[])
    .filter((bound) => flag[bound] !== undefined)
    .map((bound) => `${words[bound]} ${flag[bound]}`).join(", ");
}

/** Whether a number is of the flag's kind and within its bounds. */
export function acceptsNumber(flag: NumberFlag | NumbersFlag, value: number): boolean {
  const { kind, atLeast = -Infinity, atMost = Infinity, above = -Infinity, below = Infinity } = flag;
  return (kind === "integer" ? Number.isSafeInteger(value) : Number.isFinite(value)) &&
    value >= atLeast && value <= atMost && value > above && value < below;
}

/** What a flag with numbers accepts, in words, such as `a whole number at least 1`. */
export function expectedNumber(flag: NumberFlag | NumbersFlag): string {
  const number = `${flag.kind === "integer" ? "a whole number" : "a number"} ${bounds(flag)}`.trimEnd();
  return flag.kind === "numbers" || flag.word === undefined ? number : `${number}, or ${flag.word}`;
}
