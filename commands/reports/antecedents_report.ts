/**
 * `attention --antecedents`: its flags, and what is shown.
 *
 * @module
 */
import { SKILLS } from "../../data/oracle.ts";
import type { HeadIndex } from "../../inference/heads/patches.ts";
import { MAX } from "../cli/common_flags.ts";
import { UsageError } from "../cli/errors.ts";
import { type Flags, group } from "../cli/flags.ts";
import { ProgressLine } from "../cli/progress.ts";
import { formatFacts, formatJson, formatPercent, print } from "../cli/terminal.ts";
import { type DeviceFlags, withBackend } from "../cli/with_backend.ts";
import { formatTable } from "../cli/wrap.ts";
import { findModel } from "../files/block_file.ts";
import { openModel } from "../files/checkpoint_folder.ts";
import { type AntecedentReport, type LossesBySkill, reportAntecedents } from "./antecedent_figures.ts";

/** The flags of the answer about heads that find antecedents. */
export const ANTECEDENT_FLAGS = group("Heads that find antecedents", {
  antecedents: {
    kind: "boolean",
    description:
      "instead of maps: which head of a GPT of characters attends to the earlier mention where a tale repeats a word, " +
      "and what the model loses without it",
    default: false,
  },
  tales: {
    kind: "integer",
    description: "tales to measure on, drawn for this; as many more choose the head",
    atLeast: 1,
    atMost: 100_000,
    otherwise: "100",
  },
  seed: { kind: "integer", description: "seed of these tales", atMost: MAX.count, otherwise: "2" },
}) satisfies Flags;

/** Columns of a terminal that the tables are made for. */
const COLUMNS = 80;

/** What the flags say. */
interface Values extends DeviceFlags {
  readonly checkpoint?: string;
  readonly block?: string;
  readonly tales?: number;
  readonly seed?: number;
  readonly json: boolean;
}

/** Measures the heads of a model and prints what is found. */
export async function showAntecedents(
  { checkpoint, block, tales = 100, seed = 2, device, threads, json }: Values,
) {
  const found = await findModel({ checkpoint, block }, "tales");
  await withBackend({ device, threads }, async ({ backend }) => {
    const { model, tokenizer } = openModel(backend, found, "causal");
    const write = (text: string) => void Deno.stderr.writeSync(new TextEncoder().encode(text));
    const progress = new ProgressLine({ terminal: Deno.stderr.isTerminal(), write });
    const onProgress = (task: string, done: number, total: number) => progress.advance(task, done, total);
    const report = await reportAntecedents(backend, model, tokenizer, {
      path: found.path,
      tales,
      seed,
      onProgress,
    })
      .finally(() => progress.finish());
    const about = { checkpoint: found.path, device: backend.device };
    print(json ? formatJson({ ...about, ...fromOne(report) }) : describeAntecedents(found.path, report));
  });
}

/** The report with layers and heads from 1, as users count them. */
function fromOne(report: AntecedentReport): object {
  const shown = <Head extends HeadIndex>(one: Head) => ({ ...one, layer: one.layer + 1, head: one.head + 1 });
  const { heads, best, patches } = report;
  return { ...report, heads: heads.map(shown), best: shown(best), patches: patches.map(shown) };
}

const nameOf = ({ layer, head }: HeadIndex) => `layer ${layer + 1}, head ${head + 1}`;

/** The name of a head, with a star at the best one. */
const marked = (one: HeadIndex, best: HeadIndex) => nameOf(one) + (isSame(one, best) ? " *" : "");

const isSame = (a: HeadIndex, b: HeadIndex) => a.layer === b.layer && a.head === b.head;

/** The report as facts and tables, of at most 80 columns. */
export function describeAntecedents(checkpoint: string, report: AntecedentReport): string {
  const { tales, seed, contextLength, positions, chance, heads, best, words } = report;
  const drawn = `${tales} to measure on, and ${tales} others to choose the head on, of seed ${seed}`;
  const facts = formatFacts(
    [
      ["checkpoint", checkpoint],
      ["tales", `${drawn}; none is in the built-in corpus`],
      [
        "positions",
        `${
          positions.toLocaleString("en")
        } where a word is recalled, mentioned within the window of ${contextLength}`,
      ],
      ["head", verdict(report)],
      ["without it", costs(report)],
    ],
    12,
    COLUMNS,
  );
  const rates = (...values: (typeof chance)[]) =>
    (["letter", "word"] as const).flatMap((target) => values.map((value) => formatPercent(value[target])));
  const attended = [
    ["", "letter", "weight", "word", "weight"],
    ["equal weights", ...rates(chance, chance)],
    ...heads.map((one) => [marked(one, best), ...rates(one.hits, one.weights)]),
  ];
  const lists = [
    [marked(best, best), "positions", "letter", "word", "loss", "patched"],
    ...words.map(({ list, positions, hits, loss, patchedLoss }) => [
      ...[list, positions.toLocaleString("en"), ...rates(hits)],
      ...[loss, patchedLoss].map((nats) => nats.toFixed(3)),
    ]),
  ];
  return [
    facts,
    "At the character before a recalled letter: how often the largest weight is on\n" +
    "this letter of an earlier mention, or on any letter of one, and the mean weight",
    formatTable(attended, COLUMNS),
    "The best head by the list that the recalled word is from, and the loss there,\n" +
    "also with the output of this head replaced by its mean",
    formatTable(lists, COLUMNS),
    "Nats per character by skill, with the output of one head replaced by its mean",
    formatTable(lossRows(report), COLUMNS),
  ].join("\n\n");
}

/**
 * Whether the chosen head finds antecedents. Where weights are nearly equal, the largest can be there by chance: it was in
 * 12 % of the positions for a head that had learned nothing. So the mean weight counts as well.
 */
function verdict({ heads, best, chance }: AntecedentReport): string {
  const { hits, weights, hitsBefore } = heads.find((head) => isSame(head, best))!;
  const [found, weight, equal, before] = [hits, weights, chance, hitsBefore].map(({ letter }) =>
    formatPercent(letter)
  );
  const isFinding = Math.min(hits.letter, weights.letter) > 2 * chance.letter, name = nameOf(best);
  return (isFinding ? `${name} finds antecedents` : `no head finds antecedents; ${name} comes closest`) +
    `: its largest weight is there in ${found} of the positions (${before} in the tales that it was chosen on), ` +
    `its mean weight there is ${weight}; equal weights: ${equal}`;
}

/** What the model loses without the chosen head, the skill that loses most first. */
function costs({ unpatched, patches, best }: AntecedentReport): string {
  const { skills } = patches.find((patch) => isSame(patch, best))!;
  const [first, second, ...others] = skills.map(({ skill, loss }, index) => ({
    skill,
    cost: loss - unpatched.skills[index].loss,
  })).sort((a, b) => b.cost - a.cost);
  const rest = others.length > 0 ? `, any other at most ${others[0].cost.toFixed(3)}` : "";
  return `${first.skill} costs ${first.cost.toFixed(3)} nats more, ${second.skill} ${
    second.cost.toFixed(3)
  }${rest}`;
}

function lossRows({ unpatched, patches, best }: AntecedentReport): string[][] {
  const row = (name: string, { skills, all }: LossesBySkill, of: "loss" | "optimal") => {
    const lossOf = (skill: string) => skills.find((one) => one.skill === skill)?.[of].toFixed(3) ?? "–";
    return [name, ...SKILLS.map(lossOf), all[of].toFixed(3)];
  };
  return [
    ["", ...SKILLS, "all"],
    row("optimal", unpatched, "optimal"),
    row("no patch", unpatched, "loss"),
    ...patches.map((one) => row(marked(one, best), one, "loss")),
  ];
}

/** Refuses flags of maps with `--antecedents`, and those of it without. */
export function checkAntecedentFlags(
  { antecedents, ...flags }: { readonly antecedents: boolean } & Readonly<Record<string, unknown>>,
): void {
  const unfit = (antecedents ? ["text", "layer", "head", "out", "truncate"] : ["tales", "seed"])
    .find((name) => flags[name] !== undefined);
  if (unfit !== undefined) {
    throw new UsageError(
      antecedents
        ? `--${unfit} is for maps of a text; --antecedents measures all heads on tales: leave it out`
        : `--${unfit} is for --antecedents: leave it out`,
    );
  }
  if (!antecedents && flags.text === undefined) {
    throw new UsageError("--text is missing: give a text to draw maps of, or --antecedents");
  }
}
