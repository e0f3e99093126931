/**
 * Swapping query and key in a model. Before training that only renames them, see `swapped_query_key.ts`. Training makes
 * them different: the query of a position encodes what the position looks for, its key what others find it by. After the
 * swap, the score of query i with key j is what that of query j with key i was.
 *
 *     deno run -R ablations/swap_query_key.ts
 *
 * prints the loss of the model in pretrained/tales on new tales before the swap, after it, and with one layer swapped.
 *
 * @module
 */
import {
  allocateParameters,
  type Backend,
  evaluate,
  Gpt,
  loadModel,
  loadTokenizer,
  makeTales,
  openBackend,
  PostNormBlock,
  PreNormBlock,
  restoreModel,
  validationBatches,
} from "@miniformer/miniformer";

/**
 * Swaps the parameters of query and key in place.
 *
 * @param backend Where the model lives.
 * @param model A GPT with blocks of the library.
 * @param layers In which layers, the first is 0; in all unless given.
 * @throws {TypeError} If one of these layers has another block; then nothing is changed.
 */
export async function swapQueryAndKey(
  backend: Backend,
  model: Gpt,
  layers: readonly number[] = [...model.blocks.keys()],
): Promise<void> {
  const { modelDim } = model.config;
  const parameters = layers.flatMap((layer) => {
    const block = model.blocks[layer];
    if (!(block instanceof PreNormBlock || block instanceof PostNormBlock)) {
      throw new TypeError(`Cannot swap query and key in layer ${layer}: expected a block of GPT-1 or GPT-2`);
    }
    const { weight, bias } = block.attention.queryKeyValue; // (C, 3C), (3C)
    return [weight, bias];
  });
  for (const parameter of parameters) {
    const values = Array.from(await backend.read(parameter)); // rows of query | key | value
    const swapped = values.map((value, index) => {
      const part = Math.floor(index / modelDim) % 3;
      return part === 2 ? value : values[part === 0 ? index + modelDim : index - modelDim];
    });
    backend.write(parameter, swapped);
  }
}

/** Prints what the swap does to the model that comes with Miniformer. */
async function measure(): Promise<void> {
  const folder = new URL("../pretrained/tales/", import.meta.url), backend = await openBackend("wasm");
  const [config, tokens] = await Promise.all(
    ["config.json", "tokenizer.json"].map((name) => Deno.readTextFile(new URL(name, folder))),
  );
  const weights = await Deno.readFile(new URL("model.safetensors", folder));
  const loaded = loadModel({ "config.json": config, "model.safetensors": weights }, { kind: "causal" });
  const model = new Gpt(loaded.config), store = allocateParameters(backend, model);
  const { text, natsPerCharacter } = makeTales({ seed: 2, characters: 50_000 });
  const { contextLength } = loaded.config, ids = loadTokenizer({ "tokenizer.json": tokens }).encode(text);
  const batches = validationBatches(ids, { contextLength, batchSize: 8 });
  console.log(`optimal                 ${natsPerCharacter.toFixed(3)} nats per character`);
  const every = [...model.blocks.keys()];
  for (const layers of [[], every, ...every.map((layer) => [layer])]) {
    restoreModel(backend, store, loaded.weights);
    await swapQueryAndKey(backend, model, layers);
    const loss = (await evaluate(backend, model, batches)).toFixed(3);
    const numbers = layers.map((layer) => layer + 1).join(", "); // counted from 1, as on the command line
    console.log((layers.length === 0 ? "as trained" : `swapped in layer ${numbers}`).padEnd(24) + loss);
  }
  backend.close?.();
}

if (import.meta.main) await measure();
