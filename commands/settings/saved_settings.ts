/**
 * Settings in JSON files: the state of a run, and the file that `--config` names. They are checked against the flags of the
 * same names, so that an edited or untrusted file cannot set what the command line refuses.
 *
 * @module
 */
import * as v from "valibot";
import { quoted } from "../../core/quoted.ts";
import { acceptsNumber, expectedNumber, type Flag, type Flags } from "../cli/flags.ts";

/** A finite number: JSON can hold 1e999, which is read as infinity. */
export const FINITE = v.pipe(v.number("a number"), v.finite("a finite number"));

/** Any text. */
export const TEXT = v.string("a text");

/** An object with these entries, and perhaps others. */
export function objectOf<const Entries extends v.ObjectEntries>(
  entries: Entries,
): v.LooseObjectSchema<Entries, string> {
  return v.looseObject(entries, "an object");
}

/** What a JSON file may hold as the value of a flag; the message of the schema says what is expected. */
export function schemaOf(flag: Flag): v.GenericSchema {
  switch (flag.kind) {
    case "boolean":
      return v.boolean("true or false");
    case "choice":
      return v.picklist(flag.choices, `one of ${flag.choices.join(", ")}`);
    case "list":
      return v.array(v.pipe(TEXT, v.nonEmpty("a text that is not empty")), "a list");
    case "text":
      return TEXT;
    default: {
      const expected = expectedNumber(flag);
      const number = v.pipe(v.number(expected), v.check((value) => acceptsNumber(flag, value), expected));
      if (flag.kind === "numbers") return v.array(number, "a list");
      return flag.word === undefined ? number : v.union([v.literal(flag.word), number], expected);
    }
  }
}

/** The schema of settings that are kept under the names of flags: those that must be there, and those that may be. */
export function settingsSchema(
  flags: Flags,
  names: readonly string[],
  optional: readonly string[] = [],
): v.GenericSchema {
  return objectOf({
    ...Object.fromEntries(names.map((name) => [name, schemaOf(flags[name])])),
    ...Object.fromEntries(optional.map((name) => [name, v.optional(schemaOf(flags[name]))])),
  });
}

/** Checks the content of a JSON file. The error names file and field. */
export function expectSchema<Schema extends v.GenericSchema>(
  schema: Schema,
  value: unknown,
  file: string,
): v.InferOutput<Schema> {
  const result = v.safeParse(schema, value, { abortEarly: true });
  if (result.success) return result.output;
  const [issue] = result.issues, path = v.getDotPath(issue) ?? "its content";
  throw new TypeError(
    issue.input === undefined
      ? `${file}: ${path} is missing`
      : `${file}: ${path} is ${quoted(issue.input)}, expected ${issue.message}`,
  );
}
