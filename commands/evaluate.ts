/**
 * `evaluate`: how well a language model predicts a text, or fills the gaps in it.
 *
 * @module
 */
import type { Backend } from "../core/backend.ts";
import { shortened } from "../core/quoted.ts";
import { kindOf, type ModelConfig, type ModelKind } from "../models/families.ts";
import { encodeDocuments } from "../tokenizers/token_file.ts";
import { validationBatches } from "../data/batches.ts";
import { loadConfig } from "../checkpoints/checkpoint.ts";
import { maskedValidationBatches, oneByOneBatches } from "../data/masked_batches.ts";
import {
  findCheckpoint,
  type FoundCheckpoint,
  naming,
  newestRun,
  openModel,
} from "./files/checkpoint_folder.ts";
import { type Command, defineCommand } from "./cli/command.ts";
import { checkpointFlag, deviceFlag, maskFlags, MOST, replaceInvalidFlag } from "./cli/common_flags.ts";
import { linesOf } from "./texts/corpus.ts";
import { UsageError } from "./cli/errors.ts";
import { readTexts } from "./texts/files.ts";
import { type Flags, type FlagValues, group, kebabCase } from "./cli/flags.ts";
import { countTargets, expectTargets, measure, type MeasureOptions } from "./recipes/measure.ts";
import { checkMeasuring, memoryLimits } from "./recipes/memory.ts";
import { maskedTexts } from "../data/masked_texts.ts";
import { ProgressLine } from "./cli/progress.ts";
import { formatFacts, print, quote } from "./cli/terminal.ts";
import { withBackend } from "./cli/with_backend.ts";

/** What there is to choose for a model that fills masks. */
const maskedFlags = {
  ...maskFlags,
  pseudoTokens: {
    kind: "integer",
    description:
      "tokens to hide one after the other, spread over the text, for the pseudo-perplexity; 0: none",
    atLeast: 0,
    atMost: MOST.hiddenTokens,
    otherwise: "512",
  },
  seed: {
    kind: "integer",
    description: "decides which tokens are hidden",
    atLeast: 0,
    atMost: 2 ** 52,
    otherwise: "1",
  },
} as const satisfies Flags;

/** How to measure. */
type Options = FlagValues<typeof maskedFlags> & { readonly batchSize: number };

/** The same, with the line that shows progress, and a name of the texts for messages. */
type ExamineOptions = Options & { readonly progress: ProgressLine; readonly source: string };

/** Names and values of what was found out. */
type Facts = [name: string, text: string][];

/** The command. */
export const evaluate: Command = defineCommand({
  name: "evaluate",
  summary: "Measure how well a language model predicts texts, or fills masks in them",
  usage: "--data FILE... [flags]",
  examples: [
    "evaluate --checkpoint runs/my_novel --data another_novel.txt",
    "evaluate --checkpoint runs/masked --data another_novel.txt --mask_rate 0.3 --seed 2",
  ],
  flags: {
    ...checkpointFlag("a GPT or RoBERTa"),
    data: {
      kind: "list",
      description: "texts: files, folders, globs",
      placeholder: "FILE...",
      required: true,
    },
    batchSize: {
      kind: "integer",
      description: "windows at once",
      atLeast: 1,
      atMost: MOST.batchSize,
      default: 16,
    },
    ...replaceInvalidFlag,
    ...deviceFlag,
    ...group("Masks, for a RoBERTa", maskedFlags),
  },
  async run({ checkpoint, data, replaceInvalid, device, ...options }) {
    const found = await findCheckpoint(checkpoint ?? await newestRun());
    const kind = kindOf(naming(found.path, () => loadConfig(found.files)));
    checkKind(kind, found, options);
    // progress goes to standard error, because another program may read the results
    const progress = new ProgressLine({
      terminal: Deno.stderr.isTerminal(),
      write: (text) => void Deno.stderr.writeSync(new TextEncoder().encode(text)),
    });
    const texts = (await readTexts(data, { replaceInvalid })).map(({ text }) => text);
    await withBackend(device, async ({ backend }) => {
      const examine = kind === "masked" ? examineMasked : examineCausal;
      const source = shortened(data.join(", "));
      const facts = await examine(backend, found, texts, { ...options, source, progress })
        .finally(() => progress.finish());
      print(formatFacts([["checkpoint", found.path], ...facts], 20));
    });
  },
});

/** Throws when a model is measured in another way, or a flag is for another one. */
function checkKind(kind: ModelKind, { path }: FoundCheckpoint, options: Options): void {
  if (kind === "classifier") {
    throw new TypeError(
      `Cannot evaluate ${path} on bare texts: it is a classifier; deno task classify --checkpoint ` +
        `${quote(path)} --data FILE measures it on texts with labels`,
    );
  }
  const unfit = Object.keys(maskedFlags).find((name) => options[name as keyof Options] !== undefined);
  if (kind === "causal" && unfit !== undefined) {
    throw new UsageError(
      `--${kebabCase(unfit)} is for a model that fills masks; that of ${path} predicts the next token: ` +
        "leave it out",
    );
  }
}

/** How well a model predicts each token from those before it. */
async function examineCausal(
  backend: Backend,
  checkpoint: FoundCheckpoint,
  texts: readonly string[],
  { progress, source, ...options }: ExamineOptions,
): Promise<Facts> {
  const { model, tokenizer } = openModel(backend, checkpoint, "causal");
  const ids = naming(source, () => encodeDocuments(tokenizer, texts));
  const contextLength = Math.max(1, Math.min(model.config.contextLength, ids.length - 1));
  const windows = Math.ceil(ids.length / contextLength);
  const batchSize = await fittingBatchSize(backend, { ...model.config, contextLength }, options, windows);
  const batches = validationBatches(ids, { contextLength, batchSize });
  const tokens = countTargets(batches);
  const text = tokenizer.decode(ids.subarray(1, tokens + 1), { skipSpecialTokens: true });
  const loss = await measure(backend, model, batches, showing(progress, "text")) as number;
  const bits = loss * tokens / Math.LN2 / countCodePoints(text);
  return [
    ["text", `${tokens} tokens, read in windows of ${contextLength}`],
    ["loss", `${loss.toFixed(4)} nats a token`],
    ["perplexity", perplexity(loss)],
    ["bits per character", bits.toFixed(4)],
  ];
}

/** How well a model fills masks: several at once, as it was trained, and one after the other. */
async function examineMasked(
  backend: Backend,
  checkpoint: FoundCheckpoint,
  texts: readonly string[],
  { pseudoTokens = 512, progress, source, ...options }: ExamineOptions,
): Promise<Facts> {
  const { lines, batchSize, seed = 1, maskRate = 0.15, maskRule = "huggingface" } = options;
  const { model, tokenizer } = openModel(backend, checkpoint, "masked");
  const ids = naming(source, () => encodeDocuments(tokenizer, lines ? linesOf(texts) : texts));
  const settings = { lines, batchSize, seed, maskRate, maskRule };
  const read = maskedTexts({ text: ids }, model.config, tokenizer, settings);
  const sequences = read.sequences.text, { contextLength } = read.options;
  const windows = Math.max(sequences.length, pseudoTokens);
  const fitting = await fittingBatchSize(backend, { ...model.config, contextLength }, options, windows);
  const how = { ...read.options, batchSize: fitting };
  const masked = maskedValidationBatches(sequences, how);
  expectTargets(masked, { doing: "measure a model", tokens: ids.length, text: "text" });
  const loss = await measure(backend, model, masked, showing(progress, "masks")) as number;
  const facts: Facts = [
    ["text", `${ids.length} tokens, read in sequences of up to ${contextLength}`],
    ["masks", `${countTargets(masked)} tokens, drawn at rate ${maskRate} (${maskRule}, seed ${seed})`],
    ["loss", `${loss.toFixed(4)} nats a masked token`],
    ["perplexity", perplexity(loss)],
  ];
  if (pseudoTokens > 0) {
    const alone = oneByOneBatches(sequences, { ...how, limit: pseudoTokens });
    const pseudo = perplexity(
      await measure(backend, model, alone, showing(progress, "tokens hidden one by one")) as number,
    );
    facts.push([
      "pseudo-perplexity",
      `${pseudo}, hiding one token after the other (${countTargets(alone)} of them)`,
    ]);
  }
  return facts;
}

/** The batch size to measure with: no larger than the number of windows, and refused if it does not fit into memory. */
async function fittingBatchSize(
  backend: Backend,
  config: ModelConfig,
  { batchSize }: Pick<Options, "batchSize">,
  windows: number,
): Promise<number> {
  const size = Math.max(1, Math.min(batchSize, windows));
  checkMeasuring(config, size, await memoryLimits(backend));
  return size;
}

/** Shows the progress of measuring the loss. */
const showing = (progress: ProgressLine, what: string): MeasureOptions => ({
  onProgress: (done, total) => progress.advance(`measuring the loss on ${what}`, done, total),
});

const perplexity = (loss: number): string => Math.exp(loss).toPrecision(5);

function countCodePoints(text: string): number {
  let count = 0;
  for (const _ of text) count++;
  return count;
}
