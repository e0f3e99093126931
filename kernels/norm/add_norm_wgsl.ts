/**
 * The shaders of `addNorm`.
 *
 * Rows begin at multiples of four numbers, which are read and written as one vector. The lanes of a group share a row: lane
 * n has the vectors n, n + lanes, …, so lanes side by side read what lies side by side. What a lane has read it keeps in
 * variables of its own, `s0`, `s1`, …. Where a row is too long for that, or a CPU runs the shader and a variable is memory
 * like any other, the lane reads again what it read or wrote itself.
 *
 * @module
 */

import type { AdapterClass } from "../../core/backend.ts";
import { declareBindings, storeOrAdd } from "../../core/webgpu/shader.ts";
import { DROPPED_WGSL } from "../dropout.ts";
import { unroll } from "../matmul/unroll.ts";
import { rowLanes } from "../reduce.ts";

/** The most vectors of a row that a lane of a GPU keeps in variables. */
const MOST_KEPT = 8;

/** What an array of a shader is made of. */
const elementOf = (name: string): string =>
  name === "random" ? "u32" : name === "statistics" ? "vec2f" : "vec4f";

/** The sum over a row, of which each lane has a part: a vector with four sums. */
const sumOverRow = (vector: string): string => `sumOverGroup(lane, dot(${vector}, vec4f(1)))`;

/** How the lanes of a group walk over a row, again and again. */
class RowWalk {
  readonly #parts: number;
  readonly #lanes: number;
  /** Whether a row fits into the variables. */
  readonly #kept: boolean;

  constructor(columns: number, adapter: AdapterClass) {
    this.#parts = columns / 4;
    this.#lanes = rowLanes(adapter);
    this.#kept = adapter === "hardware" && this.#turns <= MOST_KEPT;
  }

  get #turns(): number {
    return Math.ceil(this.#parts / this.#lanes);
  }

  /** Declares the variables of a name. */
  declare(...names: string[]): string {
    if (!this.#kept) return "";
    return names.map((name) => unroll(this.#turns, (n) => `var ${name}${n} = vec4f();`)).join("\n");
  }

  /**
   * Walks over the lane's vectors once.
   *
   * @param text Writes what is done with vector n of the lane; `part` is its index in the row, `at` in the arrays.
   */
  walk(text: (n: number) => string): string {
    const parts = this.#parts, lanes = this.#lanes;
    if (!this.#kept) {
      return `for (var part = lane; part < ${parts}; part += lanes) {\nlet at = start + part;\n${text(0)}\n}`;
    }
    return unroll(this.#turns, (n) => {
      const first = n * lanes, isWhole = first + lanes <= parts;
      const body = `let part = lane + ${first};\nlet at = start + part;\n${text(n)}`;
      return isWhole ? `{\n${body}\n}` : `if (lane < ${parts - first}) {\n${body}\n}`;
    });
  }

  /** Keeps a value in a variable, on the first walk. */
  keep(name: string, n: number, value: string): string {
    return this.#kept ? `${name}${n} = ${value};` : "";
  }

  /** A value that was kept, or the expression that computes it again. */
  kept(name: string, n: number, again: string): string {
    return this.#kept ? `${name}${n}` : again;
  }
}

/**
 * The forward shader.
 *
 * @param columns C, a multiple of 4.
 * @param adapter What runs the shader.
 * @param isDropped Whether the branch is dropped.
 * @returns The text.
 */
export function addNormForwardWgsl(columns: number, adapter: AdapterClass, isDropped: boolean): string {
  const row = new RowWalk(columns, adapter), branch = isDropped ? "dropped(at, branch[at])" : "branch[at]";
  const reads = ["x", "branch", "weight", "bias", "random"], writes = ["sum", "y", "statistics"];
  return `${declareBindings(reads, writes, elementOf)}
${isDropped ? DROPPED_WGSL : ""}
fn run(row: u32, lane: u32) {
  let start = row * ${columns / 4};
  var laneSum = vec4f();
  var laneSquares = vec4f();
  ${row.declare("s")}
  ${
    row.walk((n) =>
      `let s = x[at] + ${branch};
    sum[at] = s;
    ${row.keep("s", n, "s")}
    laneSum += s;`
    )
  }
  let m = ${sumOverRow("laneSum")} / columns;
  ${
    row.walk((n) =>
      `let centered = ${row.kept("s", n, "sum[at]")} - m;
    laneSquares += centered * centered;`
    )
  }
  let r = 1 / sqrt(${sumOverRow("laneSquares")} / columns + epsilon);
  ${row.walk((n) => `y[at] = weight[part] * (${row.kept("s", n, "sum[at]")} - m) * r + bias[part];`)}
  if (lane == 0) { statistics[row] = vec2f(m, r); }
}`;
}

/**
 * The backward shader.
 *
 * @param columns C, a multiple of 4.
 * @param adapter What runs the shader.
 * @param options Whether the branch is dropped, whether the sum has a gradient already, and how the gradients are written.
 * @returns The text.
 */
export function addNormBackwardWgsl(
  columns: number,
  adapter: AdapterClass,
  { isDropped, isJoined, accumulate, accumulateBranch }: {
    readonly isDropped: boolean;
    readonly isJoined: boolean;
    readonly accumulate: number;
    readonly accumulateBranch: number;
  },
): string {
  const row = new RowWalk(columns, adapter);
  const reads = ["dy", "dSum", "sum", "weight", "statistics", "random"], writes = ["dx", "dBranch"];
  const g = "weight[part] * dy[at]", normalized = "(sum[at] - m) * r";
  return `${declareBindings(reads, writes, elementOf)}
${isDropped ? DROPPED_WGSL : ""}
fn run(row: u32, lane: u32) {
  let start = row * ${columns / 4};
  let m = statistics[row].x;
  let r = statistics[row].y;
  var laneG = vec4f();
  var laneGx = vec4f();
  ${row.declare("g", "normalized")}
  ${
    row.walk((n) =>
      `let g = ${g};
    let normalized = ${normalized};
    ${row.keep("g", n, "g")}
    ${row.keep("normalized", n, "normalized")}
    laneG += g;
    laneGx += g * normalized;`
    )
  }
  let meanG = ${sumOverRow("laneG")} / columns;
  let meanGx = ${sumOverRow("laneGx")} / columns;
  ${
    row.walk((n) =>
      `let g = ${row.kept("g", n, g)};
    let normalized = ${row.kept("normalized", n, normalized)};
    let total = ${isJoined ? "dSum[at] + " : ""}r * (g - meanG - normalized * meanGx);
    dx[at] ${storeOrAdd(accumulate)} total;
    dBranch[at] ${storeOrAdd(accumulateBranch)} ${isDropped ? "dropped(at, total)" : "total"};`
    )
  }
}`;
}
