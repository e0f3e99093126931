import { assertEquals } from "@std/assert";
import { kernel } from "../core/backend.ts";
import { philox4x32 } from "../core/philox.ts";
import { integers4 } from "../core/wasm/wasm_values.ts";
import { philoxOf } from "../core/wasm/wasm_philox.ts";
import { wasm } from "./_testing.ts";

/** Two draws for each of four neighbouring counters: one word after the other, of each the four lanes. */
const draws = kernel({
  name: "draws",
  reads: { key: "u32", counter: "u32" },
  writes: { words: "u32" },
  constants: [],
  elements: () => 1,
  cpu({ key, counter, words }) {
    const word = new Uint32Array(4);
    for (let draw = 0; draw < 2; draw++) {
      for (let lane = 0; lane < 4; lane++) {
        philox4x32(word, key[0], key[1], counter[0] + lane, counter[1], counter[2], counter[3] + draw);
        for (let n = 0; n < 4; n++) words[draw * 16 + n * 4 + lane] = word[n];
      }
    }
  },
  wgsl: "",
  wasm: [{
    pieces: () => 1,
    body({ key, counter, words }, code) {
      const first = counter.load(0).splat().plus(integers4(0, 1, 2, 3));
      const [second, third, fourth] = [1, 2, 3].map((n) => counter.load(n));
      philoxOf(code, key.load(0), key.load(1))(
        [0, 1].map((draw) => [first, second, third, fourth.plus(draw)]),
      )
        .forEach((drawn, draw) => drawn.forEach((word, n) => words.store4(draw * 16 + n * 4, word)));
    },
  }],
});

Deno.test("Philox [wasm] draws the words of philox4x32 in every lane of every draw", async () => {
  const backend = await wasm(1);
  for (
    const [key, counter] of [
      [[0, 0], [0, 0, 0, 0]],
      [[0xffffffff, 0xffffffff], [0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff]],
      [[0xa4093822, 0x299f31d0], [0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344]],
      [[1, 0x80000000], [0x7ffffffe, 0x80000001, 5, 6]],
    ]
  ) {
    const tensors = {
      key: backend.from(Uint32Array.from(key)),
      counter: backend.from(Uint32Array.from(counter)),
      words: backend.allocate([32], "u32"),
    };
    backend.run(draws, tensors, {});
    const expected = new Uint32Array(32);
    draws.cpu({ key: Uint32Array.from(key), counter: Uint32Array.from(counter), words: expected }, {});
    assertEquals(await backend.read(tensors.words), expected);
  }
});
