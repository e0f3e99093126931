/**
 * A run of 50 updates of `tiny`, in Deno and, bundled by `bits.ts`, in Chrome.
 *
 * @module
 */
import {
  buildModel,
  causalBatches,
  CharTokenizer,
  type DeviceChoice,
  makeTales,
  openBackend,
  PRESETS,
  train,
  TrainingRun,
} from "../../mod.ts";
import { parameterValues, sha256Of } from "../../training/verification/tensor_sums.ts";

/** What a run gave. */
export interface Trained {
  readonly losses: readonly number[];
  /** SHA-256 of the parameters. */
  readonly sum: string;
}

/** Trains on a device. */
export async function trainTiny(device: DeviceChoice): Promise<Trained> {
  const backend = await openBackend(device, { threads: 2 }), { model, training } = PRESETS.tiny, seed = 1;
  const { text } = makeTales({ seed, characters: 20_000 }), tokenizer = CharTokenizer.fromText(text);
  const config = { ...model, vocabSize: tokenizer.vocabSize, contextLength: 64 };
  const batches = causalBatches(tokenizer.encode(text), { ...training, ...config, seed });
  const run = new TrainingRun(backend, buildModel(config), batches, { ...training, steps: 50, seed });
  const losses: number[] = [];
  for await (const reports of train(run)) losses.push(...reports.map(({ loss }) => loss));
  const values = await parameterValues(backend, run.store),
    sum = await sha256Of(values.map(({ data }) => data));
  backend.close();
  return { losses, sum };
}
