/**
 * The evaluation of a language model: what is in it, and how it is printed.
 *
 * @module
 */
import type { TextEvaluation } from "../../inference/evaluate_text.ts";
import type { TaleFigures } from "../../inference/skills.ts";
import { describeSkipped, type SkippedCharacters } from "../texts/known_text.ts";
import type { ModelSizes } from "./model_sizes.ts";
import type { Writing } from "./writing.ts";

/** What `evaluate --report` adds to an evaluation. */
export interface ReportDetails extends Partial<Writing> {
  /** The step of the checkpoint, where it is one of a run. */
  readonly step?: number;
  readonly model: ModelSizes;
  /** Which text the model was evaluated on. */
  readonly text: string;
  /** Which text the model was trained on, where it is known and was compared. */
  readonly trainingText?: string;
  /** Why it was not compared. */
  readonly trainingTextMissing?: string;
  /** Of a masked model: what it fills in. */
  readonly filled?: string;
}

/** An evaluation of a checkpoint on a device. */
export interface Evaluation extends TextEvaluation {
  readonly checkpoint: string;
  readonly device: string;
  /** Of a masked model: true where each line of the text began a sequence. */
  readonly lines?: true;
  /** Characters that were left out, with `--unknown skip`. */
  readonly skipped?: SkippedCharacters;
  /** Of a causal model of characters on tales: its figures by skill. */
  readonly tales?: TaleFigures;
  readonly report?: ReportDetails;
}

/** The results as names and texts. */
export function describeEvaluation(
  { skipped, lines, ...result }: TextEvaluation & Pick<Evaluation, "skipped" | "lines">,
): [name: string, text: string][] {
  const { tokens, predictedTokens, contextLength, masks, loss, perplexity } = result;
  const { baselines: { uniform, unigram }, bitsPerCharacter, pseudoPerplexity, pseudoTokens } = result;
  const rows: [name: string, text: string | undefined][] = [
    [
      "text",
      masks
        ? `${tokens} tokens, in sequences of up to ${contextLength}${
          lines ? ", one or more for each line" : ""
        }`
        : `${predictedTokens} tokens, in windows of ${contextLength}`,
    ],
    ["skipped", skipped && describeSkipped(skipped)],
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
