/**
 * The parser of the command line. Which flags take a value follows from their description, so an empty value
 * (`--prompt ""`), a negative number (`--lr -1`) and a text that begins with a dash are taken as they were typed, and
 * anything unexpected is an error.
 *
 * @module
 */
import { nearest, UsageError } from "./errors.ts";
import {
  acceptsNumber,
  type ChoiceFlag,
  expectedNumber,
  type Flag,
  type Flags,
  type FlagValues,
  kebabCase,
  type NumberFlag,
  type NumbersFlag,
  type TextFlag,
} from "./flags.ts";

/** A flag of the command line with its values. */
interface TypedFlag {
  readonly name: string;
  /** As it was typed, such as `--seq_len`. */
  readonly typed: string;
  /** Whether it was typed as `--no-…`. */
  readonly negated: boolean;
  /** The values, that after `=` first. */
  readonly texts: string[];
}

/**
 * The value of every flag by its camelCase name. Throws a {@linkcode UsageError} for an unknown flag, a missing, repeated or
 * impossible value, or an argument without a flag; one `operand` may be typed without it, before all flags or after `--`.
 */
export function parseFlags<const Fs extends Flags>(
  flags: Fs,
  args: readonly string[],
  operand?: string,
): FlagValues<Fs> {
  const values: Record<string, unknown> = {};
  const typedAs: Record<string, string> = {};
  for (const { name, typed, negated, texts } of splitAtFlags(flags, args, operand)) {
    const flag = flags[name], [text, second] = texts;
    if (text === undefined && needsValue(flag)) {
      throw new UsageError(`${typed} needs a value: ${typed}=${flag.placeholder ?? "VALUE"}`);
    }
    if (namesFiles(flag) && texts.includes("")) {
      throw new UsageError(
        `${typed} is empty: expected ${flag.placeholder}${flag.required ? "" : ", or leave it out"}`,
      );
    }
    if (flag.kind === "list") {
      values[name] = [...values[name] as string[] | undefined ?? [], ...texts];
      continue;
    }
    if (typedAs[name] === typed) throw new UsageError(`${typed} is given twice`);
    if (name in typedAs) throw new UsageError(`${typedAs[name]} and ${typed} are the same flag: give one`);
    typedAs[name] = typed;
    if (flag.kind === "numbers") {
      values[name] = texts.join(",").split(/,+/).map((text) => numberValue(flag, typed, text));
    } else if (flag.kind === "boolean") {
      values[name] = booleanValue(typed, negated, texts);
    } else {
      if (second !== undefined) throw unexpected(second, "a value with spaces needs quotes");
      values[name] = text === undefined ? (flag as TextFlag).bare : singleValue(flag, typed, text);
    }
  }
  for (const [name, flag] of Object.entries(flags)) {
    if (flag.required && !(name in values)) {
      throw new UsageError(`--${kebabCase(name)} is missing: ${flag.description}`);
    }
    values[name] ??= flag.default;
  }
  return values as FlagValues<Fs>;
}

/** Two dashes and a word, or a dash and a letter. Two dashes before a space are text, perhaps a prompt. */
const FLAG_PATTERN = /^(?<typed>--[A-Za-z][\w-]*|-[A-Za-z])(?:=(?<value>.*))?$/s;

/** Each flag with the arguments up to the next one. */
function splitAtFlags(flags: Flags, args: readonly string[], operand?: string): TypedFlag[] {
  const found: TypedFlag[] = [], operands: string[] = [];
  for (const [index, arg] of args.entries()) {
    const last = found.at(-1);
    const expectsValue = last !== undefined && last.texts.length === 0 && needsValue(flags[last.name]);
    if (arg === "--" && !expectsValue) {
      operands.push(...args.slice(index + 1));
      break;
    }
    const { typed, value } = arg.match(FLAG_PATTERN)?.groups ?? {};
    // `-x` is a flag only where it can be nothing else, so that `--prompt -x` is a prompt.
    const isFlag = typed?.startsWith("--") || typed !== undefined && !expectsValue;
    if (isFlag) found.push({ ...findFlag(flags, typed), typed, texts: value === undefined ? [] : [value] });
    else (last?.texts ?? operands).push(arg);
  }
  if (operands.length === 0) return found;
  if (operand === undefined) throw unexpected(operands[0], "values follow a flag, such as --seed 1");
  return [...found, { name: operand, typed: `--${kebabCase(operand)}`, negated: false, texts: operands }];
}

function needsValue(flag: Flag): boolean {
  return flag.kind === "text" ? flag.bare === undefined : flag.kind !== "boolean";
}

/** Whether a flag names files or folders, which are never called "". */
const namesFiles = ({ placeholder = "" }: Flag): boolean => /FILE|FOLDER/.test(placeholder);

function findFlag(flags: Flags, typed: string): { name: string; negated: boolean } {
  const names = new Map<string, string>();
  for (const [name, { aliases = [], short }] of Object.entries(flags)) {
    for (const spelling of [name, ...aliases]) names.set(`--${kebabCase(spelling)}`, name);
    if (short !== undefined) names.set(`-${short}`, name);
  }
  const spelling = typed.startsWith("--") ? kebabCase(typed) : typed, name = names.get(spelling);
  if (name !== undefined) return { name, negated: false };
  const opposite = spelling.startsWith("--no-") ? names.get(`--${spelling.slice(5)}`) : undefined;
  if (opposite !== undefined && flags[opposite].kind === "boolean") return { name: opposite, negated: true };
  const near = nearest(spelling.slice(2), [...names.keys()].map((name) => name.slice(2)));
  throw new UsageError(`Unknown flag ${typed}${near ? `: did you mean --${near}?` : ""}`);
}

function booleanValue(typed: string, negated: boolean, texts: readonly string[]): boolean {
  if (texts.length === 0) return !negated;
  if (!negated && texts.length === 1 && /^(true|false)$/.test(texts[0])) return texts[0] === "true";
  throw unexpected(texts[texts.length - 1], `${typed} takes no value${negated ? "" : " but true or false"}`);
}

function singleValue(flag: TextFlag | NumberFlag | ChoiceFlag, typed: string, text: string): string | number {
  if (flag.kind === "text") return text;
  if (flag.kind === "choice") {
    if (flag.choices.includes(text)) return text;
    throw new UsageError(`${typed} is "${text}": expected one of ${flag.choices.join(", ")}`);
  }
  if (flag.word !== undefined && text === flag.word) return text;
  return numberValue(flag, typed, text);
}

function numberValue(flag: NumberFlag | NumbersFlag, typed: string, text: string): number {
  const value = /^[-+]?(\d+\.?\d*|\.\d+)(e[-+]?\d+)?$/i.test(text) ? Number(text) : NaN;
  if (acceptsNumber(flag, value)) return value;
  throw new UsageError(`${typed} is ${text || "empty"}: expected ${expectedNumber(flag)}`);
}

function unexpected(arg: string, advice: string): UsageError {
  return new UsageError(`Unexpected argument "${arg}": ${advice}`);
}
