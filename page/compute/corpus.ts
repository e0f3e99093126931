/**
 * The text of a run as ids, split as `deno task train` splits it.
 *
 * @module
 */
import {
  type BaseTokenizer,
  CharTokenizer,
  MASKED_SPECIAL_TOKENS,
  type MaskedTextSettings,
  type Objective,
  objectiveOf,
} from "../../mod.ts";
import { type LanguageSettings, VALIDATION_FRACTION } from "../../checkpoints/runs/language_settings.ts";
import { builtInTales, linesOf, splitTexts } from "../../checkpoints/runs/texts.ts";
import { encodeDocuments, fingerprintOfDocuments } from "../../tokenizers/token_file.ts";

/** The shortest text that a model is trained on, in characters. */
const LEAST_CHARACTERS = 500;

/** A text, and the lowest possible loss on it where that is known. */
export interface Source {
  readonly text: string;
  /** Nats per character. */
  readonly optimalLoss?: number;
}

/** The built-in tales. */
export function talesSource(): Source {
  const { text, natsPerCharacter } = builtInTales();
  return { text, optimalLoss: natsPerCharacter };
}

/** A text of the user's own, as a file in UTF-8 can hold it and is read again. A short one is refused. */
export function ownSource(typed: string): Source {
  const text = typed.toWellFormed().replace(/^\ufeff/, ""), { length } = text;
  if (length >= LEAST_CHARACTERS) return { text };
  throw new RangeError(
    `Cannot train on ${length} character${
      length === 1 ? "" : "s"
    }: at least ${LEAST_CHARACTERS} are needed; paste a longer text`,
  );
}

/** A text as ids. */
export interface Corpus {
  readonly source: Source;
  readonly tokenizer: BaseTokenizer;
  readonly training: Uint32Array;
  readonly validation: Uint32Array;
  /** Changes when the text does. */
  readonly textFingerprint: string;
  readonly characters: number;
  /** Nats per token of the validation text, where it is known. */
  readonly optimalLoss?: number;
}

/** A text in two parts, for training and for validation. */
export const splitSource = ({ text }: Source, validationFraction: number): [string[], string[]] =>
  splitTexts([text], 1 - validationFraction);

/** What changes when the text does. */
export function fingerprintOfSource(source: Source, validationFraction: number): string {
  const [training, validation] = splitSource(source, validationFraction);
  return fingerprintOfDocuments([...training, "", ...validation]);
}

/** Splits and encodes a text for a kind of model, by its characters. */
export function encodeSource(source: Source, objective: Objective): Corpus {
  const specialTokens = objective === "mlm" ? MASKED_SPECIAL_TOKENS : undefined;
  const tokenizer = CharTokenizer.fromText(source.text, { specialTokens });
  const architecture = objective === "mlm" ? "roberta" : "gpt2";
  return encodeWith(source, tokenizer, { architecture, validationFraction: VALIDATION_FRACTION });
}

/** Splits a text and encodes it by a tokenizer; with `lines`, each line as a text of its own. */
export function encodeWith(
  source: Source,
  tokenizer: BaseTokenizer,
  { architecture, validationFraction, lines = false }: Pick<
    LanguageSettings & MaskedTextSettings,
    "architecture" | "validationFraction" | "lines"
  >,
): Corpus {
  const { text, optimalLoss } = source, isMasked = objectiveOf({ architecture }) === "mlm";
  const [training, validation] = splitSource(source, validationFraction);
  const encode = (texts: string[]) => encodeDocuments(tokenizer, lines ? linesOf(texts) : texts);
  const ids = { training: encode(training), validation: encode(validation) };
  return {
    ...ids,
    ...{ source, tokenizer, characters: text.length },
    textFingerprint: fingerprintOfSource(source, validationFraction),
    // of a model that reads the characters before, and no others
    optimalLoss: isMasked || optimalLoss === undefined
      ? undefined
      : optimalLoss * validation.join("").length / ids.validation.length,
  };
}
