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
  const { hits, hitsBefore } = heads.find((head) => isSame(head, best))!;
  const [found, expected, before] = [hits, chance, hitsBefore].map(({ letter }) => formatPercent(letter));
  const verdict = hits.letter > 2 * chance.letter
    ? `${nameOf(best)} finds ${found} of the antecedents, by chance ${expected}`
    : `none finds antecedents: ${nameOf(best)}, the best, finds ${found}, by chance ${expected}`;
  const facts = formatFacts(
    [
      ["checkpoint", checkpoint],
      [
        "tales",
        `${tales} to measure on, and ${tales} others to choose the head on, of seed ${seed}; none is in the built-in corpus`,
      ],
      [
        "positions",
        `${
          positions.toLocaleString("en")
        } where a word is recalled that was told within the window of ${contextLength}`,
      ],
      ["head", `${verdict} (${before} in the tales that it was chosen on)`],
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
    [marked(best, best), "positions", "letter", "word"],
    ...words.map(({ list, positions, hits }) => [list, positions.toLocaleString("en"), ...rates(hits)]),
  ];
  return [
    facts,
    "At the character before a recalled letter: how often the largest weight is on\n" +
    "this letter of an earlier mention, or on any letter of one, and the mean weight",
    formatTable(attended, COLUMNS),
    "The same of the best head, by the list that the word is from",
    formatTable(lists, COLUMNS),
    "Loss in nats per character, with the output of one head replaced by its mean",
    formatTable(lossRows(report), COLUMNS),
  ].join("\n\n");
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
