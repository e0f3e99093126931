/**
 * The text of a run as ids, split as `deno task train` splits it.
 *
 * @module
 */
import { type BaseTokenizer, CharTokenizer, MASKED_SPECIAL_TOKENS, type Objective } from "../../mod.ts";
import { VALIDATION_FRACTION } from "../../checkpoints/runs/language_settings.ts";
import { builtInTales, splitTexts } from "../../checkpoints/runs/texts.ts";
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
    `Cannot train on ${length} characters: at least ${LEAST_CHARACTERS} are needed; paste a longer text`,
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
  /** The first words of the text, as a prompt that its characters can write; for a masked model with a mask among them. */
  readonly prompt: string;
  /** Nats per token of the validation text, where it is known. */
  readonly optimalLoss?: number;
}

/** Words of a prompt, and characters where the text has no words as short as that. */
const PROMPT = { words: /^\s*(\S+\s+\S+\s+\S+)/, characters: 24 };

function promptFrom(text: string, isMasked: boolean): string {
  const words = text.match(PROMPT.words)?.[1] ?? text.trim();
  const characters = Array.from(words).slice(0, PROMPT.characters);
  if (isMasked) characters[characters.length >> 1] = "<mask>";
  return characters.join("");
}

/** Splits and encodes a text for a kind of model. */
export function encodeSource(source: Source, objective: Objective): Corpus {
  const { text, optimalLoss } = source;
  const isMasked = objective === "mlm", specialTokens = isMasked ? MASKED_SPECIAL_TOKENS : undefined;
  const tokenizer = CharTokenizer.fromText(text, { specialTokens });
  const [training, validation] = splitTexts([text], 1 - VALIDATION_FRACTION);
  const ids = {
    training: encodeDocuments(tokenizer, training),
    validation: encodeDocuments(tokenizer, validation),
  };
  return {
    ...ids,
    ...{ source, tokenizer, characters: text.length, prompt: promptFrom(text, isMasked) },
    textFingerprint: fingerprintOfDocuments([...training, "", ...validation]),
    // of a model that reads the characters before, and no others
    optimalLoss: isMasked || optimalLoss === undefined
      ? undefined
      : optimalLoss * validation.join("").length / ids.validation.length,
  };
}
