import { assertEquals } from "@std/assert";
import { philox4x32 } from "../core/philox.ts";
import { Random } from "../core/random.ts";
import { philoxOf } from "../core/wasm/wasm_philox.ts";
import { runWasm } from "./_wasm.ts";

/** Draws for four counters at once, and for the same four with their words in reverse order. */
async function draw(key: [number, number], counters: number[][]): Promise<number[][]> {
  const counter = Uint32Array.from([0, 1, 2, 3].flatMap((word) => counters.map((counter) => counter[word])));
  const { words } = await runWasm(
    { key: Uint32Array.from(key), counter },
    { words: new Uint32Array(32) },
    ({ key, counter, words }, code) => {
      const philox = philoxOf(code, key.load(0), key.load(1));
      const [x0, x1, x2, x3] = [0, 4, 8, 12].map((at) => counter.load4(at));
      philox([[x0, x1, x2, x3], [x3, x2, x1, x0]])
        .forEach((drawn, n) => drawn.forEach((word, index) => words.store4(16 * n + 4 * index, word)));
    },
  );
  return [0, 16].flatMap((start) =>
    counters.map((_, lane) => [0, 4, 8, 12].map((at) => words[start + at + lane]))
  );
}

Deno.test("philoxOf gives the known answers of Random123, in every lane of every draw", async () => {
  const pi = [0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344];
  assertEquals(
    await draw([0, 0], Array(4).fill([0, 0, 0, 0])),
    Array(8).fill([0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8]),
  );
  assertEquals(
    (await draw([0xa4093822, 0x299f31d0], Array(4).fill(pi))).slice(0, 4),
    Array(4).fill([0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1]),
  );
  const ones = Array(4).fill(0xffffffff);
  assertEquals(
    await draw([0xffffffff, 0xffffffff], Array(4).fill(ones)),
    Array(8).fill([0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd]),
  );
});

/** The same by `philox4x32`. */
function reference([key0, key1]: [number, number], [x0, x1, x2, x3]: number[]): number[] {
  const words = new Uint32Array(4);
  philox4x32(words, key0, key1, x0, x1, x2, x3);
  return [...words];
}

Deno.test("philoxOf equals philox4x32 for random keys and counters", async () => {
  const random = new Random(7, "vectors"), word = () => random.uint32();
  for (let n = 0; n < 20; n++) {
    const key: [number, number] = [word(), word()];
    const counters = Array.from({ length: 4 }, () => Array.from({ length: 4 }, word));
    const expected = [...counters, ...counters.map((counter) => counter.toReversed())]
      .map((counter) => reference(key, counter));
    assertEquals(await draw(key, counters), expected);
  }
});
