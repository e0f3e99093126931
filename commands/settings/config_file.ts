/**
 * `--config`: a JSON file with values for flags.
 *
 * @module
 */
import { shortened } from "../../core/quoted.ts";
import { cannotRead } from "../cli/errors.ts";
import { type Flags, kebabCase } from "../cli/flags.ts";
import { readBytes } from "../files/disk.ts";
import { expectSchema, objectOf, schemaOf } from "./saved_settings.ts";

/**
 * Fills in flags that were not given with the values in the file that `--config` names, if it is given.
 *
 * @param flags the flags of the command
 * @param values the values that were given
 * @returns all values; those that were given win
 * @throws {Error} when the file cannot be read, or holds something that no flag takes
 */
export async function readConfig<Values extends { readonly config?: string }>(
  flags: Flags,
  values: Values,
): Promise<Values> {
  const { config } = values;
  if (config === undefined) return values;
  const bytes = await readBytes(config).catch(async (error) => {
    throw await cannotRead(config, error);
  });
  let json: unknown;
  try {
    json = JSON.parse(new TextDecoder().decode(bytes));
  } catch (error) {
    throw new Error(`Cannot read ${config}: ${(error as Error).message}`, { cause: error });
  }
  return withConfig(flags, values, json, config);
}

/**
 * Fills in flags that were not given with the settings in a JSON file.
 *
 * @param flags the flags of the command
 * @param values the values that were given
 * @param json the parsed file: values by the names of flags, or an object that has them as `settings`, such as `run.json`
 * @param file its name
 * @returns all values; those that were given win
 * @throws {TypeError} when the file holds a name that is no flag, or a value that the flag does not take
 *
 * @example
 * ```ts
 * import { assertEquals, assertThrows } from "@std/assert";
 * import { parseFlags } from "../cli/parse_flags.ts";
 * import { withConfig } from "./config_file.ts";
 * import { trainFlags } from "./train_flags.ts";
 *
 * const values = parseFlags(trainFlags, ["--seed", "2"]);
 * const { seed, layers } = withConfig(trainFlags, values, { seed: 1, layers: 3 }, "mine.json");
 * assertEquals({ seed, layers }, { seed: 2, layers: 3 });
 * const message = "mine.json: layer is no setting of this command";
 * assertThrows(() => withConfig(trainFlags, values, { layer: 3 }, "mine.json"), TypeError, message);
 * ```
 */
export function withConfig<Values extends object>(
  flags: Flags,
  values: Values,
  json: unknown,
  file: string,
): Values {
  if (Array.isArray(json)) throw new TypeError(`${file}: expected an object`);
  const { settings = json } = expectSchema(objectOf({}), json, file) as { settings?: unknown };
  const given = expectSchema(objectOf({}), settings, file), names = new Map<string, string>();
  for (const name of Object.keys(flags)) if (!NOT_IN_FILES.includes(name)) names.set(kebabCase(name), name);
  const filled = new Map<string, unknown>(Object.entries(values));
  for (const [key, value] of Object.entries(given)) {
    const name = names.get(kebabCase(key));
    if (name === undefined) throw new TypeError(`${file}: ${shortened(key)} is no setting of this command`);
    const others = ALTERNATIVES.find((names) => names.includes(name)) ?? [name];
    const isGiven = others.some((other) => values[other as keyof Values] !== undefined);
    const checked = expectSchema(objectOf({ [key]: schemaOf(flags[name]) }), { [key]: value }, file);
    if (!isGiven) filled.set(name, checked[key]);
  }
  return Object.fromEntries(filled) as Values;
}

/** Flags that belong on the command line. */
const NOT_IN_FILES = ["block", "config", "resume", "help", "verbose", "dryRun"];

/** Flags of which only one may be given: one on the command line takes the place of another in a file. */
const ALTERNATIVES = [["steps", "epochs"], ["feedForwardDim", "feedForwardMultiple"], ["name", "out"]];
