/**
 * What a model has learned, skill by skill: its losses on tales, beside those of the oracle that knows the grammar.
 *
 * The loss of a model is a mean over characters that ask for very different things. The oracle gives for each of them the
 * skill it takes and the lowest loss that can be expected (see `data/oracle.ts`); the loss beyond that is the *excess*:
 *
 *     loss      mean of −ln q(character), q the model's probability
 *     optimal   mean of −ln p(character), p the oracle's
 *     excess    loss − optimal: in expectation the Kullback-Leibler divergence of q from p, 0 for a perfect model
 *     share     of a skill in the total excess: where it is large, the model has most to learn
 *
 * In a finite text the excess of a skill with open choices varies around its expectation, and may come out slightly below 0.
 *
 * The oracle reads every tale from its start, a model only its window. Windows overlap by half, so that each character has
 * more than half a context before it, or all of the text ({@linkcode tokenLosses}). That is enough: with seven eighths the
 * loss of the default model is 0.1127 instead of 0.1123. Windows side by side, as in `evaluateText`, give 0.1517. A word
 * that was mentioned only before the window counts as excess: a longer context would have it.
 *
 * Each character must be a token, so this is for models with a {@linkcode CharTokenizer}. And it is for causal models alone:
 * a masked model sees the letters on both sides, and in "_ite" only a k is possible, whatever the tale has mentioned. With
 * all characters of a tale known but one, the lowest expected loss is 0.0002 nats (of 200 tales, each alternative weighted
 * by the probability of the whole tale), since only two words, "mill" and "hill", differ in a single letter.
 *
 * @module
 */

import type { Backend } from "../core/backend.ts";
import { log } from "../core/math.ts";
import { type OraclePosition, type Skill, SKILLS } from "../data/oracle.ts";
import type { TaleGrammar } from "../data/tales/tale_grammar.ts";
import { readTales, type TaleText } from "../data/tales/tale_text.ts";
import { expectKind, type ModelsByKind } from "../models/families.ts";
import { CharTokenizer } from "../tokenizers/char_tokenizer.ts";
import type { Tokenizer } from "../tokenizers/tokenizer.ts";
import { tokenLosses, type TokenLossOptions } from "../training/evaluate.ts";

/**
 * Tales, and the losses of a model on them.
 *
 * @category Inference
 */
export interface ScoredTales extends TaleText {
  /** Nats, one for each character of the tales; NaN where the model did not predict it. */
  readonly losses: Float64Array;
}

/**
 * How {@linkcode scoreTales} reads a text.
 *
 * @category Inference
 */
export interface SkillOptions extends TokenLossOptions {
  /** What the tales were drawn from; the built-in grammar unless given. */
  readonly grammar?: TaleGrammar;
}

/**
 * The losses of a causal model on every character of tales, beside what the oracle says.
 *
 * @example
 * ```ts
 * import { CharTokenizer, CpuBackend, Gpt, initialize, makeTales, PRESETS, scoreTales } from "@miniformer/miniformer";
 * import { assertEquals } from "@std/assert";
 *
 * const { text } = makeTales({ seed: 1, characters: 500 }), tokenizer = CharTokenizer.fromText(text);
 * const backend = new CpuBackend(), model = new Gpt({ ...PRESETS.tiny.model, vocabSize: tokenizer.vocabSize });
 * initialize(backend, model, 1);
 * const { positions, losses } = await scoreTales(backend, model, tokenizer, text);
 * assertEquals([positions.length, losses.length, losses[0]], [text.length, text.length, NaN]);
 * ```
 *
 * @param backend The device of the model.
 * @param model The model.
 * @param tokenizer Its tokenizer, of characters.
 * @param text Tales, the first of which may be cut, or what {@linkcode readTales} found in a text that is scored repeatedly.
 * @param options Sizes, grammar, and what happens meanwhile.
 * @returns The tales with their positions and losses.
 * @throws {TypeError} If the model is no causal model, or the tokenizer is not one of characters.
 * @throws {RangeError} If the text does not hold tales, or has a character that is not in the vocabulary.
 * @category Inference
 */
export async function scoreTales(
  backend: Backend,
  model: ModelsByKind["causal"],
  tokenizer: Tokenizer,
  text: string | TaleText,
  { grammar, ...options }: SkillOptions = {},
): Promise<ScoredTales> {
  expectKind(model.config, "causal");
  if (!(tokenizer instanceof CharTokenizer)) {
    throw new TypeError("Cannot measure skills: a token of this model is not a character");
  }
  const tales = typeof text === "string" ? readTales(text, grammar) : text;
  if (tales === undefined) throw new RangeError("Cannot measure skills: the text is not one of tales");
  const encode = (part: string) => tokenizer.encode(part, { specialTokens: "text" });
  const before = encode(tales.before), ids = encode(tales.before + tales.text);
  const losses = await tokenLosses(backend, model, ids, options);
  return { ...tales, losses: losses.subarray(before.length) };
}

/**
 * What a model loses at some positions, in nats per character.
 *
 * @category Inference
 */
export interface ExcessFigures {
  /** Characters that the model predicted. */
  readonly positions: number;
  /** Mean loss of the model. */
  readonly loss: number;
  /** Mean loss of the oracle. */
  readonly optimal: number;
  /** `loss` − `optimal`. */
  readonly excess: number;
  /** Their part of the total excess of all positions, 1 for the whole. */
  readonly share: number;
}

/**
 * The figures of a skill.
 *
 * @category Inference
 */
export interface SkillFigures extends ExcessFigures {
  /** Which one. */
  readonly skill: Skill;
}

/**
 * The figures of recall where the last mention of the word is so far back.
 *
 * @category Inference
 */
export interface DistanceFigures extends ExcessFigures {
  /** The smallest distance, in characters from letter to letter. */
  readonly from: number;
  /** The largest distance; the last range has none. */
  readonly to?: number;
}

/**
 * The figures of recalling the words of a list.
 *
 * @category Inference
 */
export interface ListFigures extends ExcessFigures {
  /** The list, such as `thing`. */
  readonly list: string;
}

/**
 * The figures of a model on tales.
 *
 * @category Inference
 */
export interface TaleFigures {
  /** Of all characters that it predicted. */
  readonly all: ExcessFigures;
  /** By skill, in the order of {@linkcode SKILLS}, without those that no character asks for. */
  readonly skills: readonly SkillFigures[];
  /** Of recall, by the distance to the earlier mention; without ranges that do not occur. */
  readonly recallByDistance: readonly DistanceFigures[];
  /** Of recall, by the list that the word is from; those with the largest share first. */
  readonly recallByList: readonly ListFigures[];
}

/** Where the ranges of distances begin. */
const DISTANCES = [1, 32, 64, 128];

/**
 * The figures of a model by skill, from its loss on every character.
 *
 * @example
 * ```ts
 * import { makeTales, oracle, taleFigures } from "@miniformer/miniformer";
 * import { assertAlmostEquals } from "@std/assert";
 *
 * const positions = oracle(makeTales({ seed: 1, characters: 500 }).text);
 * const losses = Float64Array.from(positions, ({ probability }) => 0.5 - Math.log(probability)); // half a nat too much
 * assertAlmostEquals(taleFigures({ positions, losses }).all.excess, 0.5, 1e-9);
 * ```
 *
 * @param tales From {@linkcode scoreTales}.
 * @param tales.positions What the oracle says.
 * @param tales.losses Nats, NaN where the model did not predict.
 * @returns The figures.
 * @throws {RangeError} If the model predicted no character.
 * @category Inference
 */
export function taleFigures({ positions, losses }: Pick<ScoredTales, "positions" | "losses">): TaleFigures {
  const optimal = positions.map(({ probability }) => -log(probability));
  const predicted = [...positions.keys()].filter((index) => !Number.isNaN(losses[index]));
  const excessAt = (indices: readonly number[]) =>
    indices.reduce((sum, index) => sum + losses[index] - optimal[index], 0);
  const total = excessAt(predicted);
  if (predicted.length === 0) {
    throw new RangeError("Cannot measure skills: the model predicted no character of a tale");
  }
  const figuresWhere = (isCounted: (position: OraclePosition, index: number) => boolean): ExcessFigures[] => {
    const indices = predicted.filter((index) => isCounted(positions[index], index)), count = indices.length;
    if (count === 0) return [];
    const mean = (values: ArrayLike<number>) =>
      indices.reduce((sum, index) => sum + values[index], 0) / count;
    const excess = excessAt(indices), share = total === 0 ? 0 : excess / total;
    return [{ positions: count, loss: mean(losses), optimal: mean(optimal), excess: excess / count, share }];
  };
  const skills = SKILLS.flatMap((skill) =>
    figuresWhere((position) => position.skill === skill).map((figures) => ({ skill, ...figures }))
  );
  const recallByDistance = DISTANCES.flatMap((from, range) => {
    const end = DISTANCES[range + 1] ?? Infinity, to = end === Infinity ? {} : { to: end - 1 };
    return figuresWhere(({ antecedent }, index) =>
      antecedent !== undefined && index - antecedent >= from && index - antecedent < end
    ).map((figures) => ({ from, ...to, ...figures }));
  });
  const lists = new Set(predicted.flatMap((index) => positions[index].list ?? []));
  const recallByList = [...lists].flatMap((list) =>
    figuresWhere((position) => position.list === list).map((figures) => ({ list, ...figures }))
  ).sort((a, b) => b.share - a.share);
  return { all: figuresWhere(() => true)[0], skills, recallByDistance, recallByList };
}

/**
 * What a causal model has learned of the tales, by skill; {@linkcode scoreTales} and {@linkcode taleFigures} have more.
 *
 * @example
 * ```ts
 * import { CharTokenizer, CpuBackend, Gpt, initialize, makeTales, PRESETS, skillFigures } from "@miniformer/miniformer";
 * import { assertAlmostEquals, assertEquals } from "@std/assert";
 *
 * const { text } = makeTales({ seed: 1, characters: 500 }), tokenizer = CharTokenizer.fromText(text);
 * const backend = new CpuBackend(), model = new Gpt({ ...PRESETS.tiny.model, vocabSize: tokenizer.vocabSize });
 * initialize(backend, model, 1);
 * const figures = await skillFigures(backend, model, tokenizer, text);
 * const recall = figures.find(({ skill }) => skill === "recall")!;
 * assertEquals(recall.optimal, 0); // whoever remembers, knows
 * assertAlmostEquals(recall.loss, Math.log(tokenizer.vocabSize), 0.5); // untrained
 * ```
 *
 * @param backend The device of the model.
 * @param model The model.
 * @param tokenizer Its tokenizer, of characters.
 * @param text Tales, the first of which may be cut, or what {@linkcode readTales} found.
 * @param options Sizes, grammar, and what happens meanwhile.
 * @returns The figures of each skill that the text asks for, in the order of {@linkcode SKILLS}.
 * @throws {TypeError} If the model is no causal model, or the tokenizer is not one of characters.
 * @throws {RangeError} If the text does not hold tales, or has a character that is not in the vocabulary.
 * @category Inference
 */
export async function skillFigures(
  backend: Backend,
  model: ModelsByKind["causal"],
  tokenizer: Tokenizer,
  text: string | TaleText,
  options: SkillOptions = {},
): Promise<readonly SkillFigures[]> {
  return taleFigures(await scoreTales(backend, model, tokenizer, text, options)).skills;
}
