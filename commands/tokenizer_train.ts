/**
 * `tokenizer train`: a byte-level BPE vocabulary from a corpus of any size.
 *
 * @module
 */
import { basename, dirname } from "@std/path";
import type { BpeTokenizer } from "../tokenizers/bpe_tokenizer.ts";
import { type BpeTrainingProgress, trainBpe } from "../tokenizers/bpe_trainer.ts";
import { CAUSAL_SPECIAL_TOKENS, MASKED_SPECIAL_TOKENS } from "../tokenizers/special_tokens.ts";
import { wholeLines } from "../tokenizers/whole_lines.ts";
import { type Command, defineCommand } from "./cli/command.ts";
import { MOST, replaceInvalidFlag } from "./cli/common_flags.ts";
import { reason, UsageError } from "./cli/errors.ts";
import { findFiles } from "./texts/files.ts";
import { refuseForeign, saveFolder } from "./files/folders.ts";
import { Lock } from "./files/lock.ts";
import { expectFile } from "./files/open_file.ts";
import { placesOf, TOKENIZER_NAMES } from "./files/own_names.ts";
import { allowWriting } from "./cli/permissions.ts";
import { formatBar, formatCount, print, terminalColumns, writeOut } from "./cli/terminal.ts";
import { type ReadOptions, textChunks } from "./texts/utf8.ts";

/** Which special tokens come first in the vocabulary, by the name that is typed. */
const specialTokenSets: Readonly<Record<string, readonly string[]>> = {
  causal: CAUSAL_SPECIAL_TOKENS,
  masked: MASKED_SPECIAL_TOKENS,
  none: [],
};

/** The command. */
export const trainTokenizer: Command = defineCommand({
  name: "tokenizer train",
  summary: "Train a byte-level BPE tokenizer",
  usage: "--data FILE... --out FOLDER [flags]",
  examples: [
    "tokenizer train --data corpus.txt --vocab-size 8192 --out tokenizers/mine",
    "tokenizer train --data books articles/*.md --special-tokens masked --out tokenizers/mine",
  ],
  flags: {
    data: {
      kind: "list",
      description: "texts: files, folders, globs",
      placeholder: "FILE...",
      required: true,
    },
    out: { kind: "text", description: "where to save it", placeholder: "FOLDER", required: true },
    vocabSize: {
      kind: "integer",
      description: "tokens to make, special ones and the 256 bytes included",
      default: 8192,
      atLeast: 1,
      atMost: MOST.vocabSize,
    },
    specialTokens: {
      kind: "choice",
      description: "for generating text (<|endoftext|>), for filling masks (RoBERTa's five)",
      choices: ["causal", "masked", "none"],
      default: "causal",
    },
    minFrequency: {
      kind: "integer",
      description: "how often a pair must occur to be merged",
      default: 2,
      atLeast: 1,
      atMost: MOST.count,
    },
    maxTokenLength: {
      kind: "integer",
      description: "bytes in a token at most",
      atLeast: 2,
      atMost: MOST.count,
      otherwise: "no limit",
    },
    addPrefixSpace: {
      kind: "boolean",
      description: "put a space in front of a text, so that its first word is like any other",
      default: false,
    },
    ...replaceInvalidFlag,
  },
  async run({ data, out, specialTokens, replaceInvalid, ...options }) {
    await refuseOut(out); // before the work, not after it
    await allowWriting(dirname(placesOf(out).folder), ["tokenizers"]);
    const files = await findFiles(data);
    const sizes = await Promise.all(files.map(async (path) => (await expectFile(path)).size));
    const start = performance.now();
    const show = progressShower(sizes.reduce((sum, size) => sum + size, 0), options.vocabSize);
    let last: BpeTrainingProgress | undefined;
    const tokenizer = await trainBpe(linesOf(files, { replaceInvalid }), {
      ...options,
      specialTokens: specialTokenSets[specialTokens],
      lines: true,
      onProgress: (progress) => show(last = progress),
    });
    await saveTokenizer(out, tokenizer);
    const { textLength, exhausted } = last!;
    if (exhausted) {
      print(
        `The text ran out: no pair is left that occurs ${options.minFrequency} times or more, so the vocabulary has ` +
          `${tokenizer.vocabSize} tokens, not ${options.vocabSize}. More text makes more` +
          (options.minFrequency > 1 ? "; so does --min-frequency 1." : "."),
      );
    }
    const seconds = ((performance.now() - start) / 1000).toFixed(1);
    print(
      `${out}: ${tokenizer.vocabSize} tokens from ${formatCount(textLength)} characters in ${seconds} s.\n` +
        `Look at it: deno task tokenizer inspect --tokenizer ${out} --data ${data[0]}`,
    );
  },
});

/** Refuses a folder that the tokenizer could not be saved in, before any work is done. */
async function refuseOut(out: string): Promise<void> {
  if (["", ".", "..", "/"].includes(basename(placesOf(out).folder))) {
    throw new UsageError(`--out is "${out}": expected a folder with a name, which is replaced as a whole`);
  }
  await refuseForeign(out, new Set(TOKENIZER_NAMES)).catch((error) => {
    throw new Error(`Cannot save ${out}: ${reason(error)}`, { cause: error });
  });
}

/** Saves a tokenizer while holding the lock of its folder. */
async function saveTokenizer(out: string, tokenizer: BpeTokenizer): Promise<void> {
  const { folder, lock: path } = placesOf(out);
  await Deno.mkdir(dirname(folder), { recursive: true });
  using _lock = await Lock.take(path).catch((error) => {
    throw new Error(`Cannot save ${out}: ${(error as Error).message}`, { cause: error });
  });
  await saveFolder(out, tokenizer.toHuggingFace());
}

/** Files in pieces of whole lines; a file's last line ends with the file. */
async function* linesOf(files: readonly string[], options: ReadOptions): AsyncGenerator<string> {
  for (const path of files) yield* wholeLines(textChunks(path, options));
}

/** Draws the progress in one line of the terminal; elsewhere nothing is drawn. */
function progressShower(bytes: number, vocabSize: number): (progress: BpeTrainingProgress) => void {
  if (!Deno.stdout.isTerminal()) return () => {};
  let drawnAt = -Infinity;
  return (progress) => {
    if (progress.stage === "done") return writeOut("\r\x1b[K");
    const now = performance.now();
    if (now - drawnAt < 100) return;
    drawnAt = now;
    const [what, fraction] = progress.stage === "counting"
      // Bytes are known beforehand, characters are what is counted: nearly the same in most texts.
      ? [
        `reading ${formatCount(progress.textLength)} of ${formatCount(bytes)} bytes`,
        progress.textLength / bytes,
      ]
      : [`token ${progress.vocabSize} of ${vocabSize}`, progress.vocabSize / vocabSize];
    const columns = Math.max(8, Math.min(terminalColumns() - what.length - 2, 30));
    writeOut(`\r${formatBar(Math.min(fraction, 1), columns)} ${what}\x1b[K`);
  };
}
