import { assert, assertAlmostEquals, assertEquals, assertThrows } from "@std/assert";
import { Random } from "../core/random.ts";
import { checkMaskOptions, type MaskOptions, maskSequence } from "../data/masking.ts";
import { integers } from "./_testing.ts";

const specialIds = [0, 1, 2, 3, 999], tokens = { vocabSize: 1000, maskId: 999, specialIds };

for (const rule of ["huggingface", "fairseq"] as const) {
  Deno.test(`masking, ${rule}: shares over a million tokens are those of the papers`, () => {
    const length = 500, rows = 2000, ids = integers("ids", [length], 996).data.map((id) => id + 3);
    let asked = 0, hidden = 0, kept = 0, specials = 0;
    for (let row = 0; row < rows; row++) {
      const { inputs, positions } = maskSequence(ids, new Random(1, row), { ...tokens, rule });
      asked += positions.length;
      for (const position of positions) {
        if (inputs[position] === 999) hidden++;
        if (inputs[position] === ids[position]) kept++;
        if (inputs[position] < 4 && inputs[position] !== ids[position]) specials++;
      }
    }
    assertAlmostEquals(asked / (length * rows), 0.15, 0.001);
    assertAlmostEquals(hidden / asked, 0.8, 0.003);
    assertAlmostEquals(kept / asked, 0.1, 0.003);
    // of 1,000 tokens drawn at random four are special; fairseq does not draw them
    assertAlmostEquals(specials / asked, rule === "fairseq" ? 0 : 0.1 * 4 / 1000, 0.0002);
  });
}

Deno.test("masking, huggingface: special tokens are never asked for, others are all the same", () => {
  const ids = Uint32Array.of(0, 8, 3, 9, 999, 7, 2), counts = new Array(7).fill(0);
  for (let row = 0; row < 4000; row++) {
    const { inputs, positions } = maskSequence(ids, new Random(2, row), tokens);
    for (const position of positions) counts[position]++;
    ids.forEach((id, position) => positions.includes(position) || assertEquals(inputs[position], id));
  }
  for (const position of [0, 2, 4, 6]) assertEquals(counts[position], 0);
  for (const position of [1, 3, 5]) assertAlmostEquals(counts[position] / 4000, 0.15, 0.02);
});

Deno.test("masking, fairseq: as many tokens as the rate says, special ones too, each once", () => {
  const ids = Uint32Array.of(0, 8, 5, 9, 6, 7, 2), counts = new Array(7).fill(0);
  for (let row = 0; row < 4000; row++) {
    const random = new Random(2, row);
    const { positions } = maskSequence(ids, random, { ...tokens, rule: "fairseq", maskRate: 0.5 });
    assert(positions.length === 3 || positions.length === 4);
    assertEquals([...new Set(positions)].sort((a, b) => a - b), positions);
    for (const position of positions) counts[position]++;
  }
  for (const count of counts) assertAlmostEquals(count / 4000, 0.5, 0.03);
});

Deno.test("checkMaskOptions lets what makes sense pass, and names what does not", () => {
  checkMaskOptions({ ...tokens, maskRate: 1 });
  const refuse = (changes: Partial<MaskOptions>, message: string) =>
    assertThrows(() => checkMaskOptions({ ...tokens, ...changes }), RangeError, message);
  for (const rate of [0, -0.1, 1.1, NaN]) {
    refuse({ maskRate: rate }, `Cannot mask at rate ${rate}: expected 0 < maskRate <= 1`);
  }
  for (const maskId of [1000, -1, 0.5, NaN]) {
    refuse({ maskId }, `Cannot mask with token ${maskId}: the vocabulary has 1000 tokens, 0 to 999`);
  }
  refuse({ vocabSize: 4, maskId: 3 }, "Cannot mask with a vocabulary of 4 tokens");
});

Deno.test("maskSequence: the same random numbers hide the same tokens, and the sequence is left alone", () => {
  const ids = integers("ids", [100], 900).data.map((id) => id + 4), before = ids.slice();
  const [first, second, other] = [5, 5, 6].map((seed) => maskSequence(ids, new Random(seed, "mask"), tokens));
  assertEquals(second, first);
  assert(String(other.positions) !== String(first.positions));
  assertEquals(ids, before);
});
