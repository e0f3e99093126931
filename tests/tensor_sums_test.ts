import { assertEquals, assertNotEquals } from "@std/assert";
import { CpuBackend } from "../core/cpu_backend.ts";
import { initialize } from "../core/module.ts";
import { parameterValues, sha256Of } from "../training/verification/tensor_sums.ts";
import { Bigram } from "./_training.ts";

Deno.test("the checksum is that of the bytes of all parts, in the order of safetensors", async () => {
  const parts = [Float32Array.of(1.5, -2), Float32Array.of(NaN, 3e-45)];
  const bytes = Uint8Array.of(0, 0, 0xc0, 0x3f, 0, 0, 0, 0xc0, 0, 0, 0xc0, 0x7f, 2, 0, 0, 0);
  const expected = new Uint8Array(await crypto.subtle.digest("SHA-256", bytes)).toHex();
  assertEquals(await sha256Of(parts), expected);
  assertNotEquals(await sha256Of([Float32Array.of(0)]), await sha256Of([Float32Array.of(-0)]));
});

Deno.test("parameters are read in the order of the model, without the padding between them", async () => {
  const backend = new CpuBackend(), model = { a: new Bigram(3), b: new Bigram(9) };
  const values = await parameterValues(backend, initialize(backend, model, 1));
  assertEquals(values.map(({ name, data }) => [name, data.length]), [["a.table", 9], ["b.table", 81]]);
  assertEquals(values[1].data, Float32Array.from(await backend.read(model.b.table)));
});
