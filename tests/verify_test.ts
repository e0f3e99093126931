import { assertEquals, assertMatch } from "@std/assert";
import type { Backend } from "../core/backend.ts";
import { CpuBackend } from "../core/cpu_backend.ts";
import { WasmBackend } from "../core/wasm/wasm_backend.ts";
import { PUBLISHED } from "../training/verification/published.ts";
import { firstDifference, type RunSums, type Verification, verify } from "../training/verification/verify.ts";

async function resultsOn(
  backend: Backend,
  published?: Readonly<Record<string, RunSums>>,
): Promise<Verification[]> {
  try {
    return await Array.fromAsync(verify(backend, published));
  } finally {
    backend.close();
  }
}

for (const threads of [1, 2, 3]) {
  // deno task pretrained sums writes the published values anew, where they are meant to change
  Deno.test(`small runs are bit for bit the published ones [${threads} thread${threads > 1 ? "s" : ""}]`, async () => {
    const results = await resultsOn(await WasmBackend.open({ threads, poison: true }));
    for (const { name, sha256, published, difference } of results) {
      assertEquals([name, difference, sha256], [name, undefined, published]);
    }
    assertEquals(results.map(({ name }) => name), Object.keys(PUBLISHED));
  });
}

Deno.test("verify names the step and the tensor that differ from other values", async () => {
  const { tensors } = PUBLISHED.gpt2, name = "blocks.1.mlp.expand.weight";
  const digits = tensors[name].split(" ");
  digits[7] = "123456";
  const wrong = { sha256: "wrong", tensors: { ...tensors, [name]: digits.join(" ") } };
  const { roberta: _, ...others } = PUBLISHED;
  const published = { ...others, gpt1: { ...PUBLISHED.gpt1, sha256: "wrong" }, gpt2: wrong };
  const results = await resultsOn(await WasmBackend.open({ threads: 1 }), published);
  const [first] = Object.keys(PUBLISHED.gpt1.tensors);
  assertEquals(results.slice(0, 3).map(({ difference }) => difference), [
    { step: 10, tensor: first }, // nothing that is kept differs but the sum of the whole
    { step: 7, tensor: name },
    { step: 0, tensor: Object.keys(PUBLISHED.roberta.tensors)[0] }, // nothing is published
  ]);
  assertEquals(results[3].difference, undefined);
});

Deno.test("the CPU reference computes the same initial values, and other bits after the first step", async () => {
  const backend = new CpuBackend();
  for await (const { name, sha256, difference } of verify(backend)) {
    assertEquals([name, difference?.step], ["gpt1", 1]);
    assertMatch(sha256, /^[0-9a-f]{64}$/);
    break;
  }
});

Deno.test("the first difference is that of the earliest step, and then of the first tensor", () => {
  const sums = (tensors: Record<string, string>) => ({ sha256: "", tensors });
  const ours = sums({ a: "1 2 3", b: "4 5 6", c: "7 8 9" });
  assertEquals(firstDifference(ours, ours), undefined);
  assertEquals(firstDifference(ours, sums({ a: "1 2 0", b: "4 0 0", c: "7 0 9" })), { step: 1, tensor: "b" });
  assertEquals(firstDifference(ours, sums({ a: "1 2 3", b: "4 5 6" })), { step: 0, tensor: "c" });
  assertEquals(firstDifference(sums({ a: "1 2" }), sums({ a: "1 2 3" })), { step: 2, tensor: "a" });
});
