/**
 * The texts of a run, split into training and validation, and their ids.
 *
 * @module
 */
import type { BaseTokenizer } from "../../tokenizers/base_tokenizer.ts";
import type { TextSource } from "../../checkpoints/runs/run_state.ts";
import { builtInTales, linesOf, splitTexts } from "../../checkpoints/runs/texts.ts";
import { BpeTokenizer } from "../../tokenizers/bpe/bpe_tokenizer.ts";
import { trainBpe } from "../../tokenizers/bpe/bpe_trainer.ts";
import { CharTokenizer } from "../../tokenizers/char_tokenizer.ts";
import { CAUSAL_SPECIAL_TOKENS } from "../../tokenizers/special_tokens.ts";
import {
  encodeDocuments,
  fingerprintOfDocuments,
  readTokenFile,
  writeTokenFile,
} from "../../tokenizers/token_file.ts";
import type { Tokenizer } from "../../tokenizers/tokenizer.ts";
import { kindOfEntry } from "../files/disk.ts";
import { saveFile } from "../files/save_file.ts";
import { readTokenizer } from "../files/tokenizer_folder.ts";
import { readTexts } from "./files.ts";

/** The source of the texts. Kept in each checkpoint. */
export type Source = TextSource;

/** The texts of a run. */
export interface Corpus {
  readonly training: readonly string[];
  readonly validation: readonly string[];
  /** Changes when any of them does. */
  readonly fingerprint: string;
  /** The optimal loss in nats per character, where it is known. */
  readonly optimalLoss?: number;
}

/** Reads the texts of a run. */
export async function readCorpus(source: Source): Promise<Corpus> {
  const read = async (files: readonly string[]) => (await readTexts(files, source)).map(({ text }) => text);
  const tales = source.data.length === 0 ? builtInTales() : undefined;
  const texts = tales ? [tales.text] : await read(source.data);
  const [training, validation] = source.validation.length === 0
    ? splitTexts(texts, 1 - source.validationFraction)
    : [texts, await read(source.validation)];
  const fingerprint = fingerprintOfDocuments([...training, "", ...validation]);
  return { training, validation, fingerprint, optimalLoss: tales?.natsPerCharacter };
}

/** Tokens of a vocabulary of byte pairs, unless a flag says otherwise. */
export const VOCAB_SIZE = 1024;

/** Makes the tokenizer of a run, `char` or `bpe`, or reads it from a folder. */
export async function chooseTokenizer(
  choice: string,
  { training, validation }: Corpus,
  { vocabSize = VOCAB_SIZE, specialTokens }: { vocabSize?: number; specialTokens?: readonly string[] } = {},
): Promise<BaseTokenizer> {
  // The rare characters of the validation text must be in the vocabulary, too.
  if (choice === "char") {
    return CharTokenizer.fromText([...training, ...validation].join(""), { specialTokens });
  }
  if (choice !== "bpe") return await readTokenizer(choice);
  specialTokens ??= CAUSAL_SPECIAL_TOKENS;
  return await trainBpe(training, { vocabSize, specialTokens, lines: true });
}

/** A corpus as ids. */
export interface EncodedCorpus {
  readonly training: Uint32Array;
  readonly validation: Uint32Array;
}

/**
 * Encodes the texts of a run, with `lines` each line as a text of its own. The ids are `kept` in the folder of the run, if
 * there is one: unless it is said, those of byte pairs, which take time to find.
 */
export async function encodeCorpus(
  { training, validation }: Corpus,
  tokenizer: BaseTokenizer,
  folder: string | undefined,
  { lines = false, kept = tokenizer instanceof BpeTokenizer }: { lines?: boolean; kept?: boolean } = {},
): Promise<EncodedCorpus> {
  const encode = async (name: string, texts: readonly string[]): Promise<Uint32Array> => {
    const documents = lines ? linesOf(texts) : texts;
    return kept && folder !== undefined
      ? await cachedIds(`${folder}/${name}.ids`, tokenizer, documents)
      : encodeDocuments(tokenizer, documents);
  };
  return {
    training: await encode("training", training),
    validation: await encode("validation", validation),
  };
}

/** The ids of documents, from a file if it holds those of this tokenizer; else they are encoded, and kept in the file. */
export async function cachedIds(
  path: string,
  tokenizer: Tokenizer,
  documents: readonly string[],
): Promise<Uint32Array> {
  const text = fingerprintOfDocuments(documents), { fingerprint } = tokenizer;
  const info = await Deno.stat(path).catch(() => undefined);
  if (info?.isFile === false) {
    throw new Error(`Cannot read ${path}: it is ${kindOfEntry(info)}, not a file; remove it`);
  }
  try {
    const file = readTokenFile(await Deno.readFile(path));
    if (file.tokenizer === fingerprint && file.text === text) return file.ids;
  } catch {
    // a file that is missing, unreadable or damaged is written again
  }
  const ids = encodeDocuments(tokenizer, documents);
  await saveFile(path, writeTokenFile({ ids, tokenizer: fingerprint, text }));
  return ids;
}
