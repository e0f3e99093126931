/**
 * A command: a name, a description of its flags, and a function of their values. Help, parsing and checks follow from the
 * description.
 *
 * @module
 */
import configuration from "../../deno.json" with { type: "json" };
import { nearest, UsageError } from "./errors.ts";
import { bounds, type Flag, type Flags, type FlagValues, group, kebabCase } from "./flags.ts";
import { parseFlags } from "./parse_flags.ts";
import { formatFacts, print, terminalColumns } from "./terminal.ts";
import { wrapText } from "./wrap.ts";

/** The version of the package. */
export const VERSION: string = configuration.version;

const PROGRAM = `miniformer ${VERSION}`;

/** A command, ready to be run. */
export interface Command {
  readonly name: string;
  readonly summary: string;
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
  /** What follows the name in the usage line. */
  readonly usage?: string;
  /** Whole command lines, without `deno task`. */
  readonly examples?: readonly string[];
  /** A flag whose value may be typed without its name: before all flags, or after `--`. */
  readonly operand?: string;
  /** `--verbose`, `--version` and `--help` are added to them. */
  readonly flags: Fs;
  run(values: FlagValues<Fs> & { readonly verbose: boolean }): void | Promise<void>;
}

/** The flags of every command. */
const COMMON_FLAGS = group("Help", {
  verbose: { kind: "boolean", description: "show where an error was thrown", default: false },
  version: { kind: "boolean", description: "show the version", short: "V", default: false },
  help: { kind: "boolean", description: "show this text", short: "h", default: false },
});

/** Makes a command from its description. */
export function defineCommand<const Fs extends Flags>(description: CommandDescription<Fs>): Command {
  const { name, summary } = description, flags = { ...description.flags, ...COMMON_FLAGS };
  const help = (columns?: number) => formatHelp(description, flags, columns);
  return {
    ...{ name, summary, flags, help },
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
 * Makes a group of commands, chosen by the first argument: `tokenizer train`, `tokenizer encode`. The program itself is such
 * a group, without a name.
 */
export function chooseCommand(name: string, summary: string, commands: CommandTable): Command {
  const names = Object.keys(commands), prefix = name && `${name} `;
  const help = async (columns: number = 100) => {
    const loaded = await Promise.all(Object.values(commands).map((load) => load()));
    const rows = names.map((name, i) => [`  ${name}`, loaded[i].summary] as const);
    const indent = Math.max(...names.map((name) => name.length)) + 4;
    return [
      wrapText(`${summary}.\n\nUsage: deno task ${prefix}COMMAND [flags]\n\nCommands:`, columns),
      `${formatFacts(rows, indent, columns)}\n`,
      wrapText(`Flags of a command: deno task ${prefix}COMMAND --help`, columns),
    ].join("\n");
  };
  return {
    ...{ name, summary, flags: {}, commands, help },
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
    heading: `${flag.group ?? "Flags"}:`,
    left: `  ${flag.short ? `-${flag.short}, ` : ""}--${kebabCase(name)}${placeholder(flag)}`,
    right: explain(flag),
  }));
  const indent = Math.min(Math.max(...rows.map(({ left }) => left.length)) + 2, 34, columns >> 1);
  const sections = Array.from(
    Map.groupBy(rows, ({ heading }) => heading),
    ([heading, rows]) =>
      `${heading}\n${formatFacts(rows.map(({ left, right }) => [left, right]), indent, columns)}`,
  );
  const lines = examples.map((line) => `\n${wrapText(`  deno task ${line}`, columns, 6)}`);
  return [
    wrapText(`${summary}.`, columns),
    wrapText(`Usage: deno task ${name} ${usage}`, columns, 4),
    ...lines.length > 0 ? [`Examples:${lines.join("")}`] : [],
    ...sections,
    wrapText(
      "Flags may be written with - or _ between words. Implausibly large numbers are refused.",
      columns,
    ),
  ].join("\n\n");
}

function placeholder({ kind, placeholder }: Flag): string {
  const usual = {
    text: "TEXT",
    list: "TEXT...",
    number: "NUMBER",
    numbers: "NUMBER,...",
    integer: "N",
    choice: "NAME",
    boolean: "",
  };
  const shown = placeholder ?? usual[kind];
  return shown && ` ${shown}`;
}

/** Description, allowed values, default and further names of a flag in one paragraph. */
function explain(flag: Flag): string {
  const absent = flag.otherwise ?? (flag.default === false ? "" : flag.default?.toString());
  const notes = [
    flag.required ? "required" : absent && `default: ${absent}`,
    flag.aliases?.length ? `also ${flag.aliases.map((alias) => `--${kebabCase(alias)}`).join(", ")}` : "",
  ].filter(Boolean);
  return flag.description + limitsOf(flag) + (notes.length > 0 ? ` (${notes.join("; ")})` : "");
}

/**
 * The values allowed, as the end of a description: choices unless it names them all, and bounds unless they only exclude
 * negative or implausibly large numbers.
 */
function limitsOf(flag: Flag): string {
  if (flag.kind === "choice") {
    const named = new Set(flag.description.match(/[\w-]+/g));
    return flag.choices.every((choice) => named.has(choice)) ? "" : `, one of ${flag.choices.join(", ")}`;
  }
  if (flag.kind !== "number" && flag.kind !== "numbers" && flag.kind !== "integer") return "";
  const { atLeast = 0, atMost = Infinity, above = 0, below } = flag;
  return atLeast <= 1 && above === 0 && below === undefined && atMost >= 1000 ? "" : `: ${bounds(flag)}`;
}
