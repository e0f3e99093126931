/**
 * `lab sweep`: flags of `train` with several values, in all combinations.
 *
 * @module
 */
import { type Command, defineCommand } from "../cli/command.ts";
import { visible } from "../../core/visible.ts";
import { UsageError } from "../cli/errors.ts";
import { type Flag, kebabCase, type ListFlag, type TextFlag } from "../cli/flags.ts";
import { parseFlags } from "../cli/parse_flags.ts";
import { trainFlags } from "../settings/train_flags.ts";
import { labFlags, MOST_RUNS, runSession } from "./lab_session.ts";
import type { Variant } from "../lab_report/lab_types.ts";
import { flagsOf, OWN_FLAGS, ownFlagError } from "./planned_runs.ts";

/** The flags of `train` that a lab does not set itself. Each value is checked by {@linkcode sweepOf}. */
const sweptFlags: Readonly<Record<string, TextFlag | ListFlag>> = Object.fromEntries(
  Object.entries<Flag>(trainFlags).filter(([name]) => !OWN_FLAGS.includes(name)).map(([name, flag]) => {
    if (flag.kind === "list") return [name, flag];
    const { description, group, aliases, otherwise } = flag, isBoolean = flag.kind === "boolean";
    const placeholder = isBoolean ? "[true,false]" : `${flag.placeholder ?? "VALUE"},...`;
    const bare = isBoolean ? "true" : undefined;
    return [name, { kind: "text", description, group, aliases, otherwise, placeholder, bare }];
  }),
);

const flags = { ...labFlags, ...sweptFlags };

const command = defineCommand({
  name: "lab sweep",
  summary: "Train with all combinations of the values of flags, and compare the runs",
  usage: "--FLAG VALUE,VALUE... [flags]",
  examples: [
    "lab sweep --lr 1e-3,3e-3 --layers 1,2,4 --steps 500 --seeds 2",
    "lab sweep --optimizer adamw,sgd --data my_novel.txt --out lab/optimizers",
  ],
  flags,
  async run({ seeds, jobs, out, device, verbose: _, ...typed }) {
    await runSession({ name: "sweep", kind: "sweep", ...sweepOf(typed) }, { seeds, jobs, out, device });
  },
});

/** The command. */
export const sweep: Command = {
  ...command,
  async run(args) {
    // of --seed the parser says that it may mean --seeds
    const own = OWN_FLAGS.filter((name) => !(name in labFlags) && name !== "seed");
    const unfit = own.find((name) => args.some((arg) => isFlag(arg, name)));
    if (unfit) throw ownFlagError(unfit);
    await command.run(args.map(withoutNegation));
  },
};

/** Whether an argument is this flag, with or without a value. */
const isFlag = (arg: string, name: string): boolean =>
  arg.replace(/=.*/s, "").replaceAll("_", "-") === `--${kebabCase(name)}`;

/** `--tied=false` for `--no-tied`: a flag with several values cannot be negated. */
function withoutNegation(arg: string): string {
  const negated = arg.match(/^--no[-_]([\w-]+)$/)?.[1];
  const isSwitch = Object.entries<Flag>(trainFlags)
    .some(([name, { kind }]) => kind === "boolean" && kebabCase(name) === kebabCase(negated ?? ""));
  return isSwitch ? `--${negated}=false` : arg;
}

/** The variants of a sweep: flags with one value are those of all, flags with several make the variants. */
export function sweepOf(
  typed: Readonly<Record<string, string | readonly string[] | undefined>>,
): { readonly title: string; readonly flags: readonly string[]; readonly variants: readonly Variant[] } {
  const common: string[] = [];
  let variants: Variant[] = [{ name: "", title: "", question: "", flags: [] }];
  const swept: string[] = [];
  for (const [name, given] of Object.entries(typed)) {
    if (given === undefined) continue;
    const flag = kebabCase(name), values = typeof given === "string" ? given.split(",") : undefined;
    const checked = (values ?? [given]).map((value) => {
      const args = flagsOf({ [name]: value === "true" || value === "false" ? value === "true" : value });
      return { args, value: JSON.stringify(Object.entries(parseFlags(trainFlags, args))) };
    });
    const twice = checked.findIndex(({ value }, index) =>
      checked.findIndex((other) => other.value === value) < index
    );
    if (twice >= 0) throw new UsageError(`--${flag} is ${given}: it has ${values?.[twice]} twice`);
    if (values === undefined || values.length === 1) {
      common.push(...checked[0].args);
      continue;
    }
    swept.push(flag);
    // before they are made: a few long lists have billions
    if (variants.length * values.length > MOST_RUNS) {
      const count = variants.length * values.length;
      throw new UsageError(
        `The values of --${swept.join(", --")} have ${count} combinations: expected at most ${MOST_RUNS}`,
      );
    }
    const names = namesOf(values);
    variants = variants.flatMap(({ name: former, title, flags, question }) =>
      values.map((value, index) => ({
        name: [former, `${flag}=${names[index]}`].filter(Boolean).join("_"),
        title: [title, `${flag.replaceAll("-", " ")} ${visible(value)}`].filter(Boolean).join(", "),
        ...{ question, flags: [...flags, ...checked[index].args] },
      }))
    );
  }
  if (swept.length === 0) {
    throw new UsageError("There is nothing to sweep: give a flag several values, such as --lr 1e-3,3e-3");
  }
  return { title: `Sweep of ${swept.join(", ")}`, flags: common, variants };
}

/** Values as parts of the names of folders. Those that would be called alike are numbered: `a/x.ts,b/x.ts` are `x-1` and `x-2`. */
function namesOf(values: readonly string[]): string[] {
  const names = values.map(plain);
  const isAlone = (name: string) => names.indexOf(name) === names.lastIndexOf(name);
  return names.map((name, index) => isAlone(name) ? name : `${name}-${index + 1}`);
}

/** A value as a part of the name of a folder: of a path its last part without the ending. */
function plain(value: string): string {
  const isNumber = !Number.isNaN(Number(value)), name = value.replace(/^.*[/\\]/, "").replace(/\.[^.]*$/, "");
  return (isNumber ? value : name).replace(/[^\w.+-]+/g, "-");
}
