import { kernel } from "../core/backend.ts";
import { F32x4 } from "../core/wasm/wasm_vectors.ts";
import {
  dotTile,
  forSums,
  Places,
  roundUp,
  storeTile,
  sumSteps,
  transposeLanes,
  transposeSteps,
} from "../kernels/attention/attention_tiles_wasm.ts";
import { assertClose, normals, TOLERANCES, wasm } from "./_testing.ts";

/** Rows that exist of the eight lanes. */
const COUNT = 6;

/** s = scale · steps · lanesᵀ, then the sums over steps of s times rows, for one block of lanes. */
const both = kernel({
  name: "both",
  reads: { steps: "f32", lanes: "f32" },
  writes: { s: "f32", sums: "f32" },
  constants: ["count", "width"],
  elements: () => 1,
  cpu({ steps, lanes, s, sums }, { count, width }) {
    for (let step = 0; step < count; step++) {
      for (let lane = 0; lane < 8; lane++) {
        let sum = 0;
        for (let d = 0; d < width; d++) {
          sum += 2 * steps[step * width + d] * lanes[Math.min(lane, COUNT - 1) * width + d];
        }
        s[step * 8 + lane] = sum;
      }
    }
    for (let lane = 0; lane < COUNT; lane++) {
      for (let d = 0; d < width; d++) {
        let sum = 0;
        for (let step = 0; step < count; step++) sum += s[step * 8 + lane] * steps[step * width + d];
        sums[lane * width + d] = sum;
      }
    }
  },
  wgsl: "",
  wasm: [{
    pieces: () => 1,
    scratch: ({ count, width }) => 4 * ((count + 4) * (width + 4) + 16 * (width + 8)),
    body({ steps, lanes, s, sums }, code) {
      const count = code.i32("count"), width = code.i32("width"), depth = code.let(roundUp(width, 4));
      const places = new Places(code), right = places.take(depth.times(8));
      const summed = places.take(roundUp(width, 8).times(8)), left = places.take(0);
      const scale = F32x4.of(2);
      transposeSteps(code, { matrix: steps, last: code.let(count.minus(1)), width }, 0, count, depth, left);
      const last = code.let(count.minus(count).plus(COUNT - 1));
      transposeLanes(code, { matrix: lanes, last, width, scale }, code.let(last.minus(last)), right);
      code.for(0, count, 4, (step) => storeTile(s, step, dotTile(code, left, step, right, width, depth)));
      sumSteps(code, s, steps, count, width, summed);
      forSums(code, summed, code.let(last.plus(1)), width, (lane) => {
        const row = sums.from(lane.times(width));
        return (c, sum) => row.store4(c, sum);
      });
    },
  }],
});

Deno.test("products of steps and lanes, and sums over steps, equal plain loops", async () => {
  const backend = await wasm(1);
  for (const count of [1, 3, 4, 9]) {
    for (const width of [1, 4, 5, 7, 8, 12, 33]) {
      const sizes = { count, width }, shapes = { s: [Math.ceil(count / 4) * 4, 8], sums: [COUNT, width] };
      const inputs = { steps: normals("steps", [count, width]), lanes: normals("lanes", [COUNT, width]) };
      const expected = { s: new Float32Array(shapes.s[0] * 8), sums: new Float32Array(COUNT * width) };
      const arrays = { steps: inputs.steps.data, lanes: inputs.lanes.data, ...expected };
      both.cpu(arrays, sizes);
      const [steps, lanes] = [inputs.steps, inputs.lanes].map(({ data, shape }) => backend.from(data, shape));
      const s = backend.allocate(shapes.s), sums = backend.allocate(shapes.sums);
      backend.run(both, { steps, lanes, s, sums }, sizes);
      const what = `${count} steps of ${width}`, scores = (await backend.read(s)).subarray(0, count * 8);
      const shape = [count, 8], { products } = TOLERANCES;
      assertClose(scores, { shape, data: expected.s.subarray(0, count * 8) }, products, `s, ${what}`);
      const data = expected.sums;
      assertClose(await backend.read(sums), { shape: shapes.sums, data }, products, `sums, ${what}`);
    }
  }
});
