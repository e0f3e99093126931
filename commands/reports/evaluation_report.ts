/**
 * The report of `evaluate --report`: an evaluation as Markdown, with a line that explains each figure.
 *
 * @module
 */
import type { TextEvaluation } from "../../inference/evaluate_text.ts";
import type { TaleFigures } from "../../inference/skills.ts";
import { describeSampling } from "../../inference/sample_texts.ts";
import { formatPercent } from "../cli/terminal.ts";
import { wrapText } from "../cli/wrap.ts";
import type { Evaluation } from "./evaluation.ts";
import { codeBlock, inlineCode, markdownTable } from "./markdown.ts";
import { describeSizes } from "./model_sizes.ts";
import { SKILL_MEANINGS, skillRows } from "./skill_table.ts";
import type { MeasuredText, Writing } from "./writing.ts";

/** The columns at which samples are wrapped: a block of code is not wrapped where it is shown. */
const COLUMNS = 100;

/** The report. */
export function evaluationReport({ checkpoint, device, report, tales, ...result }: Evaluation): string {
  const { step, model, text, trainingText, trainingTextMissing: missing, filled } = report!;
  const { sampling, samples, reference } = report!;
  const about = [
    `checkpoint: ${inlineCode(checkpoint)}${step === undefined ? "" : `, step ${step}`}`,
    `model: ${describeSizes(model)}`,
    `evaluated on: ${inlineCode(text)}, ${result.tokens} tokens`,
    ...trainingText === undefined ? [] : [`trained on: ${inlineCode(trainingText)}`],
    ...missing === undefined ? [] : [
      `known words and copies are left out, because the training text is not known: ${inlineCode(missing)}`,
    ],
    `computed on: ${inlineCode(device)}`,
  ];
  return [
    "# Evaluation of a language model",
    about.map((line) => `- ${line}`).join("\n"),
    "## Predicting the text",
    markdownTable([["figure", "value"], ...figuresOf(result)]),
    explain(MEANINGS, figuresOf(result).map(([name]) => name)),
    ...tales === undefined ? [] : describeSkills(tales),
    ...sampling && samples && reference
      ? describeWriting({ sampling, samples, reference }, trainingText !== undefined)
      : [],
    ...filled === undefined ? [] : describeFilled(filled),
  ].join("\n\n") + "\n";
}

const MEANINGS: Readonly<Record<string, string>> = {
  "loss": "mean of −ln p(token), in nats: 0 for a perfect prediction",
  "perplexity":
    "e to the power of the loss: the model is as uncertain as if it chose among so many equally likely " +
    "tokens",
  "uniform baseline": "the loss if all tokens were equally likely",
  "unigram baseline":
    "the loss if each token were as likely as it is frequent, regardless of its neighbours; how far the " +
    "model is below that shows what it has learned from context",
  "bits per character": "the loss in bits, per character instead of token: comparable between tokenizers",
  "masked tokens": "tokens that were hidden and predicted; the loss is their mean",
  "pseudo-perplexity": "the perplexity where one token is masked at a time, and all others are seen",
};

function figuresOf(result: TextEvaluation): [name: string, text: string][] {
  const { loss, perplexity, baselines, bitsPerCharacter, masks, pseudoPerplexity, pseudoTokens } = result;
  const { predictedTokens, contextLength } = result;
  return [
    ["loss", `${loss.toFixed(4)} nats per token`],
    ["perplexity", perplexity.toPrecision(5)],
    ["uniform baseline", baselines.uniform.toFixed(4)],
    ["unigram baseline", baselines.unigram.toFixed(4)],
    ...row("bits per character", bitsPerCharacter?.toFixed(4)),
    ...row(
      "masked tokens",
      masks && `${predictedTokens}, rate ${masks.rate} (${masks.rule}), seed ${masks.seed}`,
    ),
    ...row(
      "pseudo-perplexity",
      pseudoPerplexity && `${pseudoPerplexity.toPrecision(5)} on ${pseudoTokens} tokens`,
    ),
    [masks ? "longest sequence" : "window", `${contextLength} tokens`],
  ];
}

const row = (name: string, text: string | undefined | 0): [string, string][] => text ? [[name, text]] : [];

/** What was learned of tales. The loss is not the one above, as its windows do not overlap. */
function describeSkills(tales: TaleFigures): string[] {
  const rows = skillRows(tales);
  return [
    "## Skills",
    "The text holds tales from a grammar that is known, so the lowest loss on each character is known, too, and what it " +
    "takes to predict it. Windows overlap here: each character is read with half a window or more before it, so the " +
    "loss is lower than the one above.",
    markdownTable(rows),
    explain(SKILL_MEANINGS, [...rows[0], ...rows.map(([name]) => name)]),
  ];
}

/** A list of what names mean, of those that occur. */
function explain(meanings: Readonly<Record<string, string>>, names: readonly string[]): string {
  return names.filter((name) => Object.hasOwn(meanings, name))
    .map((name) => `- *${name}*: ${meanings[name]}`).join("\n");
}

/** The measures of a text, in the order of the table. */
const MEASURES:
  readonly (readonly [name: string, meaning: string, show: (text: MeasuredText) => string | undefined])[] = [
    ["words", "runs of letters and digits", ({ words }) => String(words)],
    [
      "distinct-1",
      "different words, divided by all words (distinct-n: Li et al. 2016)",
      ({ distinct1 }) => distinct1?.toFixed(3),
    ],
    [
      "distinct-2",
      "different pairs of neighbouring words, divided by all pairs",
      ({ distinct2 }) => distinct2?.toFixed(3),
    ],
    ["distinct-3", "the same for three words in a row", ({ distinct3 }) => distinct3?.toFixed(3)],
    [
      "repetition",
      "share of the sequences of four words that occurred before in the same text",
      ({ repetition }) => percent(repetition),
    ],
    [
      "known words",
      "share of the words that occur in the training text",
      ({ knownWords }) => percent(knownWords),
    ],
    [
      "longest copy",
      "characters of the longest stretch that occurs verbatim in the training text",
      ({ longestCopy }) => longestCopy && String(longestCopy.characters),
    ],
  ];

const percent = (share: number | undefined): string | undefined =>
  share === undefined ? undefined : formatPercent(share);

const nameOf = (temperature: number) => temperature === 0 ? "greedy" : `temperature ${temperature}`;

function describeWriting({ sampling, samples, reference }: Writing, isCompared: boolean): string[] {
  const columns = [
    { heading: "real text", ...reference },
    ...samples.map((sample) => {
      return { heading: nameOf(sample.temperature), ...sample };
    }),
  ];
  const measures = MEASURES.filter((_, index) => isCompared || index < MEASURES.length - 2);
  const isKnown = reference.longestCopy?.characters === reference.characters;
  return [
    "## Writing",
    `One sample of at most ${sampling.maxNewTokens} tokens at each temperature, beside a piece of the evaluated text of the ` +
    "same length, which shows what figures are natural. Long copies show what was learned by heart.",
    markdownTable([
      ["measure", ...columns.map(({ heading }) => heading)],
      ...measures.map(([name, , show]) => [name, ...columns.map((text) => show(text) ?? "–")]),
    ]),
    measures.map(([name, meaning]) => `- *${name}*: ${meaning}`).join("\n"),
    ...isKnown
      ? [
        "The real text occurs in the training text itself: the model has seen it, so its figures are no basis for comparison.",
      ]
      : [],
    ...isCompared
      ? [
        "The longest copies:",
        columns.map(({ heading, longestCopy }) =>
          `- ${heading}: ${inlineCode(longestCopy?.text ?? "", 1000)}`
        )
          .join("\n"),
      ]
      : [],
    "## Samples",
    "Long lines are wrapped.",
    ...samples.flatMap(({ temperature, text }) => [
      `### ${temperature === 0 ? "greedy: " : ""}${describeSampling(temperature, sampling)}`,
      codeBlock(wrapText(sampling.prompt + text, COLUMNS)),
    ]),
    "### real text, for comparison",
    codeBlock(wrapText(reference.text, COLUMNS)),
  ];
}

function describeFilled(filled: string): string[] {
  return [
    "## Filling masks",
    "Pieces of the evaluated text; a masked token that was predicted correctly is shown as `[token]`, another as " +
    "`[original → predicted]`.",
    codeBlock(wrapText(filled, COLUMNS)),
    "A masked model does not write texts from left to right, so samples, distinct-n, repetition and copies do not " +
    "apply; nor do bits per character, as it predicts some tokens only.",
  ];
}
