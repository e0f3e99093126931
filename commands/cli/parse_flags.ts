/**
 * The parser of the command line. Nothing is guessed: which flags take a value is known from their description, so an
 * empty value (`--prompt ""`), a negative number (`--lr -1`) and a text that begins with a dash arrive as they were
 * typed, and what does not belong is an error instead of a surprise.
 *
 * @module
 */
import { nearest, UsageError } from "./errors.ts";
import { bounds, type ChoiceFlag, type Flags, type FlagValues, kebabCase } from "./flags.ts";
import type { NumberFlag, TextFlag } from "./flags.ts";

/**
 * Reads the arguments of a command.
 *
 * @param flags what the command accepts
 * @param args the arguments as the shell passed them
 * @returns the value of every flag by its camelCase name
 * @throws {UsageError} for an unknown flag, a missing, repeated or impossible value, or an argument without a flag
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { parseFlags } from "./parse_flags.ts";
 *
 * const values = parseFlags({
 *   seed: { kind: "integer", description: "seed of all draws", default: 0 },
 *   contextLength: { kind: "integer", description: "tokens seen at once", aliases: ["seq-len"] },
 * }, ["--seq_len", "64"]);
 * assertEquals(values, { seed: 0, contextLength: 64 });
 * ```
 */
export function parseFlags<const Fs extends Flags>(flags: Fs, args: readonly string[]): FlagValues<Fs> {
  const values: Record<string, unknown> = {};
  const typedAs: Record<string, string> = {};
  for (const { typed, texts } of splitAtFlags(args)) {
    const { name, negated } = findFlag(flags, typed);
    const flag = flags[name];
    if (flag.kind === "list") {
      if (texts.length === 0) throw missingValue(typed, flag.placeholder);
      values[name] = [...values[name] as string[] | undefined ?? [], ...texts];
      continue;
    }
    if (typedAs[name] === typed) throw new UsageError(`${typed} is given twice`);
    if (name in typedAs) throw new UsageError(`${typedAs[name]} and ${typed} are the same flag: give one`);
    typedAs[name] = typed;
    if (flag.kind === "boolean") {
      values[name] = booleanValue(typed, negated, texts);
    } else {
      if (texts.length === 0) throw missingValue(typed, flag.placeholder);
      if (texts.length > 1) throw unexpected(texts[1], `a value with spaces needs quotes`);
      values[name] = singleValue(flag, typed, texts[0]);
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

/** Two dashes and a word. Two dashes alone, or before a space, are text: somebody's prompt. */
const flagPattern = /^(?<typed>--[A-Za-z][\w-]*)(?:=(?<value>.*))?$/s;

/** Each flag with the texts that stand between it and the next one, its own `=value` first. */
function splitAtFlags(args: readonly string[]): { typed: string; texts: string[] }[] {
  const parts: { typed: string; texts: string[] }[] = [];
  for (const arg of args) {
    const { typed, value } = arg.match(flagPattern)?.groups ?? {};
    if (typed !== undefined) parts.push({ typed, texts: value === undefined ? [] : [value] });
    else if (parts.length > 0) parts[parts.length - 1].texts.push(arg);
    else throw unexpected(arg, "values follow a flag, such as --seed 1");
  }
  return parts;
}

function findFlag(flags: Flags, typed: string): { name: string; negated: boolean } {
  const names = new Map(
    Object.entries(flags).flatMap(([name, flag]) =>
      [name, ...flag.aliases ?? []].map((spelling) => [kebabCase(spelling), name] as const)
    ),
  );
  const spelling = kebabCase(typed.slice(2));
  const name = names.get(spelling);
  if (name !== undefined) return { name, negated: false };
  const opposite = spelling.startsWith("no-") ? names.get(spelling.slice(3)) : undefined;
  if (opposite !== undefined && flags[opposite].kind === "boolean") return { name: opposite, negated: true };
  const near = nearest(spelling, names.keys());
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
  const value = /^[-+]?(\d+\.?\d*|\.\d+)(e[-+]?\d+)?$/i.test(text) ? Number(text) : NaN;
  const isKind = flag.kind === "integer" ? Number.isSafeInteger(value) : Number.isFinite(value);
  const isInside = value >= (flag.atLeast ?? -Infinity) && value <= (flag.atMost ?? Infinity) &&
    value > (flag.above ?? -Infinity) && value < (flag.below ?? Infinity);
  if (isKind && isInside) return value;
  const wanted = flag.kind === "integer" ? "a whole number" : "a number";
  throw new UsageError(`${typed} is ${text || "empty"}: expected ${`${wanted} ${bounds(flag)}`.trimEnd()}`);
}

function missingValue(typed: string, placeholder: string = "VALUE"): UsageError {
  return new UsageError(`${typed} needs a value: ${typed}=${placeholder}`);
}

function unexpected(arg: string, advice: string): UsageError {
  return new UsageError(`Unexpected argument "${arg}": ${advice}`);
}
