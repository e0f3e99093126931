/**
 * `--config`: a JSON file with values for flags.
 *
 * @module
 */
import { escaped, quoted, shortened } from "../../core/quoted.ts";
import { cannotRead } from "../cli/errors.ts";
import { type Flags, kebabCase } from "../cli/flags.ts";
import { readBytes } from "../files/disk.ts";
import { expectFile } from "../files/open_file.ts";
import { expectSchema, objectOf, schemaOf } from "./saved_settings.ts";

/** Fills in flags that were not given with the values in the file that `--config` names, if it is given. */
export async function readConfig<Values extends { readonly config?: string }>(
  flags: Flags,
  values: Values,
): Promise<Values> {
  const { config } = values;
  if (config === undefined) return values;
  await expectFile(config);
  const bytes = await readBytes(config).catch(async (error) => {
    throw await cannotRead(config, error);
  });
  let json: unknown;
  try {
    json = JSON.parse(new TextDecoder().decode(bytes));
  } catch (error) {
    throw new Error(`Cannot read ${config}: ${escaped((error as Error).message)}`, { cause: error });
  }
  return withConfig(flags, values, json, config);
}

/**
 * Fills in flags that were not given with the settings in a JSON file: values by the names of flags, or an object that has
 * them as `settings`, such as `run.json`. It throws where a name is no flag, or a value is not what the flag takes.
 */
export function withConfig<Values extends object>(
  flags: Flags,
  values: Values,
  json: unknown,
  file: string,
): Values {
  if (Array.isArray(json)) throw new TypeError(`${file}: expected an object`);
  const { settings, block } = expectSchema(objectOf({}), json, file) as {
    settings?: unknown;
    block?: unknown;
  };
  if (settings !== undefined && block !== undefined && !("block" in values && values.block)) {
    throw new TypeError(
      `${file}: that run was trained with --block ${quoted(Object(block).name)}: give the file again`,
    );
  }
  const given = expectSchema(objectOf({}), settings ?? json, file), names = new Map<string, string>();
  for (const name of Object.keys(flags)) if (!NOT_IN_FILES.includes(name)) names.set(kebabCase(name), name);
  const filled = new Map<string, unknown>(Object.entries(values));
  for (const [key, value] of Object.entries(given)) {
    const name = names.get(kebabCase(key));
    if (name === undefined) throw new TypeError(`${file}: ${shortened(key)} is no setting of this command`);
    const typed = values[name as keyof Values];
    if (DECISIVE.includes(name) && typed !== undefined && typed !== value) {
      throw new TypeError(
        `${file}: ${name} is ${
          quoted(value)
        }, but --${name} is ${typed}: other values in the file depend on it; ` +
          "leave one of them out",
      );
    }
    const others = ALTERNATIVES.find((names) => names.includes(name)) ?? [name];
    const isGiven = others.some((other) => values[other as keyof Values] !== undefined);
    const checked = expectSchema(objectOf({ [key]: schemaOf(flags[name]) }), { [key]: value }, file);
    if (!isGiven) filled.set(name, checked[key]);
  }
  return Object.fromEntries(filled) as Values;
}

/** Flags that belong on the command line. */
const NOT_IN_FILES = ["block", "config", "resume", "help", "verbose", "dryRun"];

/** Flags that decide what others mean. */
const DECISIVE = ["objective", "preset", "architecture", "optimizer"];

/** Flags of which only one may be given: one on the command line takes the place of another in a file. */
export const ALTERNATIVES = [["steps", "epochs"], ["feedForwardDim", "feedForwardMultiple"], ["name", "out"]];
