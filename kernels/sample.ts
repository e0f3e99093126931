/**
 * Sampling the next token from the model's logits, on the device.
 *
 * In this order, Hugging Face's:
 *
 * 1. *Repetition penalty* r: the logit of a token that occurred already is divided by r if positive, else multiplied.
 * 2. *Temperature* t: all logits are divided by t. Below 1 likely tokens become likelier and the text more predictable;
 *    above 1 the text becomes more varied. At 0 decoding is greedy: the most likely token is taken.
 * 3. *Top-k*: only the k most likely tokens are kept (and those that tie with the last of them).
 * 4. *Top-p*: of those, only the smallest set of the most likely tokens whose probabilities add up to p.
 * 5. One of the rest is drawn with its probability, by the random number u in [0, 1) that Philox gives for the token's
 *    index in the text: the same seed gives the same text.
 *
 * What steps 1 and 2 make of a logit is called its score. Sorting a vocabulary on a GPU is slow. But top-k and top-p only
 * need a threshold: the largest score for which enough tokens, or enough probability, lie at or above it. Floats compare
 * like integers once their bits are flipped suitably, so 32 rounds of bisection, one for each bit, find it exactly. The
 * CPU body sorts.
 *
 * References: Fan et al. 2018 (top-k); Holtzman et al. 2020 (top-p); Keskar et al. 2019 (repetition penalty).
 *
 * @module
 */

import { kernel } from "../core/backend.ts";
import { exp } from "../core/math.ts";
import { philox4x32, PHILOX_WGSL } from "../core/philox.ts";

/** The constants of {@linkcode sampleForward}, besides sizes. */
export interface SamplingConstants {
  /** 0 takes the most likely token: greedy decoding. */
  readonly temperature: number;
  /** 0 keeps all tokens. */
  readonly topK: number;
  /** 1 keeps all tokens. */
  readonly topP: number;
  /** 1 changes nothing. */
  readonly repetitionPenalty: number;
}

/**
 * Takes the model's next input from every sequence: the last `length` tokens of the window, up to the one at the cursor; where
 * the window has fewer, that one is repeated as padding. `counters` is (cursor, position, length): the cursor's
 * index in the text, its position in the model's context, and the length of the text so far.
 */
export const takeTokens = kernel({
  name: "takeTokens",
  reads: { tokens: "u32", counters: "u32" },
  writes: { ids: "u32", positions: "u32", used: "u32" },
  constants: ["batch", "capacity", "vocabulary", "length"],
  elements: ({ batch, length }) => batch * length,
  cpu({ tokens, counters, ids, positions, used }, { batch, capacity, vocabulary, length }) {
    const [cursor, position] = counters, before = Math.min(position, length - 1);
    for (let row = 0; row < batch; row++) {
      for (let index = 0; index < length; index++) {
        const id = tokens[row * capacity + cursor - before + Math.min(index, before)];
        ids[row * length + index] = id;
        positions[row * length + index] = position - before + index;
        used[row * vocabulary + id] = 1;
      }
    }
  },
  wgsl: `
fn each(index: u32) {
  let row = index / length;
  let before = min(counters[1], length - 1);
  let id = tokens[row * capacity + counters[0] - before + min(index % length, before)];
  ids[index] = id;
  positions[index] = counters[1] - before + index % length;
  used[row * vocabulary + id] = 1;
}`,
});

/** Moves the cursor on by one; where that is the end of the text, the token drawn is appended. */
export const advanceTokens = kernel({
  name: "advanceTokens",
  reads: { drawn: "u32" },
  writes: { tokens: "u32", counters: "u32" },
  constants: ["batch", "capacity"],
  elements: () => 1,
  cpu({ drawn, tokens, counters }, { batch, capacity }) {
    const cursor = counters[0] + 1;
    if (cursor >= counters[2]) {
      for (let row = 0; row < batch; row++) tokens[row * capacity + cursor] = drawn[row];
    }
    counters[0] = cursor;
    counters[1] += 1;
    counters[2] = Math.max(counters[2], cursor + 1);
  },
  wgsl: `
fn each(index: u32) {
  let cursor = counters[0] + 1;
  if (cursor >= counters[2]) {
    for (var row = 0u; row < batch; row++) { tokens[row * capacity + cursor] = drawn[row]; }
  }
  counters[0] = cursor;
  counters[1] += 1;
  counters[2] = max(counters[2], cursor + 1);
}`,
});

/** Steps 1 and 2: the scores of a row of logits. */
function scoreRow(
  logits: ArrayLike<number>,
  used: ArrayLike<number> | undefined,
  { temperature, repetitionPenalty }: SamplingConstants,
  scores: Float32Array | Float64Array,
): void {
  for (let v = 0; v < scores.length; v++) {
    const logit = logits[v], penalty = used?.[v] ? repetitionPenalty : 1;
    scores[v] = (logit > 0 ? logit / penalty : logit * penalty) / (temperature > 0 ? temperature : 1);
  }
}

/** Steps 3 and 4: the least score that is kept; `weight` gives the weight of a score. */
function leastScore(
  scores: Float32Array | Float64Array,
  { topK, topP }: SamplingConstants,
  weight: (score: number) => number,
): number {
  const count = topK > 0 ? Math.min(topK, scores.length) : scores.length;
  if (count === scores.length && topP === 1) return -Infinity;
  const sorted = Float64Array.from(scores).sort().reverse();
  const likely = sorted.filter((score) => score >= sorted[count - 1]);
  const enough = topP * likely.reduce((sum, score) => sum + weight(score), 0);
  let last = 0;
  for (let sum = weight(likely[0]); last < likely.length - 1 && sum < enough;) sum += weight(likely[++last]);
  return likely[last];
}

/** The weights with which tokens are drawn: exp(score − highest), or 0 for those that steps 3 and 4 leave out. */
function drawingWeights(scores: Float32Array | Float64Array, settings: SamplingConstants): Float64Array {
  const weights = new Float64Array(scores.length);
  let highest = scores[0];
  for (const score of scores) if (score > highest) highest = score;
  const weight = (score: number) => exp(score - highest);
  if (settings.temperature === 0) weights[scores.indexOf(highest)] = 1;
  else {
    const least = leastScore(scores, settings, weight);
    for (let v = 0; v < scores.length; v++) if (scores[v] >= least) weights[v] = weight(scores[v]);
  }
  return weights;
}

const sumOf = (weights: Float64Array): number => weights.reduce((sum, weight) => sum + weight, 0);

/**
 * The probabilities with which {@linkcode sampleForward} draws each token after a row of logits; 0 for those that it
 * excludes. No token counts as used.
 *
 * @example
 * ```ts
 * import { samplingProbabilities } from "./sample.ts";
 * import { assertEquals } from "@std/assert";
 *
 * const logits = Float32Array.of(0, 1, 1, -2), all = { temperature: 1, topK: 0, topP: 1, repetitionPenalty: 1 };
 * assertEquals([...samplingProbabilities(logits, { ...all, topK: 2 })], [0, 0.5, 0.5, 0]);
 * ```
 *
 * @param logits V logits.
 * @param settings Temperature, top-k and top-p.
 * @returns V probabilities, which add up to 1.
 */
export function samplingProbabilities(logits: Float32Array, settings: SamplingConstants): Float64Array {
  const scores = new Float32Array(logits.length);
  scoreRow(logits, undefined, settings, scores);
  const weights = drawingWeights(scores, settings), total = sumOf(weights);
  return weights.map((weight) => weight / total);
}

/** Draws a token for every row of logits. `seed` is (seed low, seed high), `scores` scratch memory. */
export const sampleForward = kernel({
  name: "sample",
  reads: { logits: "f32", used: "u32", counters: "u32", seed: "u32" },
  writes: { drawn: "u32", scores: "f32" },
  constants: ["rows", "columns", "temperature", "topK", "topP", "repetitionPenalty"],
  groups: ({ rows }) => rows,
  // few where a CPU runs the shader, but enough that no loop over the vocabulary comes near 65,535 iterations in all
  lanes: ({ columns }, adapter) => adapter === "software" && columns <= 4096 ? 8 : 256,
  cpu({ logits, used, counters, seed, drawn, scores }, settings) {
    const { rows, columns } = settings, bits = new Uint32Array(4);
    for (let row = 0; row < rows; row++) {
      const at = [row * columns, (row + 1) * columns] as const, rowScores = scores.subarray(...at);
      scoreRow(logits.subarray(...at), used.subarray(...at), settings, rowScores);
      const weights = drawingWeights(rowScores, settings);
      // the first token at which the weights, added up in the order of the vocabulary, exceed u times their total
      philox4x32(bits, seed[0], seed[1], row, counters[0] + 1, 0, 0);
      let goal = (bits[0] >>> 8) / 2 ** 24 * sumOf(weights);
      const token = weights.findIndex((weight) => (goal -= weight) < 0);
      // rounding may leave none, and of logits that are not numbers no token has a weight
      drawn[row] = token < 0 ? Math.max(0, weights.findLastIndex((weight) => weight > 0)) : token;
    }
  },
  wgsl: `${PHILOX_WGSL}
/// An integer that grows with the float.
fn rank(score: f32) -> u32 {
  let bits = bitcast<u32>(score);
  return select(bits | 0x80000000u, ~bits, (bits & 0x80000000u) != 0);
}
/// Of the tokens kept so far, whose rank is at least \`kept\`, those of at least another rank: their number, or weight.
fn totalFrom(lane: u32, start: u32, kept: u32, least: u32, weighted: bool, m: f32) -> f32 {
  var laneTotal = 0.0;
  for (var v = lane; v < columns; v += lanes) {
    let r = rank(scores[start + v]);
    if (r >= kept && r >= least) { laneTotal += select(1.0, exp(scores[start + v] - m), weighted); }
  }
  return sumOverGroup(lane, laneTotal);
}
/// The largest rank from which on there are enough tokens, or is enough weight.
fn threshold(lane: u32, start: u32, kept: u32, enough: f32, weighted: bool, m: f32) -> u32 {
  var found = 0u;
  for (var step = 0u; step < 32; step++) {
    let candidate = found | (0x80000000u >> step);
    if (totalFrom(lane, start, kept, candidate, weighted, m) >= enough) { found = candidate; }
  }
  return max(found, kept);
}
/// The weight of a token, 0 if it is not kept.
fn weight(start: u32, v: u32, kept: u32, m: f32) -> f32 {
  return select(0.0, exp(scores[start + v] - m), rank(scores[start + v]) >= kept);
}
var<workgroup> chunkSums: array<f32, lanes>;
fn run(row: u32, lane: u32) {
  let start = row * columns;
  var laneMax = -3e38;
  for (var v = lane; v < columns; v += lanes) {
    var score = logits[start + v];
    if (used[start + v] == 1) { score = select(score * repetitionPenalty, score / repetitionPenalty, score > 0); }
    if (temperature > 0) { score /= temperature; }
    scores[start + v] = score;
    laneMax = max(laneMax, score);
  }
  let m = maxOverGroup(lane, laneMax);
  storageBarrier(); // the scores are stored before other invocations read them
  var kept = rank(m); // tokens of this rank and above are kept
  if (temperature > 0) {
    kept = 0;
    if (topK > 0 && topK < columns) { kept = threshold(lane, start, 0, f32(topK), false, m); }
    if (topP < 1) { kept = threshold(lane, start, kept, topP * totalFrom(lane, start, kept, 0, true, m), true, m); }
  }
  // Each lane adds up a chunk of the vocabulary; the first lane finds the chunk, then the token.
  const chunk = (columns + lanes - 1) / lanes;
  var laneSum = 0.0;
  for (var v = lane * chunk; v < min(lane * chunk + chunk, columns); v++) { laneSum += weight(start, v, kept, m); }
  chunkSums[lane] = laneSum;
  workgroupBarrier(); // the sums of all chunks are stored before the first lane reads them
  if (lane == 0) {
    var total = 0.0;
    for (var other = 0u; other < lanes; other++) { total += chunkSums[other]; }
    let bits = philox(vec2u(seed[0], seed[1]), vec4u(row, counters[0] + 1, 0, 0));
    let goal = select(0.0, f32(bits.x >> 8) / 16777216 * total, temperature > 0);
    var before = 0.0;
    var found = 0u; // the chunk in which the sum exceeds the goal
    for (var other = 0u; other < lanes && before + chunkSums[found] <= goal; other++) {
      before += chunkSums[found];
      if (other < lanes - 1) { found = other + 1; }
    }
    drawn[row] = 0; // of logits that are not numbers no token has a weight
    for (var v = found * chunk; v < min(found * chunk + chunk, columns) && before <= goal; v++) {
      let w = weight(start, v, kept, m);
      if (w > 0) { drawn[row] = v; } // the last one kept, if rounding leaves nothing above the goal
      before += w;
    }
  }
}`,
});
