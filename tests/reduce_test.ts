import { assertEquals } from "@std/assert";
import { kernel } from "../core/backend.ts";
import { groupReduction } from "../kernels/reduce.ts";
import { everyBackend, normals } from "./_testing.ts";

/** Both reductions of 256 numbers, as every invocation of the group learns them. */
const reduceBoth = kernel({
  name: "reduceBoth",
  reads: { x: "f32" },
  writes: { sums: "f32", largest: "f32" },
  constants: [],
  groups: () => 1,
  lanes: () => 256,
  cpu({ x, sums, largest }) {
    const tree = Float32Array.from(x);
    for (let step = 128; step >= 1; step /= 2) {
      for (let lane = 0; lane < step; lane++) tree[lane] += tree[lane + step];
    }
    sums.fill(tree[0]);
    largest.fill(Math.max(...x));
  },
  wgsl: `${groupReduction("sumOf", "left + right")}${groupReduction("largestOf", "max(left, right)")}
fn run(group: u32, lane: u32) {
  sums[lane] = sumOf(lane, x[lane]);
  largest[lane] = largestOf(lane, x[lane]);
}`,
});

everyBackend(
  "groupReduction adds the pairs of a fixed tree, and all invocations learn the result",
  async (backend) => {
    const { data } = normals("x", [256]);
    const [sums, largest] = backend.scope(() => {
      const x = backend.from(data), sums = backend.allocate([256]), largest = backend.allocate([256]);
      backend.run(reduceBoth, { x, sums, largest }, {});
      return [sums, largest];
    });
    let tree = [...data];
    while (tree.length > 1) {
      const half = tree.length / 2;
      tree = tree.slice(0, half).map((left, lane) => Math.fround(left + tree[lane + half]));
    }
    assertEquals(await backend.read(sums), new Float32Array(256).fill(tree[0]));
    assertEquals(await backend.read(largest), new Float32Array(256).fill(Math.max(...data)));
  },
);
