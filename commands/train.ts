/**
 * `train`: a language model from texts, or a run that is resumed. With `--export-torch`, a run that goes on in PyTorch.
 *
 * @module
 */
import { loadModel, loadSavedExperiment } from "../checkpoints/checkpoint.ts";
import { huggingFaceTensors } from "../checkpoints/hugging_face/formats.ts";
import { type Command, defineCommand } from "./cli/command.ts";
import { UsageError } from "./cli/errors.ts";
import { type Flag, kebabCase } from "./cli/flags.ts";
import { allowWriting } from "./cli/permissions.ts";
import { print, quote } from "./cli/terminal.ts";
import { newestRun, tokenizerOf } from "./files/checkpoint_folder.ts";
import { RUNS, TORCH_TABLE } from "./files/own_names.ts";
import { languageRecipe, TRAIN_SCHEMAS, type TrainState } from "./recipes/language_recipe.ts";
import { runSession } from "./recipes/session.ts";
import { expectRun, runOf } from "./runs/claim.ts";
import { RunFolder } from "./runs/run_folder.ts";
import { runName } from "./runs/run_place.ts";
import { announceFiles, expectTokenizer, readRun } from "./runs/run_state.ts";
import { readConfig } from "./settings/config_file.ts";
import { trainFlags } from "./settings/train_flags.ts";
import { chooseData } from "./texts/chosen_data.ts";
import { encodeCorpus, readCorpus } from "./texts/corpus.ts";

/** The command. */
export const train: Command = defineCommand({
  name: "train",
  summary: "Train a language model on the built-in tales or on texts of your own",
  examples: [
    "train",
    "train --data my_novel.txt --epochs 10",
    "train --data shakespeare.txt --preset shakespeare-char-cpu --device webgpu",
    "train --objective mlm --data my_novel.txt --tokenizer bpe --preset roberta-mini",
    "train --resume runs/my_novel --epochs 20",
    "train --export-torch runs/my_novel",
  ],
  flags: trainFlags,
  async run(given) {
    if (given.exportTorch !== undefined) {
      expectAlone(given);
      return await exportTorch(given.exportTorch);
    }
    const configured = await readConfig(trainFlags, given);
    const { data, note } = await chooseData(configured), flags = { ...configured, data };
    await runSession<TrainState>({
      command: "train",
      schemas: TRAIN_SCHEMAS,
      name: () => runName(flags.data ?? []),
      recipe: (backend, run) => languageRecipe(flags, backend, { ...run, note }),
    }, flags);
  },
});

/** Refuses flags beside --export-torch, which would be left out of account. */
function expectAlone(given: Readonly<Record<string, unknown>>): void {
  const other = Object.entries<Flag>(trainFlags).find(([name, flag]) =>
    name !== "exportTorch" && given[name] !== flag.default
  );
  if (other === undefined) return;
  throw new UsageError(
    `--${kebabCase(other[0])} is for training, and --export-torch trains nothing: give one of them`,
  );
}

/**
 * Prepares the folder of a run for the package in `torch/`, and prints the command. Text goes in as ids, and the names of the
 * tensors as a table, so the folder is all that another machine needs. `path` may be "" for the newest run.
 */
async function exportTorch(path: string): Promise<void> {
  const asked = path === "" ? await newestRun() : path;
  await expectRun(await runOf(asked)); // before permission to write there is requested
  await allowWriting(asked, [RUNS]);
  using folder = await RunFolder.open(asked);
  const run = await readRun<TrainState>(folder.path, "train", TRAIN_SCHEMAS), { state, files } = run;
  const refuse = (why: string) => new Error(`Cannot export ${folder.path} to PyTorch: ${why}`);
  if (loadSavedExperiment(files)) {
    throw refuse("its model has a block of its own, which transformers does not have; resume it here");
  }
  await announceFiles(folder.path, [...state.source.data, ...state.source.validation], "");
  const corpus = await readCorpus(state.source), tokenizer = tokenizerOf(run);
  if (corpus.fingerprint !== state.textFingerprint) {
    throw refuse("its texts are not those it was trained on; restore them first");
  }
  expectTokenizer(run, tokenizer);
  const { training, validation } = await encodeCorpus(corpus, tokenizer, folder.path, {
    lines: state.settings.lines,
    kept: true,
  });
  const tensors = huggingFaceTensors(loadModel(files).config).entries();
  const table = Object.fromEntries(
    tensors.map(([ours, { names, transposed }]) => [ours, [names, transposed]]),
  );
  await folder.addFile(TORCH_TABLE, JSON.stringify({ tensors: table }, null, 2) + "\n");
  const tokens = training.length + validation.length, quoted = quote(folder.path);
  print(
    `${folder.path} has its ${tokens} tokens beside its checkpoint: it can be copied to another machine as it is.\n` +
      `It goes on there, on all GPUs, with\n\n` +
      `  pip install ./torch && torchrun --nproc_per_node gpu -m miniformer_torch continue ${quoted} --precision bf16` +
      `\n\nand comes back with\n\n  deno task train --resume ${quoted}\n\n` +
      "Without a GPU: --nproc_per_node 2 --precision f32. docs/outgrowing.md has more.",
  );
}
