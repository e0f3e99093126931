/**
 * Checks the numeric settings in the state of a run against their flags: an edited or untrusted file must not ask for what
 * the command line refuses.
 *
 * @module
 */
import { type Flags, kebabCase } from "../cli/flags.ts";
import { parseFlags } from "../cli/parse_flags.ts";

/**
 * Refuses settings that their flags would not accept. Only numbers are checked.
 *
 * @param settings the settings as they were read
 * @param flags the flags of the command; settings without a flag of the same name are not checked
 * @throws {TypeError} when one is out of the bounds of its flag
 *
 * @example
 * ```ts
 * import { assertThrows } from "@std/assert";
 * import { checkSettings } from "./state_settings.ts";
 *
 * const flags = { batchSize: { kind: "integer", description: "windows in a batch", atLeast: 1 } } as const;
 * checkSettings({ batchSize: 4, name: "mine" }, flags);
 * const message = "settings.batchSize is 0: expected a whole number at least 1";
 * assertThrows(() => checkSettings({ batchSize: 0 }, flags), TypeError, message);
 * ```
 */
export function checkSettings(settings: object, flags: Flags): void {
  for (const [name, value] of Object.entries(settings)) {
    const flag = Object.hasOwn(flags, name) ? flags[name] : undefined;
    const isNumber = flag?.kind === "number" || flag?.kind === "integer";
    if (flag === undefined || !isNumber || typeof value !== "number") continue;
    const typed = `--${kebabCase(name)}`;
    try {
      parseFlags({ [name]: flag }, [typed, String(value)]);
    } catch (error) {
      const { message } = error as Error;
      throw new TypeError(message.replace(typed, `settings.${name}`), { cause: error });
    }
  }
}
