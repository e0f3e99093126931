/**
 * `train`: a language model from texts, or a run that is resumed.
 *
 * @module
 */
import { type Command, defineCommand } from "./cli/command.ts";
import { languageRecipe, TRAIN_SCHEMAS, type TrainState } from "./recipes/language_recipe.ts";
import { runSession } from "./recipes/session.ts";
import { runName } from "./runs/run_place.ts";
import { readConfig } from "./settings/config_file.ts";
import { trainFlags } from "./settings/train_flags.ts";
import { chooseData } from "./texts/chosen_data.ts";

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
  ],
  flags: trainFlags,
  async run(given) {
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
