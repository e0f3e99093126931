/**
 * `evaluate`: how well a language model predicts a text, or fills masks in it.
 *
 * @module
 */
import { shortened } from "../core/quoted.ts";
import { kindOf } from "../models/families.ts";
import { encodeDocuments } from "../tokenizers/token_file.ts";
import type { Batch } from "../data/batches.ts";
import { evaluateText, type TextEvaluation } from "../inference/evaluate_text.ts";
import { evaluate as measure } from "../training/evaluate.ts";
import { loadConfig } from "../checkpoints/checkpoint.ts";
import { findModel } from "./files/block_file.ts";
import { openModel, withPathInErrors } from "./files/checkpoint_folder.ts";
import { type Command, defineCommand } from "./cli/command.ts";
import { deviceFlag, jsonFlag, maskFlags, MAX, modelFlags, replaceInvalidFlag } from "./cli/common_flags.ts";
import { linesOf } from "./texts/corpus.ts";
import { UsageError } from "./cli/errors.ts";
import { readTexts } from "./texts/files.ts";
import { type Flags, group, kebabCase } from "./cli/flags.ts";
import { expectTargets } from "./recipes/objectives.ts";
import { checkEvaluationMemory, memoryLimits } from "./recipes/memory.ts";
import { ProgressLine } from "./cli/progress.ts";
import { formatFacts, formatJson, print, quote } from "./cli/terminal.ts";
import { BATCH_SIZE, SEED } from "./settings/run_flags.ts";
import { withBackend } from "./cli/with_backend.ts";

/** Flags for a model that fills masks, and for no other. */
const MASKED_FLAGS = {
  ...maskFlags,
  pseudoTokens: {
    kind: "integer",
    description: "tokens to mask one at a time, spread over the text, for the pseudo-perplexity; 0: none",
    atLeast: 0,
    atMost: MAX.pseudoTokens,
    otherwise: "512",
  },
  seed: { ...SEED, description: "decides which are masked" },
} as const satisfies Flags;

/** The command. */
export const evaluate: Command = defineCommand({
  name: "evaluate",
  summary: "Measure how well a language model predicts texts, or fills masks in them",
  usage: "--data FILE... [flags]",
  examples: [
    "evaluate --checkpoint runs/my_novel --data another_novel.txt",
    "evaluate --checkpoint runs/masked --data another_novel.txt --mask_rate 0.3 --seed 2",
    "evaluate --data another_novel.txt --json | jq .perplexity",
  ],
  flags: {
    ...modelFlags("a GPT or RoBERTa"),
    data: {
      kind: "list",
      description: "texts: files, folders, globs",
      placeholder: "FILE...",
      required: true,
    },
    batchSize: { ...BATCH_SIZE, description: "windows per batch", default: 16 },
    ...replaceInvalidFlag,
    ...deviceFlag,
    ...jsonFlag,
    ...group("Masks, for a RoBERTa", MASKED_FLAGS),
  },
  async run({ checkpoint, block, data, replaceInvalid, device, json, batchSize, ...masks }) {
    const found = await findModel({ checkpoint, block }), { path } = found;
    const kind = kindOf(withPathInErrors(path, () => loadConfig(found.files, found)));
    if (kind === "classifier") {
      throw new TypeError(
        `Cannot evaluate ${path} on texts without labels: it is a classifier; deno task classify ` +
          `--checkpoint ${quote(path)} --data FILE evaluates it on texts with labels`,
      );
    }
    const unfit = Object.keys(MASKED_FLAGS).find((name) => masks[name as keyof typeof masks] !== undefined);
    if (kind === "causal" && unfit !== undefined) {
      throw new UsageError(
        `--${kebabCase(unfit)} is for a model that fills masks; that of ${path} predicts the next token: ` +
          "leave it out",
      );
    }
    const texts = (await readTexts(data, { replaceInvalid })).map(({ text }) => text);
    await withBackend(device, async ({ backend }) => {
      const { model, tokenizer } = openModel<"causal" | "masked">(backend, found, kind);
      const encode = () => encodeDocuments(tokenizer, masks.lines ? linesOf(texts) : texts);
      const ids = withPathInErrors(shortened(data.join(", ")), encode), limits = await memoryLimits(backend);
      // progress goes to standard error, because another program may read the results
      const write = (text: string) => void Deno.stderr.writeSync(new TextEncoder().encode(text));
      const progress = new ProgressLine({ terminal: Deno.stderr.isTerminal(), write });
      const lossOn = async (batches: readonly Batch[], name: string) => {
        const { contextLength, batchSize } = batches[0];
        checkEvaluationMemory({ ...model.config, contextLength }, batchSize, limits);
        expectTargets(batches, { attempt: "measure a model", tokens: ids.length, text: "text" });
        return await measure(backend, model, batches, {
          onProgress: (done, total) => progress.advance(`measuring the loss on ${name}`, done, total),
        });
      };
      const options = { ...masks, tokenizer, batchSize, lossOn };
      const result = await evaluateText(backend, model, ids, options).finally(() => progress.finish());
      if (json) print(formatJson({ checkpoint: path, device: backend.device, ...result }));
      else print(formatFacts([["checkpoint", path], ...describe(result)], 20));
    });
  },
});

/** The results as names and texts. */
function describe(result: TextEvaluation): [name: string, text: string][] {
  const { tokens, predictedTokens, contextLength, masks, loss, perplexity } = result;
  const { baselines: { uniform, unigram }, bitsPerCharacter, pseudoPerplexity, pseudoTokens } = result;
  const rows: [name: string, text: string | undefined][] = [
    [
      "text",
      masks
        ? `${tokens} tokens, in sequences of up to ${contextLength}`
        : `${predictedTokens} tokens, in windows of ${contextLength}`,
    ],
    [
      "masks",
      masks && `${predictedTokens} tokens, drawn at rate ${masks.rate} (${masks.rule}, seed ${masks.seed})`,
    ],
    ["loss", `${loss.toFixed(4)} nats per token`],
    ["baselines", `uniform ${uniform.toFixed(4)}, unigram ${unigram.toFixed(4)}`],
    ["perplexity", perplexity.toPrecision(5)],
    ["bits per character", bitsPerCharacter?.toFixed(4)],
    [
      "pseudo-perplexity",
      pseudoPerplexity === undefined
        ? undefined
        : `${pseudoPerplexity.toPrecision(5)}, masking one token at a time (${pseudoTokens} of them)`,
    ],
  ];
  return rows.flatMap(([name, text]) => text === undefined ? [] : [[name, text]]);
}
