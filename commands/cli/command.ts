/**
 * A command: a name, a description of its flags, and a function of their values. Help, parsing and checks follow from the
 * description.
 *
 * @module
 */
import configuration from "../../deno.json" with { type: "json" };
import { nearest, UsageError } from "./errors.ts";
import {
  bounds,
  type Flag,
  type Flags,
  type FlagValues,
  group,
  kebabCase,
  type NumberFlag,
} from "./flags.ts";
import { parseFlags } from "./parse_flags.ts";
import { print, terminalColumns } from "./terminal.ts";
import { padText, textWidth, wrapText } from "./wrap.ts";

/** The version of the package. */
export const VERSION: string = configuration.version;

const PROGRAM = `miniformer ${VERSION}`;

/** A command, ready to be run. */
export interface Command {
  /** What is typed after `deno task`. */
  readonly name: string;
  /** One sentence, without a full stop. */
  readonly summary: string;
  /** Its flags by their camelCase names; none for a group of commands. */
  readonly flags: Flags;
  /** The commands of a group. */
  readonly commands?: CommandTable;
  /** The help text, wrapped at a number of columns. */
  help(columns?: number): string | Promise<string>;
  /** Parses the arguments and does the work, or prints the help or the version. */
  run(args: readonly string[]): Promise<void>;
}

/** The description of a command. */
export interface CommandDescription<Fs extends Flags> {
  /** What is typed after `deno task`. */
  readonly name: string;
  /** One sentence, without a full stop. */
  readonly summary: string;
  /** What follows the name in the usage line; `[flags]` when absent. */
  readonly usage?: string;
  /** Whole command lines, without `deno task`. */
  readonly examples?: readonly string[];
  /** A flag whose value may be typed without its name: before all flags, or after `--`. */
  readonly operand?: string;
  /** The flags by their camelCase names; `--verbose`, `--version` and `--help` are added to them. */
  readonly flags: Fs;
  /** Does the work. */
  run(values: FlagValues<Fs> & { readonly verbose: boolean }): void | Promise<void>;
}

/** The flags of every command. */
const COMMON_FLAGS = group("Help", {
  verbose: { kind: "boolean", description: "show where an error was thrown", default: false },
  version: { kind: "boolean", description: "show the version", short: "V", default: false },
  help: { kind: "boolean", description: "show this text", short: "h", default: false },
});

/**
 * Makes a command from its description.
 *
 * @param description name, flags and work
 * @returns the command
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { defineCommand } from "./command.ts";
 *
 * let text = "";
 * const greet = defineCommand({
 *   name: "greet",
 *   summary: "Greet a person",
 *   flags: { name: { kind: "text", description: "their name", default: "world" } },
 *   run: ({ name }) => void (text = `Hello, ${name}!`),
 * });
 * await greet.run(["--name", "Ada"]);
 * assertEquals(text, "Hello, Ada!");
 * ```
 */
export function defineCommand<const Fs extends Flags>(description: CommandDescription<Fs>): Command {
  const flags = { ...description.flags, ...COMMON_FLAGS };
  const help = (columns?: number) => formatHelp(description, flags, columns);
  return {
    name: description.name,
    summary: description.summary,
    flags,
    help,
    async run(args) {
      const request = requestOf(args);
      const { help: isHelp, version: isVersion, ...values } = request
        ? { [request]: true }
        : parseFlags(flags, args, description.operand);
      if (isHelp) print(help(helpColumns()));
      else if (isVersion) print(PROGRAM);
      else await description.run(values as FlagValues<Fs> & { verbose: boolean });
    },
  };
}

/** Commands by their names. Each is loaded when it is called, so that one starts without loading the others. */
export type CommandTable = Readonly<Record<string, () => Command | Promise<Command>>>;

/**
 * Makes a group of commands, chosen by the first argument: `tokenizer train`, `tokenizer encode`.
 *
 * @param name what is typed before the choice; empty for the program itself
 * @param summary one sentence on all of them, without a full stop
 * @param commands the commands to choose from
 * @returns the command
 *
 * @example
 * ```ts
 * import { assertRejects } from "@std/assert";
 * import { chooseCommand, defineCommand } from "./command.ts";
 *
 * const encode = defineCommand({ name: "tokenizer encode", summary: "Text to ids", flags: {}, run() {} });
 * const tokenizer = chooseCommand("tokenizer", "Make and use tokenizers", { encode: () => encode });
 * await assertRejects(() => tokenizer.run(["encod"]), Error, "did you mean encode?");
 * ```
 */
export function chooseCommand(name: string, summary: string, commands: CommandTable): Command {
  const names = Object.keys(commands);
  const prefix = name && `${name} `;
  const help = async (columns: number = 100) => {
    const loaded = await Promise.all(Object.values(commands).map((load) => load()));
    const indent = Math.max(...names.map((name) => name.length)) + 4;
    const wrap = (text: string) => wrapText(text, columns);
    const lines = names.map((name, i) => hang(`  ${name}`, loaded[i].summary, indent, columns));
    return wrap(`${summary}.\n\nUsage: deno task ${prefix}COMMAND [flags]\n\nCommands:\n`) +
      `${lines.join("\n")}\n\n` + wrap(`Flags of a command: deno task ${prefix}COMMAND --help`);
  };
  return {
    name,
    summary,
    flags: {},
    commands,
    help,
    async run(args) {
      const [chosen, ...rest] = args;
      if (Object.hasOwn(commands, chosen ?? "")) return (await commands[chosen]()).run(rest);
      const request = ["help", undefined].includes(chosen) ? "help" : requestOf([chosen]);
      if (request) return print(request === "help" ? await help(helpColumns()) : PROGRAM);
      const near = nearest(chosen, names);
      const advice = near ? `did you mean ${near}?` : `expected one of ${names.join(", ")}`;
      throw new UsageError(`Unknown command ${prefix}${chosen}: ${advice}`);
    },
  };
}

/**
 * What is shown even if the rest of the line is wrong. Short flags are read here only in the first position: after another
 * flag they may be its value.
 */
function requestOf(args: readonly string[]): "help" | "version" | undefined {
  const end = args.indexOf("--"), line = end < 0 ? args : args.slice(0, end);
  return (["help", "version"] as const).find((name) =>
    line.includes(`--${name}`) || line[0] === `-${COMMON_FLAGS[name].short}`
  );
}

const helpColumns = (): number => Math.min(terminalColumns(), 100);

function formatHelp(
  { name, summary, usage = "[flags]", examples = [] }: CommandDescription<Flags>,
  flags: Flags,
  columns: number = 100,
): string {
  const rows = Object.entries(flags).map(([name, flag]) => ({
    heading: flag.group ?? "Flags",
    left: `  ${flag.short ? `-${flag.short}, ` : ""}--${kebabCase(name)}${placeholder(flag)}`,
    right: explain(flag),
  }));
  const widest = Math.max(...rows.map(({ left }) => left.length)) + 2;
  const indent = Math.min(widest, 34, columns >> 1);
  const sections = Map.groupBy(rows, ({ heading }) => heading);
  return [
    wrapText(`${summary}.`, columns),
    wrapText(`Usage: deno task ${name} ${usage}`, columns, 4),
    ...examples.length > 0
      ? [["Examples:", ...examples.map((line) => wrapText(`  deno task ${line}`, columns, 6))].join("\n")]
      : [],
    ...[...sections].map(([heading, rows]) =>
      [`${heading}:`, ...rows.map(({ left, right }) => hang(left, right, indent, columns))].join("\n")
    ),
    wrapText(
      "Flags may be written with - or _ between words. Implausibly large numbers are refused.",
      columns,
    ),
  ].join("\n\n");
}

function placeholder(flag: Flag): string {
  const usual = {
    text: " TEXT",
    list: " TEXT...",
    number: " NUMBER",
    integer: " N",
    choice: " NAME",
    boolean: "",
  };
  return flag.placeholder ? ` ${flag.placeholder}` : usual[flag.kind];
}

/** Description, allowed values, default and further names of a flag in one paragraph. */
function explain(flag: Flag): string {
  const limits = flag.kind === "choice"
    ? flag.choices.join(", ")
    : (flag.kind === "number" || flag.kind === "integer") && !isObvious(flag)
    ? bounds(flag)
    : "";
  const absent = flag.otherwise ?? (flag.default === false ? "" : flag.default?.toString());
  const notes = [
    flag.required ? "required" : absent && `default: ${absent}`,
    flag.aliases?.length ? `also ${flag.aliases.map((alias) => `--${kebabCase(alias)}`).join(", ")}` : "",
  ].filter(Boolean);
  return [flag.description, limits && `: ${limits}`, notes.length > 0 && ` (${notes.join("; ")})`]
    .filter(Boolean).join("");
}

/** Whether the help omits the bounds: those that only exclude negative or implausibly large numbers. */
function isObvious({ atLeast = 0, atMost = Infinity, above = 0, below }: NumberFlag): boolean {
  return atLeast <= 1 && above === 0 && below === undefined && atMost >= 1000;
}

/** Two columns: the right text is wrapped within its own. */
function hang(left: string, right: string, indent: number, columns: number): string {
  const gap = textWidth(left) + 2 > indent ? `${left}  ` : padText(left, indent);
  return wrapText(gap + right, columns, indent);
}
