import { assertAlmostEquals, assertEquals } from "@std/assert";
import { CONFIGS } from "../bench/configs.ts";
import { timeGeneration, timeMatmul, timeTraining } from "../bench/measurements.ts";
import { CpuBackend } from "../mod.ts";

// what bench/peers/pytorch.py and bench/peers/transformers_generate.py print: PyTorch 2.13.0, transformers 5.23.0
const LOSSES = [4.217869758605957, 3.698129415512085, 3.2815842628479004];
const TOKENS =
  "34 13 60 56 10 32 24 10 27 60 56 0 10 61 10 39 8 32 11 39 8 32 11 10 8 40 39 19 13 38 39 46 39 29 55 " +
  "26 9 58 4 10 39 41 40 15 20 11 39 40 27 38 32 34 13 40 39 24 41 56 35 8";

Deno.test("the model that is timed is that of the peers: the same losses", async () => {
  const { values, ms, tokensPerSecond } = await timeTraining(new CpuBackend(), CONFIGS.T, 3);
  values.forEach((loss, step) => assertAlmostEquals(loss, LOSSES[step], 1e-5));
  assertEquals(values.length, 3);
  assertAlmostEquals(tokensPerSecond!, 1024 / ms * 1000, 1e-6);
});

Deno.test("the text that is timed is that of the peers: the same tokens", async () => {
  const { values, ms, tokensPerSecond } = await timeGeneration(new CpuBackend(), CONFIGS.T, 1);
  assertEquals(values, TOKENS.split(" ").map(Number));
  assertAlmostEquals(tokensPerSecond!, 60 / ms * 1000, 1e-6);
});

Deno.test("the product that is timed is that of the peers", async () => {
  const { values, gflops, ms } = await timeMatmul(new CpuBackend(), 8);
  const element = (column: number): number =>
    Array.from(
      { length: 8 },
      (_, at) => (at * 7919 % 1000 / 1000 - 0.5) * ((at * 8 + column) * 104729 % 1000 / 1000 - 0.5),
    )
      .reduce((sum, product) => sum + product);
  values.forEach((value, column) => assertAlmostEquals(value, element(column), 1e-6));
  assertAlmostEquals(gflops!, 1024 / ms / 1e6, 1e-6);
});
