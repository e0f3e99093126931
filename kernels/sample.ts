/**
 * Drawing the next token from the model's scores, on the device.
 *
 * In this order, Hugging Face's:
 *
 * 1. *Repetition penalty* r: the score of a token that was used already is divided by r if positive, else multiplied.
 * 2. *Temperature* t: all scores are divided by t. Below 1 likely tokens become likelier and the text more careful;
 *    above 1 the text becomes more surprising. At 0 the most likely token is taken, always.
 * 3. *Top-k*: only the k most likely tokens stay (and whatever ties with the last of them).
 * 4. *Top-p*: of those, only the smallest set of likeliest tokens whose probabilities add up to p.
 * 5. One of the rest is drawn with its probability, by the random number u in [0, 1) that Philox gives for the token's
 *    place in the text: the same seed gives the same text.
 *
 * Sorting a vocabulary on a GPU is slow. But top-k and top-p only need a threshold: the largest score for which enough
 * tokens, or enough probability, lie at or above it. Floats compare like integers once their bits are flipped suitably,
 * so 32 rounds of bisection, one for each bit, find it exactly. The CPU body sorts.
 *
 * References: Fan et al. 2018 (top-k); Holtzman et al. 2020 (top-p); Keskar et al. 2019 (repetition penalty).
 *
 * @module
 */

import { kernel } from "../core/backend.ts";
import { philox4x32, philoxWgsl } from "../core/philox.ts";
import { groupReduction } from "./reduce.ts";

/** What {@linkcode sampleForward} needs to know, besides sizes. */
export interface SamplingConstants {
  /** 0 takes the most likely token. */
  readonly temperature: number;
  /** 0 keeps all tokens. */
  readonly topK: number;
  /** 1 keeps all tokens. */
  readonly topP: number;
  /** 1 changes nothing. */
  readonly repetitionPenalty: number;
}

/**
 * Takes the token under the cursor of every sequence as the model's next input. `counters` is (cursor, position, known):
 * the place in the text, the position in the model's window, and how many tokens of the text are known.
 */
export const takeTokens = kernel({
  name: "takeTokens",
  reads: { tokens: "u32", counters: "u32" },
  writes: { ids: "u32", positions: "u32", used: "u32" },
  constants: ["batch", "capacity", "vocabulary"],
  elements: ({ batch }) => batch,
  cpu({ tokens, counters, ids, positions, used }, { batch, capacity, vocabulary }) {
    for (let row = 0; row < batch; row++) {
      ids[row] = tokens[row * capacity + counters[0]];
      positions[row] = counters[1];
      used[row * vocabulary + ids[row]] = 1;
    }
  },
  wgsl: `
fn each(row: u32) {
  let id = tokens[row * capacity + counters[0]];
  ids[row] = id;
  positions[row] = counters[1];
  used[row * vocabulary + id] = 1;
}`,
});

/** Moves the cursor on; where the text is not known yet, the token drawn becomes part of it. */
export const advanceTokens = kernel({
  name: "advanceTokens",
  reads: { drawn: "u32" },
  writes: { tokens: "u32", counters: "u32" },
  constants: ["batch", "capacity"],
  elements: () => 1,
  cpu({ drawn, tokens, counters }, { batch, capacity }) {
    const place = counters[0] + 1, known = place < counters[2];
    for (let row = 0; row < batch && !known; row++) tokens[row * capacity + place] = drawn[row];
    counters[0] = place;
    counters[1] += 1;
    counters[2] = Math.max(counters[2], place + 1);
  },
  wgsl: `
fn each(index: u32) {
  let place = counters[0] + 1;
  if (place >= counters[2]) {
    for (var row = 0u; row < batch; row++) { tokens[row * capacity + place] = drawn[row]; }
  }
  counters[0] = place;
  counters[1] += 1;
  counters[2] = max(counters[2], place + 1);
}`,
});

/** Draws a token for every row of logits. `seed` is (seed low, seed high). */
export const sampleForward = kernel({
  name: "sample",
  reads: { logits: "f32", used: "u32", counters: "u32", seed: "u32" },
  writes: { drawn: "u32", scores: "f32" },
  constants: ["rows", "columns", "temperature", "topK", "topP", "repetitionPenalty"],
  groups: ({ rows }) => rows,
  // few where a CPU runs the shader, but enough that no loop over the vocabulary comes near 65,535 turns in all
  lanes: ({ columns }, adapter) => adapter === "software" && columns <= 4096 ? 8 : 256,
  cpu({ logits, used, counters, seed, drawn, scores }, settings) {
    const { rows, columns, temperature, topK, topP, repetitionPenalty } = settings, bits = new Uint32Array(4);
    for (let row = 0; row < rows; row++) {
      const start = row * columns, row_ = scores.subarray(start, start + columns);
      for (let v = 0; v < columns; v++) {
        const logit = logits[start + v], penalty = used[start + v] ? repetitionPenalty : 1;
        row_[v] = (logit > 0 ? logit / penalty : logit * penalty) / (temperature > 0 ? temperature : 1);
      }
      const order = Array.from({ length: columns }, (_, v) => v).sort((a, b) => row_[b] - row_[a] || a - b);
      drawn[row] = order[0];
      if (temperature === 0) continue;
      const max = row_[order[0]], kept = topK > 0 ? Math.min(topK, columns) : columns;
      const likely = order.filter((v) => row_[v] >= row_[order[kept - 1]]);
      const weight = (v: number) => Math.exp(row_[v] - max);
      const enough = topP * likely.reduce((sum, v) => sum + weight(v), 0);
      let last = 0;
      for (let sum = weight(likely[0]); last < likely.length - 1 && sum < enough;) {
        sum += weight(likely[++last]);
      }
      const chosen = likely.filter((v) => row_[v] >= row_[likely[last]]).sort((a, b) => a - b);
      philox4x32(bits, seed[0], seed[1], row, counters[0] + 1, 0, 0);
      let left = (bits[0] >>> 8) / 2 ** 24 * chosen.reduce((sum, v) => sum + weight(v), 0);
      drawn[row] = chosen.find((v) => (left -= weight(v)) < 0) ?? chosen[chosen.length - 1];
    }
  },
  wgsl: `${philoxWgsl}
${groupReduction("maxOverRow", "max(left, right)")}
${groupReduction("sumOverRow", "left + right")}
/// An integer that grows with the float.
fn rank(score: f32) -> u32 {
  let bits = bitcast<u32>(score);
  return select(bits | 0x80000000u, ~bits, (bits & 0x80000000u) != 0);
}
/// The total of kept tokens whose rank is at least \`least\`: their number, or their weight.
fn totalFrom(lane: u32, start: u32, floor_: u32, least: u32, weighted: bool, m: f32) -> f32 {
  var total = 0.0;
  for (var v = lane; v < columns; v += lanes) {
    let r = rank(scores[start + v]);
    if (r >= floor_ && r >= least) { total += select(1.0, exp(scores[start + v] - m), weighted); }
  }
  return sumOverRow(lane, total);
}
/// The largest rank from which on there is enough.
fn threshold(lane: u32, start: u32, floor_: u32, enough: f32, weighted: bool, m: f32) -> u32 {
  var found = 0u;
  for (var step = 0u; step < 32; step++) {
    let candidate = found | (0x80000000u >> step);
    if (totalFrom(lane, start, floor_, candidate, weighted, m) >= enough) { found = candidate; }
  }
  return max(found, floor_);
}
/// The weight of a token, 0 if it is not kept.
fn weight(start: u32, v: u32, least: u32, m: f32) -> f32 {
  return select(0.0, exp(scores[start + v] - m), rank(scores[start + v]) >= least);
}
var<workgroup> stretches: array<f32, lanes>;
fn run(row: u32, lane: u32) {
  let start = row * columns;
  var largest = -3e38;
  for (var v = lane; v < columns; v += lanes) {
    var score = logits[start + v];
    if (used[start + v] == 1) { score = select(score * repetitionPenalty, score / repetitionPenalty, score > 0); }
    if (temperature > 0) { score /= temperature; }
    scores[start + v] = score;
    largest = max(largest, score);
  }
  let m = maxOverRow(lane, largest);
  storageBarrier(); // the scores are stored before other invocations read them
  var least = rank(m);
  if (temperature > 0) {
    least = 0;
    if (topK > 0 && topK < columns) { least = threshold(lane, start, 0, f32(topK), false, m); }
    if (topP < 1) { least = threshold(lane, start, least, topP * totalFrom(lane, start, least, 0, true, m), true, m); }
  }
  // Each invocation adds up a stretch of the vocabulary; the first one finds the stretch, then the token.
  const stretch = (columns + lanes - 1) / lanes;
  var sum = 0.0;
  for (var v = lane * stretch; v < min(lane * stretch + stretch, columns); v++) { sum += weight(start, v, least, m); }
  stretches[lane] = sum;
  workgroupBarrier(); // the sums of all stretches are there
  if (lane == 0) {
    var total = 0.0;
    for (var at = 0u; at < lanes; at++) { total += stretches[at]; }
    let bits = philox(vec2u(seed[0], seed[1]), vec4u(row, counters[0] + 1, 0, 0));
    let goal = select(0.0, f32(bits.x >> 8) / 16777216 * total, temperature > 0);
    var before = 0.0;
    var chosen = 0u;
    for (var at = 0u; at < lanes && before + stretches[chosen] <= goal; at++) {
      before += stretches[chosen];
      if (at < lanes - 1) { chosen = at + 1; }
    }
    for (var v = chosen * stretch; v < min(chosen * stretch + stretch, columns) && before <= goal; v++) {
      let w = weight(start, v, least, m);
      if (w > 0) { drawn[row] = v; } // the last likely one, if rounding leaves nothing above the goal
      before += w;
    }
  }
}`,
});
