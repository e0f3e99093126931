/**
 * `evaluate`: how well a language model predicts a text, or fills the gaps in it.
 *
 * @module
 */
import type { Backend } from "../core/backend.ts";
import { shortened } from "../core/quoted.ts";
import { kindOf, type ModelKind } from "../models/any_model.ts";
import { encodeDocuments } from "../tokenizers/token_file.ts";
import { validationBatches } from "../training/batches.ts";
import { loadConfig } from "../training/checkpoint.ts";
import { maskedValidationBatches, oneByOneBatches } from "../training/masked_batches.ts";
import { findCheckpoint, type FoundCheckpoint, naming, newestRun, openModel } from "./checkpoint_folder.ts";
import { type Command, defineCommand } from "./command.ts";
import { checkpointFlag, deviceFlag, maskFlags, replaceInvalidFlag } from "./common_flags.ts";
import { linesOf } from "./corpus.ts";
import { UsageError } from "./errors.ts";
import { readTexts } from "./files.ts";
import { type Flags, type FlagValues, group, kebabCase } from "./flags.ts";
import { countTargets, expectTargets, measure } from "./measure.ts";
import { maskedTexts } from "./objectives.ts";
import { formatFacts, quote } from "./terminal.ts";
import { withBackend } from "./with_backend.ts";

/** What there is to choose for a model that fills masks. */
const maskedFlags = {
  ...maskFlags,
  pseudoTokens: {
    kind: "integer",
    description:
      "tokens to hide one after the other, spread over the text, for the pseudo-perplexity; 0: none",
    atLeast: 0,
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
    batchSize: { kind: "integer", description: "windows at once", atLeast: 1, default: 16 },
    ...replaceInvalidFlag,
    ...deviceFlag,
    ...group("Masks, for a RoBERTa", maskedFlags),
  },
  async run({ checkpoint, data, replaceInvalid, device, ...options }) {
    const found = await findCheckpoint(checkpoint ?? await newestRun());
    const kind = kindOf(naming(found.path, () => loadConfig(found.files)));
    checkKind(kind, found, options);
    const texts = (await readTexts(data, { replaceInvalid })).map(({ text }) => text);
    await withBackend(device, async ({ backend }) => {
      const examine = kind === "masked" ? examineMasked : examineCausal;
      const facts = await examine(backend, found, texts, { ...options, source: shortened(data.join(", ")) });
      console.log(formatFacts([["checkpoint", found.path], ...facts], 20));
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
  { batchSize, source }: Options & { readonly source: string },
): Promise<Facts> {
  const { model, tokenizer } = openModel(backend, checkpoint, "causal");
  const ids = naming(source, () => encodeDocuments(tokenizer, texts));
  const contextLength = Math.max(1, Math.min(model.config.contextLength, ids.length - 1));
  const batches = validationBatches(ids, { contextLength, batchSize });
  const tokens = countTargets(batches);
  const text = tokenizer.decode(ids.subarray(1, tokens + 1), { skipSpecialTokens: true });
  const loss = await measure(backend, model, batches) as number;
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
  { pseudoTokens = 512, source, ...options }: Options & { readonly source: string },
): Promise<Facts> {
  const { lines, batchSize, seed = 1, maskRate = 0.15, maskRule = "huggingface" } = options;
  const { model, tokenizer } = openModel(backend, checkpoint, "masked");
  const ids = naming(source, () => encodeDocuments(tokenizer, lines ? linesOf(texts) : texts));
  const settings = { lines, batchSize, seed, maskRate, maskRule };
  const read = maskedTexts({ text: ids }, model.config, tokenizer, settings);
  const sequences = read.sequences.text, { contextLength } = read.options;
  const masked = maskedValidationBatches(sequences, read.options);
  expectTargets(masked, { doing: "measure a model", tokens: ids.length, text: "text" });
  const loss = await measure(backend, model, masked) as number;
  const facts: Facts = [
    ["text", `${ids.length} tokens, read in sequences of up to ${contextLength}`],
    ["masks", `${countTargets(masked)} tokens, drawn at rate ${maskRate} (${maskRule}, seed ${seed})`],
    ["loss", `${loss.toFixed(4)} nats a masked token`],
    ["perplexity", perplexity(loss)],
  ];
  if (pseudoTokens > 0) {
    const alone = oneByOneBatches(sequences, { ...read.options, limit: pseudoTokens });
    const pseudo = perplexity(await measure(backend, model, alone) as number);
    facts.push([
      "pseudo-perplexity",
      `${pseudo}, hiding one token after the other (${countTargets(alone)} of them)`,
    ]);
  }
  return facts;
}

const perplexity = (loss: number): string => Math.exp(loss).toPrecision(5);

function countCodePoints(text: string): number {
  let count = 0;
  for (const _ of text) count++;
  return count;
}
