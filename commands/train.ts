/**
 * `train`: a language model from texts, or a run that is resumed. With `--export-torch`, a run that goes on in PyTorch.
 *
 * @module
 */
import { loadSavedExperiment } from "../checkpoints/checkpoint.ts";
import { type Command, defineCommand } from "./cli/command.ts";
import { allowWriting } from "./cli/permissions.ts";
import { print, quote } from "./cli/terminal.ts";
import { newestRun, tokenizerOf } from "./files/checkpoint_folder.ts";
import { RUNS } from "./files/own_names.ts";
import { languageRecipe, TRAIN_SCHEMAS, type TrainState } from "./recipes/language_recipe.ts";
import { runSession } from "./recipes/session.ts";
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
    if (given.exportTorch !== undefined) return await exportTorch(given.exportTorch);
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

/**
 * Puts the text of a run into its folder as ids, which the package in `torch/` trains on, and prints the command. So the
 * folder is all that another machine needs; `path` may be "" for the newest run.
 */
async function exportTorch(path: string): Promise<void> {
  const asked = path === "" ? await newestRun() : path;
  await allowWriting(asked, [RUNS]);
  const run = await readRun<TrainState>(asked, "train", TRAIN_SCHEMAS), { folder, state, files } = run;
  const refuse = (why: string) => new Error(`Cannot export ${folder} to PyTorch: ${why}`);
  if (loadSavedExperiment(files)) {
    throw refuse("its model has a block of its own, which transformers does not");
  }
  await announceFiles(folder, [...state.source.data, ...state.source.validation], "");
  const corpus = await readCorpus(state.source), tokenizer = tokenizerOf(run);
  if (corpus.fingerprint !== state.textFingerprint) throw refuse("its texts are not those it was trained on");
  expectTokenizer(run, tokenizer);
  const { training, validation } = await encodeCorpus(corpus, tokenizer, folder, {
    lines: state.settings.lines,
    kept: true,
  });
  print(
    `${folder} has its ${
      training.length + validation.length
    } tokens beside its checkpoint: it can be copied to another ` +
      `machine as it is.\nIt goes on there, on all GPUs, with\n\n` +
      `  pip install ./torch && torchrun --nproc_per_node gpu -m miniformer_torch continue ${
        quote(folder)
      } ` +
      `--precision bf16\n\nand comes back with\n\n  deno task train --resume ${quote(folder)}\n\n` +
      "Without a GPU: --nproc_per_node 2 --precision f32. docs/outgrowing.md has more.",
  );
}
