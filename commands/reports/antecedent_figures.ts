/**
 * `attention --antecedents`: which head finds antecedents in tales, and what the model loses without it.
 *
 * The head is chosen on some tales and measured on others, none of them in the built-in corpus: the best of many figures is
 * in part luck, and overstates what the same head does on other tales.
 *
 * @module
 */
import type { Backend } from "../../core/backend.ts";
import { oracle, type OraclePosition } from "../../data/oracle.ts";
import { tales } from "../../data/tales.ts";
import { TALE_END } from "../../data/tales/tale_grammar.ts";
import { type AntecedentHead, antecedentHeads, characterIds } from "../../inference/heads/antecedents.ts";
import { type ByTarget, keysOf, type Recall } from "../../inference/heads/recalls.ts";
import {
  cutWindows,
  type HeadIndex,
  meanHeads,
  patchedModel,
  replaceHeads,
} from "../../inference/heads/patches.ts";
import { type TaleFigures, taleFigures } from "../../inference/skills.ts";
import type { ModelsByKind } from "../../models/families.ts";
import type { Tokenizer } from "../../tokenizers/tokenizer.ts";
import { tokenLosses } from "../../training/evaluate.ts";
import { withPathInErrors } from "../files/checkpoint_folder.ts";
import { readCorpus } from "../texts/corpus.ts";

/** Most heads that are patched: each takes as long as an evaluation. */
const MAX_PATCHES = 12;

/** What a model loses, in nats per character. */
export type Losses = Pick<TaleFigures["all"], "positions" | "loss" | "optimal">;

/** The same of all characters and of each skill. */
export interface LossesBySkill {
  readonly all: Losses;
  readonly skills: readonly (Losses & Pick<TaleFigures["skills"][number], "skill">)[];
}

/** What is found, as `--json` prints it, but for layers and heads, which begin at 0 here. */
export interface AntecedentReport {
  /** Tales that the figures are of; as many more chose the head. */
  readonly tales: number;
  readonly seed: number;
  /** Characters that a model reads at once. */
  readonly contextLength: number;
  /** Recalled letters of words that were mentioned within the window. */
  readonly positions: number;
  readonly chance: ByTarget;
  /** `hitsBefore`: on the tales that the head was chosen on. */
  readonly heads:
    readonly (HeadIndex & Pick<AntecedentHead, "hits" | "weights"> & { hitsBefore: ByTarget })[];
  readonly best: HeadIndex;
  /** Hits of the best head by the list that the recalled word is from. */
  readonly words: readonly {
    list: string;
    positions: number;
    hits: ByTarget;
    /** At these positions, in nats per character. */
    loss: number;
    /** With the output of the best head replaced by its mean. */
    patchedLoss: number;
  }[];
  /** Of the model as it is. */
  readonly unpatched: LossesBySkill;
  /** With the output of one head replaced by its mean. */
  readonly patches: readonly (HeadIndex & LossesBySkill)[];
}

/** Tales that the built-in corpus does not hold, each of them once. */
export async function freshTales(seed: number, count: number): Promise<string[]> {
  const source = { data: [], validation: [], validationFraction: 0.1, replaceInvalid: false };
  const { training, validation } = await readCorpus(source);
  const known = new Set([...training, ...validation].join("").split(TALE_END)), fresh: string[] = [];
  for (const { text } of tales(seed)) {
    if (fresh.length === count) break;
    const told = text.slice(0, -TALE_END.length);
    if (known.has(told)) continue;
    known.add(told);
    fresh.push(text);
  }
  return fresh;
}

/** Finds the head on fresh tales, measures all heads on as many others, and patches them one by one. */
export async function reportAntecedents(
  backend: Backend,
  model: ModelsByKind["causal"],
  tokenizer: Tokenizer,
  { path, tales: count, seed, onProgress }: {
    /** The folder of the model. */
    readonly path: string;
    readonly tales: number;
    readonly seed: number;
    onProgress(task: string, done: number, total: number): void;
  },
): Promise<AntecedentReport> {
  const { config } = model, fresh = await freshTales(seed, 2 * count);
  const before = fresh.slice(0, count).join(""), text = fresh.slice(count).join("");
  const ids = withPathInErrors(path, () => characterIds(tokenizer, text)), positions = oracle(text);
  const measure = (text: string, task: string) =>
    antecedentHeads(backend, model, tokenizer, text, { onProgress: onProgress.bind(undefined, task) });
  const chosen = await measure(before, "choosing a head"),
    measured = await measure(text, "measuring the heads");
  const ranked = [...chosen.heads].sort((a, b) => b.hits.letter - a.hits.letter), [best] = ranked;
  const means = await meanHeads(backend, model, cutWindows(ids, config.contextLength));
  const unpatched = await tokenLosses(backend, model, ids), patches = [], patched = inOrder(toPatch(ranked));
  let withoutBest = unpatched;
  for (const [index, { layer, head }] of patched.entries()) {
    onProgress("patching heads", index, patched.length);
    const other = patchedModel(model, replaceHeads(config, [{ layer, head }], means));
    const losses = await tokenLosses(backend, other, ids);
    if (layer === best.layer && head === best.head) withoutBest = losses;
    patches.push({ layer, head, ...bySkill(positions, losses) });
  }
  return {
    tales: count,
    seed,
    contextLength: config.contextLength,
    positions: measured.recalls.length,
    chance: measured.chance,
    heads: measured.heads.map(({ layer, head, hits, weights }, index) => {
      return { layer, head, hits, weights, hitsBefore: chosen.heads[index].hits };
    }),
    best: { layer: best.layer, head: best.head },
    words: byList(measured.recalls, measured.heads[chosen.heads.indexOf(best)], { unpatched, withoutBest }),
    unpatched: bySkill(positions, unpatched),
    patches,
  };
}

/** All heads or, of many, the best ones and some that are spread over the ranks of the others. */
export function toPatch<Head>(ranked: readonly Head[]): Head[] {
  const half = MAX_PATCHES / 2, rest = ranked.length - half;
  if (ranked.length <= MAX_PATCHES) return [...ranked];
  const spread = Array.from({ length: half }, (_, index) => half + Math.floor((index + 0.5) * rest / half));
  return [...ranked.slice(0, half), ...spread.map((rank) => ranked[rank])];
}

function inOrder<Head extends HeadIndex>(heads: readonly Head[]): Head[] {
  return [...heads].sort((a, b) => a.layer - b.layer || a.head - b.head);
}

function bySkill(positions: readonly OraclePosition[], losses: Float64Array): LossesBySkill {
  const { all, skills } = taleFigures({ positions, losses });
  const figuresOf = ({ positions, loss, optimal }: Losses) => ({ positions, loss, optimal });
  return { all: figuresOf(all), skills: skills.map((one) => ({ skill: one.skill, ...figuresOf(one) })) };
}

/** The hits of a head for each list of words, and the losses at the same positions; the most frequent list first. */
function byList(
  recalls: readonly Recall[],
  { largest }: AntecedentHead,
  { unpatched, withoutBest }: Readonly<Record<"unpatched" | "withoutBest", Float64Array>>,
): AntecedentReport["words"] {
  const attended = recalls.map((recall, index) => ({ ...recall, keys: keysOf(recall), key: largest[index] }));
  return [...Map.groupBy(attended, ({ list }) => list)].map(([list, here]) => {
    const mean = (value: (recall: typeof here[number]) => number) =>
      here.reduce((sum, recall) => sum + value(recall), 0) / here.length;
    const share = (target: keyof ByTarget) => mean(({ keys, key }) => Number(keys[target].includes(key)));
    return {
      list,
      positions: here.length,
      hits: { letter: share("letter"), word: share("word") },
      loss: mean(({ index }) => unpatched[index]),
      patchedLoss: mean(({ index }) => withoutBest[index]),
    };
  }).sort((a, b) => b.positions - a.positions);
}
