/**
 * What a user of the npm package writes: trains 20 steps, generates, saves, loads and generates again, and prints the bits.
 * `tsc` checks it against the types of the package; Deno runs the same against the sources.
 */

import {
  causalBatches,
  CharTokenizer,
  Gpt,
  openBackend,
  PRESETS,
  train,
  TrainingRun,
} from "@miniformer/miniformer";
import type { DeviceChoice } from "@miniformer/miniformer";
import { generateText, type LoadedFolder, loadFolder, saveModel } from "@miniformer/miniformer/files";

const { process } = globalThis as unknown as { process: { readonly argv: readonly string[] } };
const [device, threads, folder] = process.argv.slice(2);

const backend = await openBackend(device as DeviceChoice, { threads: Number(threads) });
const text = "the cat sat on the mat. ".repeat(40), tokenizer = CharTokenizer.fromText(text);
const model = new Gpt({ ...PRESETS.tiny.model, contextLength: 16, vocabSize: tokenizer.vocabSize });
const batches = causalBatches(tokenizer.encode(text), { contextLength: 16, batchSize: 4, seed: 1 });
const settings = { ...PRESETS.tiny.training, warmupSteps: 2, steps: 20, seed: 1 };
const run = new TrainingRun(backend, model, batches, settings), losses: number[] = [];
for await (const reports of train(run)) losses.push(...reports.map(({ loss }) => loss));

const options = { prompt: "the ", maxNewTokens: 40, temperature: 0.8, seed: 1 };
const textOf = async (source: Pick<LoadedFolder, "backend" | "model" | "tokenizer">): Promise<string> => {
  let text = "";
  for await (const piece of generateText(source, options)) text += piece;
  return text;
};
const before = await textOf({ backend, model, tokenizer });
await saveModel(folder, { backend, model, tokenizer, store: run.store });
const loaded = await loadFolder(folder, { backend, kind: "causal" });
const after = await textOf(loaded);
const values = await backend.read(loaded.store.values);
const sum = new Uint8Array(await crypto.subtle.digest("SHA-256", values.slice()));
console.log(JSON.stringify({
  device: backend.device,
  losses: [...new Uint32Array(Float32Array.from(losses).buffer)],
  texts: [before, after],
  parameters: [...sum].map((byte) => byte.toString(16).padStart(2, "0")).join(""),
}));
backend.close();
