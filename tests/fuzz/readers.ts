/** Everything that reads a file, as targets of mutations. */

import { openModel } from "../../commands/files/checkpoint_folder.ts";
import { readLabelled } from "../../commands/texts/labelled_corpus.ts";
import { parseRecord } from "../../commands/runs/run_records.ts";
import { lossCurve } from "../../plots/loss_curve.ts";
import { parseFlags } from "../../commands/cli/parse_flags.ts";
import { readConfig } from "../../commands/settings/config_file.ts";
import { trainFlags } from "../../commands/settings/train_flags.ts";
import { TRAIN_SCHEMAS } from "../../commands/recipes/language_recipe.ts";
import { readRun } from "../../commands/runs/run_state.ts";
import { cachedIds } from "../../commands/texts/corpus.ts";
import { readTokenizer } from "../../commands/files/tokenizer_folder.ts";
import {
  allocateParameters,
  buildModel,
  CharTokenizer,
  CpuBackend,
  loadConfig,
  loadModel,
} from "../../mod.ts";
import { kindOf, loadTokenizer, restoreTraining } from "../../mod.ts";
import { settings as runSettings, text } from "../_training.ts";
import { causalBatches, type Gpt, TrainingRun } from "../../mod.ts";
import { readTensorEntries } from "../../checkpoints/safetensors.ts";
import { SHARD_INDEX } from "../../checkpoints/weight_files.ts";
import { type Corpus, EXPERIMENT, type Files } from "./corpus.ts";

/** Something that reads files. */
export interface Target {
  /** Its name. */
  readonly name: string;
  /** Valid files; one of them is changed. */
  readonly files: Files;
  /** The files that are changed; all unless given. */
  readonly changed?: readonly string[];
  /** Reads the files; throws when they are refused. */
  read(files: Files, folder: string): void | Promise<void>;
  /** Uses what was read: what this throws need not name a file. */
  use?(files: Files, folder: string): void | Promise<void>;
}

const decode = (files: Files): Record<string, string> =>
  Object.fromEntries(Object.entries(files).map(([name, bytes]) => [name, new TextDecoder().decode(bytes)]));

async function save(files: Files, folder: string): Promise<void> {
  await Deno.remove(folder, { recursive: true }).catch(() => {});
  await Deno.mkdir(folder, { recursive: true });
  for (const [name, bytes] of Object.entries(files)) await Deno.writeFile(`${folder}/${name}`, bytes);
}

/** Texts that a tokenizer is tried with. */
const TEXTS = ["the cat sat on the mat", "naïve 😀 <mask>  \n", ""];

function useTokenizer(files: Files): void {
  const tokenizer = loadTokenizer(decode(files));
  for (const text of TEXTS) {
    for (const addSpecialTokens of [false, true]) {
      let ids: Uint32Array;
      try {
        ids = tokenizer.encode(text, { addSpecialTokens });
      } catch (error) {
        if (error instanceof RangeError && error.message.startsWith("Cannot encode ")) continue;
        throw error;
      }
      tokenizer.decode(ids);
      tokenizer.decode(ids, { skipSpecialTokens: true });
    }
  }
  loadTokenizer(tokenizer.toHuggingFace());
}

/** Sets a run back to a checkpoint, as `train --resume` does. */
function resume(files: Files): void {
  const { config } = loadModel(files, { kind: "causal" }),
    model = buildModel(config) as Gpt,
    backend = new CpuBackend();
  const ids = text.map((id) => id % config.vocabSize), { contextLength } = config;
  if (contextLength >= ids.length) return;
  const batches = causalBatches(ids, { contextLength, batchSize: 1, seed: 1 });
  restoreTraining(
    new TrainingRun(backend, model, batches, runSettings, { store: allocateParameters(backend, model) }),
    files,
  );
}

/** The same model with an index, and its weights in a shard. */
function inShards({ "config.json": config, "model.safetensors": weights }: Files): Files {
  const names = [...readTensorEntries(weights).keys()];
  const index = JSON.stringify({
    weight_map: Object.fromEntries(names.map((name) => [name, "model-1.safetensors"])),
  });
  return {
    "config.json": config,
    "model-1.safetensors": weights,
    [SHARD_INDEX]: new TextEncoder().encode(index),
  };
}

/** The targets. */
export function makeTargets(
  { models, experiment, settings, tokenizers, run, tables, metrics, tokens }: Corpus,
): Target[] {
  const model = ([kind, files]: [string, Files]): Target => ({
    name: `model ${kind}`,
    files,
    changed: ["config.json", "model.safetensors", "tokenizer.json"],
    read: (files) => {
      openModel(new CpuBackend(), { path: "runs/mine", files }, kindOf(loadConfig(files)));
    },
  });
  const tokenizer = ([kind, files]: [string, Files]): Target => ({
    name: `tokenizer ${kind}`,
    files,
    read: (files) => void loadTokenizer(decode(files)),
    use: useTokenizer,
  });
  const table = ([name, bytes]: [string, Uint8Array<ArrayBuffer>]): Target => ({
    name: `table ${name}`,
    files: { [name]: bytes },
    async read(files, folder) {
      await save(files, folder);
      await readLabelled(`${folder}/${name}`, { labels: !name.endsWith(".txt") });
    },
  });
  return [
    ...Object.entries(models).map(model),
    ...Object.entries(tokenizers).map(tokenizer),
    ...Object.entries(tables).map(table),
    {
      name: "model with an experiment",
      files: experiment,
      changed: ["config.json", "model.safetensors"],
      read: (files) => void loadModel(files, { experiment: EXPERIMENT }),
    },
    {
      name: "model in shards",
      files: inShards(models.gpt1),
      changed: ["model-1.safetensors", SHARD_INDEX],
      read: (files) => void loadModel(files),
    },
    {
      name: "settings",
      files: settings,
      async read(files, folder) {
        await save(files, folder);
        await readConfig(trainFlags, { ...parseFlags(trainFlags, []), config: `${folder}/run.json` });
      },
    },
    {
      name: "tokenizer folder",
      files: tokenizers.old,
      async read(files, folder) {
        await save(files, folder);
        await readTokenizer(folder);
      },
    },
    { name: "run", files: run, changed: ["optimizer.safetensors", "training_state.json"], read: resume },
    {
      name: "state",
      files: run,
      changed: ["training_state.json"],
      async read(files, folder) {
        await save(files, `${folder}/last`);
        await readRun(folder, "train", TRAIN_SCHEMAS);
      },
    },
    {
      name: "metrics",
      files: metrics,
      async read(files) {
        const lines = new TextDecoder().decode(files["metrics.jsonl"]).split("\n");
        const records = lines.map(parseRecord).filter((record) => record !== undefined);
        // Drawing takes a hundred times as long as reading.
        if (records.length > 0 && lines.length % 16 === 0) await lossCurve(records, { title: "mine" });
      },
    },
    {
      name: "token cache",
      files: tokens,
      async read(files, folder) {
        await save(files, folder);
        const tokenizer = CharTokenizer.fromText("abc");
        await cachedIds(`${folder}/train.ids`, tokenizer, ["cab"]);
      },
    },
  ];
}
