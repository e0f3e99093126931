/**
 * `evaluate`: how well a model predicts a text.
 *
 * @module
 */
import { chooseBackend, type DeviceChoice } from "../core/open_backend.ts";
import { encodeDocuments } from "../tokenizers/token_file.ts";
import { validationBatches } from "../training/batches.ts";
import { findCheckpoint, openModel } from "./checkpoint_folder.ts";
import { type Command, defineCommand } from "./command.ts";
import { readTexts } from "./files.ts";
import { countTargets, measure } from "./measure.ts";
import { deviceFlag } from "./train_flags.ts";

/** The command. */
export const evaluate: Command = defineCommand({
  name: "evaluate",
  summary: "Measure how well a model predicts texts",
  usage: "--checkpoint FOLDER --data FILE... [flags]",
  examples: ["evaluate --checkpoint runs/my_novel --data another_novel.txt"],
  flags: {
    checkpoint: {
      kind: "text",
      description: "folder of a run (its best/, else its last/), or any Hugging Face folder of a GPT",
      placeholder: "FOLDER",
      required: true,
    },
    data: {
      kind: "list",
      description: "texts: files, folders, globs",
      placeholder: "FILE...",
      required: true,
    },
    batchSize: { kind: "integer", description: "windows at once", atLeast: 1, default: 16 },
    replaceInvalid: {
      kind: "boolean",
      description: "read bytes that are not UTF-8 as U+FFFD",
      default: false,
    },
    ...deviceFlag,
  },
  async run({ checkpoint, data, batchSize, replaceInvalid, device }) {
    const found = await findCheckpoint(checkpoint);
    const texts = (await readTexts(data, { replaceInvalid })).map(({ text }) => text);
    const { backend } = await chooseBackend(device as DeviceChoice);
    try {
      const { model, tokenizer } = openModel(backend, found, "causal");
      const ids = encodeDocuments(tokenizer, texts);
      const contextLength = Math.max(1, Math.min(model.config.contextLength, ids.length - 1));
      const batches = validationBatches(ids, { contextLength, batchSize });
      const tokens = countTargets(batches);
      const text = tokenizer.decode(ids.subarray(1, tokens + 1), { skipSpecialTokens: true });
      const loss = await measure(backend, model, batches) as number;
      const bits = loss * tokens / Math.LN2 / countCodePoints(text);
      console.log(
        [
          `checkpoint          ${found.path}`,
          `text                ${tokens} tokens, read in windows of ${contextLength}`,
          `loss                ${loss.toFixed(4)} nats a token`,
          `perplexity          ${Math.exp(loss).toPrecision(5)}`,
          `bits per character  ${bits.toFixed(4)}`,
        ].join("\n"),
      );
    } finally {
      backend.close();
    }
  },
});

function countCodePoints(text: string): number {
  let count = 0;
  for (const _ of text) count++;
  return count;
}
