/**
 * `finetune`: a classifier from a pretrained language model, GPT or RoBERTa, and labelled texts.
 *
 * @module
 */
import { type Command, defineCommand } from "./cli/command.ts";
import {
  classifierName,
  classifierRecipe,
  FINETUNE_SCHEMAS,
  type FinetuneState,
} from "./recipes/classifier_recipe.ts";
import { runSession } from "./recipes/session.ts";
import { readConfig } from "./settings/config_file.ts";
import { finetuneFlags } from "./settings/finetune_flags.ts";

/** The command. */
export const finetune: Command = defineCommand({
  name: "finetune",
  summary: "Fine-tune a language model to classify texts",
  usage: "--data FILE [flags]",
  examples: [
    "finetune --checkpoint runs/corpus --data train.tsv --validation dev.tsv --epochs 3",
    "finetune --checkpoint runs/corpus --data reviews.csv --class_weights balanced --from-scratch",
  ],
  flags: finetuneFlags,
  async run(given) {
    const flags = await readConfig(finetuneFlags, given);
    await runSession<FinetuneState>({
      command: "finetune",
      schemas: FINETUNE_SCHEMAS,
      name: () => classifierName(flags.checkpoint),
      recipe: (backend, run) => classifierRecipe(flags, backend, run),
    }, flags);
  },
});
