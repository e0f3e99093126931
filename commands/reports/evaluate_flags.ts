/**
 * The flags of `evaluate`.
 *
 * @module
 */
import { deviceFlag, jsonFlag, maskFlags, MAX, modelFlags, replaceInvalidFlag } from "../cli/common_flags.ts";
import { type Flags, group } from "../cli/flags.ts";
import { BATCH_SIZE, SEED } from "../settings/run_flags.ts";
import { UNKNOWN } from "../texts/known_text.ts";
import { COLOUR_FLAGS } from "./colours.ts";

/** Flags for a model that fills masks. */
export const MASKED_FLAGS = {
  ...maskFlags,
  lines: { ...maskFlags.lines, otherwise: "as the run was trained; else sequences are packed full" },
  pseudoTokens: {
    kind: "integer",
    description: "tokens to mask one at a time, spread over the text, for the pseudo-perplexity; 0: none",
    atLeast: 0,
    atMost: MAX.pseudoTokens,
    otherwise: "512",
  },
  seed: { ...SEED, description: "decides which tokens are masked, and the samples of a report" },
} as const satisfies Flags;

const REPORT_FLAGS = {
  report: {
    kind: "text",
    description:
      "also write a report in Markdown: all figures, samples, how varied they are, and what they copy",
    placeholder: "[FILE.md]",
    bare: "runs/report.md",
    otherwise: "none",
  },
  trainingData: {
    kind: "list",
    description: "texts that the samples are compared with",
    placeholder: "FILE...",
    otherwise: "those that the run was trained on",
  },
} as const satisfies Flags;

/** All of them. */
export const evaluateFlags = {
  ...modelFlags("a GPT or RoBERTa"),
  data: {
    kind: "list",
    description: "texts: files, folders, globs",
    placeholder: "FILE...",
    otherwise: "the validation text of the run",
  },
  batchSize: { ...BATCH_SIZE, description: "windows per batch", default: 16 },
  ...replaceInvalidFlag,
  unknown: {
    kind: "choice",
    description:
      "characters that the tokenizer has no token for: refuse the text, or skip them and say how many",
    choices: UNKNOWN,
    default: "refuse",
  },
  ...deviceFlag,
  ...jsonFlag,
  ...group("Report", { ...REPORT_FLAGS, ...COLOUR_FLAGS }),
  ...group("Masks, for a RoBERTa", MASKED_FLAGS),
} as const satisfies Flags;
