/**
 * The largest GPT-2 that can be trained in a given memory of a GPU, with and without `--recompute`: the widest for a number of layers.
 * `deno task bench:largest [--batch-size N] [--context-length N] [--check]` prints a table in Markdown, from the estimate that
 * `train` prints before it starts; `--check` trains two steps of a few small models and prints what they really took.
 *
 * @module
 */

import { parseArgs } from "node:util";
import {
  type AdapterClass,
  type Backend,
  causalBatches,
  CpuBackend,
  estimateMemory,
  Gpt,
  type GptConfig,
  PRESETS,
  TrainingRun,
} from "../mod.ts";
import { alignTable } from "./table.ts";

/** Ends with a message about the command line. */
function refuse(message: string): never {
  console.error(`error: ${message}; expected [--batch-size N] [--context-length N] [--check]`);
  Deno.exit(2);
}

function readFlags() {
  try {
    return parseArgs({
      args: Deno.args,
      options: {
        "batch-size": { type: "string", default: "1" },
        "context-length": { type: "string", default: "1024" },
        check: { type: "boolean", default: false },
      },
    }).values;
  } catch (error) {
    return refuse((error as Error).message.replace(/\. To specify.*/s, ""));
  }
}

const flags = readFlags();
const [batchSize, contextLength] = (["batch-size", "context-length"] as const).map((name) => {
  const value = Number(flags[name]);
  if (!Number.isInteger(value) || value < 1) {
    refuse(`--${name} is ${flags[name]}, not a whole number from 1 on`);
  }
  return value;
});

/** GPT-2's proportions and vocabulary: heads are 64 wide, the feed-forward network four times the model. */
const configOf = (layers: number, modelDim: number): GptConfig => ({
  architecture: "gpt2",
  vocabSize: 50_257,
  contextLength,
  layers,
  heads: modelDim / 64,
  modelDim,
  feedForwardDim: 4 * modelDim,
  dropoutRate: 0,
});

/** The estimate of all memory that training takes. */
function bytesOf(
  config: GptConfig,
  batchSize: number,
  recompute: boolean,
  adapterClass?: AdapterClass,
): number {
  const { parameterBytes, activationBytes } = estimateMemory(config, batchSize, { recompute, adapterClass });
  return parameterBytes + activationBytes;
}

/** The widest model that fits, as the table says it. */
function widest(layers: number, bytes: number, recompute: boolean): string {
  let heads = 0;
  while (bytesOf(configOf(layers, 64 * (heads + 1)), batchSize, recompute, "hardware") <= bytes) heads++;
  if (heads === 0) return "none";
  const config = configOf(layers, 64 * heads), { parameters } = estimateMemory(config, 1);
  const millions = parameters / 1e6;
  return `${64 * heads} wide, ${
    millions < 1000 ? `${millions.toFixed(0)} M` : `${(millions / 1000).toFixed(1)} B`
  }`;
}

/** The CPU reference with the choices for GPUs, which make it keep what they keep. */
class LikeGpu extends CpuBackend {
  readonly adapterClass = "hardware";
}

const layers = [12, 24, 48] as const, rows = [["memory", "", ...layers.map((count) => `${count} layers`)]];
for (const gigabytes of [1, 4, 16, 80]) {
  for (const recompute of [false, true]) {
    const found = layers.map((count) => widest(count, gigabytes * 1e9, recompute));
    rows.push([`${gigabytes} GB`, recompute ? "`--recompute`" : "", ...found]);
  }
}
console.log(
  `GPT-2 on a GPU, ${batchSize} × ${contextLength} tokens, 50,257 in the vocabulary, AdamW, 32-bit floats\n`,
);
console.log(alignTable(rows, 2));

if (flags.check) {
  const rows = [["layers", "width", "", "kept as on", "estimate", "taken"]];
  for (const [layers, modelDim] of [[12, 128], [24, 64]] as const) {
    const config = { ...configOf(layers, modelDim), vocabSize: 512, contextLength: 128 };
    const batches = causalBatches(new Uint32Array(2000), { contextLength: 128, batchSize: 4, seed: 1 });
    for (const recompute of [false, true]) {
      for (const backend of [new CpuBackend(), new LikeGpu()]) {
        const { adapterClass }: Backend = backend;
        const settings = { ...PRESETS.tiny.training, recompute, seed: 1 };
        const run = new TrainingRun(backend, new Gpt(config), batches, settings);
        run.advance();
        run.advance();
        const taken = [bytesOf(config, 4, recompute, adapterClass), backend.bytes];
        rows.push([
          `${layers}`,
          `${modelDim}`,
          recompute ? "`--recompute`" : "",
          adapterClass ? "GPU" : "CPU",
          ...taken.map((bytes) => `${(bytes / 1e6).toFixed(1)} MB`),
        ]);
      }
    }
  }
  console.log(`\n4 × 128 tokens, 512 in the vocabulary, on the CPU reference\n\n${alignTable(rows, 0)}`);
}
