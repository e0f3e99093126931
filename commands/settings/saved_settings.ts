/**
 * Settings in JSON files: the state of a run, and the file that `--config` names. They are checked against the flags of the same
 * names, so that an edited or untrusted file cannot set what the command line refuses.
 *
 * @module
 */
import * as v from "valibot";
import { quoted } from "../../core/quoted.ts";
import { bounds, type Flag, type Flags } from "../cli/flags.ts";

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

/**
 * What a JSON file may hold as the value of a flag.
 *
 * @param flag the flag
 * @returns a schema, whose message says what is expected
 */
export function schemaOf(flag: Flag): v.GenericSchema {
  switch (flag.kind) {
    case "boolean":
      return v.boolean("true or false");
    case "choice":
      return v.picklist(flag.choices, `one of ${flag.choices.join(", ")}`);
    case "list":
      return v.array(v.union([TEXT, FINITE], "a text or a number"), "a list");
    case "text":
      return TEXT;
    default: {
      const { kind, atLeast = -Infinity, atMost = Infinity, above = -Infinity, below = Infinity } = flag;
      const expected = `${kind === "integer" ? "a whole number" : "a number"} ${bounds(flag)}`.trimEnd();
      const isExpected = (value: number) =>
        Number.isFinite(value) && (kind === "number" || Number.isSafeInteger(value)) &&
        value >= atLeast && value <= atMost && value > above && value < below;
      return v.pipe(v.number(expected), v.check(isExpected, expected));
    }
  }
}

/**
 * The schema of settings that are kept under the names of flags.
 *
 * @param flags the flags
 * @param names the settings that must be there
 * @param optional the settings that may be there
 * @returns the schema
 */
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

/**
 * Checks the content of a JSON file.
 *
 * @param schema what it must be
 * @param value the parsed content
 * @param file the name of the file
 * @returns the content
 * @throws {TypeError} when it is something else; the message names file and field
 *
 * @example
 * ```ts
 * import { assertThrows } from "@std/assert";
 * import { trainFlags } from "./train_flags.ts";
 * import { expectSchema, settingsSchema } from "./saved_settings.ts";
 *
 * const schema = settingsSchema(trainFlags, ["batchSize"]);
 * const message = "run.json: batchSize is 0, expected a whole number at least 1";
 * assertThrows(() => expectSchema(schema, { batchSize: 0 }, "run.json"), TypeError, message);
 * ```
 */
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
