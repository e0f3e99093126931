/** Sums over a group are one tree, in subgroups of any size and without any: in the text, and where it runs. */

import { assert, assertEquals, assertThrows } from "@std/assert";
import { type Backend, kernel } from "../core/backend.ts";
import { CpuBackend } from "../core/cpu_backend.ts";
import { reductionsFor, type Subgroups } from "../core/webgpu/reductions_wgsl.ts";
import { assembleShader } from "../core/webgpu/shader.ts";
import { WebGpuBackend } from "../core/webgpu/webgpu_backend.ts";
import { generate } from "../inference/generate.ts";
import { layerNorm } from "../kernels/norm/layer_norm.ts";
import { softmax } from "../kernels/softmax.ts";
import { Gpt } from "../models/gpt.ts";
import { evaluate, everyBackend, hasAdapter, normals, webGpu } from "./_testing.ts";
import { newRun, small } from "./_training.ts";

const directive = "enable subgroups;";
const subgroupsOf = (size: number): Subgroups | undefined => size > 1 ? { size, directive } : undefined;

/** The value of the first lane of the tree. */
function treeOf(values: readonly number[], round: (value: number) => number): number {
  if (values.length === 1) return values[0];
  const half = values.length / 2;
  return treeOf(values.slice(0, half).map((left, lane) => round(left + values[lane + half])), round);
}

/**
 * Runs the text of reductions, which has neither loops nor types, as JavaScript: from one barrier to the next, lane after lane.
 * Fails where a lane accesses what another one stores between the same barriers.
 */
class SimulatedGroup {
  readonly #memory: number[] = [];
  readonly #accesses = new Map<number, { lane: number; stores: boolean; interval: number }>();
  #interval = 0;

  constructor(readonly code: string, readonly lanes: number, readonly size: number) {}

  #memoryOf(lane: number): number[] {
    const access = (at: number, stores: boolean): void => {
      const last = this.#accesses.get(at);
      const isAlone = last?.interval !== this.#interval || last.lane === lane || !stores && !last.stores;
      assert(isAlone, `lanes ${last?.lane} and ${lane} meet at ${at} of\n${this.code}`);
      this.#accesses.set(at, { lane, stores, interval: this.#interval });
    };
    return new Proxy(this.#memory, {
      get: (memory, at) => (access(Number(at), false), memory[Number(at)]),
      set: (memory, at, value) => (access(Number(at), true), memory[Number(at)] = value, true),
    });
  }

  /** What each lane gets. */
  run(name: string, values: readonly number[]): number[] {
    const body = this.code.match(new RegExp(`fn ${name}\\(.*\\n([^]*?)\\n}`))![1].split("\n").slice(1, -1);
    let results = [...values];
    for (const line of body) {
      if (line.trim().startsWith("workgroupBarrier();")) {
        this.#interval++;
        continue;
      }
      const text = line.replace(/(\d)u\b/g, "$1").replaceAll("max(", "Math.max(");
      const step = new Function(
        "lane",
        "result",
        "groupValues",
        "subgroupShuffleXor",
        `${text}; return result;`,
      );
      results = results.map((result, lane) =>
        step(lane, result, this.#memoryOf(lane), (_: number, stride: number) => {
          assert(stride < this.size, `a shuffle by ${stride} in subgroups of ${this.size}`);
          return results[lane ^ stride];
        })
      );
    }
    return results;
  }
}

Deno.test("reductions are one tree in subgroups of every size, and lanes wait before they share memory", () => {
  for (const lanes of [1, 2, 8, 16, 64, 128, 256]) {
    for (const size of [1, 2, 4, 8, 16, 32, 64, 128]) {
      const { code } = reductionsFor("sumOverGroup( maxOverGroup(", lanes, subgroupsOf(size));
      const group = new SimulatedGroup(code, lanes, size);
      for (const name of ["first", "second", "third"]) {
        // in double precision, as JavaScript adds, and with as many digits, so that every order rounds otherwise
        const values = Array.from(normals(name, [lanes]).data, (value) => value / 3);
        const expected = treeOf(values, (value) => value), what = `${lanes} lanes, subgroups of ${size}`;
        assertEquals(group.run("sumOverGroup", values), new Array(lanes).fill(expected), what);
        assertEquals(group.run("maxOverGroup", values), new Array(lanes).fill(Math.max(...values)), what);
      }
    }
  }
});

Deno.test("a reduction has the barriers that it needs and no more", () => {
  const barriers = (lanes: number, size: number) =>
    reductionsFor("sumOverGroup(", lanes, subgroupsOf(size)).code.match(/workgroupBarrier/g)?.length ?? 0;
  const counts = [[8, 1], [64, 1], [256, 1], [8, 4], [8, 8], [8, 32], [64, 8], [64, 32], [64, 64], [256, 32]]
    .map(([lanes, size]) => barriers(lanes, size));
  assertEquals(counts, [2, 3, 4, 2, 0, 0, 2, 2, 0, 2]);
});

Deno.test("only what a kernel calls is written, and the directive only for shuffles", () => {
  const subgroups = subgroupsOf(8);
  assertEquals(reductionsFor("y[lane] = sum(x);", 8, subgroups), { directive: "", code: "" });
  const { directive: none, code } = reductionsFor("maxOverGroup(lane, x)", 64);
  assertEquals([none, code.includes("fn maxOverGroup"), code.includes("fn sumOverGroup")], ["", true, false]);
  assertEquals(reductionsFor("sumOverGroup(lane, x)", 8, subgroups).directive, directive);
  assertThrows(
    () => reductionsFor("sumOverGroup(lane, x)", 48),
    RangeError,
    "Cannot reduce over 48 lanes: expected a power of two",
  );
  const shader = assembleShader(
    { ...reduceBoth, reads: { x: "f16" } },
    { lanesUsed: 8 },
    "software",
    subgroups,
  );
  assert(shader.code.startsWith(`enable f16;\n${directive}\nconst `), shader.code);
});

/** Reductions of up to 256 numbers, one right after another, as every lane gets them. */
const reduceBoth = kernel({
  name: "reduceBoth",
  reads: { x: "f32" },
  writes: { sums: "f32", largest: "f32" },
  constants: ["lanesUsed"],
  groups: () => 3,
  lanes: ({ lanesUsed }) => lanesUsed,
  cpu({ x, sums, largest }, { lanesUsed }) {
    const values = [...x];
    for (let group = 0; group < 3; group++) {
      for (let round = 0; round < 5; round++) {
        const terms = values.map((_, lane) => values[(lane + 7 * round + group) % lanesUsed]);
        sums.fill(
          treeOf(terms, Math.fround),
          (group * 5 + round) * lanesUsed,
          (group * 5 + round + 1) * lanesUsed,
        );
        largest.fill(
          Math.max(...terms),
          (group * 5 + round) * lanesUsed,
          (group * 5 + round + 1) * lanesUsed,
        );
      }
    }
  },
  wgsl: `
fn run(group: u32, lane: u32) {
  for (var round = 0u; round < 5; round++) {
    let term = x[(lane + 7 * round + group) % lanes];
    sums[(group * 5 + round) * lanes + lane] = sumOverGroup(lane, term);
    largest[(group * 5 + round) * lanes + lane] = maxOverGroup(lane, term);
  }
}`,
});

/** Every bit of what {@linkcode reduceBoth} computes. */
async function reduced(backend: Backend, lanesUsed: number): Promise<Uint32Array[]> {
  const results = backend.scope(() => {
    const x = backend.from(normals("x", [lanesUsed]).data);
    const [sums, largest] = [0, 0].map(() => backend.allocate([15 * lanesUsed]));
    backend.run(reduceBoth, { x, sums, largest }, { lanesUsed });
    return [sums, largest];
  });
  const [sums, largest] = [await backend.read(results[0]), await backend.read(results[1])];
  return [sums, largest].map((values) => new Uint32Array(Float32Array.from(values).buffer));
}

const expectedBits = (lanesUsed: number): Promise<Uint32Array[]> => reduced(new CpuBackend(), lanesUsed);

everyBackend("all lanes get the sum of the tree and the largest value, to the last bit", async (backend) => {
  for (const lanesUsed of [8, 32, 64, 256]) {
    assertEquals(await reduced(backend, lanesUsed), await expectedBits(lanesUsed), `${lanesUsed} lanes`);
  }
});

for (const adapterClass of ["software", "hardware"] as const) {
  Deno.test(
    `training, generation and kernels of rows have the same bits without subgroups [webgpu, ${adapterClass} shaders]`,
    {
      ignore: !hasAdapter,
    },
    async () => {
      const plain = (await WebGpuBackend.open(adapterClass, { subgroups: false }))!;
      assertEquals(plain.subgroupSize, undefined);
      const [expected, actual] = [await bitsOf(plain), await bitsOf(await webGpu(adapterClass))];
      for (const name in expected) assertEquals(actual[name], expected[name], name);
      for (const lanesUsed of [8, 64, 256]) {
        assertEquals(
          await reduced(plain, lanesUsed),
          await expectedBits(lanesUsed),
          `${lanesUsed} lanes, plain`,
        );
      }
      plain.close();
    },
  );
}

/** Results of every kernel that reduces over groups. */
async function bitsOf(backend: Backend): Promise<Record<string, unknown>> {
  const results: Record<string, unknown> = {};
  for (const columns of [1, 7, 65, 300]) {
    const x = normals("x", [5, columns]), square = normals("scores", [columns, columns]);
    const weight = normals("weight", [columns]), bias = normals("bias", [columns]);
    results[`layerNorm ${columns}`] = await evaluate(
      backend,
      { x, weight, bias },
      ({ x, weight, bias }) => layerNorm(x, weight, bias),
    );
    results[`softmax ${columns}`] = await evaluate(
      backend,
      { square },
      ({ square }) => softmax(square, { causal: true }),
    );
  }
  const model = new Gpt(small), run = newRun(backend, model, { clipNorm: 0.5 });
  for (let step = 0; step < 3; step++) run.advance();
  results.losses = (await run.report(3)).map(({ loss }) => loss);
  results.parameters = await backend.read(run.store.values);
  const texts: number[] = [];
  const options = {
    prompt: Uint32Array.of(1, 2),
    maxNewTokens: 8,
    seed: 3,
    topK: 5,
    topP: 0.9,
    temperature: 1.2,
  };
  for await (const [tokens] of generate(backend, model, options)) texts.push(...tokens);
  return { ...results, texts };
}
