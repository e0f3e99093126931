import { assert, assertEquals, assertRejects } from "@std/assert";
import { CpuBackend } from "../core/cpu_backend.ts";
import { initialize } from "../core/module.ts";
import { buildModel } from "../models/families.ts";
import type { GptClassifierConfig } from "../models/classifiers/gpt_classifier.ts";
import type { RobertaClassifierConfig } from "../models/classifiers/roberta_classifier.ts";
import { Gpt } from "../models/gpt.ts";
import { MaskedLanguageModel } from "../models/masked_language_model.ts";
import { type CheckpointFiles, loadModel, modelFiles } from "../checkpoints/checkpoint.ts";
import { takeOver } from "../checkpoints/fine_tuning.ts";
import { readSafetensors, writeSafetensors } from "../checkpoints/safetensors.ts";
import { everyBackend } from "./_testing.ts";
import { small } from "./_training.ts";

const sizes = { ...small, vocabSize: 16, initialStd: 0.2, labels: ["even", "odd"] };
const roberta: RobertaClassifierConfig = { ...sizes, architecture: "roberta" };
const gpt: GptClassifierConfig = { ...sizes, architecture: "gpt1", padId: 1 };

everyBackend("takeOver: a classifier begins with what its language model has learned", async (backend) => {
  const { labels: _, ...masked } = roberta, { labels: __, padId: ___, ...causal } = gpt;
  for (
    const [config, pretrained, grown] of [
      [roberta, new MaskedLanguageModel(masked), masked],
      [{ ...gpt, vocabSize: 20 }, new Gpt(causal), causal],
      [{ ...gpt, vocabSize: 20, tied: false }, new Gpt({ ...causal, tied: false }), {
        ...causal,
        tied: false,
      }],
    ] as const
  ) {
    const source = initialize(backend, pretrained, 5),
      files = await modelFiles(backend, { config: grown, experiment: undefined }, source);
    const store = initialize(backend, buildModel(config), 6),
      fresh = initialize(backend, buildModel(config), 6);
    const taken = await takeOver(backend, store, loadModel(files).weights);
    const find = (of: typeof store, name: string) =>
      of.parameters.find((parameter) => parameter.name === name)!;
    for (const [index, parameter] of store.parameters.entries()) {
      const values = await backend.read(parameter), initial = await backend.read(fresh.parameters[index]);
      if (!taken.includes(parameter.name)) {
        assertEquals(values, initial, parameter.name);
        assert(/score|classificationHead/.test(parameter.name), `${parameter.name} was not taken over`);
        continue;
      }
      const theirs = await backend.read(find(source, parameter.name.replace("gpt.", "")));
      assertEquals(values.slice(0, theirs.length), theirs, parameter.name);
      assertEquals(values.slice(theirs.length), initial.slice(theirs.length), parameter.name);
    }
  }
});

Deno.test("takeOver refuses a model of other sizes, or of another family, and changes nothing", async () => {
  const backend = new CpuBackend(),
    { labels: _, ...masked } = roberta,
    store = initialize(backend, buildModel(roberta), 1);
  const before = await backend.read(store.values), config = { ...masked, contextLength: 9 };
  const longer = initialize(backend, new MaskedLanguageModel(config), 2);
  const { weights } = loadModel(await modelFiles(backend, { config, experiment: undefined }, longer));
  await assertRejects(
    () => takeOver(backend, store, weights),
    TypeError,
    "Cannot take over the pretrained encoder.positionEmbedding: it is (11, 16), the model expects (10, 16)",
  );
  await assertRejects(() => takeOver(backend, store, new Map()), TypeError, "no part in common");
  const shorter = { ...masked, contextLength: 7 },
    other = initialize(backend, new MaskedLanguageModel(shorter), 2);
  const fewer =
    loadModel(await modelFiles(backend, { config: shorter, experiment: undefined }, other)).weights;
  await assertRejects(
    () => takeOver(backend, store, fewer),
    TypeError,
    "it is (9, 16), the model expects (10, 16)",
  );
  assertEquals(await backend.read(store.values), before);
});

Deno.test("takeOver: a BERT's classifier begins with the pooler of the encoder, or of a language model's file", async () => {
  const backend = new CpuBackend(),
    bert = { ...roberta, architecture: "bert" as const },
    { labels: _, ...alone } = bert;
  const weight = "encoder.pooler.weight",
    taken = async (files: CheckpointFiles) => {
      const store = initialize(backend, buildModel(bert), 6);
      const names = await takeOver(backend, store, loadModel(files).weights);
      const pooler = store.parameters.find(({ name }) => name === weight)!;
      return { isTaken: names.includes(weight), values: await backend.read(pooler) };
    };
  const encoder = new MaskedLanguageModel({ ...alone, headless: true }),
    source = initialize(backend, encoder, 5);
  const pooler = source.parameters.find(({ name }) => name === weight)!, values = await backend.read(pooler);
  assertEquals(await taken(await modelFiles(backend, encoder, source)), { isTaken: true, values });

  // as in the hub's files of language models
  const model = new MaskedLanguageModel(alone),
    files = await modelFiles(backend, model, initialize(backend, model, 5));
  assertEquals((await taken(files)).isTaken, false);
  const tensors = readSafetensors(files["model.safetensors"] as Uint8Array);
  const pooled = readSafetensors(
    (await modelFiles(backend, encoder, source))["model.safetensors"] as Uint8Array,
  );
  const arrays = [...tensors.values(), ...[...pooled.values()].filter(({ name }) => name.includes("pooler"))];
  const spare = { ...files, "model.safetensors": writeSafetensors(arrays) };
  assertEquals(await taken(spare), { isTaken: true, values });
});
