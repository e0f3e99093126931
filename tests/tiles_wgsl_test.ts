/** The tiles of products on GPUs: what each lane does, by the formulas of the shader, and what the shaders compute. */

import { assert, assertEquals } from "@std/assert";
import { kernel } from "../core/backend.ts";
import { roundToHalf } from "../core/half.ts";
import { matmulSlices } from "../kernels/matmul/hardware/split.ts";
import { tilesWgsl } from "../kernels/matmul/hardware/tiles_wgsl.ts";
import { matmulBiased, matmulForward } from "../kernels/matmul/matmul.ts";
import { multiply } from "../kernels/matmul/matmul_cpu.ts";
import { type MatmulConstants, STEPS, TILES, type TileSize } from "../kernels/matmul/matmul_plan.ts";
import { productTensors } from "./_random_tensors.ts";
import { assertClose, hasAdapter, normals, TOLERANCES, webGpu } from "./_testing.ts";

const sizes = Object.keys(TILES).map(Number) as TileSize[];
const flags = [[0, 0], [0, 1], [1, 0], [1, 1]];
const layouts = flags.map(([transposeA, transposeB]) => ({ transposeA, transposeB }));

/** The plan of a product in tiles of a size, whatever its own would be. */
const planOf = (tile: TileSize, { rows, columns, inner }: MatmulConstants) => {
  const groups = Math.ceil(rows / tile) * Math.ceil(columns / tile);
  return { kind: "tiles", tile, lanes: TILES[tile].lanes, groups, sliceLength: inner } as const;
};

/** Variables of a lane at the beginning of a shader, by its own formulas: all of them are small positive integers. */
function variablesOf(code: string, names: readonly string[], lane: number): number[] {
  const lines = [
    ...code.matchAll(/^ *let (isOfB|own|four|quad|vector|rectangle|inside|down|across) = (.+);/gm),
  ];
  const first = new Map(lines.map(([, name, formula]) => [name, formula]).reverse() as [string, string][]);
  const definitions = [...first].reverse()
    .map(([name, formula]) =>
      `const ${name} = ${formula.replaceAll(/(\d+|\w+) \/ (\d+)/g, "Math.floor($1 / $2)")};`
    );
  const select = (no: number, yes: number, condition: boolean) => condition ? yes : no;
  return new Function("lane", "select", `${definitions.join("\n")}\nreturn [${names}].map(Number);`)(
    lane,
    select,
  );
}

/** How many of the eight groups of four banks the vectors are in; in different groups they do not conflict. */
const bankGroupsOf = (vectors: readonly number[]): number =>
  new Set(vectors.map((vector) => vector % 8)).size;

for (const tile of sizes) {
  const { lanes, laneRows, laneColumns } = TILES[tile], fours = tile / 4;
  for (const layout of layouts) {
    const constants = { batch: 1, rows: 512, columns: 512, inner: 64, ...layout, accumulate: 0 };
    const code = tilesWgsl(constants, planOf(tile, constants), {}),
      all = Array.from({ length: lanes }, (_, i) => i);
    const { transposeA, transposeB } = layout, what = `tiles of ${tile}, layout ${transposeA}${transposeB}`;

    Deno.test(`${what}: each block is fetched once, and each result computed once`, () => {
      const blocks = all.map((lane) => String(variablesOf(code, ["isOfB", "four", "quad"], lane)));
      assertEquals(new Set(blocks).size, lanes);
      assertEquals(lanes, 2 * fours * STEPS / 4);
      for (const lane of all) {
        const [isOfB, four, quad, vector] = variablesOf(code, ["isOfB", "four", "quad", "vector"], lane);
        assert(isOfB <= 1 && four < fours && quad < STEPS / 4 && vector < fours);
      }
      const results = all.map((lane) => String(variablesOf(code, ["down", "across"], lane)));
      assertEquals(new Set(results).size, lanes);
      for (const lane of all) {
        const [down, across] = variablesOf(code, ["down", "across"], lane);
        assert(down < tile / laneRows && across < tile / laneColumns, `lane ${lane}: ${down}, ${across}`);
      }
    });

    Deno.test(`${what}: lanes that store or load together use different banks`, () => {
      for (let lane = 0; lane < lanes; lane += 8) {
        const eight = all.slice(lane, lane + 8);
        // eight lanes store vector j of their blocks at a time; the vectors of every step begin in the first bank
        assertEquals(
          bankGroupsOf(eight.map((lane) => variablesOf(code, ["vector"], lane)[0])),
          8,
          `lanes from ${lane}`,
        );
      }
      for (let lane = 0; lane < lanes; lane += 32) {
        for (let s = 0; s < STEPS / 4; s++) {
          const together = all.slice(lane, lane + 32).map((lane) =>
            variablesOf(code, ["down", "across"], lane)
          );
          for (const [axis, count] of [[0, 8], [1, 4]]) {
            const vectors = new Set(together.map((position) => position[axis] ^ 2 * s));
            assertEquals(
              [vectors.size, bankGroupsOf([...vectors])],
              [count, count],
              `lanes from ${lane}, steps ${s}`,
            );
          }
        }
      }
    });
  }
}

// every tile, layout and way to read and store; around the ends of tiles and of steps, in batches, added and with a bias
const shapes: Record<TileSize, readonly (readonly number[])[]> = {
  32: [[2, 1, 1, 1], [1, 33, 17, 63], [3, 31, 16, 36], [1, 64, 36, 40]],
  64: [[2, 63, 33, 65], [1, 68, 48, 128]],
  128: [[1, 127, 17, 129], [2, 132, 32, 200]],
};

for (const tile of sizes) {
  for (const layout of layouts) {
    const { transposeA, transposeB } = layout;
    const name = `tiles of ${tile}, layout ${transposeA}${transposeB}, equal the CPU reference`;
    Deno.test(`${name} [webgpu, hardware shaders]`, { ignore: !hasAdapter }, async () => {
      const backend = await webGpu("hardware");
      for (const [index, [batch, rows, inner, columns]] of shapes[tile].entries()) {
        // added or with a bias, in turn: one function writes both for all tiles and layouts
        const accumulate = (index + transposeA) % 2, biased = (index + transposeB) % 2 === 1;
        const constants = { batch, rows, columns, inner, ...layout, accumulate };
        const { a, b, bias, y } = productTensors(constants), expected = y.data.slice();
        multiply(a.data, b.data, biased ? bias.data : undefined, expected, constants);
        const cut = {
          groups: () => batch * planOf(tile, constants).groups,
          lanes: () => TILES[tile].lanes,
          wgsl: () => tilesWgsl(constants, planOf(tile, constants), { biased }),
        };
        const run = () => {
          const [aTensor, bTensor, yTensor] = [a, b, y].map(({ data }) => backend.from(data));
          const tensors = { a: aTensor, b: bTensor, y: yTensor };
          if (biased) {
            backend.run(
              kernel({ ...matmulBiased, ...cut }),
              { ...tensors, bias: backend.from(bias.data) },
              constants,
            );
          } else backend.run(kernel({ ...matmulForward, ...cut }), tensors, constants);
          return yTensor;
        };
        const actual = await backend.read(backend.scope(run)), what = `${name}: ${JSON.stringify(constants)}`;
        assertClose(actual, { shape: y.shape, data: expected }, TOLERANCES.products, what);
        assertEquals(await backend.read(backend.scope(run)), actual, `${what}, repeated`);
      }
    });
  }
}

// where steps end: within a vector, a block, and between the two blocks that an invocation fetches of halves; sums in slices
const innerSizes: readonly (readonly [inner: number, sliceLength?: number])[] = [
  ...[[1], [16], [35], [48], [64], [100], [144, 48], [100, 32]] as const,
];

for (const tile of sizes) {
  for (const layout of layouts) {
    const name = `tiles of ${tile}, layout ${layout.transposeA}${layout.transposeB}, of halves`;
    Deno.test(`${name} have the bits of those of floats [webgpu, hardware shaders]`, {
      ignore: !hasAdapter,
    }, async () => {
      const backend = await webGpu("hardware");
      if (!backend.halves) return;
      for (const [index, [inner, sliceLength]] of innerSizes.entries()) {
        // rows that can be read as vectors, or not
        const batch = 2, rows = tile + 4, columns = tile + (index % 3 === 0 ? 2 : 8);
        const product = { batch, rows, columns, inner, ...layout, accumulate: 0 };
        const plan = planOf(tile, product), slices = Math.ceil(inner / (sliceLength ?? inner));
        const sums = (type: "f32" | "f16") => {
          const values = productTensors(product);
          const [a, b] = [values.a, values.b].map(({ shape, data }) => {
            const tensor = backend.allocate(shape, type);
            backend.write(tensor, data.map(roundToHalf));
            return tensor;
          });
          const y = backend.from(normals("y", [slices * batch * rows * columns]).data);
          const cut = {
            reads: { a: type, b: type },
            groups: () => slices * batch * plan.groups,
            lanes: () => TILES[tile].lanes,
            wgsl: () => tilesWgsl(product, plan, { sliced: sliceLength !== undefined, type }),
          } as const;
          if (sliceLength === undefined) backend.run({ ...matmulForward, ...cut }, { a, b, y }, product);
          else backend.run({ ...matmulSlices, ...cut }, { a, b, parts: y }, { ...product, sliceLength });
          return backend.read(y);
        };
        assertEquals(
          await sums("f16"),
          await sums("f32"),
          `${name}: ${inner} steps, slices of ${sliceLength}`,
        );
      }
    });
  }
}
