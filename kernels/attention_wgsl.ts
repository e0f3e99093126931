/**
 * Writes the shaders of fused attention.
 *
 * One invocation computes a few neighbouring rows of its result ({@linkcode rowsFor}) and walks over the other side
 * four rows at a time, all vectors held in named variables, D/4 of them a row. A GPU wants many invocations with few
 * rows each; a CPU that runs shaders wants each loaded key to be used for several queries.
 *
 * @module
 */

import type { AdapterClass } from "../core/backend.ts";
import { philoxWgsl } from "../core/philox.ts";

/** The sizes and settings of attention; flags are 0 or 1. */
export interface AttentionConstants {
  readonly batch: number;
  readonly heads: number;
  readonly time: number;
  readonly headDim: number;
  readonly causal: number;
  readonly padded: number;
  readonly threshold: number;
  readonly keepScale: number;
  readonly stream: number;
}

/** Rows of the result that one invocation computes. */
export const rowsFor = (adapter: AdapterClass): number => adapter === "software" ? 4 : 1;

/** Invocations in a group. */
export const lanesFor = (adapter: AdapterClass): number => adapter === "software" ? 16 : 64;

/** Groups needed to cover all rows of all heads. */
export function attentionGroups({ batch, heads, time }: AttentionConstants, adapter: AdapterClass): number {
  return Math.ceil(batch * heads * Math.ceil(time / rowsFor(adapter)) / lanesFor(adapter));
}

const range = (count: number): number[] => Array.from({ length: count }, (_, index) => index);
const lines = (count: number, line: (index: number) => string): string => range(count).map(line).join("\n");
const sum = (count: number, term: (index: number) => string): string => range(count).map(term).join(" + ");

/** What the three shaders share: reading a row as vectors, which keys a query sees, and the dropout mask. */
function common(
  { headDim, threshold }: AttentionConstants,
  names: readonly string[],
  adapter: AdapterClass,
): string {
  const element = headDim % 4 === 0 ? "vec4f" : "f32";
  const read = (name: string) =>
    headDim % 4 === 0
      ? `fn ${name}At(row: u32, part: u32) -> vec4f { return ${name}[row * ${headDim / 4} + part]; }`
      : `fn ${name}At(row: u32, part: u32) -> vec4f {
  let at = row * headDim + part * 4;
  let left = headDim - part * 4; // the last vector of a row is filled up with zeros
  return vec4f(${name}[at], ${
        [1, 2, 3].map((i) => `select(0.0, ${name}[at + ${i}], left > ${i}u)`).join(", ")
      });
}`;
  return `${threshold > 0 ? philoxWgsl : ""}
alias Row = array<${element}>;
${names.map(read).join("\n")}
const scale = ${1 / Math.sqrt(headDim)};
const blocks = (time + ${rowsFor(adapter) - 1}) / ${rowsFor(adapter)};
/// How many keys a query sees.
fn visible(head: u32, query_: u32) -> u32 {
  let length = select(time, lengths[select(0, head / heads, padded == 1)], padded == 1);
  return select(length, min(query_ + 1, length), causal == 1);
}
/// The dropout mask of four neighbouring keys, the first a multiple of four: 0 or 1 / (1 - rate).
fn mask(row: u32, key_: u32) -> vec4f {
  ${
    threshold > 0
      ? `let place = row * ((time + 3) / 4) + key_ / 4;
  let bits = philox(vec2u(random[0], random[1]), vec4u(place, random[2], stream, 0));
  return select(vec4f(keepScale), vec4f(), bits < vec4u(threshold));`
      : `return vec4f(1);`
  }
}`;
}

function bindings(headDim: number, reads: readonly string[], writes: readonly string[]): string {
  const type = (name: string) =>
    name === "lengths" || name === "random"
      ? "array<u32>"
      : headDim % 4 === 0 && !["logSumExp", "delta"].includes(name)
      ? "array<vec4f>"
      : "array<f32>";
  return [...reads, ...writes].map((name, index) => {
    const access = index < reads.length ? "read" : "read_write";
    return `@group(0) @binding(${index}) var<storage, ${access}> ${name}: ${type(name)};`;
  }).join("\n");
}

/** Writes or adds the parts of a row. */
function storeRow(
  name: string,
  operator: string,
  row: string,
  headDim: number,
  part: (v: number) => string,
): string {
  if (headDim % 4 === 0) {
    return lines(headDim / 4, (v) => `${name}[(${row}) * ${headDim / 4} + ${v}] ${operator} ${part(v)};`);
  }
  return lines(
    headDim,
    (d) => `${name}[(${row}) * headDim + ${d}] ${operator} (${part(d >> 2)}).${"xyzw"[d & 3]};`,
  );
}

/** The first row of an invocation, and where the rows of its head begin. */
const START = (adapter: AdapterClass): string => `
  let unit = group * ${lanesFor(adapter)} + lane;
  let head = unit / blocks;
  if (head >= batch * heads) { return; }
  let start = head * time;
  let first = unit % blocks * ${rowsFor(adapter)};`;

/** y and logSumExp. */
export function attentionForwardWgsl(constants: AttentionConstants, adapter: AdapterClass): string {
  const { headDim } = constants, parts = Math.ceil(headDim / 4), rows = rowsFor(adapter);
  return `${bindings(headDim, ["query", "key", "value", "lengths", "random"], ["y", "logSumExp"])}
${common(constants, ["query", "key", "value"], adapter)}
fn run(group: u32, lane: u32) {${START(adapter)}
  ${
    lines(rows, (a) =>
      lines(parts, (v) =>
        `let q${a}_${v} = scale * queryAt(start + first + ${a}, ${v}); var o${a}_${v} = vec4f();`) +
      `let seen${a} = visible(head, first + ${a}); var m${a} = -1e30; var l${a} = 0.0;`)
  }
  let end = seen${rows - 1};
  for (var j = 0u; j < end; j += 4) {
    let keys = j + vec4u(0, 1, 2, 3);
    ${lines(rows, (a) => `var s${a} = vec4f();`)}
    ${
    lines(4, (n) =>
      `{ ${lines(parts, (v) => `let k${v} = keyAt(start + j + ${n}, ${v});`)}
      ${lines(rows, (a) => `s${a}.${"xyzw"[n]} = ${sum(parts, (v) => `dot(q${a}_${v}, k${v})`)};`)} }`)
  }
    ${
    lines(rows, (a) =>
      `let sees${a} = keys < vec4u(seen${a});
    s${a} = select(vec4f(-1e30), s${a}, sees${a});
    let m${a}New = max(m${a}, max(max(s${a}.x, s${a}.y), max(s${a}.z, s${a}.w)));
    let shrink${a} = exp(m${a} - m${a}New);
    var p${a} = select(vec4f(), exp(s${a} - m${a}New), sees${a});
    l${a} = l${a} * shrink${a} + (p${a}.x + p${a}.y + p${a}.z + p${a}.w);
    m${a} = m${a}New;
    p${a} *= mask(start + first + ${a}, j);`)
  }
    ${
    lines(parts, (v) =>
      `{ ${lines(4, (n) => `let v${n} = valueAt(start + j + ${n}, ${v});`)}
      ${
        lines(
          rows,
          (a) => `o${a}_${v} = o${a}_${v} * shrink${a} + ${sum(4, (n) => `p${a}.${"xyzw"[n]} * v${n}`)};`,
        )
      } }`)
  }
  }
  ${
    lines(rows, (a) =>
      `if (first + ${a} < time) {
    ${storeRow("y", "=", `start + first + ${a}`, headDim, (v) => `o${a}_${v} / l${a}`)}
    logSumExp[start + first + ${a}] = m${a} + log(l${a});
  }`)
  }
}`;
}

/** dQuery, from a walk over the keys. */
export function attentionBackwardQueryWgsl(constants: AttentionConstants, adapter: AdapterClass): string {
  const { headDim } = constants, parts = Math.ceil(headDim / 4), rows = rowsFor(adapter);
  const reads = ["query", "key", "value", "dy", "logSumExp", "delta", "lengths", "random"];
  return `${bindings(headDim, reads, ["dQuery"])}
${common(constants, ["query", "key", "value", "dy"], adapter)}
fn run(group: u32, lane: u32) {${START(adapter)}
  ${
    lines(rows, (a) =>
      lines(parts, (v) =>
        `let q${a}_${v} = scale * queryAt(start + first + ${a}, ${v}); let dy${a}_${v} = dyAt(start + first + ${a}, ${v}); var dq${a}_${v} = vec4f();`) +
      `let seen${a} = visible(head, first + ${a}); let l${a} = logSumExp[start + first + ${a}]; let delta${a} = delta[start + first + ${a}];`)
  }
  let end = seen${rows - 1};
  for (var j = 0u; j < end; j += 4) {
    let keys = j + vec4u(0, 1, 2, 3);
    ${lines(rows, (a) => `var s${a} = vec4f(); var dp${a} = vec4f();`)}
    ${
    lines(4, (n) =>
      `{ ${
        lines(parts, (v) =>
          `let k${v} = keyAt(start + j + ${n}, ${v}); let v${v} = valueAt(start + j + ${n}, ${v});`)
      }
      ${
        lines(rows, (a) =>
          `s${a}.${"xyzw"[n]} = ${
            sum(parts, (v) => `dot(q${a}_${v}, k${v})`)
          };
      dp${a}.${"xyzw"[n]} = ${
            sum(parts, (v) => `dot(dy${a}_${v}, v${v})`)
          };`)
      } }`)
  }
    ${
    lines(rows, (a) =>
      `let sees${a} = keys < vec4u(seen${a});
    let p${a} = select(vec4f(), exp(select(vec4f(-1e30), s${a} - l${a}, sees${a})), sees${a});
    let ds${a} = p${a} * (dp${a} * mask(start + first + ${a}, j) - delta${a});`)
  }
    ${
    lines(parts, (v) =>
      `{ ${lines(4, (n) => `let k${n} = keyAt(start + j + ${n}, ${v});`)}
      ${lines(rows, (a) => `dq${a}_${v} += ${sum(4, (n) => `ds${a}.${"xyzw"[n]} * k${n}`)};`)} }`)
  }
  }
  ${
    lines(rows, (a) =>
      `if (first + ${a} < time) { ${
        storeRow("dQuery", "+=", `start + first + ${a}`, headDim, (v) =>
          `scale * dq${a}_${v}`)
      } }`)
  }
}`;
}

/** dKey and dValue, from a walk over the queries that see them. */
export function attentionBackwardKeyValueWgsl(constants: AttentionConstants, adapter: AdapterClass): string {
  const { headDim, causal } = constants, parts = Math.ceil(headDim / 4), rows = rowsFor(adapter);
  const reads = ["query", "key", "value", "dy", "logSumExp", "delta", "lengths", "random"];
  // mask() gives the mask of four keys; an invocation that holds four uses all of it
  const maskOf = (n: number) => rows === 4 ? `masks.${"xyzw"[n]}` : `masks[(first + ${n}) % 4]`;
  return `${bindings(headDim, reads, ["dKey", "dValue"])}
${common(constants, ["query", "key", "value", "dy"], adapter)}
fn run(group: u32, lane: u32) {${START(adapter)}
  ${
    lines(rows, (n) =>
      lines(parts, (v) =>
        `let k${n}_${v} = scale * keyAt(start + first + ${n}, ${v}); let v${n}_${v} = valueAt(start + first + ${n}, ${v});
  var dk${n}_${v} = vec4f(); var dv${n}_${v} = vec4f();`))
  }
  for (var i = ${causal ? "first" : "0u"}; i < time; i++) {
    let row = start + i;
    let seen = visible(head, i);
    let l = logSumExp[row];
    let d = delta[row];
    let masks = mask(row, first);
    ${lines(parts, (v) => `let q${v} = queryAt(row, ${v}); let dy${v} = dyAt(row, ${v});`)}
    ${
    lines(rows, (n) =>
      `{ let sees = first + ${n} < seen;
      let s = select(-1e30, ${sum(parts, (v) => `dot(q${v}, k${n}_${v})`)} - l, sees);
      let p = select(0.0, exp(s), sees);
      let dropped = p * ${maskOf(n)};
      let dp = ${sum(parts, (v) => `dot(dy${v}, v${n}_${v})`)};
      let ds = dropped * dp - p * d;
      ${lines(parts, (v) => `dv${n}_${v} += dropped * dy${v}; dk${n}_${v} += ds * q${v};`)} }`)
  }
  }
  ${
    lines(rows, (n) =>
      `if (first + ${n} < time) {
    ${storeRow("dKey", "+=", `start + first + ${n}`, headDim, (v) => `scale * dk${n}_${v}`)}
    ${storeRow("dValue", "+=", `start + first + ${n}`, headDim, (v) => `dv${n}_${v}`)}
  }`)
  }
}`;
}
