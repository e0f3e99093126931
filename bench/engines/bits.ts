/**
 * Trains the `tiny` preset for some steps, dropout included, and prints the losses and the SHA-256 of the parameters. The
 * lines must be the same in every engine, on every processor and with any number of threads.
 *
 *     deno bundle --platform browser bench/engines/bits.ts -o bits.mjs
 *
 *     deno run bits.mjs wasm 2 20                                                  V8: device, threads, steps
 *     node bits.mjs wasm 2 20                                                      V8
 *     bun run bits.mjs wasm 2 20                                                   JavaScriptCore; npm @oven/bun-linux-x64
 *     deno run -A bench/engines/browser.ts bits.mjs wasm,2,20 firefox-esr --headless --no-remote --profile PROFILE
 *                                                                                  SpiderMonkey; Debian firefox-esr
 *     QEMU_LD_PREFIX=/usr/aarch64-linux-gnu qemu-aarch64 ./deno run bits.mjs wasm 2 20
 *                                                                                  V8 on ARM, emulated: Debian qemu-user,
 *                                                                                  libc6-arm64-cross, libgcc-s1-arm64-cross;
 *                                                                                  npm @deno/linux-arm64-glibc
 *
 * @module
 */

import { causalBatches, CharTokenizer, Gpt, makeTales, PRESETS, TrainingRun } from "../../mod.ts";
import { type Device, openDevice } from "../devices.ts";

/** Programs have arguments, pages what follows # in their address. */
const scope = globalThis as {
  process?: { argv: string[] };
  location?: { hash: string };
  print?(line: string): void;
};
const [device = "cpu", threads = "1", count = "5"] = scope.process?.argv.slice(2) ??
  scope.location!.hash.slice(1).split(",");
const print = scope.print ?? console.log, steps = Number(count);

const { text } = makeTales({ seed: 1, characters: 20_000 }), tokenizer = CharTokenizer.fromText(text);
const preset = PRESETS.tiny, { contextLength } = preset.model, { batchSize } = preset.training;
const backend = await openDevice(device as Device, Number(threads));
if (!backend) throw new Error(`There is no device ${device} here`);
const run = new TrainingRun(
  backend,
  new Gpt({ ...preset.model, vocabSize: tokenizer.vocabSize, dropoutRate: 0.1 }),
  causalBatches(tokenizer.encode(text), { contextLength, batchSize, seed: 1 }),
  { ...preset.training, steps, seed: 1 },
);

/** The SHA-256 of all parameters, in hexadecimal digits. */
async function hash(): Promise<string> {
  const values = Float32Array.from(await backend!.read(run.store.values));
  const bytes = new Uint8Array(await crypto.subtle.digest("SHA-256", values));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

print(`${backend.name}: ${backend.device}`);
print(`initial ${await hash()}`);
for (let step = 1; step <= steps; step++) {
  run.advance();
  const [{ loss }] = await run.report(1);
  if (step === steps || step % 10 === 0) print(`step ${step} loss ${loss}`);
}
print(`trained ${await hash()}`);
backend.close();
