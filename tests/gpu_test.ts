import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { hasAdapter } from "./_testing.ts";

/** Runs `deno task bench:gpu` with these flags. */
async function bench(...flags: string[]): Promise<{ code: number; stdout: string; stderr: string }> {
  const script = new URL("../bench/gpu.ts", import.meta.url).pathname;
  const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", "-q", "--no-check", script, ...flags],
  }).output();
  const [out, err] = [stdout, stderr].map((bytes) => new TextDecoder().decode(bytes));
  return { code, stdout: out, stderr: err };
}

Deno.test("flags of bench:gpu that make no sense are refused in one line", async () => {
  for (
    const [flags, message] of [
      [["--part", "matmull"], "--part is matmull: expected one of adapter, matmul, steps"],
      [["--model", "XL"], "--model is XL: expected one of T, S, shakespeare-char, GPT-2 124M"],
      [["--limit", "soon"], "--limit is soon: expected a number of seconds"],
      [["--peak", "0"], "--peak is 0: expected TFLOP/s"],
    ] as const
  ) {
    const { code, stderr } = await bench(...flags);
    assertEquals(code, 2);
    assertStringIncludes(stderr, message);
  }
});

Deno.test("a part gives its figures as JSON, and a part that cannot run is left out with its reason", {
  ignore: !hasAdapter,
}, async () => {
  const flags = [
    "--quick",
    "--json",
    "--peak",
    "50",
    "--part",
    "steps",
    "--model",
    "T",
    "--without-subgroups",
  ];
  const { code, stdout, stderr } = await bench(...flags, "--part", "pytorch", "--python", "no-such-python");
  const { date, device, figures, left } = JSON.parse(stdout);
  assertEquals(code, 0, stderr);
  assert(Date.parse(date) > 0 && device.length > 0);
  const [adapter, again, steps, half] = figures;
  assertEquals([adapter.name, adapter.adapter.teraflops], ["adapter", 50]);
  assertEquals(adapter.adapter.subgroupSize, 0);
  assertEquals([again.name, steps.name, again.values], ["train T --recompute", "train T", steps.values]);
  assertEquals([steps.batchSize, again.kernels], [2, undefined]);
  if (half) {
    const apart = Math.max(
      ...half.values.map((loss: number, i: number) => Math.abs(loss / steps.values[i] - 1)),
    );
    assertEquals(half.name, "train T --precision f16");
    assert(apart > 0 && apart < 0.01, `${apart}`);
  }
  const ratio = again.estimatedBytes / again.bytes;
  assert(ratio > 0.8 && ratio < 1.2 && again.bytes < steps.bytes, `${ratio}`);
  assert(Math.abs(steps.share - steps.gflops / 50_000) < 1e-9);
  if (steps.kernels) assert(steps.kernels.some(({ name }: { name: string }) => name === "adamw"));
  assertEquals(left.map(({ part }: { part: string }) => part), ["pytorch"]);
  assertMatch(left[0].reason, /no-such-python/);
  assertStringIncludes(stderr, "  pytorch is left out from here on: ");
});
